//! Outputs that nobody has claimed, in the order of completion.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::future::Future;

use super::key::Completed;
use super::runs::{Position, Run, Runs};
use super::store::Store;

/// How far a view has looked at the unclaimed outputs, while it claims none of them.
#[derive(Debug)]
pub(crate) struct Cursor {
    pub(super) seen: usize,
    /// The place of the output that was seen last, if it was in its place.
    pub(super) last: u32,
    /// The position after it, once there are positions.
    position: Option<Position>,
}

impl Cursor {
    pub(crate) const START: Self = Self {
        seen: 0,
        last: 0,
        position: None,
    };
}

#[allow(clippy::box_collection, reason = "few sets need it")]
type Spilled<T> = Option<Box<VecDeque<Completed<T>>>>;

pub(super) struct Done<T> {
    /// Outputs that were moved out of their places, all of which completed before those that were not.
    spilled: Spilled<T>,
    /// The places of the outputs that were not, in the order of completion.
    places: Runs,
    /// Whether nobody asks for that order: then `places` is empty.
    unordered: bool,
}

impl<T> Done<T> {
    pub(super) const fn new() -> Self {
        Self {
            spilled: None,
            places: Runs::new(),
            unordered: false,
        }
    }

    /// Notes completions in places that lie in a row.
    #[inline]
    pub(super) fn note(&mut self, run: Run) {
        if !self.unordered {
            self.places.push(run);
        }
    }

    /// Notes completions in places of one block, whose bits are counted from `first`.
    #[inline]
    pub(super) fn note_bits(&mut self, first: u32, bits: u64) {
        if !self.unordered {
            for run in Run::of_bits(first, bits, false) {
                self.places.push(run);
            }
        }
    }

    /// Notes all outputs that are in their places, in the order of these.
    pub(super) fn note_all<F: Future<Output = T>>(&mut self, store: &Store<F>) {
        if store.unclaimed() == 0 {
            return;
        }
        store.visit_outputs(0, |place, _| {
            self.note(Run::of(place, false));
            true
        });
    }

    #[inline]
    fn spilled_len(&self) -> usize {
        self.spilled.as_ref().map_or(0, |spilled| spilled.len())
    }

    #[inline]
    fn pop_spilled<F: Future<Output = T>>(&mut self, store: &mut Store<F>) -> Option<Completed<T>> {
        let completed = self.spilled.as_mut()?.pop_front()?;
        store.note_claim();
        Some(completed)
    }

    /// Claims the output that completed first.
    ///
    /// Not inlined: who has no books needs no such stack frame.
    #[inline(never)]
    pub(super) fn claim<F: Future<Output = T>>(
        &mut self,
        store: &mut Store<F>,
    ) -> Option<Completed<T>> {
        if let Some(completed) = self.pop_spilled(store) {
            return Some(completed);
        }
        let (key, output) = store.take_keyed(self.places.pop_one()?)?;
        Some(Completed { key, output })
    }

    /// The same, without its key.
    #[inline(never)]
    pub(super) fn claim_output<F: Future<Output = T>>(
        &mut self,
        store: &mut Store<F>,
    ) -> Option<T> {
        if let Some(completed) = self.pop_spilled(store) {
            return Some(completed.output);
        }
        store.take_output(self.places.pop_one()?)
    }

    /// Moves all outputs out of their places, which are then free.
    pub(super) fn spill<F: Future<Output = T>>(&mut self, store: &mut Store<F>) {
        while let Some((key, output)) = self
            .places
            .pop_one()
            .and_then(|place| store.take_keyed(place))
        {
            store.note_spill();
            self.spilled
                .get_or_insert_default()
                .push_back(Completed { key, output });
        }
    }

    /// Shows `is_it` the outputs that `cursor` has not passed, in the order of completion, until it says yes to one. Tells whether it did.
    pub(super) fn find<F: Future<Output = T>>(
        &mut self,
        store: &Store<F>,
        cursor: &mut Cursor,
        mut is_it: impl FnMut(&T) -> bool,
    ) -> bool {
        while let Some(output) = self.see(store, cursor) {
            if is_it(output) {
                return true;
            }
        }
        false
    }

    /// The next output that `cursor` has not passed.
    #[inline]
    fn see<'a, F: Future<Output = T>>(
        &'a mut self,
        store: &'a Store<F>,
        cursor: &mut Cursor,
    ) -> Option<&'a T> {
        if cursor.seen == store.unclaimed() {
            return None;
        }
        let in_places = cursor.seen.checked_sub(self.spilled_len());
        cursor.seen += 1;
        let Some(in_places) = in_places else {
            return self
                .spilled
                .as_ref()
                .map(|spilled| &spilled[cursor.seen - 1].output);
        };
        if in_places == 0 {
            cursor.position = Some(Position::FRONT);
        }
        let mut position = self.position(cursor, in_places);
        cursor.last = self.places.next(&mut position)?;
        cursor.position = Some(position);
        store.output(cursor.last)
    }

    /// The position of `cursor`, which has passed so many outputs in their places.
    #[inline]
    fn position(&mut self, cursor: &Cursor, passed: usize) -> Position {
        cursor.position.unwrap_or_else(|| {
            // It has passed them when there were no positions yet.
            let mut position = Position::FRONT;
            for _ in 0..passed {
                self.places.next(&mut position);
            }
            position
        })
    }

    /// Claims the output that `cursor` has passed last.
    pub(super) fn claim_seen<F: Future<Output = T>>(
        &mut self,
        store: &mut Store<F>,
        cursor: Cursor,
    ) -> Option<T> {
        if cursor.seen <= self.spilled_len() {
            let completed = self.spilled.as_mut()?.remove(cursor.seen.checked_sub(1)?)?;
            store.note_claim();
            return Some(completed.output);
        }
        let position = self.position(&cursor, cursor.seen - self.spilled_len());
        self.places.remove_before(position);
        store.take_output(cursor.last)
    }

    /// From now on, and as long as nothing has completed, the order of completion is not noted. Until
    /// [`keep_order`](Self::keep_order) the outputs are claimed in the order of insertion or not at all.
    pub(super) fn forget_order(&mut self) {
        self.unordered = true;
    }

    /// From now on the order of completion is noted; before, it was that of places.
    pub(super) fn keep_order<F: Future<Output = T>>(&mut self, store: &Store<F>) {
        if core::mem::take(&mut self.unordered) {
            self.note_all(store);
        }
    }

    /// Whether all outputs are in their places, and these are in the order of insertion.
    #[inline]
    fn is_in_order<F: Future<Output = T>>(&self, store: &Store<F>) -> bool {
        store.is_in_order() && self.spilled_len() == 0
    }

    /// Forgets the order of completion, as all outputs were taken out of their places.
    #[inline]
    fn forget_places(&mut self) {
        self.unordered = false;
        self.places.clear();
    }

    /// Claims all outputs, in the order of insertion, as [`Store::take_whole`] does. Nobody may come back to a place afterwards.
    #[inline]
    pub(super) fn claim_whole<const IN_PLACE: bool, F: Future<Output = T>>(
        &mut self,
        store: &mut Store<F>,
    ) -> Option<Vec<T>> {
        if !self.is_in_order(store) {
            return None;
        }
        let outputs = store.take_whole::<IN_PLACE>()?;
        self.forget_places();
        Some(outputs)
    }

    /// Claims all outputs, in the order of insertion, passing them through `map`.
    pub(super) fn claim_in_order<F: Future<Output = T>, U>(
        &mut self,
        store: &mut Store<F>,
        mut map: impl FnMut(T) -> U,
    ) -> Vec<U> {
        if self.is_in_order(store) {
            self.forget_places();
            return store.take_outputs(map);
        }
        self.keep_order(store);
        let mut keyed = Vec::with_capacity(store.unclaimed());
        while let Some(Completed { key, output }) = self.claim(store) {
            keyed.push((key.index, output));
        }
        keyed.sort_unstable_by_key(|(index, _)| *index);
        // Collected, they would stay in the larger memory of the keyed ones.
        let mut all = Vec::with_capacity(keyed.len());
        all.extend(keyed.into_iter().map(|(_, output)| map(output)));
        all
    }

    /// Forgets everything, and gives what is to be dropped.
    pub(super) fn clear(&mut self) -> Self {
        core::mem::replace(self, Self::new())
    }
}
