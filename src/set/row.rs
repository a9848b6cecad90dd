//! The first rounds of a small set, while all goes in the order of places: no books are kept then.
//!
//! That is as long as the children lie in one block of 64, none of them has kept a waker, nothing was inserted or given up since, and
//! no output was left unclaimed between two rounds, unless nobody asks for the order of completion. Then who has woken itself has
//! done so in the order of places, and so has who has completed.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::Poll;

use super::books::Books;
use super::ready::Lender;
use super::runs::Run;
use super::slab::Verdict;
use super::{Account, FutureSet};

/// Whose turn it is, and who completed, without books.
pub(super) struct Row {
    /// Whose turn it is, a bit each.
    pub(super) queued: u64,
    /// Whether they have been polled before.
    pub(super) polled: bool,
    /// Whether nobody asks for the order of completion.
    pub(super) unordered: bool,
}

impl Row {
    pub(super) const fn new() -> Self {
        Self {
            queued: 0,
            polled: false,
            unordered: false,
        }
    }

    /// Books in which stands what the row says.
    #[cold]
    pub(super) fn books<F: Future>(&self) -> Box<Books<F>> {
        let mut books = Box::new(Books::new());
        if self.unordered {
            books.done.forget_order();
        }
        Run::of_bits(0, self.queued, !self.polled).for_each(|run| books.queue.push_run(run));
        books
    }
}

/// A round of a row, while it lasts.
struct Round<'a, F: Future> {
    set: &'a mut FutureSet<F>,
    lender: Lender,
    /// Who is being polled.
    current: Option<u32>,
    /// Who comes after that.
    rest: u64,
    /// Who has woken itself.
    again: u64,
}

impl<F: Future> Drop for Round<'_, F> {
    #[inline]
    fn drop(&mut self) {
        let Account::Row(row) = &mut self.set.account else {
            unreachable!("books are opened after the round")
        };
        // Somebody comes after the one who is polled if that one's destructor has panicked.
        if self.current.is_none() && self.rest == 0 && !self.lender.has_kept() {
            row.queued = self.again;
            row.polled = true;
        } else {
            row.queued = self.rest;
            self.leave_row();
        }
    }
}

impl<F: Future> Round<'_, F> {
    /// Goes on with books, as a child has kept a waker, or something has panicked.
    #[cold]
    fn leave_row(&mut self) {
        let (store, books) = self.set.books();
        books.queue.begin_round();
        Run::of_bits(0, self.again, false).for_each(|run| books.queue.push_run(run));
        let lender = core::mem::replace(&mut self.lender, Lender::new());
        books.ready.take_over(0, lender);
        if let Some(place) = self.current {
            books.give_up(store, place, |store| store.discard(place));
        }
    }
}

impl<F: Future> FutureSet<F> {
    /// A round without books, of those whose bits are set.
    #[inline]
    pub(super) fn run_row(&mut self, queued: u64) {
        let mut round = Round {
            set: self,
            lender: Lender::new(),
            current: None,
            rest: queued,
            again: 0,
        };
        let Round {
            set,
            lender,
            current,
            rest,
            again,
        } = &mut round;
        let visit = |place: u32, future: Option<Pin<&mut F>>| {
            let bit: u64 = 1 << place;
            *rest &= !bit;
            let Some(future) = future else {
                unreachable!("nobody in a row was given up")
            };
            *current = Some(place);
            let (polled, woken) = lender.poll(place, |cx| future.poll(cx));
            *current = None;
            match polled {
                Poll::Ready(output) => {
                    lender.forget(place);
                    Verdict::Settle(output)
                }
                Poll::Pending => {
                    if woken {
                        *again |= bit;
                    }
                    Verdict::Keep
                }
            }
        };
        set.store.visit(0, queued, |_| (), visit);
    }
}
