//! Real timers of each runtime, under its own executor.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::Subject;
use super::batch::{check_outputs, check_sum};
use crate::children::Child;
use crate::contenders::{Joined, Streamed, sum_of};
use crate::parent::{Host, Parent, tokio_runtime};

/// What is measured of a runtime. Its timers are boxed where they cannot be moved, for all candidates alike.
pub trait Runtime: 'static {
    const HOST: Host = Host::Bare;
    /// Whether thousands of timers can be polled with one and the same waker, as a floor does: a task that did so with 5,000
    /// timers of async-io 2.6.0, on which smol and async-std are built, was never woken.
    const HAS_FLOOR: bool = false;
    type Sleep: Future<Output = ()> + Send + Unpin + 'static;

    fn block_on<T>(future: impl Future<Output = T>) -> T;
    fn sleep(duration: Duration) -> Self::Sleep;
}

pub struct Tokio;

impl Runtime for Tokio {
    const HOST: Host = Host::Tokio;
    const HAS_FLOOR: bool = true;
    type Sleep = Pin<Box<tokio::time::Sleep>>;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio_runtime().block_on(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// smol's timer, whose output is dropped.
pub struct SmolSleep(smol::Timer);

impl Future for SmolSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_: Instant| ())
    }
}

pub struct Smol;

impl Runtime for Smol {
    type Sleep = SmolSleep;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }

    fn sleep(duration: Duration) -> SmolSleep {
        SmolSleep(smol::Timer::after(duration))
    }
}

pub struct AsyncStd;

impl Runtime for AsyncStd {
    type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        async_std::task::block_on(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        Box::pin(async_std::task::sleep(duration))
    }
}

/// A timer that gives its index.
struct Timed<S> {
    index: usize,
    sleep: S,
}

impl<S: Future<Output = ()> + Unpin> Future for Timed<S> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        ready!(Pin::new(&mut self.sleep).poll(cx));
        Poll::Ready(self.index)
    }
}

/// 1 to 50 milliseconds, scattered over the indices.
fn duration(index: usize) -> Duration {
    let micros = fastrand::Rng::with_seed(index as u64).u64(1_000..50_000);
    Duration::from_micros(micros)
}

fn child<R: Runtime>(index: usize) -> impl Child<Output = usize> {
    Timed {
        index,
        sleep: R::sleep(duration(index)),
    }
}

fn runs_on<R: Runtime>(host: Host) -> bool {
    host == Host::Bare || host == R::HOST
}

pub fn streamed<S: Streamed, R: Runtime>(children: usize) -> Option<Subject> {
    if !runs_on::<R>(S::HOST) {
        return None;
    }
    Subject::new::<S>(children, true, move |_: &Parent| {
        let sum = R::block_on(async { sum_of(S::start((0..children).map(child::<R>))).await });
        check_sum(sum, children);
    })
}

pub fn joined<J: Joined, R: Runtime>(children: usize) -> Option<Subject> {
    if !runs_on::<R>(J::HOST) {
        return None;
    }
    Subject::new::<J>(children, true, move |_: &Parent| {
        let outputs = R::block_on(async { J::join((0..children).map(child::<R>)).await });
        check_outputs(&outputs, J::ORDERED, children);
    })
}

/// All polled once, then the last to fire awaited, then each of the others polled once more.
pub fn floor<R: Runtime>(children: usize) -> Option<Subject> {
    if !R::HAS_FLOOR {
        return None;
    }
    let last = (0..children).max_by_key(|&index| duration(index))?;
    Subject::floor(children, move |_: &Parent| {
        let outputs = R::block_on(async {
            let mut timers: Vec<_> = (0..children).map(child::<R>).collect();
            for timer in &mut timers {
                let _ = futures_util::poll!(timer);
            }
            let mut outputs = vec![0; children];
            outputs[last] = (&mut timers[last]).await;
            for index in (0..children).filter(|&index| index != last) {
                outputs[index] = (&mut timers[index]).await;
            }
            outputs
        });
        check_outputs(&outputs, true, children);
    })
}
