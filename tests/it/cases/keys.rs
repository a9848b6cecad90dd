//! What a key reaches: one child of one set, and nothing once it is gone.

use std::collections::{BTreeSet, HashSet};
use std::future::{Ready, ready};

use rejoin::{FutureSet, Key, gather};

use crate::support::{Probe, Runtime, counts, group, manual};

cases! {
    keys_are_in_insertion_order_and_never_used_again,
    a_key_of_another_set_is_harmless,
    cancel_drops_at_once,
    cancel_of_a_completed_child_leaves_its_output,
    a_cancelled_child_is_never_heard_of_again,
    remove_gives_the_future_back_as_it_was,
    get_pin_mut_reaches_what_is_in_flight,
    a_freed_place_is_used_again,
}

async fn keys_are_in_insertion_order_and_never_used_again<R: Runtime>() {
    let mut set = FutureSet::new();
    let mut keys = Vec::new();
    for round in 0..200 {
        let key = set.insert(ready(round));
        assert_eq!(key.index(), round);
        keys.push(key);
        if round % 2 == 0 {
            assert!(set.cancel(key));
        } else if round % 3 == 0 {
            assert!(set.next().await.is_some());
        }
    }
    assert!(keys.is_sorted());
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 200);
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 200);
    while let Some(completed) = set.next().await {
        assert_eq!(completed.key.index(), completed.output);
    }
    for key in keys {
        assert!(!set.contains(key) && !set.cancel(key));
    }
}

async fn a_key_of_another_set_is_harmless<R: Runtime>() {
    let mut other: FutureSet<Ready<u8>> = FutureSet::new();
    let foreign: Vec<Key> = (0..300).map(|_| other.insert(ready(0))).collect();
    let mut set: FutureSet<Ready<u8>> = FutureSet::new();
    for key in &foreign {
        assert!(!set.contains(*key));
        assert!(!set.cancel(*key));
        assert!(set.remove(*key).is_none());
        assert!(set.get_pin_mut(*key).is_none());
    }
    let key = set.insert(ready(7));
    assert!(!set.cancel(foreign[299]));
    assert!(set.contains(key));
    assert_eq!(gather(set).await, [7]);
}

async fn cancel_drops_at_once<R: Runtime>() {
    let (children, futures) = group::<u8>(3);
    let mut set = FutureSet::new();
    let keys: Vec<Key> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    assert!(set.cancel(keys[0]), "also where nothing was polled yet");
    assert_eq!(children.drops(), [1, 0, 0]);
    Probe::new(set.next()).pending();
    assert!(set.cancel(keys[2]));
    assert_eq!(children.drops(), [1, 0, 1]);
    assert_eq!(children.polls(), [0, 1, 1]);
    assert!(!set.cancel(keys[2]), "only once");
    assert!(!set.contains(keys[2]));
    assert_eq!(set.len(), 1);
    children[1].complete(1);
    assert_eq!(gather(set).await, [1]);
}

async fn cancel_of_a_completed_child_leaves_its_output<R: Runtime>() {
    let mut set = FutureSet::new();
    let first = set.insert(ready(1));
    let second = set.insert(ready(2));
    assert_eq!(set.next().await.unwrap().key, first);
    assert!(set.contains(second), "unclaimed");
    assert!(!set.cancel(second));
    assert!(set.remove(second).is_none());
    assert!(set.get_pin_mut(second).is_none());
    assert!(!set.contains(first) && !set.cancel(first), "claimed");
    let completed = set.next().await.unwrap();
    assert_eq!((completed.key, completed.output), (second, 2));
}

async fn a_cancelled_child_is_never_heard_of_again<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set = FutureSet::new();
    let keys: Vec<Key> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    let mut next = Probe::new(set.next());
    next.pending();
    children[1].complete(1);
    drop(next);
    assert!(set.cancel(keys[1]), "woken, and not polled since");
    let mut next = Probe::new(set.next());
    next.pending();
    children[1].wake();
    next.pending();
    drop(next);
    assert_eq!(children.polls(), [1, 1, 1]);
    assert!(set.cancel(keys[0]) && set.cancel(keys[2]));
    assert!(Probe::new(set.next()).ready().is_none());
    assert_eq!(counts(set.progress()), (0, 0));
}

async fn remove_gives_the_future_back_as_it_was<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set = FutureSet::new();
    let keys: Vec<Key> = futures
        .into_iter()
        .map(|future| set.insert(Box::pin(future)))
        .collect();
    Probe::new(set.next()).pending();
    let removed = set.remove(keys[1]).unwrap();
    assert_eq!(children.drops(), [0; 3], "it is ours now");
    assert!(set.remove(keys[1]).is_none() && !set.contains(keys[1]));
    assert_eq!(set.len(), 2);
    let back = set.insert(removed);
    assert_eq!(back.index(), 3);
    for (place, child) in children.iter().enumerate() {
        child.complete(place);
    }
    assert_eq!(gather(set).await, [0, 2, 1]);
    for child in children.iter() {
        let addresses = child.addresses();
        assert!(addresses.iter().all(|address| *address == addresses[0]));
        assert_eq!(child.drops(), 1);
    }
}

async fn get_pin_mut_reaches_what_is_in_flight<R: Runtime>() {
    let mut set = FutureSet::new();
    let first = set.insert(ready(1));
    let second = set.insert(ready(2));
    set.get_pin_mut(second).unwrap().set(ready(20));
    assert_eq!(gather(&mut set).await, [1, 20]);
    assert!(set.get_pin_mut(first).is_none());

    let (child, future) = manual::<u8>();
    let mut set = FutureSet::new();
    let key = set.insert(future);
    Probe::new(set.next()).pending();
    let future = set.get_pin_mut(key).unwrap();
    assert_eq!(child.addresses(), [std::ptr::from_ref(&*future).addr()]);
}

async fn a_freed_place_is_used_again<R: Runtime>() {
    let (mut children, futures) = group::<()>(2);
    let mut set = FutureSet::new();
    let keys: Vec<Key> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    Probe::new(set.next()).pending();
    assert!(set.cancel(keys[0]));
    set.insert(children.add());
    Probe::new(set.next()).pending();
    assert_eq!(
        children[2].addresses()[0],
        children[0].addresses()[0],
        "freed by a cancel, at once"
    );
    children[1].complete(());
    assert!(Probe::new(set.next()).ready().is_some());
    set.insert(children.add());
    Probe::new(set.next()).pending();
    assert_eq!(
        children[3].addresses()[0],
        children[1].addresses()[0],
        "freed by a completion"
    );
}
