use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use rejoin::{FutureSet, as_completed, gather, try_gather, wait};

use crate::support::{
    LocalBoxFuture, Probe, Random, Runtime, group, manual, yield_now, yield_with_clone,
};

cases! {
    polled_once_then_only_when_woken,
    spurious_polls_poll_no_child,
    many_wakes_are_one_poll,
    a_child_that_keeps_no_waker_is_not_polled_again,
    first_polls_come_in_input_order,
    first_woken_first_polled,
    first_woken_first_polled_on_one_place_of_many_pages,
    an_insertion_counts_as_a_wake,
    an_extension_counts_as_a_wake,
    a_finished_childs_waker_costs_the_next_tenant_at_most_one_poll,
    a_new_task_is_woken_instead_of_the_old_one,
    a_new_task_is_woken_after_a_wake_from_inside,
    a_waker_is_the_same_from_poll_to_poll,
    self_wakes_count_once,
    the_task_sleeps_when_all_have_woken_themselves_for_the_last_time,
    self_wakes_keep_their_order_beside_kept_wakers,
    a_late_gather_hands_on_the_order_of_completion,
    children_never_move,
}

async fn polled_once_then_only_when_woken<R: Runtime>() {
    let (children, futures) = group::<Result<u8, u8>>(100);
    let mut probe = Probe::new(try_gather(futures));
    probe.pending();
    assert_eq!(children.polls(), [1; 100]);
    for place in [99, 0, 64] {
        children[place].wake();
        probe.pending();
        assert_eq!(children.polls()[place], 2);
    }
    assert_eq!(children.polls().iter().sum::<usize>(), 103);
    assert_eq!(probe.wakes(), 3);
}

async fn spurious_polls_poll_no_child<R: Runtime>() {
    let (children, futures) = group::<Result<u8, u8>>(70);
    let mut futures = futures.into_iter();
    let mut some = |count| futures.by_ref().take(count).collect::<Vec<_>>();
    let mut gathered = Probe::new(gather(some(20)));
    let mut tried = Probe::new(try_gather(some(20)));
    let mut waited = Probe::new(wait(some(10)));
    let mut streamed = Probe::new(as_completed(some(10)));
    let mut set: FutureSet<_> = some(10).into_iter().collect();
    for _ in 0..5 {
        gathered.pending();
        tried.pending();
        waited.pending();
        streamed.next_pending();
        Probe::new(set.next()).pending();
        assert_eq!(children.polls(), [1; 70]);
    }
    assert_eq!(
        gathered.wakes() + tried.wakes() + waited.wakes() + streamed.wakes(),
        0
    );
}

async fn many_wakes_are_one_poll<R: Runtime>() {
    let (children, futures) = group::<u8>(3);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    for _ in 0..10 {
        children[1].wake();
        children[2].wake();
    }
    assert_eq!(probe.wakes(), 1);
    probe.pending();
    assert_eq!(children.polls(), [1, 2, 2]);
}

async fn a_child_that_keeps_no_waker_is_not_polled_again<R: Runtime>() {
    let (children, futures) = group::<u8>(2);
    children[0].keep_no_waker();
    let mut probe = Probe::new(gather(futures));
    for _ in 0..3 {
        probe.pending();
        children[1].wake();
    }
    assert_eq!(children.polls(), [1, 3]);
}

async fn first_polls_come_in_input_order<R: Runtime>() {
    let (children, futures) = group::<u8>(200);
    let everybody: Vec<usize> = (0..200).collect();
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(wait(&mut set));
    probe.pending();
    assert_eq!(children.take_polled(), everybody);

    let mut view = as_completed((0..200).map(std::future::ready));
    for place in 0..200 {
        assert_eq!(view.next().await, Some(place));
    }
}

async fn first_woken_first_polled<R: Runtime>() {
    let mut random = Random::new(1);
    let (children, futures) = group::<u8>(100);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    children.take_polled();
    for _ in 0..20 {
        let mut order: Vec<usize> = (0..100).collect();
        random.shuffle(&mut order);
        for place in &order {
            children[*place].wake();
        }
        probe.next_pending();
        assert_eq!(children.take_polled(), order);
    }
}

async fn first_woken_first_polled_on_one_place_of_many_pages<R: Runtime>() {
    let (children, futures) = group(1000);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    let order = [999, 1, 640, 63, 64, 65, 0, 127, 128, 500];
    for place in order {
        children[place].complete(place);
    }
    assert_eq!(probe.wakes(), 1);
    for place in order {
        assert_eq!(probe.next_ready(), Some(place));
    }
    probe.next_pending();
}

async fn an_insertion_counts_as_a_wake<R: Runtime>() {
    let (mut children, futures) = group::<u8>(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    Probe::new(set.next()).pending();
    children.take_polled();
    children[2].wake();
    set.insert(children.add());
    children[0].wake();
    set.insert(children.add());
    children[1].wake();
    Probe::new(set.next()).pending();
    assert_eq!(children.take_polled(), [2, 3, 0, 4, 1]);
}

async fn an_extension_counts_as_a_wake<R: Runtime>() {
    let child = |number: usize, yields: bool| async move {
        if yields {
            yield_now().await;
        }
        number
    };
    let mut set: FutureSet<_> = [child(0, false), child(1, true)].into_iter().collect();
    for expected in 0..3 {
        let completed = Probe::new(set.next()).ready().unwrap();
        assert_eq!(completed.output, expected);
        if expected == 0 {
            // It gets the first place, and has its turn after who has woken itself before.
            set.extend([child(2, false)]);
        }
    }
}

async fn a_finished_childs_waker_costs_the_next_tenant_at_most_one_poll<R: Runtime>() {
    let (mut children, futures) = group(1);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    Probe::new(set.next()).pending();
    children[0].complete(0);
    assert_eq!(Probe::new(set.next()).ready().unwrap().output, 0);
    children[0].wake();
    set.insert(children.add());
    Probe::new(set.next()).pending();
    children[0].wake();
    Probe::new(set.next()).pending();
    Probe::new(set.next()).pending();
    assert!((1..=3).contains(&children[1].polls()));
    let polls = children[1].polls();
    children[1].complete(1);
    assert_eq!(Probe::new(set.next()).ready().unwrap().output, 1);
    assert_eq!(children.polls(), [2, polls + 1]);
}

async fn a_new_task_is_woken_instead_of_the_old_one<R: Runtime>() {
    let (children, futures) = group(3);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    let first = probe.task();
    let second = probe.change_waker();
    children[0].complete(0);
    assert_eq!(
        (first.wakes(), second.wakes()),
        (1, 0),
        "nothing is known of the second yet"
    );
    probe.pending();
    children[1].complete(1);
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    let third = probe.change_waker();
    probe.pending();
    let last = children[2].clone();
    assert_eq!(Arc::strong_count(&first), 1, "the old waker is let go");
    poll_fn(|cx| {
        assert!(Pin::new(&mut probe).poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    R::later(move || last.complete(2));
    assert_eq!(probe.await, [0, 1, 2]);
    assert_eq!(third.wakes(), 0, "the task of the runtime has taken over");
}

async fn a_new_task_is_woken_after_a_wake_from_inside<R: Runtime>() {
    let (child, future) = manual();
    let mut probe = Probe::new(gather([async {
        yield_with_clone().await;
        future.await
    }]));
    probe.pending();
    let first = probe.task();
    assert_eq!(first.wakes(), 1, "the child has woken itself");
    let second = probe.change_waker();
    probe.pending();
    child.complete(7);
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!(probe.ready(), [7]);
}

async fn a_waker_is_the_same_from_poll_to_poll<R: Runtime>() {
    let (children, futures) = group::<u8>(70);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    for _ in 0..5 {
        for child in children.iter() {
            child.wake();
        }
        probe.pending();
    }
    assert_eq!(children.polls(), [6; 70]);
    assert!(children.iter().all(|child| child.new_wakers() == 1));
}

#[expect(clippy::waker_clone_wake, reason = "the clone is what is tested")]
async fn self_wakes_count_once<R: Runtime>() {
    let (gate, open) = manual::<()>();
    let yielding = |clone: bool| -> LocalBoxFuture<()> {
        Box::pin(async move {
            for _ in 0..4 {
                if clone {
                    yield_with_clone().await
                } else {
                    yield_now().await
                }
            }
        })
    };
    let both: LocalBoxFuture<()> = Box::pin(poll_fn({
        let mut polls = 0;
        move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            cx.waker().clone().wake();
            cx.waker().wake_by_ref();
            if polls == 5 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }
    }));
    let children = [yielding(false), yielding(true), both, Box::pin(open)];
    let mut probe = Probe::new(gather(children));
    for tick in 1..=4 {
        probe.pending();
        assert_eq!(probe.wakes(), tick);
    }
    probe.pending();
    probe.pending();
    gate.complete(());
    assert_eq!(probe.ready().len(), 4);
}

async fn the_task_sleeps_when_all_have_woken_themselves_for_the_last_time<R: Runtime>() {
    for count in [1, 64, 65, 200] {
        let futures = (0..count).map(|_| {
            let mut left = 2;
            poll_fn(move |cx| {
                if left != 0 {
                    left -= 1;
                    cx.waker().wake_by_ref();
                }
                Poll::<()>::Pending
            })
        });
        let mut probe = Probe::new(gather(futures));
        let mut ticks = 0;
        while probe.wakes() == ticks {
            probe.pending();
            ticks += 1;
            assert!(ticks < 10, "{count} children keep the task awake");
        }
        probe.pending();
        assert_eq!(probe.wakes(), ticks - 1, "{count} children");
    }
}

async fn self_wakes_keep_their_order_beside_kept_wakers<R: Runtime>() {
    for count in [1, 3] {
        let polled = Rc::<RefCell<Vec<usize>>>::default();
        let kept = Rc::<RefCell<Option<Waker>>>::default();
        let child = |number| {
            let (polled, kept) = (Rc::clone(&polled), Rc::clone(&kept));
            poll_fn(move |cx| {
                polled.borrow_mut().push(number);
                if number == 0 {
                    kept.borrow_mut().replace(cx.waker().clone());
                } else {
                    cx.waker().wake_by_ref();
                }
                Poll::<()>::Pending
            })
        };
        let mut set = FutureSet::new();
        set.extend((0..=count).map(child));
        Probe::new(set.next()).pending();
        // Polled for the first time in a round with others who are polled again.
        set.insert(child(count + 1));
        for tick in 0..4 {
            polled.borrow_mut().clear();
            Probe::new(set.next()).pending();
            let expected = (1..=count + 1).collect::<Vec<_>>();
            assert_eq!(*polled.borrow(), expected, "tick {tick}");
        }
    }
}

async fn a_late_gather_hands_on_the_order_of_completion<R: Runtime>() {
    for polled_before in [false, true] {
        let (timer, deadline) = manual::<()>();
        let (children, futures) = group(6);
        for place in [4, 3] {
            children[place].complete_silently(place);
        }
        let mut view = gather(futures);
        if polled_before {
            Probe::new(&mut view).pending();
        }
        let mut probe = Probe::new(view.timeout(deadline));
        probe.pending();
        for place in [2, 0, 1] {
            children[place].complete(place);
            probe.pending();
        }
        timer.complete(());
        let mut rest = Probe::new(as_completed(probe.ready().unwrap_err().into_set()));
        for place in [3, 4, 2, 0, 1] {
            assert_eq!(rest.next_ready(), Some(place));
        }
        rest.next_pending();
    }
}

async fn children_never_move<R: Runtime>() {
    let (mut children, futures) = group(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut keys = Vec::new();
    for round in 0..300 {
        Probe::new(set.next()).pending();
        keys.push(set.insert(children.add()));
        if round % 3 == 0 {
            children[round / 2].wake();
        }
        if round % 5 == 0 {
            set.cancel(keys[round / 5]);
        }
    }
    let mut probe = Probe::new(gather(set));
    probe.pending();
    for (place, child) in children.iter().enumerate() {
        child.complete(place);
    }
    assert_eq!(probe.ready().len(), 243);
    for child in children.iter() {
        let addresses = child.addresses();
        assert_eq!(child.drops(), 1);
        assert!(
            addresses.iter().all(|address| *address == addresses[0]),
            "{addresses:?}"
        );
    }
    let mut addresses: Vec<_> = children.iter().map(|child| child.addresses()[0]).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert!(addresses.len() < 303, "freed places are used again");
}
