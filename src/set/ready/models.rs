//! Loom models: what wakers, adders and the consumer do to each other, in every order that the memory model allows.
//!
//! A model is a small program. [`explore`] runs it in all its interleavings, up to a bound on preemptions
//! (`LOOM_MAX_PREEMPTIONS`), and demands that each of the outcomes named with it was seen in one of them, so that no model passes
//! because nothing ever meets. In all of them
//!
//! - who wakes writes something first, and what it has written is seen by a poll that comes after the wake;
//! - a task sleeps only while nobody is queued, and can sleep again when all is quiet;
//! - loom's cells find two owners of the parent's waker, and loom's atomics, whose end counts as a write (`sync.rs`), a page or
//!   head that is freed while it is in use; nothing is left over at the end.
//!
//! A page has two places here. loom takes every failed exchange for a read of the newest value.

mod freeing;
mod inbox;
mod sleeping;
mod waking;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use core::task::Waker;
use loom::sync::atomic::AtomicBool;
use loom::thread::{self, JoinHandle};
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::Ready;
use crate::sync::census;

/// The outcomes that were seen.
#[derive(Default)]
struct Seen(Mutex<BTreeSet<&'static str>>);

impl Seen {
    fn note(&self, outcome: &'static str) {
        self.0.lock().unwrap().insert(outcome);
    }
}

/// Runs `model` in every interleaving, and checks that exactly these outcomes were seen.
fn explore<const N: usize>(
    outcomes: [&'static str; N],
    model: impl Fn(&Seen) + Send + Sync + 'static,
) {
    let seen = Arc::new(Seen::default());
    let seen_by_model = Arc::clone(&seen);
    loom::model(move || {
        let before = census();
        model(&seen_by_model);
        let after = census();
        assert_eq!(
            after.made - before.made,
            after.gone - before.gone,
            "all is freed"
        );
    });
    assert_eq!(*seen.0.lock().unwrap(), BTreeSet::from(outcomes));
}

/// A task that counts what wakes it. Nothing that happens here orders memory.
#[derive(Default)]
struct Task {
    wakes: AtomicUsize,
}

impl Task {
    fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    fn wakes(&self) -> usize {
        self.wakes.load(Relaxed)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Relaxed);
    }
}

/// Polls the child in `place`, which keeps its waker.
fn keep_waker(ready: &mut Ready, place: u32) -> Waker {
    let (waker, _) = ready.poller(place).poll(place, |cx| cx.waker().clone());
    waker
}

/// The numbers that were woken.
fn take(ready: &mut Ready) -> Vec<u32> {
    let mut taken = Vec::new();
    ready.take(|number| taken.push(number));
    taken
}

/// Who wakes the child in `place` once, and writes something before.
struct Caller {
    place: u32,
    written: Arc<AtomicBool>,
    /// Whether the last poll of the child has seen it.
    is_heard: bool,
}

/// A set, and the task that polls it.
struct Consumer {
    ready: Ready,
    task: Arc<Task>,
    callers: Vec<Caller>,
    threads: Vec<JoinHandle<()>>,
}

impl Consumer {
    fn new() -> Self {
        Self {
            ready: Ready::new(),
            task: Arc::new(Task {
                wakes: AtomicUsize::new(1),
            }),
            callers: Vec::new(),
            threads: Vec::new(),
        }
    }

    /// Has a thread use `waker`, which is one of the child in `place`.
    fn call(&mut self, place: u32, waker: Waker) {
        let written = Arc::new(AtomicBool::new(false));
        self.callers.push(Caller {
            place,
            written: Arc::clone(&written),
            is_heard: false,
        });
        self.threads.push(thread::spawn(move || {
            written.store(true, Relaxed);
            waker.wake();
        }));
    }

    /// Polls who was woken. Gives their places.
    fn poll(&mut self) -> Vec<u32> {
        let taken = take(&mut self.ready);
        for place in &taken {
            for caller in &mut self.callers {
                if caller.place == *place {
                    caller.is_heard = caller.written.load(Relaxed);
                }
            }
        }
        taken
    }

    /// A tick, which ends in sleep or with the task awake. Gives the places that were polled.
    fn tick(&mut self) -> Vec<u32> {
        self.task.wakes.store(0, Relaxed);
        let polled = self.poll();
        if !self.ready.sleep(&self.task.waker()) {
            self.task.waker().wake();
        }
        polled
    }

    /// Waits for all callers, and polls those of whom the task was told in its sleep. Nobody has called in vain.
    fn finish(mut self) -> Vec<u32> {
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.threads = Vec::new();
        let is_awake = self.task.wakes() != 0;
        let polled = self.poll();
        assert!(is_awake || polled.is_empty(), "the task sleeps on");
        for caller in &self.callers {
            assert!(caller.is_heard, "no poll has seen what was written");
        }
        self.ready.awake();
        assert!(self.ready.sleep(&self.task.waker()), "it cannot sleep");
        drop(self.ready);
        assert_eq!(Arc::strong_count(&self.task), 1, "a waker is left");
        polled
    }
}
