//! What is done by a condition or a deadline, and the rest.

use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::FusedFuture;

use crate::into_set::{AnySet, IntoSet, Place};
use crate::return_when::{AllCompleted, ReturnWhen};
use crate::set::{Completed, Cursor, FutureSet};
use crate::timeout::{Timeout, Timer};
use crate::view::{self, Advance, Join};

/// Runs futures concurrently until all are done, a condition holds, or time is up: then gives what is done, and what is not.
///
/// Takes any iterator of futures, a [`FutureSet`], a `&mut FutureSet`, or a [`limit`](crate::limit()). The result is `(done,
/// pending)`; every future is in exactly one of them. `done` is a `Vec<Completed<T>>` in the order of completion, with keys; `pending`
/// is what was given, as it is now: insert into it, wait again, gather it, or drop it. It is not a copy, and handing it over
/// polls and wakes nobody.
///
/// Without a condition, `wait` waits for all: see [`return_when`](Wait::return_when). Nothing makes it fail, neither an error of a future nor a
/// [`timeout`](Wait::timeout). Outputs that were unclaimed before count at once. Whatever completes up to and in the
/// tick in which the condition comes true is in `done`. An empty input gives `(vec![], pending)` at the first poll.
///
/// # Cost
///
/// Every output is looked at once, so a loop of waits is O(n), too.
///
/// # Cancel safety
///
/// Dropping a `Wait` drops the futures that it owns. Over a `&mut FutureSet` nothing is lost: outputs are claimed only when the
/// `Wait` returns.
///
/// # Panics
///
/// When a future panics, or the condition does, so does the poll. Polling again after the end panics.
///
/// # Examples
///
/// Work that grows while it is waited for:
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::{FirstCompleted, wait};
///
/// async fn halve(n: u32) -> u32 {
///     n / 2
/// }
///
/// let mut steps = 0;
/// let (mut done, mut pending) = wait([halve(20)]).return_when(FirstCompleted).await;
/// while let Some(completed) = done.pop() {
///     steps += 1;
///     if completed.output > 0 {
///         pending.insert(halve(completed.output));
///     }
///     (done, pending) = wait(pending).return_when(FirstCompleted).await;
/// }
/// assert_eq!(steps, 5);
/// # });
/// ```
///
/// # Differences from asyncio
///
/// asyncio's `wait` raises `ValueError` for an empty input, gives `done` as a set without order or keys, and costs O(n) each time,
/// so that a loop of waits is O(n²).
#[doc(alias = "select_all")]
#[inline]
pub fn wait<S: IntoSet>(futures: S) -> Wait<S::Set> {
    futures.into_set_then(|set| Wait {
        set: Some(set),
        condition: AllCompleted,
        cursor: Cursor::START,
        is_met: false,
    })
}

/// The future of [`wait`], where its cancel safety and panics are described.
#[must_use = "nothing runs unless this is awaited"]
pub struct Wait<S, C = AllCompleted> {
    /// `None` after the end.
    set: Option<S>,
    condition: C,
    /// How far the condition was asked.
    cursor: Cursor,
    is_met: bool,
}

// No field is pinned: the futures are pinned in the set.
impl<S, C> Unpin for Wait<S, C> {}

impl<S: AnySet, C> Wait<S, C> {
    /// Returns when `condition` says so, or when all is done.
    ///
    /// [`AllCompleted`], [`FirstCompleted`](crate::FirstCompleted), [`AtLeast`](crate::AtLeast), a closure over an output, or any
    /// [`ReturnWhen`]; [`FirstError`](crate::FirstError) and [`FirstSuccess`](crate::FirstSuccess) where outputs are
    /// `Result`s.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::wait;
    ///
    /// let (done, _) = wait([1, 5, 7].map(async |n| n))
    ///     .return_when(|n: &u32| *n > 4)
    ///     .await;
    /// assert_eq!(done.len(), 3, "all were ready in the same tick");
    /// # });
    /// ```
    pub fn return_when<R: ReturnWhen<S::Output>>(self, condition: R) -> Wait<S, R> {
        Wait {
            set: self.set,
            condition,
            cursor: self.cursor,
            is_met: self.is_met,
        }
    }

    /// Returns when `timer`, any future, completes, with what is done by then, perhaps nothing; its output is ignored.
    ///
    /// In every tick the futures are polled before the timer: one that is ready when time is up still counts. An empty
    /// input ends at once, without the timer.
    ///
    /// # Cancel safety
    ///
    /// As without a timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// # smol::block_on(async {
    /// use std::time::Duration;
    /// use rejoin::wait;
    /// use smol::Timer;
    ///
    /// let (done, pending) = wait([1, 500].map(|ms| Timer::after(Duration::from_millis(ms))))
    ///     .timeout(Timer::after(Duration::from_millis(50)))
    ///     .await;
    /// assert_eq!((done.len(), pending.len()), (1, 1));
    /// # });
    /// ```
    pub fn timeout<D: Timer>(self, timer: D) -> Timeout<Self, D> {
        Timeout::new(self, timer)
    }
}

impl<S: AnySet, C, D> Timeout<Wait<S, C>, D> {
    /// As [`Wait::return_when`].
    pub fn return_when<R: ReturnWhen<S::Output>>(self, condition: R) -> Timeout<Wait<S, R>, D> {
        self.map(|wait| wait.return_when(condition))
    }
}

/// Asks `condition` about what it has not seen yet.
fn ask<F, C>(
    futures: &mut FutureSet<F>,
    condition: &mut C,
    cursor: &mut Cursor,
    is_met: &mut bool,
) -> bool
where
    F: Future,
    C: ReturnWhen<F::Output>,
{
    *is_met = *is_met || futures.find(cursor, |output| condition.completed(output));
    *is_met
}

impl<S: AnySet, C: ReturnWhen<S::Output>> Join for Wait<S, C> {
    const NAME: &'static str = "Wait";
    type Set = S;
    type Output = (Vec<Completed<S::Output>>, S);
    type Timed = Self::Output;

    fn slot(&mut self) -> &mut Option<S> {
        &mut self.set
    }

    fn is_over(&self) -> bool {
        self.set.is_none()
    }

    fn advance(&mut self) -> Advance {
        let at_once = self.condition.at_once();
        self.set().run_round(Place::UntilCompleted);
        let mut more = false;
        if let Some(set) = &mut self.set {
            let (condition, cursor, is_met) =
                (&mut self.condition, &mut self.cursor, &mut self.is_met);
            more = set.refill(Place::UntilCompleted, |futures| {
                ask(futures, condition, cursor, is_met)
            });
            ask(set.futures(), condition, cursor, is_met);
        }
        if at_once || self.is_met || self.set().is_drained() {
            Advance::Done
        } else {
            Advance::Pending { at_once: more }
        }
    }

    fn finish(&mut self) -> Self::Output {
        let mut set = self.take_set();
        (set.futures().claim_all(), set)
    }

    fn in_time(output: Self::Output) -> Self::Timed {
        output
    }

    fn late(&mut self) -> Self::Timed {
        self.finish()
    }
}

impl<S: AnySet, C: ReturnWhen<S::Output>> Future for Wait<S, C> {
    type Output = (Vec<Completed<S::Output>>, S);

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        view::poll(&mut *self, cx)
    }
}

impl<S: AnySet, C: ReturnWhen<S::Output>> FusedFuture for Wait<S, C> {
    fn is_terminated(&self) -> bool {
        self.set.is_none()
    }
}

impl<S: fmt::Debug, C> fmt::Debug for Wait<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("set", &self.set)
            .field("is_met", &self.is_met)
            .finish()
    }
}
