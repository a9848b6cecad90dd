//! Places that are waited for, given up while they are queued, and used again.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use rejoin::{FutureSet, as_completed, limit};

use crate::support::{Manual, Probe, Runtime, group};

cases! {
    who_has_waited_for_a_place_is_heard,
    a_stale_waker_is_not_the_one_of_who_waits,
    stale_wakers_of_neighbours_are_not_those_of_who_waits,
    many_given_up_before_their_turn_leave_the_order_to_the_others,
    many_given_up_in_a_cut_round_leave_it_to_the_others,
    many_given_up_are_no_concern_of_their_neighbours,
}

async fn who_has_waited_for_a_place_is_heard<R: Runtime>() {
    let (mut children, futures) = group(2);
    let mut probe = Probe::new(as_completed(limit(3, futures)));
    probe.next_pending();
    for _ in 2..6 {
        let future = children.add();
        probe.view().insert(future);
    }
    probe.next_pending();
    assert_eq!(children.polls(), [1, 1, 1, 0, 0, 0]);
    children[2].wake();
    // An insertion queues who was woken before it.
    probe.view().insert(children.add());
    probe.next_pending();
    assert_eq!(children.polls(), [1, 1, 2, 0, 0, 0, 0]);
    children[0].complete(0);
    children[1].complete(1);
    assert_eq!(probe.next_ready(), Some(0));
    assert_eq!(probe.next_ready(), Some(1));
    probe.next_pending();
    assert_eq!(children.polls(), [2, 2, 2, 1, 1, 0, 0]);
    for place in 2..5 {
        children[place].wake();
    }
    probe.view().insert(children.add());
    probe.next_pending();
    assert_eq!(children.polls(), [2, 2, 3, 2, 2, 0, 0, 0]);
}

async fn a_stale_waker_is_not_the_one_of_who_waits<R: Runtime>() {
    let (mut children, futures) = group(3);
    let mut probe = Probe::new(as_completed(limit(1, Vec::<Manual<usize>>::new())));
    for future in futures {
        probe.view().insert(future);
    }
    probe.next_pending();
    for turn in 0..20 {
        let stale = children[turn].take_waker().unwrap();
        children[turn].complete_silently(turn);
        stale.wake_by_ref();
        assert_eq!(probe.next_ready(), Some(turn));
        // It gets the place of the one that is done, and waits there.
        probe.view().insert(children.add());
        stale.wake();
        probe.next_pending();
        assert_eq!(children[turn + 1].polls(), 1);
        assert_eq!(children[turn + 3].polls(), 0);
    }
}

async fn stale_wakers_of_neighbours_are_not_those_of_who_waits<R: Runtime>() {
    let (mut children, futures) = group(66);
    let mut probe = Probe::new(as_completed(limit(66, futures)));
    probe.next_pending();
    let stale = [64, 65].map(|place: usize| {
        let waker = children[place].take_waker().unwrap();
        children[place].complete_silently(place);
        waker.wake_by_ref();
        waker
    });
    // These insertions queue the two, so that they are polled together; and they wait for their places.
    for _ in 66..68 {
        probe.view().insert(children.add());
    }
    assert_eq!(probe.next_ready(), Some(64));
    assert_eq!(probe.next_ready(), Some(65));
    probe.next_pending();
    assert_eq!(children.polls()[66..], [1, 1]);
    // These get them, and wait there.
    for _ in 68..70 {
        probe.view().insert(children.add());
    }
    stale.into_iter().for_each(Waker::wake);
    probe.next_pending();
    assert_eq!(children.polls()[66..], [1, 1, 0, 0]);
}

async fn many_given_up_before_their_turn_leave_the_order_to_the_others<R: Runtime>() {
    let (mut children, futures) = group::<u8>(256);
    let mut set = FutureSet::new();
    let keys: Vec<_> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    let stays = |place: &usize| matches!(place % 64, 3 | 4 | 60..=62);
    for (place, key) in keys.into_iter().enumerate() {
        if !stays(&place) {
            assert!(set.cancel(key));
        }
    }
    for _ in 0..256 {
        set.insert(children.add());
    }
    let mut probe = Probe::new(set.next());
    probe.pending();
    let polled: Vec<_> = (0..256).filter(stays).chain(256..512).collect();
    assert_eq!(children.take_polled(), polled);
    probe.pending();
    assert_eq!(children.take_polled(), [], "nobody has two turns");
}

async fn many_given_up_are_no_concern_of_their_neighbours<R: Runtime>() {
    let (mut children, futures) = group::<u8>(10);
    let mut set = FutureSet::with_capacity(256);
    set.extend(futures);
    Probe::new(set.next()).pending();
    children.take_polled();
    let keys: Vec<_> = (10..256).map(|_| set.insert(children.add())).collect();
    for key in keys {
        assert!(set.cancel(key));
    }
    children[5].wake();
    // All places are taken, and freed for this one; it comes after who was woken.
    set.insert(children.add());
    children[5].wake();
    children[3].wake();
    Probe::new(set.next()).pending();
    assert_eq!(children.take_polled(), [5, 256, 3]);
}

async fn many_given_up_in_a_cut_round_leave_it_to_the_others<R: Runtime>() {
    let polls = Rc::<Cell<usize>>::default();
    let spinner = || {
        let polls = Rc::clone(&polls);
        poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        })
    };
    let mut set = FutureSet::new();
    let keys: Vec<_> = (0..320).map(|_| set.insert(spinner())).collect();
    let tick = |set: &mut FutureSet<_>| {
        polls.set(0);
        Probe::new(set.next()).pending();
        polls.get()
    };
    assert_eq!(tick(&mut set), 320);
    assert_eq!(tick(&mut set), 128, "the round is cut");
    // Of those whose turn is still to come, twelve are left.
    for key in &keys[128..308] {
        assert!(set.cancel(*key));
    }
    for _ in 0..100 {
        set.insert(spinner());
    }
    assert_eq!(tick(&mut set), 12, "the rest of the round");
    assert_eq!(tick(&mut set), 128, "of the next one, which is cut, too");
    assert_eq!(tick(&mut set), 112, "and its rest");
}
