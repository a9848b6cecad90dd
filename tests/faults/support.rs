use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use rejoin::FutureSet;

/// What everything here panics with.
struct Fault;

/// Panics, and prints nothing.
pub fn fault() -> ! {
    resume_unwind(Box::new(Fault))
}

/// Whether `act` ended in a [`fault`].
pub fn faults(act: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(()) => false,
        Err(payload) if payload.is::<Fault>() => true,
        Err(payload) => resume_unwind(payload),
    }
}

/// A future that its handle completes, or makes fail.
pub struct Child(Arc<Shared>);

/// The other end of a [`Child`], or of its output.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

/// The output of a [`Child`].
pub struct Output(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_ready: AtomicBool,
    keeps_no_waker: AtomicBool,
    faults_in_poll: AtomicBool,
    faults_in_drop: AtomicBool,
    faults_in_output: AtomicBool,
    polls: AtomicUsize,
    drops: AtomicUsize,
    output_drops: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

/// So many children and their handles.
pub fn children(count: usize) -> (Vec<Handle>, Vec<Child>) {
    (0..count)
        .map(|_| {
            let shared = Arc::<Shared>::default();
            (Handle(Arc::clone(&shared)), Child(shared))
        })
        .unzip()
}

/// A set of so many children.
pub fn set(count: usize) -> (Vec<Handle>, FutureSet<Child>) {
    let (handles, children) = children(count);
    (handles, children.into_iter().collect())
}

impl Handle {
    pub fn ready(&self) {
        self.0.is_ready.store(true, SeqCst);
        self.wake();
    }

    pub fn keep_no_waker(&self) {
        self.0.keeps_no_waker.store(true, SeqCst);
    }

    pub fn wake(&self) {
        let waker = self.0.waker.lock().unwrap().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub fn waker(&self) -> Option<Waker> {
        self.0.waker.lock().unwrap().clone()
    }

    pub fn fault_in_poll(&self) {
        self.0.faults_in_poll.store(true, SeqCst);
        self.wake();
    }

    pub fn fault_in_drop(&self) {
        self.0.faults_in_drop.store(true, SeqCst);
    }

    pub fn fault_in_output(&self) {
        self.0.faults_in_output.store(true, SeqCst);
    }

    pub fn polls(&self) -> usize {
        self.0.polls.load(SeqCst)
    }

    pub fn drops(&self) -> usize {
        self.0.drops.load(SeqCst)
    }

    pub fn output_drops(&self) -> usize {
        self.0.output_drops.load(SeqCst)
    }

    pub fn is_origin_of(&self, output: &Output) -> bool {
        Arc::ptr_eq(&self.0, &output.0)
    }
}

/// How often each future was polled.
pub fn polls(handles: &[Handle]) -> Vec<usize> {
    handles.iter().map(Handle::polls).collect()
}

/// How often each future was dropped.
pub fn drops(handles: &[Handle]) -> Vec<usize> {
    handles.iter().map(Handle::drops).collect()
}

/// How often each output was dropped.
pub fn output_drops(handles: &[Handle]) -> Vec<usize> {
    handles.iter().map(Handle::output_drops).collect()
}

impl Future for Child {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let shared = &self.0;
        shared.polls.fetch_add(1, SeqCst);
        if !shared.keeps_no_waker.load(SeqCst) {
            let old = shared.waker.lock().unwrap().replace(cx.waker().clone());
            drop(old);
        }
        if shared.faults_in_poll.load(SeqCst) {
            fault();
        }
        match shared.is_ready.load(SeqCst) {
            true => Poll::Ready(Output(Arc::clone(shared))),
            false => Poll::Pending,
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.0.drops.fetch_add(1, SeqCst);
        if self.0.faults_in_drop.load(SeqCst) {
            fault();
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.0.output_drops.fetch_add(1, SeqCst);
        if self.0.faults_in_output.load(SeqCst) {
            fault();
        }
    }
}

/// A task that counts its wakes.
#[derive(Default)]
pub struct Task(AtomicUsize);

impl Task {
    pub fn wakes(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A task, and its waker.
pub fn task() -> (Arc<Task>, Waker) {
    let task = Arc::<Task>::default();
    (Arc::clone(&task), Waker::from(task))
}

/// Polls with a waker that does nothing.
pub fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls with `waker`.
pub fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}
