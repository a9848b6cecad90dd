use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::rc::Rc;
use std::task::Poll;

use rejoin::{FirstCompleted, FutureSet, as_completed, gather, wait};

use crate::support::{
    Handle, LocalBoxFuture, Probe, Runtime, group, manual, yield_now, yield_with_clone,
};

cases! {
    a_tick_polls_everybody_once,
    who_is_woken_meanwhile_belongs_to_the_next_round,
    who_wakes_itself_does_not_starve_the_others,
    a_round_is_cut_after_128_fruitless_polls,
    a_round_is_cut_also_before_its_last_child,
    nobody_behind_the_128th_makes_no_tick_of_its_own,
    who_is_idle_behind_those_who_are_ready_makes_no_tick,
    who_keeps_a_waker_leaves_the_count_as_it_is,
    a_completion_lets_a_round_go_on,
    first_polls_do_not_count,
    a_cut_round_keeps_its_order,
    two_views_on_one_task_share_it,
}

/// A child that is never ready and always woken, and the number of its polls.
fn spinner(with_clone: bool) -> (Rc<Cell<usize>>, LocalBoxFuture<usize>) {
    let polls = Rc::<Cell<usize>>::default();
    let count = Rc::clone(&polls);
    let future = Box::pin(async move {
        loop {
            count.set(count.get() + 1);
            if with_clone {
                yield_with_clone().await
            } else {
                yield_now().await
            }
        }
    });
    (polls, future)
}

fn spinners(count: usize, with_clone: bool) -> (Vec<Rc<Cell<usize>>>, Vec<LocalBoxFuture<usize>>) {
    (0..count).map(|_| spinner(with_clone)).unzip()
}

fn total(polls: &[Rc<Cell<usize>>]) -> usize {
    polls.iter().map(|polls| polls.get()).sum()
}

async fn a_tick_polls_everybody_once<R: Runtime>() {
    for with_clone in [false, true] {
        let (polls, futures) = spinners(100, with_clone);
        let mut probe = Probe::new(gather(futures));
        for tick in 1..=10 {
            probe.pending();
            assert!(polls.iter().all(|polls| polls.get() == tick));
            assert_eq!(probe.wakes(), tick, "and wakes its own task once");
        }
    }
}

async fn who_is_woken_meanwhile_belongs_to_the_next_round<R: Runtime>() {
    let (first, on_first) = manual::<()>();
    let (second, on_second) = manual::<u8>();
    let completes_second = {
        let second = second.clone();
        async move {
            on_first.await;
            second.complete(2);
            1
        }
    };
    let children: [LocalBoxFuture<u8>; 2] = [Box::pin(on_second), Box::pin(completes_second)];
    let mut probe = Probe::new(as_completed(children));
    probe.next_pending();
    first.complete(());
    assert_eq!(probe.wakes(), 1);
    assert_eq!(probe.next_ready(), Some(1));
    assert_eq!(second.polls(), 1, "not in this tick");
    assert_eq!(probe.next_ready(), Some(2));
    assert_eq!(second.polls(), 2);

    let (first, on_first) = manual::<()>();
    let (second, on_second) = manual::<u8>();
    let completes_second = {
        let second = second.clone();
        async move {
            on_first.await;
            second.complete(2);
            1
        }
    };
    let children: [LocalBoxFuture<u8>; 2] = [Box::pin(on_second), Box::pin(completes_second)];
    let mut probe = Probe::new(gather(children));
    probe.pending();
    first.complete(());
    assert_eq!(probe.wakes(), 1);
    probe.pending();
    assert_eq!(second.polls(), 1);
    assert_eq!(
        probe.wakes(),
        2,
        "the view wakes its task for the next round"
    );
    assert_eq!(probe.ready(), [2, 1]);
}

async fn who_wakes_itself_does_not_starve_the_others<R: Runtime>() {
    for with_clone in [false, true] {
        let (polls, spinner) = spinner(with_clone);
        let (child, future) = manual();
        let mut probe = Probe::new(as_completed([spinner, Box::pin(future)]));
        for _ in 0..20 {
            probe.next_pending();
        }
        assert_eq!(child.polls(), 1);
        child.complete(7);
        assert_eq!(probe.next_ready(), Some(7));
        assert_eq!(child.polls(), 2);
        assert!(polls.get() <= 21);
    }
    let (_, spinner) = spinner(false);
    let (child, future) = manual();
    R::later(move || child.complete(7));
    let (done, rest) = wait([spinner, Box::pin(future)])
        .return_when(FirstCompleted)
        .await;
    assert_eq!((done.len(), done[0].output, rest.len()), (1, 7, 1));
}

async fn a_round_is_cut_after_128_fruitless_polls<R: Runtime>() {
    for with_clone in [false, true] {
        let (polls, futures) = spinners(300, with_clone);
        let mut probe = Probe::new(gather(futures.into_iter().collect::<FutureSet<_>>()));
        let mut polled = 0;
        for (tick, count) in [300, 128, 128, 44, 128, 128, 44].into_iter().enumerate() {
            probe.pending();
            polled += count;
            assert_eq!(total(&polls), polled, "tick {tick}");
            assert_eq!(probe.wakes(), tick + 1, "the task is woken to go on");
        }
        assert!(
            polls.iter().all(|polls| polls.get() == 3),
            "nobody was polled twice in a round"
        );
    }
}

async fn a_round_is_cut_also_before_its_last_child<R: Runtime>() {
    for n in [128, 129, 130] {
        let (children, futures) = group::<u8>(n);
        let mut probe = Probe::new(gather(futures));
        probe.pending();
        children.iter().for_each(Handle::wake);
        probe.pending();
        assert_eq!(children.polls().iter().sum::<usize>(), n + 128, "{n}");
        probe.pending();
        assert_eq!(children.polls(), vec![2; n]);
    }
}

async fn nobody_behind_the_128th_makes_no_tick_of_its_own<R: Runtime>() {
    let (polls, mut futures) = spinners(128, false);
    futures.extend((0..128).map(|_| Box::pin(pending()) as LocalBoxFuture<usize>));
    let mut probe = Probe::new(gather(futures));
    for tick in 1..=5 {
        probe.pending();
        assert_eq!(total(&polls), 128 * tick, "tick {tick}");
    }
}

async fn who_is_idle_behind_those_who_are_ready_makes_no_tick<R: Runtime>() {
    for count in [63, 64, 65, 128, 200_usize] {
        let ready = (0..count).map(|n| Box::pin(ready(n)) as LocalBoxFuture<usize>);
        let mut futures: Vec<_> = ready.collect();
        futures.push(Box::pin(pending()));
        let mut probe = Probe::new(gather(futures));
        probe.pending();
        probe.pending();
        assert_eq!(probe.wakes(), 0, "{count}");
    }
}

async fn who_keeps_a_waker_leaves_the_count_as_it_is<R: Runtime>() {
    let (polls, mut futures) = spinners(300, false);
    let mut round = 0;
    let count = Rc::clone(&polls[70]);
    futures[70] = Box::pin(poll_fn(move |cx| {
        count.set(count.get() + 1);
        round += 1;
        if round == 2 {
            drop(cx.waker().clone());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    let mut probe = Probe::new(gather(futures));
    let mut polled = 0;
    for count in [300, 128, 128, 44, 128] {
        probe.pending();
        polled += count;
        assert_eq!(total(&polls), polled);
    }
}

async fn a_completion_lets_a_round_go_on<R: Runtime>() {
    let (children, futures) = group(300);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    for (place, child) in children.iter().enumerate() {
        if place % 100 == 99 {
            child.complete(place);
        } else {
            child.wake();
        }
    }
    probe.pending();
    assert_eq!(
        children.polls(),
        [2; 300],
        "never 128 in a row that completed nothing"
    );
    assert_eq!(probe.wakes(), 1);
}

async fn first_polls_do_not_count<R: Runtime>() {
    let (children, futures) = group::<u8>(1000);
    let mut probe = Probe::new(wait(futures));
    probe.pending();
    assert_eq!(children.polls(), [1; 1000]);
    assert_eq!(probe.wakes(), 0);
    for child in children.iter().take(128) {
        child.wake();
    }
    assert_eq!(probe.wakes(), 1);
    probe.pending();
    assert_eq!(children.polls(), [[2; 128].as_slice(), &[1; 872]].concat());
}

async fn a_cut_round_keeps_its_order<R: Runtime>() {
    let (children, futures) = group::<u8>(400);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(wait(&mut set));
    probe.pending();
    children.take_polled();
    let order: Vec<usize> = (0..400).map(|turn| (turn * 7) % 400).collect();
    for place in &order {
        children[*place].wake();
    }
    probe.pending();
    assert_eq!(children.take_polled(), order[..128]);
    children[order[5]].wake();
    probe.pending();
    assert_eq!(children.take_polled(), order[128..256]);
    probe.pending();
    assert_eq!(children.take_polled(), order[256..384]);
    probe.pending();
    assert_eq!(
        children.take_polled(),
        order[384..],
        "the rest of the round alone"
    );
    probe.pending();
    assert_eq!(children.take_polled(), [order[5]], "then the next one");
    assert_eq!(probe.wakes(), 5);
}

async fn two_views_on_one_task_share_it<R: Runtime>() {
    let turns = Rc::new(RefCell::new(Vec::new()));
    let view = |name: char| {
        let (_, spinner) = spinner(false);
        let turns = Rc::clone(&turns);
        let mut view = gather([spinner]);
        poll_fn(move |cx| {
            turns.borrow_mut().push(name);
            assert!(std::pin::Pin::new(&mut view).poll(cx).is_pending());
            match turns.borrow().len() {
                8.. => Poll::Ready(()),
                _ => Poll::Pending,
            }
        })
    };
    gather([view('a'), view('b')]).await;
    assert_eq!(
        *turns.borrow(),
        ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b', 'a']
    );
}
