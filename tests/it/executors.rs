//! The executors that every case runs on.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use std::sync::{Arc, Mutex};

use crate::support::{LocalBoxFuture, Runtime};

/// Tokio's current-thread runtime.
pub struct Tokio;

impl Runtime for Tokio {
    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        tokio::spawn(task);
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Tokio's multi-threaded runtime.
pub struct TokioMulti;

impl Runtime for TokioMulti {
    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        tokio::spawn(task);
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// smol's global executor.
pub struct Smol;

impl Runtime for Smol {
    fn block_on<F: Future>(future: F) -> F::Output {
        smol::block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        smol::spawn(task).detach();
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(async move {
            smol::Timer::after(duration).await;
        })
    }
}

/// async-std's global executor.
pub struct AsyncStd;

impl Runtime for AsyncStd {
    fn block_on<F: Future>(future: F) -> F::Output {
        async_std::task::block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        async_std::task::spawn(task);
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(async_std::task::sleep(duration))
    }
}

/// An executor that only blocks on one future: no reactor, no timers, no spawning of its own.
pub struct BlockOn;

impl Runtime for BlockOn {
    fn block_on<F: Future>(future: F) -> F::Output {
        futures_executor::block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        std::thread::spawn(|| futures_executor::block_on(task));
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(ThreadSleep::new(duration))
    }
}

/// A timer that is a sleeping thread.
struct ThreadSleep(Arc<Mutex<SleepState>>);

enum SleepState {
    Waiting(Waker),
    Elapsed,
}

impl ThreadSleep {
    fn new(duration: Duration) -> Self {
        let state = Arc::new(Mutex::new(SleepState::Waiting(Waker::noop().clone())));
        let thread_state = Arc::clone(&state);
        std::thread::spawn(move || {
            std::thread::sleep(duration);
            let state = std::mem::replace(&mut *thread_state.lock().unwrap(), SleepState::Elapsed);
            if let SleepState::Waiting(waker) = state {
                waker.wake();
            }
        });
        Self(state)
    }
}

impl Future for ThreadSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut *self.0.lock().unwrap() {
            SleepState::Elapsed => Poll::Ready(()),
            SleepState::Waiting(waker) => {
                waker.clone_from(cx.waker());
                Poll::Pending
            }
        }
    }
}
