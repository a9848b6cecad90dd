//! What a set holds: futures in flight, and outputs that nobody has claimed, in the order of completion.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};

use super::key::{Completed, Key};
use super::runs::{Position, Run, Runs};
use super::slab::{Slab, SlotMut, Slots};

/// How far a view has looked at the unclaimed outputs, while it claims none of them.
#[derive(Debug)]
pub(crate) struct Cursor {
    seen: usize,
    /// The position after the last output that was seen in its place.
    position: Position,
    /// That place.
    last: u32,
}

impl Cursor {
    pub(crate) const START: Self = Self {
        seen: 0,
        position: Position::FRONT,
        last: 0,
    };
}

pub(super) struct Store<F: Future> {
    slab: Slab<F, F::Output>,
    in_flight: usize,
    /// Outputs that were moved out of their places, all of which completed before those that were not.
    spilled: VecDeque<Completed<F::Output>>,
    /// The places of the outputs that were not, in the order of completion.
    done: Runs,
    /// How many futures were ever inserted; the next one's index.
    inserted: u64,
    discarded: u64,
    /// Whether all that is held lies in the slab in the order of insertion.
    in_order: bool,
    /// The place of the last insertion.
    newest: u32,
    /// The number of the set, once a key was made.
    id: u32,
}

impl<F: Future> Store<F> {
    pub(super) const fn new() -> Self {
        Self {
            slab: Slab::new(),
            in_flight: 0,
            spilled: VecDeque::new(),
            done: Runs::new(),
            inserted: 0,
            discarded: 0,
            in_order: true,
            newest: 0,
            id: 0,
        }
    }

    pub(super) fn expect(&mut self, additional: usize) {
        self.slab.expect(additional);
    }

    #[inline]
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    #[inline]
    pub(super) fn unclaimed(&self) -> usize {
        self.spilled.len() + self.done.len()
    }

    pub(super) fn completed(&self) -> usize {
        (self.inserted - self.discarded) as usize - self.in_flight
    }

    /// All that were inserted and not given up.
    pub(super) fn total(&self) -> usize {
        (self.inserted - self.discarded) as usize
    }

    /// Whether the next insertion needs more memory.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.slab.is_full()
    }

    #[inline]
    pub(super) fn insert(&mut self, future: F) -> u32 {
        let place = self.slab.insert(future, self.inserted);
        self.note_inserted(place, 1);
        place
    }

    /// Inserts futures that then lie in a row, and tells `note` where, also if the iterator panics. `false` if there are no more.
    pub(super) fn fill(
        &mut self,
        futures: &mut impl Iterator<Item = F>,
        mut note: impl FnMut(u32, u32),
    ) -> bool {
        let Self {
            slab,
            inserted,
            in_flight,
            newest,
            in_order,
            done,
            spilled,
            ..
        } = self;
        slab.fill(futures, *inserted, |start, len| {
            if start <= *newest && *inserted != 0 {
                *in_order = *in_flight + done.len() + spilled.len() == 0;
            }
            *newest = start + len - 1;
            *inserted += u64::from(len);
            *in_flight += len as usize;
            note(start, len);
        })
    }

    /// Counts futures that were just inserted, in places that lie in a row.
    #[inline]
    fn note_inserted(&mut self, start: u32, len: u32) {
        if start <= self.newest && self.inserted != 0 {
            self.in_order = self.in_flight + self.unclaimed() == 0;
        }
        self.newest = start + len - 1;
        self.inserted += u64::from(len);
        self.in_flight += len as usize;
    }

    fn make_key(&mut self, index: u64, place: u32) -> Key {
        static SETS: AtomicU32 = AtomicU32::new(1);
        if self.id == 0 {
            // Ordering: only different numbers are wanted.
            self.id = SETS.fetch_add(1, Ordering::Relaxed);
        }
        Key {
            index,
            set: self.id,
            place,
        }
    }

    /// The key of what was inserted last.
    pub(super) fn newest(&mut self) -> Key {
        self.make_key(self.inserted - 1, self.newest)
    }

    /// The place of `key`, if it holds the future or the output of that name.
    pub(super) fn place(&self, key: Key) -> Option<u32> {
        (key.set == self.id && self.slab.ordinal(key.place) == Some(key.index)).then_some(key.place)
    }

    /// Whether the output of `key` was moved out of its place.
    pub(super) fn has_spilled(&self, key: Key) -> bool {
        self.spilled.iter().any(|completed| completed.key == key)
    }

    #[inline]
    pub(super) fn is_in_flight(&self, place: u32) -> bool {
        self.slab.is_pinned(place)
    }

    #[inline]
    pub(super) fn future(&mut self, place: u32) -> Option<Pin<&mut F>> {
        self.slab.at(place).into_pinned()
    }

    /// The children in a run of places, which is within one block of 64.
    #[inline]
    pub(super) fn children(&mut self, run: Run) -> Children<'_, F> {
        Children {
            slots: self.slab.run(run.start, run.len),
            done: &mut self.done,
            in_flight: &mut self.in_flight,
        }
    }

    /// Drops the future in `place`. The place is not free before it is released.
    pub(super) fn discard(&mut self, place: u32) {
        self.in_flight -= 1;
        self.discarded += 1;
        self.slab.at(place).vacate();
    }

    /// Moves the future in `place` out. The place is not free before it is released.
    pub(super) fn extract(&mut self, place: u32) -> Option<F>
    where
        F: Unpin,
    {
        let future = self.slab.at(place).extract()?;
        self.in_flight -= 1;
        self.discarded += 1;
        Some(future)
    }

    pub(super) fn release(&mut self, place: u32) {
        self.slab.at(place).release();
    }

    /// Claims the output that completed first.
    #[inline]
    pub(super) fn claim(&mut self) -> Option<Completed<F::Output>> {
        if let Some(completed) = self.spilled.pop_front() {
            return Some(completed);
        }
        let (index, place, output) = self.take_first()?;
        let key = self.make_key(index, place);
        Some(Completed { key, output })
    }

    #[inline]
    pub(super) fn claim_output(&mut self) -> Option<F::Output> {
        if let Some(completed) = self.spilled.pop_front() {
            return Some(completed.output);
        }
        self.take_first().map(|(_, _, output)| output)
    }

    #[inline]
    fn take_first(&mut self) -> Option<(u64, u32, F::Output)> {
        let place = self.done.pop(1)?.start;
        let slot = self.slab.at(place);
        Some((slot.ordinal(), place, slot.take()?))
    }

    /// Moves all outputs out of their places, which are then free.
    pub(super) fn spill(&mut self) {
        while let Some((index, place, output)) = self.take_first() {
            let key = self.make_key(index, place);
            self.spilled.push_back(Completed { key, output });
        }
    }

    /// The next output that `cursor` has not passed, in the order of completion.
    #[inline]
    pub(super) fn see(&mut self, cursor: &mut Cursor) -> Option<&F::Output> {
        if cursor.seen == self.unclaimed() {
            return None;
        }
        let spilled = self.spilled.len();
        cursor.seen += 1;
        if cursor.seen <= spilled {
            return Some(&self.spilled[cursor.seen - 1].output);
        }
        if cursor.seen == spilled + 1 {
            cursor.position = Position::FRONT;
        }
        cursor.last = self.done.next(&mut cursor.position)?;
        self.slab.settled(cursor.last)
    }

    /// Claims the output that `cursor` has passed last.
    pub(super) fn claim_seen(&mut self, cursor: Cursor) -> Option<F::Output> {
        if let Some(index) = cursor.seen.checked_sub(1) {
            if index < self.spilled.len() {
                return self.spilled.remove(index).map(|done| done.output);
            }
        }
        self.done.remove_before(cursor.position);
        self.slab.at(cursor.last).take()
    }

    /// Claims all outputs, in the order of completion.
    pub(super) fn claim_all(&mut self) -> Vec<Completed<F::Output>> {
        let mut all = Vec::with_capacity(self.unclaimed());
        while let Some(completed) = self.claim() {
            all.push(completed);
        }
        all
    }

    /// Claims all outputs, in the order of insertion, passing them through `map`.
    pub(super) fn claim_in_order<T>(&mut self, mut map: impl FnMut(F::Output) -> T) -> Vec<T> {
        let mut all = Vec::with_capacity(self.unclaimed());
        if self.in_order && self.spilled.is_empty() {
            self.done = Runs::new();
            self.slab.take_all(|output| all.push(map(output)));
            return all;
        }
        let mut keyed: Vec<_> = core::mem::take(&mut self.spilled)
            .into_iter()
            .map(|completed| (completed.key.index, completed.output))
            .collect();
        while let Some((index, _, output)) = self.take_first() {
            keyed.push((index, output));
        }
        keyed.sort_unstable_by_key(|(index, _)| *index);
        all.extend(keyed.into_iter().map(|(_, output)| map(output)));
        all
    }

    /// Drops everything. `is_held` tells which places are not to be reused yet.
    pub(super) fn clear(&mut self, is_held: impl Fn(u32) -> bool) {
        self.discarded += self.in_flight as u64;
        self.in_flight = 0;
        self.done = Runs::new();
        let spilled = core::mem::take(&mut self.spilled);
        self.slab.clear(is_held);
        drop(spilled);
    }
}

/// Children in a row of places.
pub(super) struct Children<'a, F: Future> {
    slots: Slots<'a, F, F::Output>,
    done: &'a mut Runs,
    in_flight: &'a mut usize,
}

impl<F: Future> Children<'_, F> {
    #[inline]
    pub(super) fn next(&mut self) -> Option<Child<'_, F>> {
        Some(Child {
            slot: self.slots.next()?,
            done: &mut *self.done,
            in_flight: &mut *self.in_flight,
        })
    }
}

/// A place and whoever is in it.
pub(super) struct Child<'a, F: Future> {
    slot: SlotMut<'a, F, F::Output>,
    done: &'a mut Runs,
    in_flight: &'a mut usize,
}

impl<F: Future> Child<'_, F> {
    #[inline]
    pub(super) fn place(&self) -> u32 {
        self.slot.place()
    }

    #[inline]
    pub(super) fn future(&mut self) -> Option<Pin<&mut F>> {
        self.slot.pinned()
    }

    /// Drops the future and keeps its output.
    #[inline]
    pub(super) fn complete(self, output: F::Output) {
        self.done.push(self.slot.place(), false);
        *self.in_flight -= 1;
        self.slot.settle(output);
    }

    /// Frees the place, which is empty.
    pub(super) fn release(self) {
        self.slot.release();
    }
}
