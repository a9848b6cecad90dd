use std::cell::{Cell, RefCell};
use std::future::ready;
use std::rc::Rc;

use rejoin::{FutureSet, Progress, gather, limit, try_gather};

use crate::support::{Probe, Runtime, counts, group};

cases! {
    on_progress_is_called_once_per_completion,
    on_progress_of_a_try_gather,
    on_progress_counts_since_the_set_was_made,
    on_progress_of_ready_children,
    on_progress_of_a_limit_counts_its_lower_bound,
    on_progress_and_a_timeout,
    progress_grows_with_the_set,
}

async fn on_progress_is_called_once_per_completion<R: Runtime>() {
    let calls = RefCell::new(Vec::new());
    let (children, futures) = group(3);
    let mut probe = Probe::new(gather(futures).on_progress(|p| calls.borrow_mut().push(counts(p))));
    probe.pending();
    assert_eq!(*calls.borrow(), []);
    children[2].complete(2);
    probe.pending();
    assert_eq!(*calls.borrow(), [(1, 3)]);
    children[0].wake();
    probe.pending();
    assert_eq!(calls.borrow().len(), 1);
    children[1].complete(1);
    children[0].complete(0);
    assert_eq!(probe.ready(), [0, 1, 2]);
    assert_eq!(*calls.borrow(), [(1, 3), (2, 3), (3, 3)]);
}

async fn on_progress_of_a_try_gather<R: Runtime>() {
    let calls = RefCell::new(Vec::new());
    let (children, futures) = group::<Result<u8, u8>>(3);
    let mut probe =
        Probe::new(try_gather(futures).on_progress(|p| calls.borrow_mut().push(counts(p))));
    probe.pending();
    children[2].complete(Ok(2));
    probe.pending();
    children[1].complete(Err(1));
    assert_eq!(probe.ready(), Err(1));
    assert_eq!(calls.borrow()[0], (1, 3));
    assert!(calls.borrow().len() <= 2);
}

async fn on_progress_counts_since_the_set_was_made<R: Runtime>() {
    let (children, futures) = group(4);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    children[3].complete_silently(3);
    assert_eq!(set.next().await.unwrap().output, 3);
    let calls = RefCell::new(Vec::new());
    for (place, child) in children.iter().enumerate().take(3) {
        child.complete(place);
    }
    let outputs = gather(&mut set)
        .on_progress(|p| calls.borrow_mut().push(counts(p)))
        .await;
    assert_eq!(outputs, [0, 1, 2]);
    assert_eq!(*calls.borrow(), [(2, 4), (3, 4), (4, 4)]);
    assert_eq!(counts(set.progress()), (4, 4));
}

async fn on_progress_of_ready_children<R: Runtime>() {
    let finished = Rc::<Cell<usize>>::default();
    let view = gather((0..100).map(ready)).on_progress(|p: Progress| {
        finished.set(finished.get() + 1);
        assert_eq!(counts(p), (finished.get(), 100));
    });
    assert_eq!(view.await.len(), 100);
    assert_eq!(finished.get(), 100);
}

async fn on_progress_of_a_limit_counts_its_lower_bound<R: Runtime>() {
    let calls = RefCell::new(Vec::new());
    let outputs = gather(limit(2, (0..5).map(ready)))
        .on_progress(|p| calls.borrow_mut().push(counts(p)))
        .await;
    assert_eq!(outputs, [0, 1, 2, 3, 4]);
    assert_eq!(*calls.borrow(), [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]);
}

async fn on_progress_and_a_timeout<R: Runtime>() {
    let calls = RefCell::new(Vec::new());
    let (children, futures) = group(3);
    children[1].complete_silently(1);
    let view = gather(futures)
        .on_progress(|p| calls.borrow_mut().push(counts(p)))
        .timeout(ready(()));
    let late = view.await.unwrap_err();
    assert_eq!((late.finished(), late.total()), (1, 3));
    assert_eq!(*calls.borrow(), [(1, 3)]);
}

async fn progress_grows_with_the_set<R: Runtime>() {
    let mut set = FutureSet::new();
    for number in 1..=5 {
        set.insert(ready(number));
        assert_eq!(counts(set.progress()), (number - 1, number));
        assert!(set.next().await.is_some());
        assert_eq!(counts(set.progress()), (number, number));
    }
}
