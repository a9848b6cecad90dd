//! What a set holds: futures in flight, and outputs that nobody has claimed, in the order of completion.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};

use super::key::{Completed, Key};
use super::slab::Slab;

/// No place.
const NONE: u32 = u32::MAX;

/// An unclaimed output, in the place of the future that it is from.
struct Done<T> {
    output: T,
    /// The place whose output is next in order of completion.
    next: u32,
}

/// How far a view has looked at the unclaimed outputs, while it claims none of them.
#[derive(Debug)]
pub(crate) struct Cursor {
    seen: usize,
    /// The place of the last output that was seen, and the one before it.
    last: u32,
    before: u32,
}

impl Cursor {
    pub(crate) const START: Self = Self {
        seen: 0,
        last: NONE,
        before: NONE,
    };
}

pub(super) struct Store<F: Future> {
    slab: Slab<F, Done<F::Output>>,
    in_flight: usize,
    /// Outputs that were moved out of their places, all of which completed before those that were not.
    spilled: VecDeque<Completed<F::Output>>,
    /// The chain of outputs in places.
    first: u32,
    last: u32,
    chained: usize,
    /// How many futures were ever inserted; the next one's index.
    inserted: u64,
    completed: u64,
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
            first: NONE,
            last: NONE,
            chained: 0,
            inserted: 0,
            completed: 0,
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
        self.spilled.len() + self.chained
    }

    pub(super) fn completed(&self) -> usize {
        self.completed as usize
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
        if place <= self.newest && self.inserted != 0 {
            self.in_order = self.in_flight + self.unclaimed() == 0;
        }
        self.newest = place;
        self.inserted += 1;
        self.in_flight += 1;
        place
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
        self.slab.pinned(place)
    }

    /// Drops the future in `place` and keeps its output.
    #[inline]
    pub(super) fn complete(&mut self, place: u32, output: F::Output) {
        if self.chained == 0 {
            self.first = place;
        } else if let Some(last) = self.slab.settled(self.last) {
            last.next = place;
        }
        self.last = place;
        self.chained += 1;
        self.completed += 1;
        self.in_flight -= 1;
        self.slab.settle(place, Done { output, next: NONE });
    }

    /// Drops the future in `place`. The place is not free before it is released.
    pub(super) fn discard(&mut self, place: u32) {
        self.in_flight -= 1;
        self.discarded += 1;
        self.slab.vacate(place);
    }

    /// Moves the future in `place` out. The place is not free before it is released.
    pub(super) fn extract(&mut self, place: u32) -> Option<F>
    where
        F: Unpin,
    {
        let future = self.slab.extract(place)?;
        self.in_flight -= 1;
        self.discarded += 1;
        Some(future)
    }

    pub(super) fn release(&mut self, place: u32) {
        self.slab.release(place);
    }

    /// Claims the output that completed first.
    #[inline]
    pub(super) fn claim(&mut self) -> Option<Completed<F::Output>> {
        if let Some(completed) = self.spilled.pop_front() {
            return Some(completed);
        }
        let (index, place, output) = self.unchain_first()?;
        let key = self.make_key(index, place);
        Some(Completed { key, output })
    }

    #[inline]
    pub(super) fn claim_output(&mut self) -> Option<F::Output> {
        if let Some(completed) = self.spilled.pop_front() {
            return Some(completed.output);
        }
        self.unchain_first().map(|(_, _, output)| output)
    }

    #[inline]
    fn unchain_first(&mut self) -> Option<(u64, u32, F::Output)> {
        if self.chained == 0 {
            return None;
        }
        let place = self.first;
        let index = self.slab.ordinal(place)?;
        let done = self.slab.take(place)?;
        self.chained -= 1;
        self.first = done.next;
        if self.chained == 0 {
            self.last = NONE;
        }
        Some((index, place, done.output))
    }

    /// Moves all outputs out of their places, which are then free.
    pub(super) fn spill(&mut self) {
        while let Some((index, place, output)) = self.unchain_first() {
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
        cursor.before = cursor.last;
        cursor.last = if cursor.seen == spilled + 1 {
            self.first
        } else {
            self.slab.settled(cursor.last)?.next
        };
        self.slab.settled(cursor.last).map(|done| &done.output)
    }

    /// Claims the output that `cursor` has passed last.
    pub(super) fn claim_seen(&mut self, cursor: &mut Cursor) -> Option<F::Output> {
        let spilled = self.spilled.len();
        cursor.seen = cursor.seen.checked_sub(1)?;
        if cursor.seen < spilled {
            return self.spilled.remove(cursor.seen).map(|done| done.output);
        }
        if cursor.seen == spilled {
            return self.unchain_first().map(|(_, _, output)| output);
        }
        let place = core::mem::replace(&mut cursor.last, cursor.before);
        let done = self.slab.take(place)?;
        self.chained -= 1;
        self.slab.settled(cursor.before)?.next = done.next;
        if self.last == place {
            self.last = cursor.before;
        }
        Some(done.output)
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
            self.slab.take_all(|done| all.push(map(done.output)));
            self.first = NONE;
            self.last = NONE;
            self.chained = 0;
            return all;
        }
        let mut keyed: Vec<_> = core::mem::take(&mut self.spilled)
            .into_iter()
            .map(|completed| (completed.key.index, completed.output))
            .collect();
        while let Some((index, _, output)) = self.unchain_first() {
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
        self.chained = 0;
        self.first = NONE;
        self.last = NONE;
        let spilled = core::mem::take(&mut self.spilled);
        self.slab.clear(is_held);
        drop(spilled);
    }
}
