//! The futures that the work is done with.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::runtime::BoxFuture;
use crate::tally::{Event, Tally, end_of_the_dropped};
use crate::threads::Threads;

/// A future that counts its end.
pub struct Child {
    tally: Arc<Tally>,
    /// Until its end. Whether it succeeds is what it resolves to.
    running: Option<BoxFuture<bool>>,
}

/// What a child leaves: a success or a failure.
pub type Outcome = Result<Output, Output>;

/// An output, to be claimed.
pub struct Output {
    tally: Arc<Tally>,
    claimed: bool,
}

/// A payload for panics that are part of the work.
pub struct Planned;

impl Child {
    pub fn new(tally: &Arc<Tally>, future: impl Future<Output = bool> + Send + 'static) -> Self {
        tally.count(Event::Started);
        Self {
            tally: Arc::clone(tally),
            running: Some(Box::pin(future)),
        }
    }
}

impl Future for Child {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let running = self.running.as_mut().expect("nobody polls after the end");
        let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx)));
        let (event, result) = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(succeeds)) => (Event::Finished, Ok(succeeds)),
            Err(payload) => (Event::Panicked, Err(payload)),
        };
        self.running = None;
        self.tally.count(event);
        let succeeds = result.unwrap_or_else(|payload| resume_unwind(payload));
        let output = Output {
            tally: Arc::clone(&self.tally),
            claimed: false,
        };
        Poll::Ready(if succeeds { Ok(output) } else { Err(output) })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.tally.count(end_of_the_dropped());
        }
    }
}

impl Output {
    pub fn claim(mut self) {
        self.claimed = true;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.tally.count(if self.claimed {
            Event::Claimed
        } else {
            Event::Unclaimed
        });
    }
}

/// Pending `times`, woken at once.
pub async fn yields(mut times: usize) {
    poll_fn(|cx| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Ready when a thread has got to it.
pub async fn rung(threads: Arc<Threads>, number: usize) {
    let bell = Arc::new(Mutex::new(Some(Waker::noop().clone())));
    let ring = Arc::clone(&bell);
    threads.run(number, move || {
        let waker = ring.lock().unwrap().take();
        waker.into_iter().for_each(Waker::wake);
    });
    poll_fn(|cx| match &mut *bell.lock().unwrap() {
        None => Poll::Ready(()),
        Some(waker) => {
            waker.clone_from(cx.waker());
            Poll::Pending
        }
    })
    .await;
}
