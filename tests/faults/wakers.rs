//! Wakers of the task that panic when they are cloned, used or dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, RawWaker, RawWakerVTable, Waker};

use rejoin::gather;

use super::support::{drops, fault, faults, poll, poll_with, polls, set, task};

/// What a waker panics in, once.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum In {
    Nothing,
    Clone,
    Wake,
    WakeByRef,
    Drop,
}

#[derive(Default)]
struct Faulty {
    faults_in: AtomicU8,
    wakes: AtomicUsize,
}

impl Faulty {
    fn fault_in(&self, call: In) {
        self.faults_in.store(call as u8, SeqCst);
    }

    fn enter(&self, call: In) {
        let nothing = In::Nothing as u8;
        let faults = self
            .faults_in
            .compare_exchange(call as u8, nothing, SeqCst, SeqCst)
            .is_ok();
        if faults {
            fault();
        }
    }

    fn waker(self: &Arc<Self>) -> Waker {
        let data = Arc::into_raw(Arc::clone(self)).cast();
        // SAFETY: the table's functions take what `Arc::into_raw` gives, and count as `Arc` does.
        unsafe { Waker::new(data, &VTABLE) }
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

// SAFETY (of the four): called with a pointer of a waker that `Faulty::waker` has made.

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned keeps it.
    unsafe { &*data.cast::<Faulty>() }.enter(In::Clone);
    // SAFETY: as above.
    unsafe { Arc::increment_strong_count(data.cast::<Faulty>()) };
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker gives its count up.
    let faulty = unsafe { Arc::from_raw(data.cast::<Faulty>()) };
    faulty.enter(In::Wake);
    faulty.wakes.fetch_add(1, SeqCst);
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker that is used keeps it.
    let faulty = unsafe { &*data.cast::<Faulty>() };
    faulty.enter(In::WakeByRef);
    faulty.wakes.fetch_add(1, SeqCst);
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker gives its count up.
    let faulty = unsafe { Arc::from_raw(data.cast::<Faulty>()) };
    faulty.enter(In::Drop);
}

#[test]
fn a_wake_that_panics_is_not_lost() {
    let (handles, mut set) = set(2);
    let faulty = Arc::<Faulty>::default();
    assert!(poll_with(&mut set.next(), &faulty.waker()).is_pending());
    faulty.fault_in(In::Wake);
    assert!(faults(|| handles[1].wake()));
    handles[1].ready();
    assert!(poll_with(&mut set.next(), &faulty.waker()).is_ready());
    assert!(poll_with(&mut set.next(), &faulty.waker()).is_pending());
    handles[0].ready();
    assert_eq!(faulty.wakes.load(SeqCst), 1);
}

#[test]
fn an_insertion_whose_wake_panics_is_done() {
    let (_, mut set) = set(1);
    let faulty = Arc::<Faulty>::default();
    assert!(poll_with(&mut set.next(), &faulty.waker()).is_pending());
    let (more, futures) = super::support::children(1);
    faulty.fault_in(In::Wake);
    assert!(faults(|| set.extend(futures)));
    assert_eq!(set.len(), 2);
    more[0].ready();
    assert!(poll_with(&mut set.next(), &faulty.waker()).is_ready());
}

#[test]
fn a_task_that_cannot_be_woken_at_once_is_polled_again_by_the_caller() {
    let (handles, mut set) = set(200);
    let faulty = Arc::<Faulty>::default();
    assert!(poll_with(&mut set.next(), &faulty.waker()).is_pending());
    handles.iter().for_each(|handle| handle.wake());
    let woken = faulty.wakes.load(SeqCst);
    // A round of so many is cut, and the task woken by reference.
    faulty.fault_in(In::WakeByRef);
    let waker = faulty.waker();
    assert!(faults(|| drop(poll_with(&mut set.next(), &waker))));
    assert!(poll_with(&mut set.next(), &waker).is_pending());
    assert_eq!((polls(&handles), woken), (vec![2; 200], 1));
}

#[test]
fn a_waker_that_cannot_be_cloned_loses_nothing() {
    for kept in [false, true] {
        let (handles, mut set) = set(1);
        let faulty = Arc::<Faulty>::default();
        if kept {
            assert!(poll(&mut set.next()).is_pending());
        }
        let waker = faulty.waker();
        faulty.fault_in(In::Clone);
        assert!(faults(|| drop(poll_with(&mut set.next(), &waker))));
        assert!(poll_with(&mut set.next(), &waker).is_pending());
        handles[0].ready();
        assert_eq!(faulty.wakes.load(SeqCst), 1);
        assert!(poll_with(&mut set.next(), &waker).is_ready());
    }
}

#[test]
fn an_old_waker_that_panics_when_it_is_dropped_does_no_harm() {
    let (handles, mut set) = set(1);
    let faulty = Arc::<Faulty>::default();
    assert!(poll_with(&mut set.next(), &faulty.waker()).is_pending());
    let (task, waker) = task();
    faulty.fault_in(In::Drop);
    assert!(faults(|| drop(poll_with(&mut set.next(), &waker))));
    assert!(poll_with(&mut set.next(), &waker).is_pending());
    handles[0].ready();
    assert_eq!(task.wakes(), 1);
    assert!(matches!(
        poll_with(&mut set.next(), &waker),
        Poll::Ready(Some(_))
    ));
    assert_eq!(Arc::strong_count(&faulty), 1);
}

#[test]
fn a_set_whose_waker_panics_when_it_is_dropped_drops_its_children() {
    let (handles, set) = set(3);
    let faulty = Arc::<Faulty>::default();
    let mut gathering = gather(set);
    assert!(poll_with(&mut gathering, &faulty.waker()).is_pending());
    faulty.fault_in(In::Drop);
    assert!(faults(|| drop(gathering)));
    assert_eq!(drops(&handles), [1; 3]);
    assert_eq!(Arc::strong_count(&faulty), 1);
    handles.iter().for_each(|handle| handle.wake());
}
