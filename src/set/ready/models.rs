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
//! A page has two places here. Two things about loom: every failed exchange reads the newest value, as none need do; and it
//! forgets a load as soon as another thread loads the same, so that it may not try a store before the first. Hence the [`Turn`]s.

mod freeing;
mod inbox;
mod sleeping;
mod waking;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::task::{Poll, Waker};
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::thread::{self, JoinHandle};
use std::sync::Mutex;

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

/// A point in a thread that loom tries in every order with those of other threads. It orders no memory.
#[derive(Clone)]
struct Turn(Arc<AtomicUsize>);

impl Turn {
    fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }

    fn take(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A task that counts its wakes. As with any executor, a poll sees what came before the wake that it is for.
struct Task {
    wakes: AtomicUsize,
}

impl Task {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            wakes: AtomicUsize::new(0),
        })
    }

    fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// How often it was woken since it was asked last.
    fn take_wakes(&self) -> usize {
        self.wakes.swap(0, Acquire)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Release);
    }
}

/// Polls the child in `place`.
fn poll<R>(ready: &mut Ready, place: u32, child: impl FnOnce(&Waker) -> R) -> R {
    let mut result = None;
    let _ = ready.poll::<false, ()>(place, |cx| {
        result = Some(child(cx.waker()));
        Poll::Pending
    });
    result.expect("the child was polled")
}

/// Polls the child in `place`, which keeps its waker.
fn keep_waker(ready: &mut Ready, place: u32) -> Waker {
    poll(ready, place, Waker::clone)
}

/// The numbers that were woken.
fn take(ready: &mut Ready, turn: &Turn) -> Vec<u32> {
    turn.take();
    core::iter::successors(ready.take_first(), |_| ready.next_taken()).collect()
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
    turn: Turn,
    callers: Vec<Caller>,
    threads: Vec<JoinHandle<()>>,
}

impl Consumer {
    fn new() -> Self {
        Self {
            ready: Ready::new(),
            task: Task::new(),
            turn: Turn::new(),
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
        let turn = self.turn.clone();
        self.threads.push(thread::spawn(move || {
            turn.take();
            written.store(true, Relaxed);
            waker.wake();
        }));
    }

    /// Polls who was woken. Gives their places.
    fn poll(&mut self) -> Vec<u32> {
        let taken = take(&mut self.ready, &self.turn);
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
        self.task.take_wakes();
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
        let is_told = self.task.take_wakes() != 0;
        let polled = self.poll();
        assert!(is_told || polled.is_empty(), "the task sleeps on");
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
