//! The task that polls a candidate: an ordinary counting waker, the same for all, and the loop that an executor would be.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// What is behind the waker.
struct Task {
    wakes: AtomicU64,
    /// Who sleeps until the task is woken, where other threads wake it.
    sleeper: Option<Thread>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Release);
        if let Some(sleeper) = &self.sleeper {
            sleeper.unpark();
        }
    }
}

pub struct Parent {
    task: Arc<Task>,
    waker: Waker,
}

/// What the world around the task did when there was nothing left to poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// No child waits for anything.
    Nothing,
    /// Wakers of children were used.
    Woke,
    /// Other threads use them now or soon.
    Coming,
}

/// Where a candidate can be polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Anywhere.
    Bare,
    /// In a tokio runtime only, which runs the children as tasks. The parent's wakes are not counted there.
    Tokio,
}

/// The runtime of [`Host::Tokio`].
pub fn tokio_runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a current-thread runtime needs no resource that could be missing")
    });
    &RUNTIME
}

impl Parent {
    /// A parent that is woken on its own thread only.
    pub fn new() -> Self {
        Self::with_sleeper(None)
    }

    /// A parent that other threads wake; it sleeps until they do.
    pub fn across_threads() -> Self {
        Self::with_sleeper(Some(thread::current()))
    }

    fn with_sleeper(sleeper: Option<Thread>) -> Self {
        let task = Arc::new(Task {
            wakes: AtomicU64::new(0),
            sleeper,
        });
        let waker = Waker::from(Arc::clone(&task));
        Self { task, waker }
    }

    /// How often the task was woken so far.
    #[inline]
    pub fn wakes(&self) -> u64 {
        self.task.wakes.load(Ordering::Acquire)
    }

    /// Polls until the result is there. Whenever a poll was pending and the task has not been woken, `outside` is the rest of
    /// the world and may wake children.
    ///
    /// # Panics
    ///
    /// If a child was woken and the task was not, or nothing is left that could wake it: a hang in a real program.
    pub fn drive<T>(
        &self,
        host: Host,
        outside: impl FnMut() -> Delivery,
        poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> T {
        match host {
            Host::Bare => self.drive_bare(outside, poll),
            Host::Tokio => drive_on_tokio(outside, poll),
        }
    }

    fn drive_bare<T>(
        &self,
        mut outside: impl FnMut() -> Delivery,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> T {
        let mut cx = Context::from_waker(&self.waker);
        loop {
            let before = self.wakes();
            if let Poll::Ready(output) = poll(&mut cx) {
                return output;
            }
            if self.wakes() == before {
                let delivery = outside();
                while delivery == Delivery::Coming && self.wakes() == before {
                    thread::park();
                }
                assert_ne!(self.wakes(), before, "the task was not woken: {delivery:?}");
            }
        }
    }
}

impl Default for Parent {
    fn default() -> Self {
        Self::new()
    }
}

fn drive_on_tokio<T>(
    mut outside: impl FnMut() -> Delivery,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> T {
    tokio_runtime().block_on(poll_fn(|cx| {
        let polled = poll(cx);
        if polled.is_pending() && outside() == Delivery::Nothing {
            // The children are tasks that have not yet run, or woke themselves.
            cx.waker().wake_by_ref();
        }
        polled
    }))
}
