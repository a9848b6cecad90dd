//! Rounds: everybody whose turn it is, polled once.

use core::future::Future;
use core::pin::Pin;
use core::task::Poll;

use super::books::Books;
use super::ready::INBOX;
use super::row::Row;
use super::runs::{Run, count_ones};
use super::slab::Visited;
use super::store::Store;
use super::{Account, FutureSet};

/// A round is cut after this many polls in a row, first polls aside, that completed nothing.
pub(super) const FRUITLESS_POLLS: usize = 128;

impl<F: Future> FutureSet<F> {
    /// Polls all children whose turn it is, once each: one round, or what is left of one.
    #[inline]
    pub(crate) fn run_round(&mut self) {
        match &mut self.account {
            Account::Books(books) => {
                if !books.queue.is_empty() || books.ready.has_woken() {
                    books.run_round(&mut self.store);
                }
            }
            Account::Row(Row { queued: 0, .. }) => {}
            Account::Row(_) => self.run_row(),
        }
    }
}

impl<F: Future> Books<F> {
    /// Queues whom others have woken or added.
    #[inline]
    pub(super) fn take_woken(&mut self, store: &mut Store<F>) {
        if self.ready.has_woken() {
            self.queue_all_woken(store);
        }
    }

    fn queue_all_woken(&mut self, store: &mut Store<F>) {
        // What a panic may have left comes first.
        self.queue_taken(store);
        if let Some(number) = self.ready.take_first() {
            self.queue_woken(store, number);
            self.queue_taken(store);
        }
    }

    /// Queues those who have been taken off the stack.
    #[inline]
    fn queue_taken(&mut self, store: &mut Store<F>) {
        while let Some(number) = self.ready.next_taken() {
            self.queue_woken(store, number);
        }
    }

    #[inline]
    fn queue_woken(&mut self, store: &mut Store<F>, number: u32) {
        if number == INBOX {
            self.take_added(store);
        } else if store.is_in_flight(number) && store.mark(number) {
            self.queue.push(number, false);
        }
    }

    /// Polls the children in `run`, in order, for the first time or again.
    #[inline]
    fn poll_run<const FIRST: bool>(
        &mut self,
        store: &mut Store<F>,
        run: Run,
        fruitless: &mut usize,
    ) {
        let block = run.block();
        let mut turn = Turn {
            store,
            books: self,
            run,
        };
        let Turn { store, books, .. } = &mut turn;
        let Self { done, ready, .. } = &mut **books;
        let mut poller = ready.poller(block);
        let mut lending = poller.lend();
        let poll =
            |index: u32, future: Pin<&mut F>| lending.poll::<FIRST, _>(index, |cx| future.poll(cx));
        let note = |completed| done.note_bits(block, completed);
        let Visited {
            visited,
            settled,
            marks,
        } = store.poll_block(block, run.bits(), note, poll);
        poller.end(settled);
        turn.end(marks & visited, run.bits() & !visited);
        core::mem::forget(turn);
        // First polls do not count.
        let counted = if FIRST { settled } else { visited };
        *fruitless = fruitless_after(*fruitless, counted, settled);
    }

    /// Polls the child in `place`, for the first time or again.
    #[inline]
    pub(super) fn poll_one<const FIRST: bool>(
        &mut self,
        store: &mut Store<F>,
        place: u32,
        fruitless: &mut usize,
    ) {
        /// Gives the child up when it panics.
        struct Current<'a, F: Future> {
            store: &'a mut Store<F>,
            books: &'a mut Books<F>,
            place: Option<u32>,
        }
        impl<F: Future> Drop for Current<'_, F> {
            #[inline]
            fn drop(&mut self) {
                if let Some(place) = self.place {
                    let Self { store, books, .. } = self;
                    books.give_up(store, place, |store| store.discard(place));
                }
            }
        }
        let mut turn = Current {
            store,
            books: self,
            place: None,
        };
        let Current {
            store,
            books,
            place: current,
        } = &mut turn;
        let Self { ready, done, .. } = &mut **books;
        let polled = store.poll(place, done, |future| {
            current.replace(place);
            let polled = ready.poll::<FIRST, _>(place, |cx| future.poll(cx));
            current.take();
            polled
        });
        match polled {
            Some((Poll::Ready(()), _)) => *fruitless = 0,
            Some((Poll::Pending, again)) => {
                if again {
                    books.queue.push(place, false);
                }
                *fruitless += usize::from(!FIRST);
            }
            None => {
                // Given up while it was queued.
                books.stale -= 1;
                store.release(place);
            }
        }
    }

    /// Polls those who were woken since the last round, for whom there is no need to pass through the queue, as it is empty. `false` if
    /// that was not all of the round, or it is to be cut.
    #[inline]
    fn poll_woken(&mut self, store: &mut Store<F>, fruitless: &mut usize) -> bool {
        /// Queues those who have not had their turn, also after a panic.
        struct Rest<'a, F: Future>(&'a mut Store<F>, &'a mut Books<F>);
        impl<F: Future> Drop for Rest<'_, F> {
            #[inline]
            fn drop(&mut self) {
                let Self(store, books) = self;
                if books.ready.has_taken() {
                    books.queue_taken(store);
                    books.queue.begin_round();
                }
            }
        }
        let mut rest = Rest(store, self);
        let Rest(store, books) = &mut rest;
        let mut next = books.ready.take_first();
        while let Some(number) = next {
            if !books.ready.has_kept(number) {
                books.queue_woken(store, number);
                books.queue_taken(store);
                return false;
            }
            // Whoever has kept a waker is in flight, and was polled before, so that no limit holds it back.
            books.poll_one::<false>(store, number, fruitless);
            if *fruitless == FRUITLESS_POLLS {
                return false;
            }
            next = books.ready.next_taken();
        }
        true
    }

    pub(super) fn run_round(&mut self, store: &mut Store<F>) {
        let mut fruitless = 0;
        // Whom a child of this round adds belongs to the next: so all additions are taken in before the first child is polled.
        if !self.queue.is_empty() || self.inbox.is_some() {
            self.take_woken(store);
        } else if self.poll_woken(store, &mut fruitless) {
            return;
        }
        self.queue.begin_round();
        if self.queue.len() == 1 && fruitless == 0 {
            self.poll_alone(store);
        } else {
            self.finish_round(store, &mut fruitless);
        }
    }

    /// Polls those who are left of the round under way.
    pub(super) fn finish_round(&mut self, store: &mut Store<F>, fruitless: &mut usize) {
        while *fruitless < FRUITLESS_POLLS {
            let Some(run) = self.queue.pop(FRUITLESS_POLLS - *fruitless) else {
                return;
            };
            match (run.len, run.fresh) {
                (1, true) => self.poll_one::<true>(store, run.start, fruitless),
                (1, false) => self.poll_one::<false>(store, run.start, fruitless),
                (_, true) => self.poll_run::<true>(store, run, fruitless),
                (_, false) => self.poll_run::<false>(store, run, fruitless),
            }
        }
    }

    /// Polls the only child that has its turn: most often one that was just inserted.
    fn poll_alone(&mut self, store: &mut Store<F>) {
        let Some(run) = self.queue.pop(1) else { return };
        let fruitless = &mut 0;
        if run.fresh {
            self.poll_one::<true>(store, run.start, fruitless);
        } else {
            self.poll_one::<false>(store, run.start, fruitless);
        }
    }
}

/// How many polls in a row were fruitless, if so many were before these, bits of a block, of which those are that completed something.
#[inline]
pub(super) fn fruitless_after(before: usize, polled: u64, completed: u64) -> usize {
    if completed == 0 {
        before + count_ones(polled) as usize
    } else {
        let behind = u64::MAX << completed.ilog2() << 1;
        count_ones(polled & behind) as usize
    }
}

/// Places whose turn it is, while they are polled. Dropped when something panics.
struct Turn<'a, F: Future> {
    store: &'a mut Store<F>,
    books: &'a mut Books<F>,
    run: Run,
}

impl<F: Future> Turn<'_, F> {
    /// Of those whose turn is over, as bits of the block: queues those who have woken themselves, `again`, and frees the places of
    /// those who were given up while they were queued, `stale`.
    #[inline(always)]
    fn end(&mut self, again: u64, mut stale: u64) {
        let Self { store, books, run } = self;
        let block = run.block();
        for run in Run::of_bits(block, again, false) {
            books.queue.push_run(run);
        }
        while stale != 0 {
            let place = block + stale.trailing_zeros();
            books.stale -= 1;
            store.unmark(place);
            store.release(place);
            stale &= stale - 1;
        }
    }
}

impl<F: Future> Drop for Turn<'_, F> {
    #[cold]
    fn drop(&mut self) {
        let Self { store, books, run } = self;
        let block = run.block();
        // Only who is polled panics, so somebody was.
        let panicked = books.ready.last();
        debug_assert!((run.start..run.start + run.len).contains(&panicked));
        store.unmark(panicked);
        let over = run.bits() & u64::MAX >> (63 - panicked % 64);
        let in_flight = store.in_flight_in(block / 64);
        books.ready.forget_others(block, in_flight);
        let marked = *store.marks_mut(block / 64) & over;
        self.end(marked & in_flight, marked & !in_flight);
        let Self { store, books, run } = self;
        if let Some(rest) = run.from(panicked + 1) {
            books.queue.unpop(rest);
        }
        // If a destructor has panicked, the child has completed.
        if store.is_in_flight(panicked) {
            books.give_up(store, panicked, |store| store.discard(panicked));
        }
    }
}
