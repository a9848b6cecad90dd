//! What is forgotten is never dropped, and does no harm.

#![allow(
    clippy::forget_non_drop,
    reason = "that a view of a borrowed set has nothing to drop is its own business"
)]

use std::any::Any;
use std::mem::forget;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Waker};

use rejoin::{as_completed, gather, limit, try_gather, wait};

use super::support::{Child, Handle, Output, children, drops, poll, poll_with, set, task};

/// Never drops `value`, which a leak check can still reach.
fn keep_for_ever(value: impl Any + Send) {
    static KEPT: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(Box::new(value));
}

fn wake_all(handles: &[Handle]) {
    handles.iter().for_each(|handle| handle.ready());
}

#[test]
fn forgotten_views_of_a_borrowed_set_leave_it_usable() {
    let (handles, mut set) = set(3);
    let mut next = set.next();
    assert!(poll(&mut next).is_pending());
    forget(next);
    let mut gathering = gather(&mut set);
    assert!(poll(&mut gathering).is_pending());
    forget(gathering);
    let mut waiting = wait(&mut set);
    assert!(poll(&mut waiting).is_pending());
    forget(waiting);
    let mut items = as_completed(&mut set);
    assert!(poll(&mut items.next()).is_pending());
    forget(items);
    wake_all(&handles);
    assert!(poll(&mut gather(&mut set)).is_ready());
    assert_eq!(drops(&handles), [1; 3]);
}

#[test]
fn forgotten_owners_keep_their_children_and_can_be_woken() {
    let (handles, mut set) = set(2);
    let (task, waker) = task();
    assert!(poll_with(&mut set.next(), &waker).is_pending());
    keep_for_ever(set);
    wake_all(&handles);
    assert_eq!((drops(&handles), task.wakes()), (vec![0; 2], 1));

    let (handles, futures) = children(2);
    let mut gathering = gather(futures);
    assert!(poll_with(&mut gathering, &waker).is_pending());
    keep_for_ever(gathering);
    wake_all(&handles);
    assert_eq!((drops(&handles), task.wakes()), (vec![0; 2], 2));

    let (handles, futures) = children(2);
    let mut items = as_completed(limit(1, futures));
    assert!(poll_with(&mut items.next(), &waker).is_pending());
    keep_for_ever(items);
    wake_all(&handles);
    assert_eq!((drops(&handles), task.wakes()), (vec![0; 2], 3));
}

#[test]
fn a_forgotten_try_gather_and_wait_are_never_polled_again() {
    type Fallible = std::pin::Pin<Box<dyn Future<Output = Result<Output, Output>> + Send>>;
    let (handles, futures) = children(2);
    let futures: Vec<Fallible> = futures
        .into_iter()
        .map(|child| -> Fallible { Box::pin(async { Ok(child.await) }) })
        .collect();
    let mut gathering = try_gather(futures);
    assert!(poll(&mut gathering).is_pending());
    keep_for_ever(gathering);
    wake_all(&handles);
    assert_eq!(drops(&handles), [0; 2]);

    let (handles, futures) = children(2);
    let mut waiting = wait(futures).timeout(std::future::pending::<()>());
    assert!(poll(&mut waiting).is_pending());
    keep_for_ever(waiting);
    wake_all(&handles);
    assert_eq!(drops(&handles), [0; 2]);
}

#[test]
fn forgotten_bodies_leave_the_set_usable() {
    let (handles, mut set) = set(1);
    let mut cx = Context::from_waker(Waker::noop());
    let mut driving = Box::new(set.drive_while(std::future::pending::<()>()));
    assert!(pin!(&mut *driving).as_mut().poll(&mut cx).is_pending());
    forget(*driving);
    wake_all(&handles);
    assert!(poll(&mut set.next()).is_ready());
}

#[test]
fn forgotten_wakers_and_adders_outlive_the_set() {
    let (handles, mut set) = set(2);
    let adder = set.adder();
    assert!(poll(&mut set.next()).is_pending());
    let waker = handles[0].waker().expect("it was polled");
    keep_for_ever(waker.clone());
    keep_for_ever(adder.clone());
    drop(set);
    waker.wake();
    let (more, mut futures) = children(1);
    let refused = adder.insert(futures.remove(0));
    assert!(matches!(refused, Err(rejoin::Closed(Child { .. }))));
    drop(refused);
    assert_eq!((drops(&handles), drops(&more)), (vec![1; 2], vec![1]));
}
