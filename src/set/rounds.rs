//! Rounds: everybody whose turn it is, polled once.

use core::future::Future;
use core::ops::Range;
use core::task::Poll;

use super::FutureSet;
use super::ready::INBOX;
use super::runs::Run;
use super::slab::Verdict;

/// A round is cut after this many polls in a row, first polls aside, that completed nothing.
const FRUITLESS_POLLS: usize = 128;

impl<F: Future> FutureSet<F> {
    /// Queues whom others have woken or added.
    #[inline]
    pub(super) fn take_woken(&mut self) {
        // What a panic may have left comes first.
        self.queue_taken();
        if let Some(number) = self.ready.take_first() {
            self.queue_woken(number);
            self.queue_taken();
        }
    }

    /// Queues those who have been taken off the stack.
    #[inline]
    fn queue_taken(&mut self) {
        while let Some(number) = self.ready.next_taken() {
            self.queue_woken(number);
        }
    }

    #[inline]
    fn queue_woken(&mut self, number: u32) {
        if number == INBOX {
            self.take_added();
        } else if self.store.is_in_flight(number) {
            self.queue.push(number, false);
        }
    }

    /// Polls the children in `run`, in order, for the first time or again. `false` if it was cut short: the rest is queued again.
    #[inline]
    pub(super) fn poll_run<const FIRST: bool>(&mut self, run: Run, fruitless: &mut usize) -> bool {
        let mut turn = Turn {
            set: self,
            current: None,
            rest: run,
            again: run.start..run.start,
        };
        let Turn {
            set,
            current,
            rest,
            again,
        } = &mut turn;
        let Self {
            store,
            queue,
            ready,
            stale,
            ..
        } = &mut **set;
        let mut poller = ready.poller(run.start);
        store.visit(run, |place, future| {
            rest.advance();
            let Some(future) = future else {
                // Given up while it was queued.
                *stale -= 1;
                return Verdict::Release;
            };
            *current = Some(place);
            let (polled, woken) = poller.poll::<FIRST, _>(place, |cx| future.poll(cx));
            *current = None;
            match polled {
                Poll::Ready(output) => {
                    *fruitless = 0;
                    poller.forget(place);
                    Verdict::Settle(output)
                }
                Poll::Pending => {
                    if woken {
                        if place != again.end {
                            if again.start != again.end {
                                queue.push_again(again.clone());
                            }
                            again.start = place;
                        }
                        again.end = place + 1;
                    }
                    if !FIRST {
                        *fruitless += 1;
                        if *fruitless == FRUITLESS_POLLS {
                            return Verdict::Stop;
                        }
                    }
                    Verdict::Keep
                }
            }
        });
        drop(poller);
        turn.rest.len == 0 && *fruitless < FRUITLESS_POLLS
    }

    /// Polls the child in `place`, for the first time or again. `false` if the round is to be cut.
    #[inline]
    pub(super) fn poll_one<const FIRST: bool>(
        &mut self,
        place: u32,
        fruitless: &mut usize,
    ) -> bool {
        /// Gives the child up when it panics.
        struct Current<'a, F: Future> {
            set: &'a mut FutureSet<F>,
            place: Option<u32>,
        }
        impl<F: Future> Drop for Current<'_, F> {
            #[inline]
            fn drop(&mut self) {
                if let Some(place) = self.place {
                    self.set.give_up(place, |store| store.discard(place));
                }
            }
        }
        let mut current = Current {
            set: self,
            place: None,
        };
        let set = &mut *current.set;
        let Some(future) = set.store.future(place) else {
            // Given up while it was queued.
            set.stale -= 1;
            set.store.release(place);
            return true;
        };
        current.place = Some(place);
        let (polled, woken) = set.ready.poll::<FIRST, _>(place, |cx| future.poll(cx));
        current.place = None;
        match polled {
            Poll::Ready(output) => {
                *fruitless = 0;
                set.ready.forget(place);
                set.store.settle(place, output);
            }
            Poll::Pending => {
                if woken {
                    set.queue.push(place, false);
                }
                *fruitless += usize::from(!FIRST);
            }
        }
        *fruitless < FRUITLESS_POLLS
    }

    /// Polls those who were woken since the last round, for whom there is no need to pass through the queue, as it is empty. `false` if
    /// that was not all of the round, or it is to be cut.
    #[inline]
    fn poll_woken(&mut self, fruitless: &mut usize) -> bool {
        /// Queues those who have not had their turn, also after a panic.
        struct Rest<'a, F: Future>(&'a mut FutureSet<F>);
        impl<F: Future> Drop for Rest<'_, F> {
            #[inline]
            fn drop(&mut self) {
                if self.0.ready.has_taken() {
                    self.0.queue_taken();
                    self.0.queue.begin_round();
                }
            }
        }
        let rest = Rest(self);
        let mut next = rest.0.ready.take_first();
        while let Some(number) = next {
            let set = &mut *rest.0;
            if number == INBOX || !set.ready.has_kept(number) {
                set.queue_woken(number);
                set.queue_taken();
                return false;
            }
            // Whoever has kept a waker is in flight, and was polled before, so that no limit holds it back.
            if !set.poll_one::<false>(number, fruitless) {
                return false;
            }
            next = set.ready.next_taken();
        }
        true
    }

    /// Polls all children whose turn it is, once each: one round, or what is left of one.
    #[inline]
    pub(crate) fn run_round(&mut self) {
        if !self.queue.is_empty() || self.ready.has_woken() {
            self.run_queued();
        }
    }

    fn run_queued(&mut self) {
        let mut fruitless = 0;
        if !self.queue.is_empty() {
            self.take_woken();
        } else if self.poll_woken(&mut fruitless) {
            return;
        }
        self.queue.begin_round();
        while fruitless < FRUITLESS_POLLS {
            let Some(run) = self.queue.pop() else { return };
            let goes_on = match (run.len, run.mark) {
                (1, true) => self.poll_one::<true>(run.start, &mut fruitless),
                (1, false) => self.poll_one::<false>(run.start, &mut fruitless),
                (_, true) => self.poll_run::<true>(run, &mut fruitless),
                (_, false) => self.poll_run::<false>(run, &mut fruitless),
            };
            if !goes_on {
                return;
            }
        }
    }
}

/// Places whose turn it is, while they are polled.
struct Turn<'a, F: Future> {
    set: &'a mut FutureSet<F>,
    /// Who is being polled.
    current: Option<u32>,
    /// Who comes after that.
    rest: Run,
    /// Who has woken itself, and is not queued yet: the last such places in a row.
    again: Range<u32>,
}

impl<F: Future> Drop for Turn<'_, F> {
    #[inline]
    fn drop(&mut self) {
        if self.again.start != self.again.end {
            self.set.queue.push_again(self.again.clone());
        }
        if self.rest.len != 0 {
            self.set.queue.unpop(self.rest);
        }
        if let Some(place) = self.current {
            // It has panicked.
            self.set.give_up(place, |store| store.discard(place));
        }
    }
}
