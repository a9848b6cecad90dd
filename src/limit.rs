//! At most so many at a time.

use core::fmt;
use core::future::{Future, IntoFuture};

use crate::into_set::{IntoSet, Place, sealed::Core};
use crate::set::{FutureSet, Progress};

/// After this many completions the task is woken and gets its next turn, so that others have theirs.
const COMPLETIONS_PER_TICK: usize = 128;

/// Limits how many of the futures are in flight at any moment to `n`; the iterator is advanced only when a place is free.
///
/// The result is an input for every view. Order and keys are as without a limit. All `n` places are filled, and their futures
/// polled, before the first output is handed out. A place is free when its future has completed; in
/// [`as_completed`](crate::as_completed()), when its output has been handed out, so that a slow consumer does not pile up outputs.
/// Nothing is pulled once a condition or an error has ended a view. What has not been pulled comes back, with the rest, on a
/// timeout, and as the `pending` of a [`wait`](crate::wait()).
///
/// An empty iterator is fine: the view ends at its first poll.
///
/// # Cost
///
/// Memory is for `n` futures, and for the outputs that nobody has claimed: a `gather` keeps them all.
///
/// # Panics
///
/// If `n` is 0: nothing could ever run.
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::{gather, limit};
///
/// let squares = gather(limit(16, (0..1000).map(async |n| n * n))).await;
/// assert_eq!(squares[999], 998_001);
/// # });
/// ```
///
/// # Differences from asyncio
///
/// asyncio has no limit; the usual substitute, a semaphore that every task acquires, starts all tasks at once.
#[doc(alias = "Semaphore")]
#[doc(alias = "buffered")]
#[doc(alias = "buffer_unordered")]
#[must_use = "a limit does nothing unless it is given to `gather`, `as_completed` or `wait`"]
#[track_caller]
pub fn limit<I>(n: usize, futures: I) -> Limit<I::IntoIter, <I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator<Item: IntoFuture>,
{
    assert!(
        n > 0,
        "limit(n, …): `n` must be at least 1, or nothing could run"
    );
    let iter = futures.into_iter();
    let mut set = match iter.size_hint() {
        (_, Some(upper)) => FutureSet::with_capacity(upper.min(n)),
        (lower, None) => FutureSet::with_capacity(lower.min(n)),
    };
    set.hold_back();
    Limit {
        set,
        iter: Some(iter),
        n,
    }
}

/// Futures of which at most so many are in flight at any moment. Made by [`limit`].
#[must_use = "a limit does nothing unless it is given to `gather`, `as_completed` or `wait`"]
pub struct Limit<I, F: Future> {
    set: FutureSet<F>,
    /// `None` when it has come to its end.
    iter: Option<I>,
    n: usize,
}

// Futures live in the set; the iterator is never pinned.
impl<I, F: Future> Unpin for Limit<I, F> {}

impl<I, F: Future> fmt::Debug for Limit<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit")
            .field("n", &self.n)
            .field("exhausted", &self.iter.is_none())
            .field("set", &self.set)
            .finish()
    }
}

impl<I, F> IntoSet for Limit<I, F>
where
    I: Iterator<Item: IntoFuture<IntoFuture = F, Output = F::Output>>,
    F: Future,
{
    type Future = F;
    type Set = Self;

    fn into_set(self) -> Self {
        self
    }
}

impl<I, F> Limit<I, F>
where
    I: Iterator<Item: IntoFuture<IntoFuture = F, Output = F::Output>>,
    F: Future,
{
    fn places_taken(&self, place: Place) -> usize {
        let started = self.set.started();
        match place {
            Place::UntilCompleted => started,
            Place::UntilClaimed => started + self.set.unclaimed(),
        }
    }

    /// Starts the next future: one that was inserted, or else the iterator's next. `false` if there is none.
    fn start_next(&mut self) -> bool {
        let Self { set, iter, .. } = self;
        set.start(|| {
            let next = iter.as_mut()?.next();
            if next.is_none() {
                *iter = None;
            }
            next.map(I::Item::into_future)
        })
    }
}

impl<I, F> Core for Limit<I, F>
where
    I: Iterator<Item: IntoFuture<IntoFuture = F, Output = F::Output>>,
    F: Future,
{
    type Future = F;

    fn futures(&mut self) -> &mut FutureSet<F> {
        &mut self.set
    }

    fn progress(&self) -> Progress {
        let Progress { finished, total } = self.set.progress();
        let unpulled = self.iter.as_ref().map_or(0, |iter| iter.size_hint().0);
        Progress {
            finished,
            total: total.saturating_add(unpulled),
        }
    }

    fn remaining(&self) -> (usize, Option<usize>) {
        let (lower, upper) = self.set.remaining();
        let (unpulled_lower, unpulled_upper) = match &self.iter {
            Some(iter) => iter.size_hint(),
            None => (0, Some(0)),
        };
        (
            lower.saturating_add(unpulled_lower),
            upper
                .zip(unpulled_upper)
                .and_then(|(a, b)| a.checked_add(b)),
        )
    }

    fn run_round(&mut self, place: Place) {
        self.set.run_round();
        if place == Place::UntilCompleted {
            self.set.spill();
        }
    }

    fn refill(&mut self, place: Place, mut is_over: impl FnMut(&mut FutureSet<F>) -> bool) -> bool {
        let mut completions = 0;
        if is_over(&mut self.set) {
            return false;
        }
        while self.places_taken(place) < self.n {
            // Where outputs hold places these will run out.
            if completions == COMPLETIONS_PER_TICK && place == Place::UntilCompleted {
                return true;
            }
            let unclaimed = self.set.unclaimed();
            if !self.start_next() {
                return false;
            }
            if self.set.unclaimed() != unclaimed {
                completions += 1;
                if place == Place::UntilCompleted {
                    self.set.spill();
                }
                if is_over(&mut self.set) {
                    return false;
                }
            }
        }
        false
    }

    fn has_more(&self) -> bool {
        self.iter.is_some() || self.set.in_flight() > self.set.started()
    }

    fn is_drained(&mut self) -> bool {
        self.iter.is_none() && self.set.is_drained()
    }

    fn close_if_drained(&mut self) -> bool {
        self.iter.is_none() && self.set.close_if_drained()
    }
}
