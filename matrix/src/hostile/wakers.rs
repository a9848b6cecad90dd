//! A task's wakers.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};

use super::Wakers;
use super::shop::Job;

/// What a waker holds.
struct Ticket {
    job: Arc<Job>,
    /// The poll that it was made for, if it serves no other.
    poll: Option<usize>,
}

impl Wake for Ticket {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.poll.is_none_or(|poll| poll == self.job.polls()) {
            self.job.wake();
        }
    }
}

/// The waker for the poll that begins.
pub fn waker(kind: Wakers, job: &Arc<Job>) -> Waker {
    let job = Arc::clone(job);
    match kind {
        Wakers::Same => Waker::from(Arc::new(Ticket { job, poll: None })),
        Wakers::New => {
            let poll = Some(job.polls());
            Waker::from(Arc::new(Ticket { job, poll }))
        }
        Wakers::Unequal => unequal(job),
    }
}

/// A waker that is equal to none of its clones: each is a box of its own.
fn unequal(job: Arc<Job>) -> Waker {
    let data = Box::into_raw(Box::new(job));
    // SAFETY: the functions of the table take `data` for what it is, and use it as the contract of `RawWaker` says.
    unsafe { Waker::from_raw(RawWaker::new(data.cast(), &UNEQUAL)) }
}

static UNEQUAL: RawWakerVTable = RawWakerVTable::new(
    // SAFETY: `data` is from `unequal`, and lives as long as the waker that is cloned.
    |data| {
        let job = unsafe { Arc::clone(&*data.cast::<Arc<Job>>()) };
        let waker = ManuallyDrop::new(unequal(job));
        RawWaker::new(waker.data(), waker.vtable())
    },
    // SAFETY: `data` is from `unequal`; the waker ends here.
    |data| unsafe { Box::from_raw(data.cast::<Arc<Job>>().cast_mut()) }.wake(),
    // SAFETY: `data` is from `unequal`, and the waker lives on.
    |data| unsafe { &*data.cast::<Arc<Job>>() }.wake(),
    // SAFETY: `data` is from `unequal`; the waker ends here.
    |data| drop(unsafe { Box::from_raw(data.cast::<Arc<Job>>().cast_mut()) }),
);
