//! Wakes that come from other threads while the task runs.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};

use super::{Workload, idle_context, poll_pending, poll_ready};
use crate::children::Child;
use crate::parent::Delivery;

/// The most children of one run.
pub const MOST: usize = 10_000;

/// Wakers by child. A child that left one and finds it gone was woken.
static LEFT: [Mutex<Option<Waker>>; MOST] = [const { Mutex::new(None) }; MOST];

/// Leaves its waker for another thread and is ready once that was used.
pub struct Remote {
    index: u32,
    left_waker: bool,
}

impl Future for Remote {
    type Output = usize;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let index = self.index as usize;
        let mut left = LEFT[index].lock().expect("no child panics");
        if !self.left_waker {
            self.left_waker = true;
            *left = Some(cx.waker().clone());
            return Poll::Pending;
        }
        match &mut *left {
            None => Poll::Ready(index),
            Some(waker) => {
                waker.clone_from(cx.waker());
                Poll::Pending
            }
        }
    }
}

/// A run's work for one waking thread.
struct Job {
    unfinished: Arc<AtomicUsize>,
    parent: Thread,
}

/// `THREADS` other threads, each waking its share of the children in random order.
pub struct RemoteWakes<const THREADS: usize> {
    wakers: Vec<Sender<Job>>,
    dispatched: bool,
}

impl<const THREADS: usize> RemoteWakes<THREADS> {
    fn dispatch(&mut self) -> Arc<AtomicUsize> {
        self.dispatched = true;
        let unfinished = Arc::new(AtomicUsize::new(THREADS));
        for waker in &self.wakers {
            let job = Job {
                unfinished: Arc::clone(&unfinished),
                parent: thread::current(),
            };
            waker
                .send(job)
                .expect("a waking thread lives as long as its sender");
        }
        unfinished
    }
}

impl<const THREADS: usize> Workload for RemoteWakes<THREADS> {
    type Child = Remote;

    const FEW_PER_POLL: bool = true;

    fn new(children: usize) -> Self {
        let mut order: Vec<usize> = (0..children).collect();
        fastrand::Rng::with_seed(7).shuffle(&mut order);
        let wakers = (0..THREADS)
            .map(|thread| {
                let share: Vec<usize> = order
                    .iter()
                    .copied()
                    .skip(thread)
                    .step_by(THREADS)
                    .collect();
                let (sender, jobs) = channel::<Job>();
                thread::spawn(move || {
                    for job in jobs {
                        for &index in &share {
                            let waker = LEFT[index].lock().expect("no child panics").take();
                            waker.expect("dispatched once all have left theirs").wake();
                        }
                        if job.unfinished.fetch_sub(1, Ordering::Release) == 1 {
                            job.parent.unpark();
                        }
                    }
                });
                sender
            })
            .collect();
        Self {
            wakers,
            dispatched: false,
        }
    }

    #[inline]
    fn child(index: usize) -> Remote {
        Remote {
            index: index as u32,
            left_waker: false,
        }
    }

    fn begin(&mut self) {
        self.dispatched = false;
    }

    fn outside(&mut self, _: impl FnMut(usize)) -> Delivery {
        if !self.dispatched {
            self.dispatch();
        }
        Delivery::Coming
    }

    fn floor<C: Child<Output = usize>>(&mut self, children: &mut [C], mut done: impl FnMut(usize)) {
        let mut cx = idle_context();
        for child in &mut *children {
            poll_pending(child, &mut cx);
        }
        let unfinished = self.dispatch();
        while unfinished.load(Ordering::Acquire) != 0 {
            thread::park();
        }
        for child in children {
            done(poll_ready(child, &mut cx));
        }
    }
}
