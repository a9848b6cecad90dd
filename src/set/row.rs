//! The first rounds of a set, while all goes in the order of places: no books are kept then.
//!
//! That is as long as none of the children has kept a waker, nothing was inserted or given up since, and no output was left
//! unclaimed between two rounds, unless nobody asks for the order of completion. Then who has woken itself has done so in the order of
//! places, and so has who has completed; and whose turn it is can be marked where they are.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::Poll;

use super::books::Books;
use super::ready::Lender;
use super::rounds::{FRUITLESS_POLLS, fruitless_after};
use super::runs::Run;
use super::slab::{Beginning, Visited};
use super::store::Store;
use super::{Account, FutureSet};

/// A row is left when somebody has its turn in less than one of so many blocks: a round looks at all of them.
const BLOCKS_PER_QUEUED: u32 = 8;

/// Whose turn it is, and who completed, without books.
pub(super) struct Row {
    /// In how many blocks of 64 places somebody has its turn: those who are marked in the store, as they are when it is filled.
    pub(super) queued: u32,
    /// Where the round under way goes on, if it was cut: whoever is marked before belongs to the next.
    next: u32,
    /// Outputs are in this block or behind it.
    pub(super) claimed: u32,
    /// Whether those who have their turn have been polled before.
    pub(super) polled: bool,
    /// Whether nobody asks for the order of completion.
    pub(super) unordered: bool,
}

impl Row {
    /// A row in so many blocks of which somebody waits for the first poll.
    #[inline]
    pub(super) const fn new(queued: u32) -> Self {
        Self {
            queued,
            next: 0,
            claimed: 0,
            polled: false,
            unordered: false,
        }
    }

    /// A store of futures, and the row of those who are in it.
    #[inline(always)]
    pub(super) fn of<F: Future>(futures: Beginning<F, F::Output>) -> (Store<F>, Self) {
        let queued = futures.len().div_ceil(64);
        (Store::of(futures), Self::new(queued))
    }

    /// The same, with what follows of the futures.
    #[inline(never)]
    pub(super) fn of_more<F: Future>(
        futures: Beginning<F, F::Output>,
        next: F,
        rest: impl Iterator<Item = F>,
    ) -> (Store<F>, Self) {
        let (mut store, mut row) = Self::of(futures);
        row.fill(&mut store, next, rest);
        (store, row)
    }

    /// The same, of more than one block, if there are as many as `announced`.
    #[inline(never)]
    pub(super) fn of_many<F: Future>(
        futures: impl Iterator<Item = F>,
        announced: usize,
    ) -> (Store<F>, Self) {
        match Beginning::new(announced).fill(futures) {
            (futures, None) => Self::of(futures),
            (futures, Some((next, rest))) => Self::of_more(futures, next, rest),
        }
    }

    /// Takes in the first futures of a set, or what follows those.
    #[inline]
    pub(super) fn fill<F: Future>(
        &mut self,
        store: &mut Store<F>,
        future: F,
        mut futures: impl Iterator<Item = F>,
    ) {
        let mut next = Some(future);
        while let Some(future) = next {
            next = store.fill(future, &mut futures, |start, _| {
                self.queued += u32::from(start % 64 == 0);
            });
        }
    }

    /// Books in which stands what the row says.
    #[cold]
    pub(super) fn books<F: Future>(&self, store: &mut Store<F>) -> Box<Books<F>> {
        store.divide();
        store.release_empty();
        let mut books = Box::<Books<F>>::default();
        if self.unordered {
            books.done.forget_order();
        }
        if self.queued == 0 {
            return books;
        }
        // Of the round under way first; if there is none, that is all.
        let first = self.next / 64;
        let behind = u64::MAX << (self.next % 64);
        for block in first..store.blocks() {
            let places = if block == first { behind } else { u64::MAX };
            queue_marked(store, &mut books, block, places, !self.polled);
        }
        if self.next != 0 {
            books.queue.begin_round();
            for block in 0..self.next.div_ceil(64) {
                let places = if block == first { !behind } else { u64::MAX };
                queue_marked(store, &mut books, block, places, false);
            }
        }
        books
    }
}

/// Queues those of some places of a block who are marked.
fn queue_marked<F: Future>(
    store: &mut Store<F>,
    books: &mut Books<F>,
    block: u32,
    places: u64,
    fresh: bool,
) {
    let queued = *store.marks_mut(block) & places;
    Run::of_bits(block * 64, queued, fresh).for_each(|run| books.queue.push_run(run));
}

/// What polls the children of a block, none of whom has kept a waker before.
#[inline(always)]
fn poll_in_block<F: Future>(
    lender: &mut Lender,
    first: u32,
) -> impl FnMut(u32, Pin<&mut F>) -> (Poll<F::Output>, bool) {
    lender.turn_block(first);
    let mut lending = lender.lend();
    move |index, future| lending.poll::<true, _>(index, |cx| future.poll(cx))
}

/// A round, or what is left of one, while it lasts. Dropped when something panics.
struct Turn<'a, F: Future> {
    set: &'a mut FutureSet<F>,
    lender: Lender,
}

impl<F: Future> Turn<'_, F> {
    /// Goes on with books, as a child has kept a waker, or something has panicked. Gives the place that was polled last.
    #[cold]
    fn open_books(&mut self, has_panicked: bool) -> u32 {
        let last = self.lender.last();
        // Not divided if all have completed, one of whom has kept a waker meanwhile, or has panicked when it was dropped.
        self.set.store.divide();
        if has_panicked {
            self.set.store.unmark(last);
        }
        let marks = *self.set.store.marks_mut(last / 64);
        if let Account::Row(row) = &mut self.set.account {
            row.next = last + 1;
            row.queued -= u32::from(marks == 0);
        }
        let (store, books) = self.set.books();
        let lender = core::mem::replace(&mut self.lender, Lender::new(last));
        books.ready.take_over(last, lender);
        let in_flight = store.in_flight_in(last / 64);
        books.ready.forget_others(last, in_flight);
        last
    }

    /// Polls all children, if nobody can be reached alone yet, block by block, for as long as all of a block complete. That is all of the
    /// round, or it goes on behind, or books were opened.
    #[inline]
    fn run_all(&mut self) {
        let Self { set, lender } = self;
        let FutureSet { store, account } = &mut **set;
        let Account::Row(row) = account else { return };
        // The polls end where they lie, before books are opened.
        let has_made = {
            let Some(mut polls) = store.polls() else {
                return;
            };
            loop {
                let first = polls.first();
                let visited = polls.poll_block(poll_in_block(lender, first));
                if lender.has_made() {
                    break true;
                }
                row.next += 64;
                row.queued -= u32::from(visited.marks == 0);
                if !polls.advance() {
                    break false;
                }
            }
        };
        if has_made {
            self.open_books(false);
        }
    }

    /// Polls the child that alone has its turn, in the first block, and gives whether it has it again. Opens books if a row is not enough
    /// any more.
    #[inline(always)]
    fn run_alone(&mut self, place: u32) -> bool {
        let Self { set, lender } = self;
        let mut lending = lender.lend();
        let poll = |future: Pin<&mut F>| lending.poll::<true, _>(place, |cx| future.poll(cx));
        let is_queued = set.store.poll_marked(place, poll);
        if lender.has_made() {
            self.open_books(false);
        }
        is_queued
    }

    /// Polls those of a block who have their turn. Opens books if a row is not enough any more.
    #[inline(always)]
    fn run_block(&mut self, first: u32, among: u64) -> Visited {
        let Self { set, lender } = self;
        let poll = poll_in_block(lender, first);
        let visited = set.store.poll_block(first, among, |_| (), poll);
        if lender.has_made() {
            self.open_books(false);
        }
        visited
    }
}

impl<F: Future> Drop for Turn<'_, F> {
    #[cold]
    fn drop(&mut self) {
        let panicked = self.open_books(true);
        let (store, books) = self.set.books();
        // If a destructor has panicked, the child has completed.
        if store.is_in_flight(panicked) {
            books.give_up(store, panicked, |store| store.discard(panicked));
        }
    }
}

impl<F: Future> FutureSet<F> {
    /// A round of a row, or what is left of one.
    ///
    /// Not inlined: the rounds of a set with books need no such stack frame.
    #[inline(never)]
    pub(super) fn run_row(&mut self) {
        let Self { store, account } = self;
        let Account::Row(row) = account else { return };
        if store.unclaimed() != 0 && !row.unordered {
            // What completes now comes after what has completed before.
            let (store, books) = self.books();
            return books.run_round(store);
        }
        if !store.is_one_block() {
            return self.run_blocks();
        }
        row.claimed = 0;
        let marks = *store.marks_mut(0);
        let mut turn = self.turn();
        let is_queued = if marks.is_power_of_two() {
            turn.run_alone(marks.trailing_zeros())
        } else {
            turn.run_block(0, u64::MAX).marks != 0
        };
        if let Account::Row(row) = &mut turn.set.account {
            row.queued = u32::from(is_queued);
            row.polled = true;
        }
        // There is no page to free.
        core::mem::forget(turn);
    }

    #[inline(always)]
    fn turn(&mut self) -> Turn<'_, F> {
        Turn {
            set: self,
            lender: Lender::new(0),
        }
    }

    /// The same, if there is more than one block.
    #[inline(never)]
    fn run_blocks(&mut self) {
        let Self { store, account } = self;
        let Account::Row(row) = account else { return };
        if store.unclaimed() == 0 {
            row.claimed = row.next / 64;
        }
        let is_first = !row.polled;
        let mut fruitless = 0;
        let mut turn = self.turn();
        turn.run_all();
        loop {
            let FutureSet { store, account } = &mut *turn.set;
            let Account::Row(row) = account else { break };
            let block = row.next / 64;
            if block == store.blocks() {
                break;
            }
            let mut among = u64::MAX << (row.next % 64);
            let left = FRUITLESS_POLLS - fruitless;
            if left < 64 {
                let queued = among & *store.marks_mut(block);
                if queued == 0 {
                    row.next = (block + 1) * 64;
                    continue;
                }
                if left == 0 {
                    break;
                }
                among = lowest(left, queued);
            }
            let visited = turn.run_block(block * 64, among);
            if !is_first {
                fruitless = fruitless_after(fruitless, visited.visited, visited.settled);
            }
            if let Account::Row(row) = &mut turn.set.account {
                row.next = block * 64 + among.ilog2() + 1;
                if visited.visited != 0 && visited.marks == 0 {
                    row.queued -= 1;
                }
            }
        }
        // There is no page to free.
        core::mem::forget(turn);
        let Self { store, account } = self;
        match account {
            // A child has kept a waker.
            Account::Books(books) => books.finish_round(store, &mut fruitless),
            Account::Row(row) if row.next / 64 == store.blocks() => self.end_round(),
            Account::Row(_) => {}
        }
    }

    /// After the last place of a round.
    #[inline]
    fn end_round(&mut self) {
        let Self { store, account } = self;
        if let Account::Row(row) = account {
            row.next = 0;
            row.polled = true;
            if row.queued != 0 && row.queued < store.blocks() / BLOCKS_PER_QUEUED {
                self.books();
            }
        }
    }
}

/// At most `n` of the bits, the lowest.
fn lowest(n: usize, bits: u64) -> u64 {
    if n >= bits.count_ones() as usize {
        return bits;
    }
    let above = (0..n).fold(bits, |above, _| above & above.wrapping_sub(1));
    bits ^ above
}
