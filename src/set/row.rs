//! The first rounds of a set, while all goes in the order of places: no books are kept then.
//!
//! That is as long as none of the children has kept a waker, nothing was inserted or given up since, and no output was left
//! unclaimed between two rounds, unless nobody asks for the order of completion. Then who has woken itself has done so in the order of
//! places, and so has who has completed; and whose turn it is can be marked where they are.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;

use super::books::Books;
use super::ready::Lender;
use super::rounds::{FRUITLESS_POLLS, fruitless_after};
use super::runs::Run;
use super::slab::Beginning;
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
    /// Outputs are in this place or behind it.
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

/// The part of a round that is in one block, while it lasts. Dropped when something panics.
struct Turn<'a, F: Future> {
    set: &'a mut FutureSet<F>,
    lender: Lender,
    /// Who have their turn, as bits of the block.
    queued: u64,
    /// Who of them has woken itself.
    again: u64,
}

impl<F: Future> Turn<'_, F> {
    /// Goes on with books, as a child has kept a waker, or something has panicked. Gives the place that was polled last.
    #[cold]
    fn open_books(&mut self) -> u32 {
        let last = self.lender.last();
        let rest = self.queued & (u64::MAX << (last % 64) << 1);
        self.set.put_back(last / 64, self.again | rest, last + 1);
        let (store, books) = self.set.books();
        let lender = core::mem::replace(&mut self.lender, Lender::new(last));
        books.ready.take_over(last, lender);
        let in_flight = store.in_flight_in(last / 64);
        books.ready.forget_others(last, in_flight);
        last
    }
}

impl<F: Future> Drop for Turn<'_, F> {
    #[cold]
    fn drop(&mut self) {
        let panicked = self.open_books();
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
        if store.blocks() > 1 {
            return self.run_blocks();
        }
        row.claimed = 0;
        let queued = core::mem::take(store.marks_mut(0));
        row.queued = 0;
        let (_, again) = self.run_block(0, queued);
        let Self { store, account } = self;
        if let (Account::Row(row), Some(again)) = (account, again) {
            *store.marks_mut(0) = again;
            row.queued = u32::from(again != 0);
            row.polled = true;
        }
    }

    /// The same, if there is more than one block.
    #[inline(never)]
    fn run_blocks(&mut self) {
        let Self { store, account } = self;
        let Account::Row(row) = account else { return };
        if store.unclaimed() == 0 {
            row.claimed = row.next;
        }
        let is_first = !row.polled;
        let mut fruitless = 0;
        loop {
            let Self { store, account } = self;
            let row = match account {
                Account::Row(row) => row,
                // A child has kept a waker.
                Account::Books(books) => return books.finish_round(store, &mut fruitless),
            };
            if row.next / 64 == store.blocks() {
                return self.end_round();
            }
            let marks = store.marks_mut(row.next / 64);
            let mut queued = *marks & u64::MAX << (row.next % 64);
            if queued == 0 {
                row.next = (row.next | 63) + 1;
                continue;
            }
            if !is_first {
                let left = FRUITLESS_POLLS - fruitless;
                if left == 0 {
                    return;
                }
                queued = lowest(left, queued);
            }
            *marks ^= queued;
            row.queued -= u32::from(*marks == 0);
            let first = row.next & !63;
            let (completed, again) = self.run_block(first, queued);
            if let Some(again) = again {
                self.put_back(first / 64, again, first + queued.ilog2() + 1);
            }
            if !is_first {
                fruitless = fruitless_after(fruitless, queued, completed);
            }
        }
    }

    /// Polls those of a block whose bits are set, and tells who has completed, and who has woken itself; of these `None` if a row is not
    /// enough any more, and books were opened.
    #[inline(always)]
    fn run_block(&mut self, first: u32, queued: u64) -> (u64, Option<u64>) {
        debug_assert_eq!(
            queued & !self.store.in_flight_in(first / 64),
            0,
            "nobody in a row was given up"
        );
        let mut turn = Turn {
            set: self,
            lender: Lender::new(first),
            queued,
            again: 0,
        };
        let Turn {
            set, lender, again, ..
        } = &mut turn;
        let mut lending = lender.lend();
        let poll = |place: u32, index: u32, future: Pin<&mut F>| {
            // Nobody has kept a waker before.
            let (poll, woken) = lending.poll::<true, _>(place, |cx| future.poll(cx));
            if woken && poll.is_pending() {
                *again |= 1 << index;
            }
            poll
        };
        let completed = set.store.poll_block(first, queued, |_| (), poll);
        let again = if turn.lender.has_made() {
            turn.open_books();
            None
        } else {
            Some(turn.again)
        };
        // There is no page to free.
        core::mem::forget(turn);
        (completed, again)
    }

    /// Marks places of a block, and notes where the round goes on.
    #[inline]
    fn put_back(&mut self, block: u32, places: u64, next: u32) {
        let Self { store, account } = self;
        if let Account::Row(row) = account {
            let marks = store.marks_mut(block);
            row.next = next;
            row.queued += u32::from(*marks == 0 && places != 0);
            *marks |= places;
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
