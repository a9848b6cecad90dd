//! The deadline of `as_completed`: what completes until it is delivered, then one error, then nothing.

use std::future::ready;

use rejoin::{FutureSet, TimedOut, as_completed, gather};

use crate::support::{Manual, Probe, Runtime, group, manual};

cases! {
    as_completed_delivers_then_fails_once_then_ends,
    as_completed_polls_the_timer_with_an_item_at_hand,
    as_completed_polls_children_first_with_an_item_at_hand,
    as_completed_without_anything_unfinished_does_not_fail,
    as_completed_hands_the_unfinished_back,
    as_completed_children_finish_later,
}

async fn as_completed_delivers_then_fails_once_then_ends<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (children, futures) = group(5);
    let mut probe = Probe::new(as_completed(futures).timeout(deadline));
    probe.next_pending();
    children[4].complete(4);
    children[2].complete(2);
    timer.complete(());
    assert_eq!(probe.next_ready().unwrap().unwrap(), 4);
    children[0].complete(0);
    assert_eq!(
        probe.next_ready().unwrap().unwrap(),
        2,
        "it completed in the tick of the deadline"
    );
    let late: TimedOut = probe.next_ready().unwrap().unwrap_err();
    assert_eq!((late.finished(), late.total()), (2, 5));
    for _ in 0..2 {
        assert!(probe.next_ready().is_none());
    }
    assert_eq!(
        children.polls(),
        [1, 1, 2, 1, 2],
        "no child is polled after the deadline"
    );
}

async fn as_completed_polls_the_timer_with_an_item_at_hand<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (children, futures) = group(4);
    for place in 0..3 {
        children[place].complete_silently(place);
    }
    let mut probe = Probe::new(as_completed(futures).timeout(deadline));
    assert_eq!(probe.next_ready().unwrap().unwrap(), 0);
    assert_eq!(timer.polls(), 1);
    assert_eq!(probe.next_ready().unwrap().unwrap(), 1);
    assert_eq!(timer.polls(), 2);
    timer.complete(());
    assert_eq!(probe.next_ready().unwrap().unwrap(), 2);
    assert_eq!(timer.polls(), 3, "it fires in this tick");
    children[3].complete(3);
    assert!(probe.next_ready().unwrap().is_err(), "too late");
    assert!(probe.next_ready().is_none());
    assert_eq!(timer.polls(), 3, "never again once it fired");
    assert_eq!(children[3].polls(), 1);
}

async fn as_completed_polls_children_first_with_an_item_at_hand<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (children, futures) = group(4);
    children[0].complete_silently(0);
    children[1].complete_silently(1);
    let mut probe = Probe::new(as_completed(futures).timeout(deadline));
    assert_eq!(probe.next_ready().unwrap().unwrap(), 0);
    timer.complete(());
    children[3].complete(3);
    assert_eq!(probe.next_ready().unwrap().unwrap(), 1);
    assert_eq!(
        probe.next_ready().unwrap().unwrap(),
        3,
        "ready in the tick of the deadline"
    );
    assert!(probe.next_ready().unwrap().is_err());
    assert!(probe.next_ready().is_none());
}

async fn as_completed_without_anything_unfinished_does_not_fail<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (children, futures) = group(2);
    let mut probe = Probe::new(as_completed(futures).timeout(deadline));
    probe.next_pending();
    children[1].complete(1);
    children[0].complete(0);
    timer.complete(());
    assert_eq!(probe.next_ready().unwrap().unwrap(), 1);
    assert_eq!(probe.next_ready().unwrap().unwrap(), 0);
    assert!(probe.next_ready().is_none());
}

async fn as_completed_hands_the_unfinished_back<R: Runtime>() {
    let (children, futures) = group(3);
    children[1].complete_silently(1);
    let mut probe = Probe::new(as_completed(futures).timeout(ready(())));
    assert_eq!(probe.next_ready().unwrap().unwrap(), 1);
    assert!(probe.next_ready().unwrap().is_err());
    let set: FutureSet<Manual<u8>> = probe.into_view().into_set();
    assert_eq!(set.len(), 2);
    let mut rest = Probe::new(as_completed(set).keyed());
    rest.next_pending();
    assert_eq!(children.polls(), [1, 1, 1], "nobody was woken");
    children[2].complete(2);
    assert_eq!(rest.next_ready().unwrap().key.index(), 2);
}

async fn as_completed_children_finish_later<R: Runtime>() {
    let (children, futures) = group(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(as_completed(&mut set).timeout(ready(())));
    assert!(probe.next_ready().unwrap().is_err());
    assert!(probe.next_ready().is_none());
    drop(probe);
    for child in children.iter() {
        let child = child.clone();
        R::later(move || child.complete(1));
    }
    assert_eq!(gather(&mut set).await, [1, 1]);
}
