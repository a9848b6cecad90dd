use std::future::ready;

use rejoin::{FirstCompleted, FutureSet, as_completed, gather, wait};

use crate::support::{Probe, Random, Runtime, group, yield_now};

cases! {
    a_hundred_thousand_gathered,
    a_hundred_thousand_woken_one_at_a_time,
    a_hundred_thousand_through_a_window_of_256,
    a_loop_of_fifty_thousand_waits,
    a_loop_of_fifty_thousand_dropped_waits,
}

const MANY: usize = 100_000;

async fn a_hundred_thousand_gathered<R: Runtime>() {
    let outputs = gather((0..MANY).map(|place| async move {
        if place % 3 == 0 {
            yield_now().await;
        }
        place
    }))
    .await;
    assert!(outputs.into_iter().eq(0..MANY));
}

/// A scan of all children at each wake would take minutes here.
async fn a_hundred_thousand_woken_one_at_a_time<R: Runtime>() {
    let (children, futures) = group(MANY);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    let mut order: Vec<usize> = (0..MANY).collect();
    Random::new(2).shuffle(&mut order);
    for place in order {
        children[place].complete(place);
        assert_eq!(probe.next_ready(), Some(place));
    }
    assert_eq!(probe.next_ready(), None);
    assert!(
        children
            .iter()
            .all(|child| (child.polls(), child.drops()) == (2, 1))
    );
}

async fn a_hundred_thousand_through_a_window_of_256<R: Runtime>() {
    let child = |place: usize| async move {
        for _ in 0..place % 4 {
            yield_now().await;
        }
        place
    };
    let mut set = FutureSet::new();
    let mut sum = 0;
    for place in 0..MANY {
        if set.len() == 256 {
            sum += set.next().await.unwrap().output;
        }
        let key = set.insert(child(place));
        assert_eq!(key.index(), place);
    }
    assert_eq!(set.len(), 256);
    while let Some(completed) = set.next().await {
        assert_eq!(completed.key.index(), completed.output);
        sum += completed.output;
    }
    assert_eq!(sum, MANY * (MANY - 1) / 2);
    let progress = set.progress();
    assert_eq!((progress.finished, progress.total), (MANY, MANY));
}

async fn a_loop_of_fifty_thousand_waits<R: Runtime>() {
    let count = MANY / 2;
    let (children, futures) = group(count);
    let mut pending: FutureSet<_> = futures.into_iter().collect();
    let mut order: Vec<usize> = (0..count).collect();
    Random::new(4).shuffle(&mut order);
    for place in order {
        let mut probe = Probe::new(wait(pending).return_when(FirstCompleted));
        probe.pending();
        children[place].complete(place);
        let (done, rest) = probe.ready();
        assert_eq!((done.len(), done[0].output), (1, place));
        pending = rest;
    }
    assert!(pending.is_empty());
    assert!(children.iter().all(|child| child.polls() == 2));
}

async fn a_loop_of_fifty_thousand_dropped_waits<R: Runtime>() {
    let count = MANY / 2;
    let (children, futures) = group(count);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    for place in 0..count {
        let mut probe = Probe::new(wait(&mut set));
        probe.pending();
        drop(probe);
        children[place].complete(place);
        let (done, _) = Probe::new(wait(&mut set).timeout(ready(()))).ready();
        assert_eq!((done.len(), done[0].output), (1, place));
    }
    assert!(set.is_empty());
    assert!(children.iter().all(|child| child.polls() == 2));
}
