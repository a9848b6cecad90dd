use std::cell::{Cell, RefCell};
use std::future::{poll_fn, ready};
use std::rc::Rc;
use std::task::{Poll, Waker};

use rejoin::{FirstCompleted, FutureSet, as_completed, gather, wait};

use crate::support::{LocalBoxFuture, Probe, Runtime, group, manual, yield_now};

cases! {
    children_go_on_while_the_body_awaits,
    a_body_that_takes_the_lock_a_child_holds,
    a_body_that_wants_a_permit_only_a_child_can_release,
    a_loop_of_next_and_drive_while,
    drive_while_on_a_set,
    children_come_first_then_the_body,
    the_result_of_the_body_comes_in_the_tick_it_is_there,
    the_body_wakes_the_task,
    outputs_meanwhile_wait_in_order,
    bodies_run_one_after_another_in_completion_order,
    for_each_over_nothing,
    for_each_over_a_borrowed_set,
    a_dropped_drive_while_loses_nothing,
    a_panicking_body_loses_nothing,
    children_go_on_after_the_deadline_while_the_body_runs,
    an_empty_set_drives_its_body,
}

/// A lock without a queue: whoever comes when it is free takes it.
#[derive(Clone, Default)]
struct Lock(Rc<(Cell<bool>, RefCell<Vec<Waker>>)>);

impl Lock {
    async fn lock(&self) -> Guard {
        poll_fn(|cx| {
            if self.0.0.replace(true) {
                self.0.1.borrow_mut().push(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        Guard(self.clone())
    }
}

struct Guard(Lock);

impl Drop for Guard {
    fn drop(&mut self) {
        let (locked, waiting) = &*self.0.0;
        locked.set(false);
        waiting.take().into_iter().for_each(Waker::wake);
    }
}

async fn children_go_on_while_the_body_awaits<R: Runtime>() {
    let (children, futures) = group(3);
    children[0].complete_silently(0);
    let (gate, open) = manual::<()>();
    let open = Rc::new(RefCell::new(Some(open)));
    let mut probe = Probe::new(as_completed(futures).for_each(|_| {
        let open = open.borrow_mut().take();
        async move {
            if let Some(open) = open {
                open.await;
            }
        }
    }));
    probe.pending();
    assert_eq!(children.polls(), [1; 3]);
    children[2].complete(2);
    assert_eq!(probe.wakes(), 1);
    probe.pending();
    assert_eq!(children.polls(), [1, 1, 2], "although the body still waits");
    assert_eq!(gate.polls(), 2);
    gate.complete(());
    probe.pending();
    children[1].complete(1);
    probe.ready();
    assert_eq!(children.polls(), [1, 2, 2]);
}

async fn a_body_that_takes_the_lock_a_child_holds<R: Runtime>() {
    let lock = Lock::default();
    let children = |lock: &Lock| {
        (0..4).map({
            let lock = lock.clone();
            move |place| {
                let lock = lock.clone();
                async move {
                    let _guard = lock.lock().await;
                    yield_now().await;
                    place
                }
            }
        })
    };
    let handled = RefCell::new(Vec::new());
    as_completed(children(&lock))
        .for_each(async |place| {
            let _guard = lock.lock().await;
            handled.borrow_mut().push(place);
        })
        .await;
    let mut handled = handled.into_inner();
    handled.sort_unstable();
    assert_eq!(handled, [0, 1, 2, 3]);

    let mut view = as_completed(children(&lock));
    let mut count = 0;
    while let Some(_place) = view.next().await {
        view.drive_while(async {
            let _guard = lock.lock().await;
            yield_now().await;
        })
        .await;
        count += 1;
    }
    assert_eq!(count, 4);
}

async fn a_body_that_wants_a_permit_only_a_child_can_release<R: Runtime>() {
    let (permit, granted) = manual::<u8>();
    let releases = async move {
        for _ in 0..5 {
            yield_now().await;
        }
        permit.complete(9);
        1
    };
    let children: [LocalBoxFuture<u8>; 2] = [Box::pin(ready(0)), Box::pin(releases)];
    let granted = Rc::new(RefCell::new(Some(granted)));
    let seen = Rc::new(RefCell::new(Vec::new()));
    as_completed(children)
        .for_each(|item| {
            let (granted, seen) = (granted.borrow_mut().take(), Rc::clone(&seen));
            async move {
                if let Some(granted) = granted {
                    let permit = granted.await;
                    seen.borrow_mut().push(permit);
                }
                seen.borrow_mut().push(item);
            }
        })
        .await;
    assert_eq!(*seen.borrow(), [9, 0, 1]);
}

async fn a_loop_of_next_and_drive_while<R: Runtime>() {
    let (children, futures) = group(6);
    for child in children.iter() {
        let child = child.clone();
        R::later(move || child.complete(1));
    }
    let mut view = as_completed(futures);
    let mut sum = 0;
    while let Some(item) = view.next().await {
        sum += view
            .drive_while(async {
                yield_now().await;
                item
            })
            .await;
    }
    assert_eq!(sum, 6);
    assert_eq!(children.drops(), [1; 6]);
}

async fn drive_while_on_a_set<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let (row, inserted) = manual();
    let mut probe = Probe::new(set.drive_while(inserted));
    probe.pending();
    assert_eq!(children.polls(), [1; 3]);
    children[1].complete(1);
    probe.pending();
    children[0].wake();
    probe.pending();
    row.complete("row");
    assert_eq!(probe.ready(), "row");
    drop(probe);
    assert_eq!(children.polls(), [2, 2, 1]);
    assert_eq!(set.len(), 3);
    assert_eq!(set.next().await.unwrap().output, 1);
}

async fn children_come_first_then_the_body<R: Runtime>() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let note = |name: &'static str| {
        let order = Rc::clone(&order);
        poll_fn(move |cx| {
            order.borrow_mut().push(name);
            cx.waker().wake_by_ref();
            if order.borrow().len() >= 6 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    };
    let mut set: FutureSet<_> = [note("child"), note("child")].into_iter().collect();
    set.drive_while(note("body")).await;
    assert_eq!(
        *order.borrow(),
        ["child", "child", "body", "child", "child", "body"]
    );
}

async fn the_result_of_the_body_comes_in_the_tick_it_is_there<R: Runtime>() {
    let (children, futures) = group::<u8>(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(set.drive_while(ready(5)));
    assert_eq!(probe.ready(), 5);
    assert_eq!(children.polls(), [1, 1], "the children had their turn");
    assert_eq!(probe.wakes(), 0);
    drop(probe);

    let (body, future) = manual();
    let mut probe = Probe::new(set.drive_while(future));
    probe.pending();
    children[1].complete(1);
    body.complete(6);
    assert_eq!(probe.ready(), 6);
    assert_eq!(children.polls(), [1, 2]);
}

async fn the_body_wakes_the_task<R: Runtime>() {
    let mut set: FutureSet<_> = group::<u8>(2).1.into_iter().collect();
    let (body, future) = manual();
    let mut probe = Probe::new(set.drive_while(future));
    probe.pending();
    body.complete("done");
    assert_eq!(probe.wakes(), 1);
    assert_eq!(probe.ready(), "done");
}

async fn outputs_meanwhile_wait_in_order<R: Runtime>() {
    let (children, futures) = group(4);
    let mut view = as_completed(futures);
    let (body, future) = manual();
    let mut probe = Probe::new(view.drive_while(future));
    probe.pending();
    for place in [2, 0] {
        children[place].complete(place);
        probe.pending();
    }
    children[3].complete(3);
    body.complete(());
    probe.ready();
    drop(probe);
    assert_eq!(children.drops(), [1, 0, 1, 1]);
    let mut probe = Probe::new(view);
    for place in [2, 0, 3] {
        assert_eq!(probe.next_ready(), Some(place));
    }
    probe.next_pending();
}

async fn bodies_run_one_after_another_in_completion_order<R: Runtime>() {
    let running = Rc::<Cell<bool>>::default();
    let order = Rc::new(RefCell::new(Vec::new()));
    let children = (0..10).map(|place| async move {
        for _ in 0..(place * 3) % 10 {
            yield_now().await;
        }
        place
    });
    as_completed(children)
        .for_each(async |place| {
            assert!(!running.replace(true));
            yield_now().await;
            yield_now().await;
            order.borrow_mut().push(place);
            running.set(false);
        })
        .await;
    let mut by_yields: Vec<i32> = (0..10).collect();
    by_yields.sort_by_key(|place| (place * 3) % 10);
    assert_eq!(*order.borrow(), by_yields);
}

async fn for_each_over_nothing<R: Runtime>() {
    let none = Vec::<std::future::Ready<u8>>::new();
    as_completed(none).for_each(async |_| unreachable!()).await;
}

async fn for_each_over_a_borrowed_set<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let seen = RefCell::new(Vec::new());
    let mut probe = Probe::new(as_completed(&mut set).keyed().for_each(async |completed| {
        seen.borrow_mut()
            .push((completed.key.index(), completed.output));
    }));
    probe.pending();
    children[1].complete('b');
    probe.pending();
    drop(probe);
    assert_eq!(*seen.borrow(), [(1, 'b')]);
    assert_eq!(set.len(), 2);
    children[0].complete('a');
    children[2].complete('c');
    assert_eq!(gather(set).await, ['a', 'c']);
}

async fn a_dropped_drive_while_loses_nothing<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let (body, future) = manual::<()>();
    let mut probe = Probe::new(set.drive_while(future));
    probe.pending();
    children[2].complete(2);
    probe.pending();
    children[0].complete(0);
    drop(probe);
    assert_eq!(body.drops(), 1);
    let (done, rest) = wait(&mut set).return_when(FirstCompleted).await;
    assert_eq!(
        done.iter()
            .map(|completed| completed.output)
            .collect::<Vec<_>>(),
        [2, 0]
    );
    assert_eq!(rest.len(), 1);
}

async fn a_panicking_body_loses_nothing<R: Runtime>() {
    let (children, futures) = group(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let (body, future) = manual::<()>();
    let mut probe = Probe::new(set.drive_while(future));
    probe.pending();
    children[1].complete(1);
    body.panic("bang");
    assert_eq!(probe.panics(), "bang");
    drop(probe);
    children[0].complete(0);
    assert_eq!(gather(set).await, [0, 1]);
}

async fn children_go_on_after_the_deadline_while_the_body_runs<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (children, futures) = group(4);
    children[0].complete_silently(0);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let (gate, open) = manual::<()>();
    let open = Rc::new(RefCell::new(Some(open)));
    let seen = Rc::new(RefCell::new(Vec::new()));
    let mut probe = Probe::new(as_completed(&mut set).timeout(deadline).for_each(|item| {
        let (open, seen) = (open.borrow_mut().take(), Rc::clone(&seen));
        async move {
            seen.borrow_mut()
                .push(item.map_err(|late| (late.finished(), late.total())));
            if let Some(open) = open {
                open.await;
            }
        }
    }));
    probe.pending();
    timer.complete(());
    probe.pending();
    children[1].complete(1);
    probe.pending();
    assert_eq!(
        children.polls(),
        [1, 2, 1, 1],
        "polled after the deadline, for the body may wait for it"
    );
    children[2].complete(2);
    gate.complete(());
    probe.ready();
    drop(probe);
    assert_eq!(seen.borrow()[0], Ok(0));
    assert!(matches!(seen.borrow()[1], Err((_, 4))));
    assert_eq!(
        seen.borrow().len(),
        2,
        "what completed after the deadline is no item"
    );
    assert_eq!(set.len(), 3, "and is not lost");
    children[3].complete(3);
    assert_eq!(gather(set).await, [1, 2, 3]);
}

async fn an_empty_set_drives_its_body<R: Runtime>() {
    let mut set = FutureSet::<std::future::Ready<u8>>::new();
    let (body, future) = manual();
    let mut probe = Probe::new(set.drive_while(future));
    probe.pending();
    body.complete(1);
    assert_eq!(probe.ready(), 1);
    drop(probe);
    assert_eq!(
        set.drive_while(async {
            yield_now().await;
            2
        })
        .await,
        2
    );
}
