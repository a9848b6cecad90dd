use std::future::{Ready, pending, ready};
use std::sync::Arc;

use futures_core::Stream;
use rejoin::{Completed, FirstCompleted, FutureSet, Key, as_completed, gather, wait};

use crate::support::{Manual, Probe, Runtime, counts, group, manual};

cases! {
    nothing_runs_before_the_first_poll,
    next_hands_out_in_completion_order_with_keys,
    next_on_an_empty_set_is_none_and_some_again_later,
    next_polls_every_child_once_before_the_first_item,
    a_dropped_next_has_taken_nothing,
    it_is_a_stream,
    len_counts_in_flight_and_unclaimed,
    clear_drops_both,
    progress_counts_since_the_set_was_made,
    made_from_iterators,
    an_insertion_into_a_waiting_set_wakes_the_last_task,
    views_of_one_set_follow_each_other,
    debug_asks_nothing_of_the_future,
}

async fn nothing_runs_before_the_first_poll<R: Runtime>() {
    let (children, futures) = group::<u8>(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    drop(set.next());
    assert_eq!((set.len(), counts(set.progress())), (3, (0, 3)));
    drop(set);
    assert_eq!(children.polls(), [0; 3]);
    assert_eq!(children.take_dropped(), [0, 1, 2]);
}

async fn next_hands_out_in_completion_order_with_keys<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set = FutureSet::new();
    let keys: Vec<Key> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    let mut next = Probe::new(set.next());
    next.pending();
    children[2].complete("c");
    children[0].complete("a");
    let Completed { key, output } = next.ready().unwrap();
    assert_eq!((key, output), (keys[2], "c"));
    drop(next);
    assert_eq!(children.drops(), [1, 0, 1]);
    let Completed { key, output } = set.next().await.unwrap();
    assert_eq!((key, output), (keys[0], "a"));
    let last = children[1].clone();
    R::later(move || last.complete("b"));
    let Completed { key, output } = set.next().await.unwrap();
    assert_eq!((key, output), (keys[1], "b"));
    assert!(set.next().await.is_none());
}

async fn next_on_an_empty_set_is_none_and_some_again_later<R: Runtime>() {
    let mut set = FutureSet::new();
    for round in 0..3 {
        assert!(set.next().await.is_none());
        assert!(set.is_empty());
        let key = set.insert(ready(round));
        let completed = set.next().await.unwrap();
        assert_eq!((completed.key, completed.output), (key, round));
    }
    assert!(set.next().await.is_none());
}

async fn next_polls_every_child_once_before_the_first_item<R: Runtime>() {
    let (children, futures) = group(100);
    for child in children.iter().take(2) {
        child.complete_silently(0);
    }
    let mut set: FutureSet<_> = futures.into_iter().collect();
    assert!(Probe::new(set.next()).ready().is_some());
    assert_eq!(children.polls(), [1; 100]);
}

async fn a_dropped_next_has_taken_nothing<R: Runtime>() {
    let (children, futures) = group(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut next = Probe::new(set.next());
    next.pending();
    children[1].complete(1);
    assert_eq!(next.wakes(), 1);
    drop(next);
    assert_eq!(set.len(), 2);
    assert_eq!(set.next().await.unwrap().output, 1);
    assert_eq!(children.polls(), [1, 2]);
}

async fn it_is_a_stream<R: Runtime>() {
    let (children, futures) = group(2);
    let mut probe = Probe::new(futures.into_iter().collect::<FutureSet<_>>());
    assert_eq!(probe.view().size_hint().0, 2);
    probe.next_pending();
    children[1].complete('b');
    assert_eq!(probe.wakes(), 1);
    assert_eq!(probe.next_ready().unwrap().output, 'b');
    probe.next_pending();
    children[0].complete('a');
    assert_eq!(probe.next_ready().unwrap().output, 'a');
    assert!(probe.next_ready().is_none());
    let child = {
        let (child, future) = manual();
        child.complete_silently('c');
        future
    };
    probe.view().insert(child);
    assert_eq!(
        probe.next_ready().unwrap().output,
        'c',
        "the end of a set is not for ever"
    );
}

async fn len_counts_in_flight_and_unclaimed<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set: FutureSet<Manual<u8>> = FutureSet::with_capacity(10);
    assert!(set.is_empty());
    set.extend(futures);
    assert_eq!((set.len(), set.is_empty()), (3, false));
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    children[1].complete(1);
    children[2].complete(2);
    probe.pending();
    drop(probe);
    assert_eq!(set.len(), 3, "two of them are unclaimed");
    assert!(Probe::new(set.next()).ready().is_some());
    assert_eq!(set.len(), 2);
    assert!(Probe::new(set.next()).ready().is_some());
    children[0].complete(0);
    assert!(Probe::new(set.next()).ready().is_some());
    assert_eq!((set.len(), set.is_empty()), (0, true));
}

async fn clear_drops_both<R: Runtime>() {
    let output = Arc::new(());
    let (children, futures) = group(3);
    let mut set = FutureSet::new();
    let keys: Vec<Key> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    children[1].complete(Arc::clone(&output));
    probe.pending();
    drop(probe);
    children[2].wake();
    set.clear();
    assert_eq!(Arc::strong_count(&output), 1);
    assert_eq!(children.drops(), [1; 3]);
    assert!(set.is_empty());
    assert!(keys.iter().all(|key| !set.contains(*key)));
    assert!(Probe::new(set.next()).ready().is_none());
    let key = set.insert({
        let (child, future) = manual();
        child.complete_silently(Arc::clone(&output));
        future
    });
    assert_eq!(key.index(), 3, "a key is never used again");
    assert_eq!(set.next().await.unwrap().key, key);
}

async fn progress_counts_since_the_set_was_made<R: Runtime>() {
    let (mut children, futures) = group(4);
    let mut set = FutureSet::new();
    assert_eq!(counts(set.progress()), (0, 0));
    let keys: Vec<Key> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    assert_eq!(counts(set.progress()), (0, 4));
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    children[0].complete(0);
    children[3].complete(3);
    probe.pending();
    drop(probe);
    assert_eq!(counts(set.progress()), (2, 4), "unclaimed");
    assert!(Probe::new(set.next()).ready().is_some());
    assert_eq!(counts(set.progress()), (2, 4), "claimed");
    assert!(set.cancel(keys[1]));
    assert_eq!(counts(set.progress()), (2, 3), "cancelled");
    set.insert(children.add());
    assert_eq!(counts(set.progress()), (2, 4));
    children[2].panic("bang");
    assert_eq!(Probe::new(gather(&mut set)).panics(), "bang");
    assert_eq!(counts(set.progress()), (2, 3), "panicked");

    let mut set = FutureSet::new();
    let key = set.insert(pending::<()>());
    assert!(set.remove(key).is_some());
    assert_eq!(counts(set.progress()), (0, 0), "removed");
}

async fn made_from_iterators<R: Runtime>() {
    let mut set: FutureSet<Ready<u8>> = (0..3).map(ready).collect();
    set.extend([ready(3), ready(4)]);
    set.extend(None::<Ready<u8>>);
    assert_eq!(gather(set).await, [0, 1, 2, 3, 4]);
    let mut set = FutureSet::<Ready<u8>>::default();
    assert!(set.is_empty());
    set.insert(ready(1));
    assert_eq!(gather(set).await, [1]);
}

async fn an_insertion_into_a_waiting_set_wakes_the_last_task<R: Runtime>() {
    for held in [0, 2] {
        let (mut children, futures) = group::<u8>(held);
        let mut set: FutureSet<_> = futures.into_iter().collect();
        let mut next = Probe::new(set.next());
        assert_eq!(next.poll().is_ready(), held == 0);
        let task = next.task();
        drop(next);
        set.insert(children.add());
        set.insert(children.add());
        assert_eq!(
            task.wakes(),
            usize::from(held > 0),
            "who was told pending is woken, once"
        );
        Probe::new(set.next()).pending();
        assert_eq!(children.polls(), vec![1; held + 2]);
    }
}

async fn views_of_one_set_follow_each_other<R: Runtime>() {
    let (mut children, futures) = group(4);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(wait(&mut set).return_when(FirstCompleted));
    probe.pending();
    children[3].complete(3);
    let (done, _) = probe.ready();
    assert_eq!(done[0].output, 3);
    drop(probe);
    set.insert(children.add());
    let mut probe = Probe::new(as_completed(&mut set));
    probe.next_pending();
    children[1].complete(1);
    assert_eq!(probe.next_ready(), Some(1));
    drop(probe);
    for place in [4, 0, 2] {
        children[place].complete(place);
    }
    assert_eq!(gather(&mut set).await, [0, 2, 4]);
    assert_eq!(children.polls(), [2; 5]);
    assert_eq!(counts(set.progress()), (5, 5));
    assert!(gather(&mut set).await.is_empty());
}

async fn debug_asks_nothing_of_the_future<R: Runtime>() {
    let (_children, futures) = group::<Result<u8, u8>>(2);
    let mut set: FutureSet<Manual<_>> = futures.into_iter().collect();
    assert_eq!(
        format!("{set:?}"),
        "FutureSet { in_flight: 2, queued: 2, unclaimed: 0, \
         progress: Progress { finished: 0, total: 2 }, adders: false }"
    );
    assert!(format!("{:?}", gather(&mut set)).contains("Gather"));
    assert!(format!("{:?}", rejoin::try_gather(&mut set)).contains("TryGather"));
    assert!(format!("{:?}", wait(&mut set)).contains("Wait"));
    assert!(format!("{:?}", as_completed(&mut set)).contains("AsCompleted"));
    assert!(!format!("{:?}", as_completed(&mut set).keyed()).is_empty());
    assert!(!format!("{:?}", gather(&mut set).timeout(pending::<()>())).is_empty());
    assert!(!format!("{:?}", wait(&mut set).timeout(pending::<()>())).is_empty());
    assert!(!format!("{:?}", as_completed(&mut set).timeout(pending::<()>())).is_empty());
    let late = gather(&mut set).timeout(ready(())).await.unwrap_err();
    assert!(format!("{late:?}").contains("TimedOut"));
    let key = set.insert(manual().1);
    assert_eq!(format!("{key:?}"), "Key(2)");
    let _adder = set.adder();
    assert_eq!(
        format!("{set:?}"),
        "FutureSet { in_flight: 3, queued: 1, unclaimed: 0, \
         progress: Progress { finished: 0, total: 3 }, adders: true }"
    );
}
