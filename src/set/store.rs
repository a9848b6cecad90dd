//! What a set holds: futures in flight and outputs that nobody has claimed, and how many of each.

use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Poll;

use super::done::Done;
use super::key::Key;
use super::runs::{Run, count_ones};
use super::slab::{Beginning, SettledMut, Slab, Visited, Visits};

/// What is counted, and what keys are made of.
struct Tally {
    /// How many futures were ever inserted; the next one's index.
    inserted: u64,
    /// How many outputs nobody has claimed.
    unclaimed: usize,
    in_flight: u32,
    /// The place of the last insertion.
    newest: u32,
    /// Whether all that is held lies in the slab in the order of insertion.
    in_order: bool,
    /// The number of the set, once a key was made.
    set: u32,
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
        self.in_flight += len;
    }

    #[inline]
    fn complete(&mut self, n: u32) {
        self.in_flight -= n;
        self.unclaimed += n as usize;
    }
}

pub(super) struct Store<F: Future> {
    slab: Slab<F, F::Output>,
    tally: Tally,
}

/// Polls of all futures, block by block. In the end it is possible to reach them one by one, unless all have completed.
pub(super) struct Polls<'a, F: Future> {
    visits: Visits<'a, F, F::Output>,
    tally: &'a mut Tally,
}

impl<F: Future> Polls<'_, F> {
    /// The first place of the block.
    #[inline]
    pub(super) fn first(&self) -> u32 {
        self.visits.first()
    }

    /// As [`Store::poll_block`], of all places of the block.
    #[inline(always)]
    pub(super) fn poll_block(
        &mut self,
        poll: impl FnMut(u32, Pin<&mut F>) -> (Poll<F::Output>, bool),
    ) -> Visited {
        let Self { visits, tally } = self;
        visits.visit(|completed| tally.complete(count_ones(completed)), poll)
    }

    /// Goes on with the next block, if there is one, and all of this one have completed.
    #[inline]
    pub(super) fn advance(&mut self) -> bool {
        self.visits.advance()
    }
}

impl<F: Future> Store<F> {
    pub(super) const fn new() -> Self {
        Self {
            slab: Slab::new(),
            tally: Tally {
                inserted: 0,
                unclaimed: 0,
                in_flight: 0,
                newest: 0,
                in_order: true,
                set: 0,
            },
        }
    }

    #[inline]
    pub(super) fn expect(&mut self, additional: usize) {
        self.slab.expect(additional);
    }

    #[inline]
    pub(super) fn in_flight(&self) -> usize {
        self.tally.in_flight as usize
    }

    #[inline]
    pub(super) fn unclaimed(&self) -> usize {
        self.tally.unclaimed
    }

    /// How many futures and outputs there are.
    #[inline]
    pub(super) fn held(&self) -> usize {
        self.in_flight() + self.unclaimed()
    }

    /// Whether all that is held lies in the slab in the order of insertion.
    pub(super) fn is_in_order(&self) -> bool {
        self.tally.in_order
    }

    /// How many futures were ever inserted.
    pub(super) fn inserted(&self) -> u64 {
        self.tally.inserted
    }

    /// Whether nothing was ever inserted.
    #[inline]
    pub(super) fn is_untouched(&self) -> bool {
        self.tally.inserted == 0
    }

    /// Whether the next insertion needs more memory.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.slab.is_full()
    }

    /// Inserts a future, and marks it.
    #[inline]
    pub(super) fn insert(&mut self, future: F) -> u32 {
        let held = self.held();
        let place = self.slab.insert(future, self.tally.inserted);
        self.tally.insert(place, 1, held);
        place
    }

    /// A store of futures.
    #[inline(always)]
    pub(super) fn of(futures: Beginning<F, F::Output>) -> Self {
        let len = futures.len();
        Self {
            tally: Tally {
                inserted: len.into(),
                unclaimed: 0,
                in_flight: len,
                newest: len.saturating_sub(1),
                in_order: true,
                set: 0,
            },
            slab: futures.into_slab(),
        }
    }

    /// Inserts a future and some that follow, which then lie in a row and are marked, and tells `note` where, also if the iterator
    /// panics. Gives the next one.
    #[inline]
    pub(super) fn fill(
        &mut self,
        future: F,
        futures: &mut impl Iterator<Item = F>,
        mut note: impl FnMut(u32, u32),
    ) -> Option<F> {
        let held = self.held();
        let Self { slab, tally, .. } = self;
        slab.fill(future, futures, tally.inserted, |start, len| {
            tally.insert(start, len, held);
            note(start, len);
        })
    }

    pub(super) fn make_key(&mut self, index: u64, place: u32) -> Key {
        static SETS: AtomicU32 = AtomicU32::new(1);
        if self.tally.set == 0 {
            // Ordering: only different numbers are wanted.
            self.tally.set = SETS.fetch_add(1, Ordering::Relaxed);
        }
        Key {
            index,
            set: self.tally.set,
            place,
        }
    }

    /// The key of what was inserted last.
    pub(super) fn newest(&mut self) -> Key {
        self.make_key(self.tally.inserted - 1, self.tally.newest)
    }

    /// The place of `key`, if it holds the future or the output of that name.
    pub(super) fn place(&self, key: Key) -> Option<u32> {
        (key.set == self.tally.set && self.slab.ordinal(key.place) == Some(key.index))
            .then_some(key.place)
    }

    #[inline]
    pub(super) fn is_in_flight(&self, place: u32) -> bool {
        self.slab.is_pinned(place)
    }

    /// The places of a block whose futures are in flight, as bits.
    pub(super) fn in_flight_in(&self, block: u32) -> u64 {
        self.slab.pinned_in(block)
    }

    pub(super) fn future(&mut self, place: u32) -> Option<Pin<&mut F>> {
        self.slab.pinned(place)
    }

    /// Takes the mark off `place`, and polls the future in it with `poll`, which says whether to mark it again if it is pending. If it has
    /// completed, `done` is told, and its output takes over that place, also if the future's destructor panics. Gives what came of it,
    /// and whether the place is marked; `None` if the future was given up.
    #[inline]
    pub(super) fn poll(
        &mut self,
        place: u32,
        done: &mut Done<F::Output>,
        poll: impl FnOnce(Pin<&mut F>) -> (Poll<F::Output>, bool),
    ) -> Option<(Poll<()>, bool)> {
        let Self { slab, tally } = self;
        let mut slot = slab.at(place);
        slot.unmark();
        match poll(slot.pinned()?) {
            (Poll::Pending, again) => {
                if again {
                    slot.mark();
                }
                Some((Poll::Pending, again))
            }
            (Poll::Ready(output), _) => {
                tally.complete(1);
                done.note(Run::of(place, false));
                slot.settle(output);
                Some((Poll::Ready(()), false))
            }
        }
    }

    /// Polls the futures in those of some places of a block of 64 that are marked, in order, with `poll`, and takes their marks off; `poll` says
    /// whether one that is pending is to be marked again. An output takes the place of its future, also if that one's destructor
    /// panics. `among` are the places, as bits, counted from `first`; so is the index that comes with each future. Those who have
    /// completed, if somebody has, are told to `note`.
    ///
    /// All that holds after a panic, too: those who were not polled, or whose poll has panicked, are still marked.
    #[inline(always)]
    pub(super) fn poll_block(
        &mut self,
        first: u32,
        among: u64,
        mut note: impl FnMut(u64),
        poll: impl FnMut(u32, Pin<&mut F>) -> (Poll<F::Output>, bool),
    ) -> Visited {
        let Self { slab, tally } = self;
        let note = |completed: u64| {
            tally.complete(count_ones(completed));
            note(completed);
        };
        slab.visit(first, among, note, poll)
    }

    /// Polls the future in `place`, which is marked, with `poll`; `poll` says whether it stays marked if it is pending. Gives whether the
    /// place is marked afterwards. If the future has completed, its output takes over that place, also if the destructor panics.
    ///
    /// If its poll panics, it is still marked.
    #[inline(always)]
    pub(super) fn poll_marked(
        &mut self,
        place: u32,
        poll: impl FnOnce(Pin<&mut F>) -> (Poll<F::Output>, bool),
    ) -> bool {
        let Self { slab, tally } = self;
        let mut slot = slab.at(place);
        match slot.pinned().map(poll) {
            Some((Poll::Pending, true)) => return true,
            Some((Poll::Ready(output), _)) => {
                slot.unmark();
                tally.complete(1);
                slot.settle(output);
            }
            Some((Poll::Pending, false)) | None => slot.unmark(),
        }
        false
    }

    /// Whether there is no more than one block, and never was to be.
    #[inline]
    pub(super) fn is_one_block(&self) -> bool {
        self.slab.is_one_chunk()
    }

    /// Makes it possible to reach single places behind the first block, if it is not yet. To be called before that is done, unless books
    /// were opened.
    #[inline]
    pub(super) fn divide(&mut self) {
        self.slab.divide();
    }

    /// Polls all futures, block by block, if it is not possible yet to reach them one by one.
    #[inline]
    pub(super) fn polls(&mut self) -> Option<Polls<'_, F>> {
        let Self { slab, tally } = self;
        let visits = slab.visits()?;
        Some(Polls { visits, tally })
    }

    /// Drops the future in `place`. The place is not free before it is released.
    pub(super) fn discard(&mut self, place: u32) {
        self.tally.in_flight -= 1;
        self.slab.at(place).vacate();
    }

    /// Moves the future in `place` out. The place is not free before it is released.
    pub(super) fn extract(&mut self, place: u32) -> Option<F>
    where
        F: Unpin,
    {
        let future = self.slab.at(place).extract()?;
        self.tally.in_flight -= 1;
        Some(future)
    }

    pub(super) fn release(&mut self, place: u32) {
        self.slab.at(place).release();
    }

    /// The output in `place`.
    #[inline]
    pub(super) fn output(&self, place: u32) -> Option<&F::Output> {
        self.slab.settled(place)
    }

    /// Takes the output out of `place`, which is then free.
    #[inline]
    pub(super) fn take_output(&mut self, place: u32) -> Option<F::Output> {
        let output = self.slab.at(place).take()?;
        self.tally.unclaimed -= 1;
        Some(output)
    }

    /// The same, with its key.
    #[inline]
    pub(super) fn take_keyed(&mut self, place: u32) -> Option<(Key, F::Output)> {
        let slot = self.slab.at(place);
        let index = slot.ordinal();
        let output = slot.take()?;
        self.tally.unclaimed -= 1;
        Some((self.make_key(index, place), output))
    }

    /// Takes the first output from the places of `block` on, and moves `block` to where it was. The place is not free before
    /// [`release_empty`](Self::release_empty).
    #[inline]
    pub(super) fn take_first(&mut self, block: &mut u32) -> Option<F::Output> {
        let slot = first_settled(&mut self.slab, block)?;
        self.tally.unclaimed -= 1;
        Some(slot.take_unreleased())
    }

    /// The same, with its key.
    #[inline]
    pub(super) fn take_first_keyed(&mut self, block: &mut u32) -> Option<(Key, F::Output)> {
        let slot = first_settled(&mut self.slab, block)?;
        let (index, place) = (slot.ordinal(), slot.place());
        let output = slot.take_unreleased();
        self.tally.unclaimed -= 1;
        Some((self.make_key(index, place), output))
    }

    /// Frees all empty places, but for those that are marked.
    pub(super) fn release_empty(&mut self) {
        self.slab.release_empty();
    }

    /// Counts an output as claimed that had left its place before.
    pub(super) fn note_claim(&mut self) {
        self.tally.unclaimed -= 1;
    }

    /// Counts an output as unclaimed that has left its place.
    pub(super) fn note_spill(&mut self) {
        self.tally.unclaimed += 1;
    }

    /// Shows `visit` the outputs from place `start` on, in the order of places, until it says no.
    #[inline]
    pub(super) fn visit_outputs(&self, start: u32, visit: impl FnMut(u32, &F::Output) -> bool) {
        self.slab.visit_settled(start, visit);
    }

    /// How many blocks of 64 places there are.
    #[inline]
    pub(super) fn blocks(&self) -> u32 {
        self.slab.chunks()
    }

    /// Who is marked of the places of the block of that number, as bits: those who wait for their turn.
    #[inline]
    pub(super) fn marks_mut(&mut self, block: u32) -> &mut u64 {
        self.slab.marks_mut(block)
    }

    /// Marks `place`. `false` if it was marked before.
    #[inline]
    pub(super) fn mark(&mut self, place: u32) -> bool {
        let marks = self.marks_mut(place / 64);
        let bit = 1 << (place % 64);
        let was_marked = *marks & bit != 0;
        *marks |= bit;
        !was_marked
    }

    #[inline]
    pub(super) fn unmark(&mut self, place: u32) {
        self.slab.at(place).unmark();
    }

    pub(super) fn is_marked(&mut self, place: u32) -> bool {
        *self.marks_mut(place / 64) & 1 << (place % 64) != 0
    }

    /// How many places are marked.
    pub(super) fn marked(&self) -> usize {
        self.slab.marked()
    }

    /// Takes all outputs out of their places, in the order of places, and gives what `map` makes of them.
    #[inline]
    pub(super) fn take_outputs<T>(&mut self, map: impl FnMut(F::Output) -> T) -> Vec<T> {
        let count = core::mem::take(&mut self.tally.unclaimed);
        self.slab.take_all(count, map)
    }

    /// Whether dropping this would do nothing.
    #[inline]
    pub(super) fn owns_nothing(&self) -> bool {
        self.slab.owns_nothing()
    }

    /// Takes all outputs out, in the order of places, if they fill all places, and these are one allocation; in that memory if it is just
    /// like a vector's, or, if it need not be `IN_PLACE`, where they fit best. Nobody may come back to a place afterwards.
    #[inline]
    pub(super) fn take_whole<const IN_PLACE: bool>(&mut self) -> Option<Vec<F::Output>> {
        let outputs = if IN_PLACE {
            self.slab.take_in_place()?
        } else {
            self.slab.take_whole()?
        };
        self.tally.unclaimed = 0;
        Some(outputs)
    }

    /// Drops everything. The places of those who are marked are not to be reused yet.
    pub(super) fn clear(&mut self) {
        self.tally.in_flight = 0;
        self.tally.unclaimed = 0;
        self.slab.clear();
    }
}

/// The first place from those of `block` on that has an output; `block` is moved there.
#[inline]
fn first_settled<'a, P, V>(
    slab: &'a mut Slab<P, V>,
    block: &mut u32,
) -> Option<SettledMut<'a, P, V>> {
    let slot = slab.first_settled_mut(*block)?;
    let found = slot.place() / 64;
    // Not written in vain: where the next one is looked for would have to wait for it.
    if *block != found {
        *block = found;
    }
    Some(slot)
}
