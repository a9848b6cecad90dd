//! All outputs, in input order.

mod report;

use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::FusedFuture;

use crate::into_set::{AnySet, IntoSet, Place, sealed::Core};
use crate::set::{Cursor, FutureSet, Progress};
use crate::timeout::{TimedOut, Timeout, Timer};
use crate::view::{self, Advance, Join};

use report::Meter;

pub use report::Report;

/// Runs futures concurrently and gives all their outputs, in input order.
///
/// Takes any iterator of futures, a [`FutureSet`], a `&mut FutureSet`, or a [`limit`](crate::limit()). The outputs
/// come in the order of insertion, whatever the order of completion; an empty input gives an empty `Vec` at the first poll.
/// Nothing runs before the first poll.
///
/// Outputs may be `Result`s: each stays at its place, and no error ends the gathering early; for that there is
/// [`try_gather`]. For a few futures of different types there is [`gather!`](crate::gather!). A `Gather` is a future, so groups nest.
///
/// # Cost
///
/// For an iterator of known length, one allocation for the futures, and one for the `Vec`; outputs that are as large as their futures,
/// or larger, mostly stay where they are, and need none. So do those of up to 64 futures that are half as large: their `Vec` has room for
/// twice as many. More than 64 futures take two for a directory, unless all are ready when they are polled first. If their number is not
/// known, or if they are more than 1 MiB and their outputs do not stay, they take an allocation for every 64. A child that has to be woken
/// from outside takes one for the set's books, and 64 children share one of wake state, made when the first of them keeps a waker.
///
/// # Cancel safety
///
/// Dropping a `Gather` drops the futures that it owns, and their outputs. Over a `&mut FutureSet` nothing is lost: the
/// set keeps both.
///
/// # Panics
///
/// When a future panics, so does the poll. Polling again after the end panics.
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::gather;
///
/// let lengths = gather(["start", "then", "rejoin"].map(async |word| word.len())).await;
/// assert_eq!(lengths, [5, 4, 6]);
/// # });
/// ```
///
/// # Differences from asyncio
///
/// asyncio's `gather` takes its awaitables as separate arguments, starts them at the call, and by default raises the first exception. This
/// one takes a list, starts at the first poll, and never fails: gathered `Result`s are `return_exceptions=True`.
#[doc(alias = "return_exceptions")]
#[doc(alias = "join_all")]
#[inline]
pub fn gather<S: IntoSet>(futures: S) -> Gather<S::Set> {
    futures.into_set_then(|mut set| {
        set.forget_order();
        Gather {
            set: Some(set),
            meter: (),
        }
    })
}

/// Runs futures concurrently until one fails, or all succeed: then gives their outputs in input order.
///
/// Like [`gather`](gather()), for futures of `Result`s; an empty input gives `Ok` of an empty `Vec`. The first error in the order of
/// completion ends it, in the tick in which it happens and at any size, even if earlier inputs are still pending; among futures that are ready at the
/// first poll it is the first in input order.
///
/// After an error the futures that an owning `TryGather` still has are dropped at once. Over a `&mut FutureSet` only the error has
/// been claimed: the rest stays in the set and can go on, and the successes so far are there, too.
///
/// # Errors
///
/// The first error of a future, untouched.
///
/// # Cost
///
/// As for [`gather`](gather()). Where results are no smaller than their futures, and no more than twice as large as their outputs, the
/// `Vec` may have their memory; where they are smaller, they do not stay, and more than 64 take the directory in any case.
///
/// # Cancel safety
///
/// As for [`gather`](gather()).
///
/// # Panics
///
/// As for [`gather`](gather()).
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::try_gather;
///
/// let parsed = try_gather(["1", "2", "3"].map(async |text| text.parse::<u8>())).await;
/// assert_eq!(parsed, Ok(vec![1, 2, 3]));
///
/// let failed = try_gather(["1", "two", "256"].map(async |text| text.parse::<u8>())).await;
/// assert_eq!(failed.unwrap_err(), "two".parse::<u8>().unwrap_err());
/// # });
/// ```
///
/// # Differences from asyncio
///
/// This is asyncio's `gather` without `return_exceptions`, which leaves the other tasks running after an error and drops their
/// errors silently. Here they are dropped, or kept in the set that was lent.
#[doc(alias = "try_join_all")]
#[inline]
pub fn try_gather<S, T, E>(futures: S) -> TryGather<S::Set>
where
    S: IntoSet<Future: Future<Output = Result<T, E>>>,
{
    futures.into_set_then(|set| TryGather {
        set: Some(set),
        cursor: Cursor::START,
        failed: false,
        meter: (),
    })
}

/// The future of [`gather`](gather()), where its cancel safety and panics are described.
#[must_use = "nothing runs unless this is awaited"]
pub struct Gather<S, P: Report = ()> {
    /// `None` after the end.
    set: Option<S>,
    meter: P::Meter,
}

/// The future of [`try_gather`], where its cancel safety and panics are described.
#[must_use = "nothing runs unless this is awaited"]
pub struct TryGather<S, P: Report = ()> {
    /// `None` after the end.
    set: Option<S>,
    /// How far the outputs are known to be no errors.
    cursor: Cursor,
    /// Whether `cursor` stands at an error.
    failed: bool,
    meter: P::Meter,
}

// No field is pinned: the futures are pinned in the set.
impl<S, P: Report> Unpin for Gather<S, P> {}
impl<S, P: Report> Unpin for TryGather<S, P> {}

impl<S: AnySet, P: Report> Gather<S, P> {
    /// Ends with an error when `timer`, any future, completes first; its output is ignored.
    ///
    /// In every tick the futures are polled before the timer: one that is ready when time is up still counts. The error is
    /// [`TimedOut`], which gives back what the gathering was made of, so nothing is lost: finished outputs are
    /// unclaimed in it, unfinished futures in flight. Gathered again, it gives the full `Vec`, in input order.
    ///
    /// # Errors
    ///
    /// [`TimedOut`], which holds the set: finished outputs, unfinished futures, and all places.
    ///
    /// # Cancel safety
    ///
    /// As without a timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// # async_std::task::block_on(async {
    /// use std::time::Duration;
    /// use async_std::task::sleep;
    /// use rejoin::gather;
    ///
    /// let naps = [1, 60].map(async |ms| {
    ///     sleep(Duration::from_millis(ms)).await;
    ///     ms
    /// });
    /// let naps = match gather(naps).timeout(sleep(Duration::from_millis(20))).await {
    ///     Ok(naps) => naps,
    ///     Err(late) => gather(late.into_set()).await,
    /// };
    /// assert_eq!(naps, [1, 60]);
    /// # });
    /// ```
    ///
    /// # Differences from asyncio
    ///
    /// asyncio's `gather` has no timeout, and `wait_for` around it loses the finished results.
    pub fn timeout<D: Timer>(mut self, timer: D) -> Timeout<Self, D> {
        if let Some(set) = &mut self.set {
            // The error gives the set away.
            set.futures().keep_order();
        }
        Timeout::new(self, timer)
    }
}

impl<S, P: Report> TryGather<S, P> {
    /// Ends with an error when `timer`, any future, completes first; its output is ignored.
    ///
    /// As [`Gather::timeout`]. The results are nested: `Result<Result<Vec<T>, E>, TimedOut<S>>`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] outside, the first error of a future inside.
    ///
    /// # Cancel safety
    ///
    /// As without a timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use rejoin::{TimedOut, try_gather};
    /// use tokio::time::sleep;
    ///
    /// let numbers = ["1", "2"].map(async |text| text.parse::<u8>());
    /// let second = sleep(Duration::from_secs(1));
    /// let numbers = try_gather(numbers).timeout(second).await.map_err(TimedOut::without_set)??;
    /// assert_eq!(numbers, [1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout<D: Timer>(self, timer: D) -> Timeout<Self, D> {
        Timeout::new(self, timer)
    }
}

impl<S: AnySet, P: Report> Gather<S, P> {
    /// Calls `report` once per completion, on the task that polls; never for an empty input.
    ///
    /// What had completed before, in a set that was handed in, is counted but not reported.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::{Progress, gather};
    ///
    /// let mut bar = Vec::new();
    /// gather([1, 2].map(async |n| n))
    ///     .on_progress(|Progress { finished, total }| bar.push(format!("{finished}/{total}")))
    ///     .await;
    /// assert_eq!(bar, ["1/2", "2/2"]);
    /// # });
    /// ```
    pub fn on_progress<R: FnMut(Progress)>(self, report: R) -> Gather<S, R> {
        Gather {
            meter: Meter::new(report, self.set.as_ref()),
            set: self.set,
        }
    }
}

impl<S: AnySet, P: Report> TryGather<S, P> {
    /// Calls `report` once per completion, on the task that polls. As [`Gather::on_progress`].
    pub fn on_progress<R: FnMut(Progress)>(self, report: R) -> TryGather<S, R> {
        TryGather {
            meter: Meter::new(report, self.set.as_ref()),
            set: self.set,
            cursor: self.cursor,
            failed: self.failed,
        }
    }
}

impl<S: AnySet, P: Report, D> Timeout<Gather<S, P>, D> {
    /// As [`Gather::on_progress`].
    pub fn on_progress<R: FnMut(Progress)>(self, report: R) -> Timeout<Gather<S, R>, D> {
        self.map(|gather| gather.on_progress(report))
    }
}

impl<S: AnySet, P: Report, D> Timeout<TryGather<S, P>, D> {
    /// As [`Gather::on_progress`].
    pub fn on_progress<R: FnMut(Progress)>(self, report: R) -> Timeout<TryGather<S, R>, D> {
        self.map(|gather| gather.on_progress(report))
    }
}

impl<S: AnySet, P: Report> Join for Gather<S, P> {
    const NAME: &'static str = "Gather";
    type Set = S;
    type Output = Vec<S::Output>;
    type Timed = Result<Self::Output, TimedOut<S>>;

    fn slot(&mut self) -> &mut Option<S> {
        &mut self.set
    }

    fn is_over(&self) -> bool {
        self.set.is_none()
    }

    #[inline]
    fn advance(&mut self) -> Advance {
        self.set().run_round(Place::UntilCompleted);
        let more = self.set().refill(Place::UntilCompleted, |_| false);
        P::report(&mut self.meter, &self.set);
        if self.set().close_if_drained() {
            Advance::Done
        } else {
            Advance::Pending { at_once: more }
        }
    }

    #[inline]
    fn finish(&mut self) -> Self::Output {
        S::finish(&mut self.set)
    }

    fn in_time(output: Self::Output) -> Self::Timed {
        Ok(output)
    }

    fn late(&mut self) -> Self::Timed {
        let set = self.take_set();
        Err(TimedOut::new(set.progress(), set))
    }
}

impl<S, P, T, E> Join for TryGather<S, P>
where
    S: AnySet<Output = Result<T, E>>,
    P: Report,
{
    const NAME: &'static str = "TryGather";
    type Set = S;
    type Output = Result<Vec<T>, E>;
    type Timed = Result<Self::Output, TimedOut<S>>;

    fn slot(&mut self) -> &mut Option<S> {
        &mut self.set
    }

    fn is_over(&self) -> bool {
        self.set.is_none()
    }

    #[inline]
    fn advance(&mut self) -> Advance {
        self.set().run_round(Place::UntilCompleted);
        let mut more = false;
        if let Some(set) = &mut self.set {
            let (cursor, failed) = (&mut self.cursor, &mut self.failed);
            let futures = set.futures();
            // If all are done, it is found when they are claimed.
            if futures.is_done_in_order() || !find_error(futures, cursor, failed) {
                more = set.refill(Place::UntilCompleted, |futures| {
                    find_error(futures, cursor, failed)
                });
            }
        }
        P::report(&mut self.meter, &self.set);
        if self.failed || self.set().close_if_drained() {
            Advance::Done
        } else {
            Advance::Pending { at_once: more }
        }
    }

    #[inline]
    fn finish(&mut self) -> Self::Output {
        if !self.failed {
            if let Some(results) = self.set().claim_whole::<true>() {
                // First, as destructors of outputs may panic.
                S::end(&mut self.set);
                return unwrap_all(results);
            }
        }
        let result = self.claim_apart();
        S::end(&mut self.set);
        result
    }

    fn in_time(output: Self::Output) -> Self::Timed {
        Ok(output)
    }

    fn late(&mut self) -> Self::Timed {
        let set = self.take_set();
        Err(TimedOut::new(set.progress(), set))
    }
}

impl<S, P, T, E> TryGather<S, P>
where
    S: AnySet<Output = Result<T, E>>,
    P: Report,
{
    /// Claims the first error, or all outputs, from where they are.
    fn claim_apart(&mut self) -> Result<Vec<T>, E> {
        let Self {
            set: Some(set),
            cursor,
            failed,
            ..
        } = self
        else {
            return Ok(Vec::new());
        };
        let futures = set.futures();
        if find_error(futures, cursor, failed) {
            let cursor = core::mem::replace(cursor, Cursor::START);
            if let Some(Err(error)) = futures.claim_seen(cursor) {
                return Err(error);
            }
        }
        Ok(futures.claim_in_order(unwrap))
    }
}

/// The outputs, or the first error, when all others are dropped in order. The library does it in the memory of the results where it can;
/// no more than half of that is left unused.
#[inline]
fn unwrap_all<T, E>(results: Vec<Result<T, E>>) -> Result<Vec<T>, E> {
    // Without a way out, which takes less than to look for the first.
    let has_failed = results
        .iter()
        .fold(false, |has_failed, result| has_failed | result.is_err());
    let mut results = results.into_iter();
    if has_failed {
        if let Some(error) = results.find_map(Result::err) {
            // First, as an error that is already returned is not dropped if a destructor panics.
            drop(results);
            return Err(error);
        }
    }
    let outputs = results.map(unwrap);
    if size_of::<Result<T, E>>() <= 2 * size_of::<T>() {
        return Ok(outputs.collect());
    }
    let mut all = Vec::with_capacity(outputs.len());
    all.extend(outputs);
    Ok(all)
}

/// The output of a result, of which it is known that it is no error.
#[inline]
fn unwrap<T, E>(result: Result<T, E>) -> T {
    match result {
        Ok(output) => output,
        Err(_) => unreachable!("an error ends the gathering"),
    }
}

/// Moves `cursor` to the first error, if there is one.
fn find_error<F, T, E>(futures: &mut FutureSet<F>, cursor: &mut Cursor, found: &mut bool) -> bool
where
    F: Future<Output = Result<T, E>>,
{
    *found = *found || futures.find(cursor, Result::is_err);
    *found
}

impl<S: AnySet, P: Report> Future for Gather<S, P> {
    type Output = Vec<S::Output>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        view::poll(&mut *self, cx)
    }
}

impl<S, P, T, E> Future for TryGather<S, P>
where
    S: AnySet<Output = Result<T, E>>,
    P: Report,
{
    type Output = Result<Vec<T>, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        view::poll(&mut *self, cx)
    }
}

impl<S: AnySet, P: Report> FusedFuture for Gather<S, P> {
    fn is_terminated(&self) -> bool {
        self.set.is_none()
    }
}

impl<S, P, T, E> FusedFuture for TryGather<S, P>
where
    S: AnySet<Output = Result<T, E>>,
    P: Report,
{
    fn is_terminated(&self) -> bool {
        self.set.is_none()
    }
}

impl<S: fmt::Debug, P: Report> fmt::Debug for Gather<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("set", &self.set).finish()
    }
}

impl<S: fmt::Debug, P: Report> fmt::Debug for TryGather<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGather").field("set", &self.set).finish()
    }
}
