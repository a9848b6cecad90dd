//! The executor behind all kinds.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::thread;

use super::Manner;
use super::wakers::waker;

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tasks, and those among them whose turn it is.
pub struct Shop {
    manner: Manner,
    woken: Mutex<VecDeque<Arc<Job>>>,
    bell: Condvar,
    all: Mutex<Vec<Arc<Job>>>,
}

/// A task.
pub struct Job {
    shop: Arc<Shop>,
    /// Nothing for the one that `run` was called with, and while another is polled.
    task: Mutex<Option<BoxFuture>>,
    /// How often it was woken since its last poll began.
    wakes: AtomicUsize,
    polls: AtomicUsize,
    turns_missed: AtomicUsize,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Shop>>> = const { RefCell::new(None) };
}

impl Shop {
    pub fn new(manner: Manner) -> Arc<Self> {
        Arc::new(Self {
            manner,
            woken: Mutex::default(),
            bell: Condvar::new(),
            all: Mutex::default(),
        })
    }

    /// The executor of the task that is being polled.
    pub fn current() -> Arc<Self> {
        CURRENT.with_borrow(|current| Arc::clone(current.as_ref().expect("a task calls")))
    }

    pub fn spawn(self: &Arc<Self>, task: BoxFuture) {
        let job = Job::new(self, Some(task));
        self.all.lock().unwrap().push(Arc::clone(&job));
        job.wake();
    }

    /// Runs `main` and everything that is spawned, until `main` is done. Who is not done then is dropped.
    pub fn run<F: Future>(self: &Arc<Self>, mut main: Pin<&mut F>) -> F::Output {
        let main_job = Job::new(self, None);
        main_job.wake();
        loop {
            let job = self.next();
            if job.turns_missed.fetch_add(1, Ordering::Relaxed) < self.manner.turns_missed {
                thread::yield_now();
                self.queue(job);
                continue;
            }
            job.turns_missed.store(0, Ordering::Relaxed);
            if !Arc::ptr_eq(&job, &main_job) {
                job.turn();
            }
            if Arc::ptr_eq(&job, &main_job) || self.manner.spurious {
                let wakes = main_job.wakes.load(Ordering::Acquire);
                let polled = main_job.within(|cx| main.as_mut().poll(cx));
                if let Poll::Ready(output) = polled {
                    self.close();
                    return output;
                }
                if Arc::ptr_eq(&job, &main_job) && !main_job.has_slept(wakes) {
                    self.queue(main_job.clone());
                }
            }
            if self.manner.spurious {
                let all = self.all.lock().unwrap().clone();
                all.iter().for_each(|job| job.poll());
            }
        }
    }

    fn next(&self) -> Arc<Job> {
        let mut woken = self.woken.lock().unwrap();
        loop {
            match woken.pop_front() {
                Some(job) => return job,
                None => woken = self.bell.wait(woken).unwrap(),
            }
        }
    }

    fn queue(&self, job: Arc<Job>) {
        self.woken.lock().unwrap().push_back(job);
        self.bell.notify_one();
    }

    fn close(&self) {
        let all = std::mem::take(&mut *self.all.lock().unwrap());
        for job in all {
            drop(job.take());
        }
        self.woken.lock().unwrap().clear();
    }
}

impl Job {
    fn new(shop: &Arc<Shop>, task: Option<BoxFuture>) -> Arc<Self> {
        Arc::new(Self {
            shop: Arc::clone(shop),
            task: Mutex::new(task),
            wakes: AtomicUsize::new(0),
            polls: AtomicUsize::new(0),
            turns_missed: AtomicUsize::new(0),
        })
    }

    pub fn polls(&self) -> usize {
        self.polls.load(Ordering::Acquire)
    }

    pub fn wake(self: &Arc<Self>) {
        if self.wakes.fetch_add(1, Ordering::AcqRel) != 0 {
            // Whoever polls it sees that, and does it again.
            return;
        }
        let is_main = self.task.lock().unwrap().is_none();
        if self.shop.manner.inline && !is_main {
            self.turn_at_once();
        } else {
            self.shop.queue(Arc::clone(self));
        }
    }

    fn turn_at_once(self: &Arc<Self>) {
        loop {
            let wakes = self.wakes.load(Ordering::Acquire);
            self.poll();
            if self.has_slept(wakes) {
                return;
            }
        }
    }

    fn turn(self: &Arc<Self>) {
        let wakes = self.wakes.load(Ordering::Acquire);
        if self.shop.manner.moves {
            let polled = thread::scope(|scope| scope.spawn(|| self.poll()).join());
            polled.unwrap_or_else(|payload| resume_unwind(payload));
        } else {
            self.poll();
        }
        if !self.has_slept(wakes) {
            self.shop.queue(Arc::clone(self));
        }
    }

    /// Whether nobody has woken it since there were `wakes`.
    fn has_slept(&self, wakes: usize) -> bool {
        self.wakes.fetch_sub(wakes, Ordering::AcqRel) == wakes
    }

    fn take(&self) -> Option<BoxFuture> {
        self.task.lock().unwrap().take()
    }

    fn poll(self: &Arc<Self>) {
        let Some(mut task) = self.take() else {
            return;
        };
        if self.within(|cx| task.as_mut().poll(cx)).is_pending() {
            *self.task.lock().unwrap() = Some(task);
        } else {
            self.shop
                .all
                .lock()
                .unwrap()
                .retain(|job| !Arc::ptr_eq(job, self));
        }
    }

    /// Polls as this task.
    fn within<T>(self: &Arc<Self>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.polls.fetch_add(1, Ordering::AcqRel);
        let outer = CURRENT.replace(Some(Arc::clone(&self.shop)));
        let polled = poll(&mut Context::from_waker(&waker(
            self.shop.manner.wakers,
            self,
        )));
        CURRENT.set(outer);
        polled
    }
}
