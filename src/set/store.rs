//! What a set holds: futures in flight, and outputs that nobody has claimed, in the order of completion.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};

use super::key::{Completed, Key};
use super::runs::{Position, Run, Runs};
use super::slab::{Slab, Verdict};

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

/// What is counted.
struct Tally {
    /// How many futures were ever inserted; the next one's index.
    inserted: u64,
    /// How many were given up.
    discarded: u64,
    in_flight: usize,
    /// The place of the last insertion.
    newest: u32,
    /// Whether all that is held lies in the slab in the order of insertion.
    in_order: bool,
}

impl Tally {
    /// Counts futures that were inserted in a row of places, when `held` were there before.
    #[inline]
    fn insert(&mut self, start: u32, len: u32, held: usize) {
        if start <= self.newest && self.inserted != 0 {
            self.in_order = held == 0;
        }
        self.newest = start + len - 1;
        self.inserted += u64::from(len);
        self.in_flight += len as usize;
    }

    fn discard(&mut self, n: usize) {
        self.in_flight -= n;
        self.discarded += n as u64;
    }
}

#[allow(
    clippy::box_collection,
    reason = "most sets need none, and are moved about"
)]
type Spilled<T> = Option<Box<VecDeque<Completed<T>>>>;

pub(super) struct Store<F: Future> {
    slab: Slab<F, F::Output>,
    tally: Tally,
    /// Outputs that were moved out of their places, all of which completed before those that were not.
    spilled: Spilled<F::Output>,
    /// The places of the outputs that were not, in the order of completion.
    done: Runs,
    /// If nobody asks for that order: how many outputs there are, of which `done` does not know.
    unordered: Option<usize>,
    /// The number of the set, once a key was made.
    id: u32,
}

impl<F: Future> Store<F> {
    pub(super) const fn new() -> Self {
        Self {
            slab: Slab::new(),
            tally: Tally {
                inserted: 0,
                discarded: 0,
                in_flight: 0,
                newest: 0,
                in_order: true,
            },
            spilled: None,
            done: Runs::new(),
            unordered: None,
            id: 0,
        }
    }

    #[inline]
    pub(super) fn expect(&mut self, additional: usize) {
        self.slab.expect(additional);
    }

    #[inline]
    pub(super) fn in_flight(&self) -> usize {
        self.tally.in_flight
    }

    #[inline]
    pub(super) fn unclaimed(&self) -> usize {
        self.spilled_len() + self.done.len() + self.unordered.unwrap_or(0)
    }

    #[inline]
    fn spilled_len(&self) -> usize {
        self.spilled.as_ref().map_or(0, |spilled| spilled.len())
    }

    pub(super) fn completed(&self) -> usize {
        (self.tally.inserted - self.tally.discarded) as usize - self.tally.in_flight
    }

    /// All that were inserted and not given up.
    pub(super) fn total(&self) -> usize {
        (self.tally.inserted - self.tally.discarded) as usize
    }

    /// Whether the next insertion needs more memory.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.slab.is_full()
    }

    #[inline]
    pub(super) fn insert(&mut self, future: F) -> u32 {
        let held = self.tally.in_flight + self.unclaimed();
        let place = self.slab.insert(future, self.tally.inserted);
        self.tally.insert(place, 1, held);
        place
    }

    /// Inserts futures that then lie in a row, and tells `note` where, also if the iterator panics. `false` if there are no more.
    #[inline]
    pub(super) fn fill(
        &mut self,
        futures: &mut impl Iterator<Item = F>,
        mut note: impl FnMut(u32, u32),
    ) -> bool {
        let held = self.tally.in_flight + self.unclaimed();
        let Self { slab, tally, .. } = self;
        slab.fill(futures, tally.inserted, |start, len| {
            tally.insert(start, len, held);
            note(start, len);
        })
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
        self.make_key(self.tally.inserted - 1, self.tally.newest)
    }

    /// The place of `key`, if it holds the future or the output of that name.
    pub(super) fn place(&self, key: Key) -> Option<u32> {
        (key.set == self.id && self.slab.ordinal(key.place) == Some(key.index)).then_some(key.place)
    }

    /// Whether the output of `key` was moved out of its place.
    pub(super) fn has_spilled(&self, key: Key) -> bool {
        self.spilled
            .iter()
            .flat_map(|spilled| spilled.iter())
            .any(|completed| completed.key == key)
    }

    #[inline]
    pub(super) fn is_in_flight(&self, place: u32) -> bool {
        self.slab.is_pinned(place)
    }

    #[inline]
    pub(super) fn future(&mut self, place: u32) -> Option<Pin<&mut F>> {
        self.slab.at(place).pinned()
    }

    /// Shows `visit` the futures in a run of places within one block of 64, in order, and does what it says: an output takes the
    /// place of its future, also if that one's destructor panics.
    #[inline]
    pub(super) fn visit(
        &mut self,
        run: Run,
        mut visit: impl FnMut(u32, Option<Pin<&mut F>>) -> Verdict<F::Output>,
    ) {
        /// Notes completions in a row at once, also after a panic.
        struct Note<'a> {
            done: &'a mut Runs,
            unordered: &'a mut Option<usize>,
            in_flight: &'a mut usize,
            start: u32,
            end: u32,
        }
        impl Note<'_> {
            #[inline]
            fn flush(&mut self) {
                let len = self.end - self.start;
                if len == 0 {
                    return;
                }
                *self.in_flight -= len as usize;
                match self.unordered {
                    Some(unordered) => *unordered += len as usize,
                    None => self.done.push_run(Run {
                        start: self.start,
                        len,
                        mark: false,
                    }),
                }
            }
        }
        impl Drop for Note<'_> {
            #[inline]
            fn drop(&mut self) {
                self.flush();
            }
        }
        let Self {
            slab,
            done,
            unordered,
            tally,
            ..
        } = self;
        let mut note = Note {
            done,
            unordered,
            in_flight: &mut tally.in_flight,
            start: run.start,
            end: run.start,
        };
        slab.visit(run.start, run.len, |place, future| {
            let verdict = visit(place, future);
            if matches!(verdict, Verdict::Settle(_)) {
                if place != note.end {
                    note.flush();
                    note.start = place;
                }
                note.end = place + 1;
            }
            verdict
        });
    }

    /// Lets the output of the future in `place` take over that place, also if the future's destructor panics.
    #[inline]
    pub(super) fn settle(&mut self, place: u32, output: F::Output) {
        self.tally.in_flight -= 1;
        match &mut self.unordered {
            Some(unordered) => *unordered += 1,
            None => self.done.push(place, false),
        }
        self.slab.at(place).settle(output);
    }

    /// Drops the future in `place`. The place is not free before it is released.
    pub(super) fn discard(&mut self, place: u32) {
        self.tally.discard(1);
        self.slab.at(place).vacate();
    }

    /// Moves the future in `place` out. The place is not free before it is released.
    pub(super) fn extract(&mut self, place: u32) -> Option<F>
    where
        F: Unpin,
    {
        let future = self.slab.at(place).extract()?;
        self.tally.discard(1);
        Some(future)
    }

    pub(super) fn release(&mut self, place: u32) {
        self.slab.at(place).release();
    }

    /// Claims the output that completed first.
    #[inline]
    pub(super) fn claim(&mut self) -> Option<Completed<F::Output>> {
        if let Some(completed) = self
            .spilled
            .as_mut()
            .and_then(|spilled| spilled.pop_front())
        {
            return Some(completed);
        }
        let (index, place, output) = self.take_first()?;
        let key = self.make_key(index, place);
        Some(Completed { key, output })
    }

    #[inline]
    pub(super) fn claim_output(&mut self) -> Option<F::Output> {
        if let Some(completed) = self
            .spilled
            .as_mut()
            .and_then(|spilled| spilled.pop_front())
        {
            return Some(completed.output);
        }
        let place = self.done.pop_one()?;
        self.slab.at(place).take()
    }

    #[inline]
    fn take_first(&mut self) -> Option<(u64, u32, F::Output)> {
        let place = self.done.pop_one()?;
        let slot = self.slab.at(place);
        Some((slot.ordinal(), place, slot.take()?))
    }

    /// Moves all outputs out of their places, which are then free.
    pub(super) fn spill(&mut self) {
        while let Some((index, place, output)) = self.take_first() {
            let key = self.make_key(index, place);
            self.spilled
                .get_or_insert_default()
                .push_back(Completed { key, output });
        }
    }

    /// The next output that `cursor` has not passed, in the order of completion.
    #[inline]
    pub(super) fn see(&mut self, cursor: &mut Cursor) -> Option<&F::Output> {
        if cursor.seen == self.unclaimed() {
            return None;
        }
        cursor.seen += 1;
        if cursor.seen <= self.spilled_len() {
            return self
                .spilled
                .as_ref()
                .map(|spilled| &spilled[cursor.seen - 1].output);
        }
        if cursor.seen == self.spilled_len() + 1 {
            cursor.position = Position::FRONT;
        }
        cursor.last = self.done.next(&mut cursor.position)?;
        self.slab.settled(cursor.last)
    }

    /// Claims the output that `cursor` has passed last.
    pub(super) fn claim_seen(&mut self, cursor: Cursor) -> Option<F::Output> {
        if cursor.seen <= self.spilled_len() {
            let spilled = self.spilled.as_mut()?;
            return spilled
                .remove(cursor.seen.checked_sub(1)?)
                .map(|done| done.output);
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

    /// From now on, and as long as nothing has completed, the order of completion is not noted. Until
    /// [`keep_order`](Self::keep_order) the outputs are claimed in the order of insertion or not at all.
    pub(super) fn forget_order(&mut self) {
        if self.unclaimed() == 0 {
            self.unordered = Some(0);
        }
    }

    /// From now on the order of completion is noted; before, it was that of places.
    pub(super) fn keep_order(&mut self) {
        if self
            .unordered
            .take()
            .is_some_and(|unordered| unordered != 0)
        {
            let Self { slab, done, .. } = self;
            slab.settled_places(|place| done.push(place, false));
        }
    }

    /// Claims all outputs, in the order of insertion, passing them through `map`.
    pub(super) fn claim_in_order<T>(&mut self, mut map: impl FnMut(F::Output) -> T) -> Vec<T> {
        let mut all = Vec::with_capacity(self.unclaimed());
        if self.tally.in_order && self.spilled_len() == 0 {
            self.done = Runs::new();
            self.unordered = None;
            self.slab.take_all(&mut all, map);
            return all;
        }
        self.keep_order();
        let mut keyed: Vec<_> = core::mem::take(&mut self.spilled)
            .into_iter()
            .flat_map(|spilled| *spilled)
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
        self.tally.discard(self.tally.in_flight);
        self.done = Runs::new();
        self.unordered = None;
        let spilled = core::mem::take(&mut self.spilled);
        self.slab.clear(is_held);
        drop(spilled);
    }
}
