//! Rounds: everybody whose turn it is, polled once.

use core::future::Future;
use core::ops::Range;
use core::task::Poll;

use super::ready::{INBOX, Receiver};
use super::runs::Run;
use super::slab::Verdict;
use super::{FutureSet, enlist};

/// A round is cut after this many polls in a row, first polls aside, that completed nothing.
const FRUITLESS_POLLS: usize = 128;

impl<F: Future> FutureSet<F> {
    /// Queues whom others have woken or added.
    #[inline]
    pub(super) fn take_woken(&mut self) {
        let Self {
            store,
            queue,
            ready,
            inbox,
            waiting,
            ..
        } = self;
        ready.take(|place| {
            if place != INBOX {
                if store.is_in_flight(place) {
                    queue.push(place, false);
                }
                return;
            }
            for future in inbox.iter_mut().flat_map(Receiver::take) {
                let place = store.insert(future);
                enlist(queue, waiting, place);
            }
        });
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

    /// Polls all children whose turn it is, once each: one round, or what is left of one.
    #[inline]
    pub(crate) fn run_round(&mut self) {
        // A child that was woken alone need not queue.
        let mut alone = None;
        if self.queue.is_empty() {
            match self.ready.take_single() {
                Some(INBOX) => self.take_added(),
                Some(place) if self.store.is_in_flight(place) && !self.queue.contains(place) => {
                    alone = Some(Run::of(place, false));
                }
                _ => {}
            }
        }
        if alone.is_none() {
            self.take_woken();
            self.queue.begin_round();
        }
        let mut fruitless = 0;
        while let Some(run) = alone.take().or_else(|| self.queue.pop()) {
            let goes_on = if run.mark {
                self.poll_run::<true>(run, &mut fruitless)
            } else {
                self.poll_run::<false>(run, &mut fruitless)
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
