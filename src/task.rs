//! Started in the background, on any executor; rejoined later.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::any::Any;
use core::fmt;
use core::future::Future;
use core::mem;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::error::Error;
use std::panic::catch_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_core::FusedFuture;
use futures_util::future::{AbortHandle, Abortable};
use pin_project::{pin_project, pinned_drop};

/// Starts a future in the background, on any executor, and gives a handle to rejoin it.
///
/// `spawn` is called at once with the future to run, a [`Background`] of output `()`: any function or closure that hands it to an executor
/// will do. What it returns is dropped, so a handle that cancels when it is dropped, as smol's does, must be detached in `spawn`.
///
/// The future then runs without being polled by us, on a multi-threaded executor beside others. It must be `Send`, or `'static`,
/// only if `spawn` asks for it: `tokio::task::spawn_local` does not.
///
/// The [`Task`] is a future of `Result<T, TaskError>`; dropping it aborts.
///
/// # Cost
///
/// Two small allocations, besides those of `spawn`, and a lock that is held for a few instructions.
///
/// # Panics
///
/// If `spawn` does, for example because there is no runtime; the future is dropped.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use rejoin::{create_task, gather};
///
/// let squares = gather((1..=3).map(|n| create_task(async move { n * n }, tokio::spawn))).await;
/// let squares: Vec<i32> = squares.into_iter().map(Result::unwrap).collect();
/// assert_eq!(squares, [1, 4, 9]);
/// # });
/// ```
///
/// On async-std: `create_task(future, async_std::task::spawn)`.
/// On smol: `create_task(future, |task| smol::spawn(task).detach())`.
///
/// # Differences from asyncio
///
/// asyncio's `create_task` needs a running loop, and does not cancel a task whose handle is dropped.
#[doc(alias = "ensure_future")]
#[doc(alias = "spawn")]
pub fn create_task<F, S, R>(future: F, spawn: S) -> Task<F::Output>
where
    F: Future,
    S: FnOnce(Background<F>) -> R,
{
    let (abort, registration) = AbortHandle::new_pair();
    let shared = Arc::new(Shared {
        state: Mutex::new(State::Running(None)),
        abort,
    });
    let background = Background {
        future: Some(Abortable::new(future, registration)),
        shared: Arc::clone(&shared),
    };
    // The handle first: if `spawn` panics, the future is to end.
    let task = Task {
        shared,
        detached: false,
    };
    drop(spawn(background));
    task
}

enum State<T> {
    /// And who waits for the end.
    Running(Option<Waker>),
    Finished(Result<T, TaskError>),
    /// The result was handed out.
    Taken,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    abort: AbortHandle,
}

impl<T> Shared<T> {
    /// The state. No foreign code runs while it is locked.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the result, unless there is one, and wakes who waits for it.
    fn finish(&self, result: Result<T, TaskError>) {
        let mut state = self.lock();
        if let State::Running(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Finished(result);
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// The future that [`create_task`] gives to an executor: runs what it was made of, and keeps the result for the [`Task`].
///
/// Its name is for functions that are given the spawn function:
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use rejoin::{Background, Task, create_task};
///
/// fn start<F: Future, R>(future: F, spawn: impl FnOnce(Background<F>) -> R) -> Task<F::Output> {
///     create_task(future, spawn)
/// }
///
/// assert_eq!(start(async { 1 }, tokio::spawn).await.unwrap(), 1);
/// # });
/// ```
///
/// # Panics
///
/// Polling it again after it was ready panics; no executor does. A panic of the future is kept for the [`Task`].
#[must_use = "a task runs only when an executor polls it"]
#[pin_project(PinnedDrop)]
pub struct Background<F: Future> {
    /// `None` after the end.
    #[pin]
    future: Option<Abortable<F>>,
    shared: Arc<Shared<F::Output>>,
}

impl<F: Future> Future for Background<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("`Background` polled after it was ready")
        };
        let result = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(output))) => Ok(output),
            Ok(Poll::Ready(Err(_))) => Err(TaskError(Cause::Aborted)),
            Err(payload) => Err(TaskError::panicked(payload)),
        };
        // Dropped before anybody hears of the end.
        let result = match catch_unwind(AssertUnwindSafe(|| this.future.set(None))) {
            Ok(()) => result,
            Err(payload) => result.and(Err(TaskError::panicked(payload))),
        };
        this.shared.finish(result);
        Poll::Ready(())
    }
}

#[pinned_drop]
impl<F: Future> PinnedDrop for Background<F> {
    fn drop(self: Pin<&mut Self>) {
        let cause = if self.shared.abort.is_aborted() {
            Cause::Aborted
        } else {
            Cause::Lost
        };
        self.shared.finish(Err(TaskError(cause)));
    }
}

impl<F: Future> fmt::Debug for Background<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").finish_non_exhaustive()
    }
}

/// A future that runs in the background. Made by [`create_task`].
///
/// Resolves to its output, or to a [`TaskError`].
///
/// # Errors
///
/// A [`TaskError`] if the future panicked, was aborted, or was dropped by its executor.
///
/// # Cancel safety
///
/// Dropping a `Task` aborts the future, which is dropped by its executor when it is next polled; [`detach`](Task::detach) lets it run on. Await
/// `&mut task` to keep it.
///
/// # Panics
///
/// Polling it again after it was ready panics.
///
/// # Examples
///
/// ```
/// # #[tokio::main]
/// # async fn main() {
/// use rejoin::create_task;
///
/// let task = create_task(std::future::pending::<()>(), tokio::spawn);
/// task.abort();
/// assert!(task.await.unwrap_err().is_aborted());
/// # }
/// ```
#[must_use = "dropping a task aborts it: await it, or `detach` it"]
pub struct Task<T> {
    shared: Arc<Shared<T>>,
    detached: bool,
}

impl<T> Task<T> {
    /// Asks the future to end: it is dropped when its executor polls it next, for which it is woken. The task then gives an
    /// error that [`is_aborted`](TaskError::is_aborted), unless the future was done before.
    #[doc(alias = "cancel")]
    pub fn abort(&self) {
        self.shared.abort.abort();
    }

    /// Whether the future has ended, in whatever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !matches!(*self.shared.lock(), State::Running(_))
    }

    /// Lets the future run on without a handle. Its result is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() {
    /// use rejoin::create_task;
    ///
    /// let (say, heard) = tokio::sync::oneshot::channel();
    /// create_task(async { say.send("done") }, tokio::spawn).detach();
    /// assert_eq!(heard.await, Ok("done"));
    /// # }
    /// ```
    pub fn detach(mut self) {
        self.detached = true;
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Cloned and dropped outside of the lock, as both are foreign code.
        let waker = cx.waker().clone();
        let mut state = self.shared.lock();
        match &mut *state {
            State::Running(waiting) => {
                let old = waiting.replace(waker);
                drop(state);
                drop(old);
                Poll::Pending
            }
            State::Finished(_) => {
                let finished = mem::replace(&mut *state, State::Taken);
                drop(state);
                match finished {
                    State::Finished(result) => Poll::Ready(result),
                    _ => unreachable!("the state was just seen"),
                }
            }
            State::Taken => {
                drop(state);
                panic!("`Task` polled after it was ready")
            }
        }
    }
}

impl<T> FusedFuture for Task<T> {
    fn is_terminated(&self) -> bool {
        matches!(*self.shared.lock(), State::Taken)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if !self.detached {
            self.abort();
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// Why a [`Task`] has no output: it panicked, was aborted, or was dropped by its executor.
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::create_task;
///
/// // An executor that drops what it is given.
/// let error = create_task(async { 1 }, drop).await.unwrap_err();
/// assert!(error.is_lost() && !error.is_panic() && !error.is_aborted());
/// assert_eq!(error.to_string(), "the task was dropped by its executor");
/// # });
/// ```
#[doc(alias = "CancelledError")]
pub struct TaskError(Cause);

enum Cause {
    /// In a mutex, which makes it `Sync`.
    Panic(Mutex<Box<dyn Any + Send>>),
    Aborted,
    Lost,
}

impl TaskError {
    fn panicked(payload: Box<dyn Any + Send>) -> Self {
        Self(Cause::Panic(Mutex::new(payload)))
    }

    /// Whether the future panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() {
    /// use rejoin::create_task;
    ///
    /// async fn draw() -> u32 {
    ///     panic!("no luck")
    /// }
    ///
    /// let error = create_task(draw(), tokio::spawn).await.unwrap_err();
    /// assert!(error.is_panic());
    /// assert_eq!(error.to_string(), "the task panicked: no luck");
    /// assert_eq!(error.into_panic().downcast_ref(), Some(&"no luck"));
    /// # }
    /// ```
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Cause::Panic(_))
    }

    /// The payload of the panic, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// If the future did not panic; see [`is_panic`](Self::is_panic).
    #[must_use]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.0 {
            Cause::Panic(payload) => payload.into_inner().unwrap_or_else(PoisonError::into_inner),
            Cause::Aborted | Cause::Lost => {
                panic!("`TaskError::into_panic` on a task that did not panic")
            }
        }
    }

    /// Whether the task was aborted.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        matches!(self.0, Cause::Aborted)
    }

    /// Whether the executor dropped the future before it was done, as executors do when they shut down.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.0, Cause::Lost)
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Panic(payload) => {
                let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
                let message = payload.downcast_ref::<&str>().copied().or_else(|| {
                    payload
                        .downcast_ref::<alloc::string::String>()
                        .map(|s| &**s)
                });
                match message {
                    Some(message) => write!(f, "the task panicked: {message}"),
                    None => f.write_str("the task panicked"),
                }
            }
            Cause::Aborted => f.write_str("the task was aborted"),
            Cause::Lost => f.write_str("the task was dropped by its executor"),
        }
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskError({self})")
    }
}

impl Error for TaskError {}
