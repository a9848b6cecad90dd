//! Deadlines: a view, and any future to tell when time is up.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::FusedFuture;

use crate::into_set::sealed::Core;
use crate::set::Progress;
use crate::view::{Advance, Join};

/// A view with a deadline. Made by the `timeout` methods of the views ([`gather`](crate::Gather::timeout),
/// [`try_gather`](crate::TryGather::timeout), [`as_completed`](crate::AsCompleted::timeout), [`wait`](crate::Wait::timeout)), where
/// it is described.
///
/// The timer is boxed: one allocation. Cancel safety and panics are those of the view. When the view ends in time, the timer is
/// dropped with it.
#[must_use = "nothing runs unless this is awaited"]
pub struct Timeout<V, D> {
    pub(crate) view: V,
    pub(crate) timer: Deadline<D>,
}

impl<V, D> Timeout<V, D> {
    pub(crate) fn new(view: V, timer: D) -> Self {
        Self {
            view,
            timer: Deadline(Some(Box::pin(timer))),
        }
    }
}

impl<V, D> Timeout<V, D> {
    pub(crate) fn map<W>(self, f: impl FnOnce(V) -> W) -> Timeout<W, D> {
        Timeout {
            view: f(self.view),
            timer: self.timer,
        }
    }
}

impl<V: Join + Unpin, D: Future> Future for Timeout<V, D> {
    type Output = V::Timed;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { view, timer } = &mut *self;
        match view.advance() {
            Advance::Done => {
                timer.stop();
                Poll::Ready(V::in_time(view.finish()))
            }
            Advance::Pending { .. } if timer.poll(cx) => {
                view.set().futures().unpark();
                Poll::Ready(view.late())
            }
            Advance::Pending { at_once } => {
                view.set().park(cx, at_once);
                Poll::Pending
            }
        }
    }
}

impl<V: Join + Unpin, D: Future> FusedFuture for Timeout<V, D> {
    fn is_terminated(&self) -> bool {
        self.view.is_over()
    }
}

// The timer is boxed, and the views are `Unpin`.
impl<V: Unpin, D> Unpin for Timeout<V, D> {}

impl<V: fmt::Debug, D> fmt::Debug for Timeout<V, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("view", &self.view)
            .field("fired", &self.timer.0.is_none())
            .finish()
    }
}

/// What tells a view that time is up: any future. Its output is ignored.
///
/// Every future is a timer: `tokio::time::sleep(duration)`, `smol::Timer::after(duration)`, `async_std::task::sleep(duration)`, a
/// shutdown signal, a channel. A `Duration` alone is none, as the crate has no clock.
///
/// # Examples
///
/// Until somebody says stop:
///
/// ```
/// # futures_executor::block_on(async {
/// use std::future::pending;
/// use rejoin::wait;
///
/// let (stop, stopped) = tokio::sync::oneshot::channel();
/// stop.send("enough").unwrap();
/// let (done, rest) = wait([pending::<()>()]).timeout(stopped).await;
/// assert_eq!((done.len(), rest.len()), (0, 1));
/// # });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a timer",
    label = "expected a future that completes when time is up",
    note = "use your runtime's timer: `tokio::time::sleep(duration)`, `smol::Timer::after(duration)`, …"
)]
pub trait Timer: Future {}

// Else the compiler would say that `Duration` is not a future, which does not say what to do.
#[diagnostic::do_not_recommend]
impl<D: Future> Timer for D {}

/// A timer until it fires.
pub(crate) struct Deadline<D>(Option<Pin<Box<D>>>);

impl<D: Future> Deadline<D> {
    /// Whether the timer has fired. It is dropped when it does.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(timer) = &mut self.0 {
            if timer.as_mut().poll(cx).is_pending() {
                return false;
            }
            self.0 = None;
        }
        true
    }
}

impl<D> Deadline<D> {
    /// Drops the timer, as nobody waits for it any more.
    pub(crate) fn stop(&mut self) {
        self.0 = None;
    }
}

/// Time was up before all was done.
///
/// Says how much was done, and gives the rest back: see [`into_set`](TimedOut::into_set).
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// use std::future::{pending, ready};
/// use futures_util::future::Either;
/// use rejoin::gather;
///
/// let time_is_up = ready(());
/// let late = gather([Either::Left(ready(1)), Either::Right(pending())])
///     .timeout(time_is_up)
///     .await
///     .unwrap_err();
/// assert_eq!(late.to_string(), "timed out with 1 of 2 finished");
/// assert_eq!(late.into_set().len(), 2, "an output and an unfinished future");
/// # });
/// ```
#[doc(alias = "TimeoutError")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TimedOut<S = ()> {
    progress: Progress,
    set: S,
}

impl<S> TimedOut<S> {
    pub(crate) fn new(progress: Progress, set: S) -> Self {
        Self { progress, set }
    }

    /// How many futures had completed: [`Progress::finished`].
    #[must_use]
    pub fn finished(&self) -> usize {
        self.progress.finished
    }

    /// How many futures there were: [`Progress::total`].
    #[must_use]
    pub fn total(&self) -> usize {
        self.progress.total
    }

    /// What the view was made of, with all unfinished futures and all unclaimed outputs: nothing is lost, and any view can go
    /// on from there.
    #[must_use = "dropping the set drops the unfinished futures and the finished outputs"]
    pub fn into_set(self) -> S {
        self.set
    }

    /// The error alone, which is `Send`, `Sync` and `'static`. Drops the set.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::{TimedOut, Timer, gather};
    /// use std::error::Error;
    /// use std::future::{pending, ready};
    ///
    /// async fn sum(timer: impl Timer) -> Result<u32, Box<dyn Error + Send + Sync>> {
    ///     let numbers = gather([pending::<u32>()]).timeout(timer);
    ///     Ok(numbers.await.map_err(TimedOut::without_set)?.iter().sum())
    /// }
    ///
    /// assert!(sum(ready(())).await.unwrap_err().is::<TimedOut>());
    /// # });
    /// ```
    #[must_use]
    pub fn without_set(self) -> TimedOut {
        TimedOut {
            progress: self.progress,
            set: (),
        }
    }
}

impl<S> fmt::Debug for TimedOut<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedOut")
            .field("finished", &self.finished())
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}

impl<S> fmt::Display for TimedOut<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { finished, total } = self.progress;
        write!(f, "timed out with {finished} of {total} finished")
    }
}

impl<S> Error for TimedOut<S> {}
