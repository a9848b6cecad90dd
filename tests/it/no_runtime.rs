//! On a plain thread, with nothing but a hand to poll.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rejoin::{FirstCompleted, FutureSet, as_completed, gather, try_gather, wait};

use crate::support::{Clock, Manual, Probe, group, manual};

#[test]
fn views_are_built_and_polled_without_a_runtime() {
    let (children, futures) = group(4);
    let mut futures = futures.into_iter();
    let mut one = || [futures.next().unwrap()];
    let mut gathered = Probe::new(gather(one()));
    let mut tried = Probe::new(try_gather(one()));
    let mut waited = Probe::new(wait(one()).return_when(FirstCompleted));
    let mut streamed = Probe::new(as_completed(one()));
    gathered.pending();
    tried.pending();
    waited.pending();
    streamed.next_pending();
    for child in children.iter() {
        child.complete(Ok::<u8, u8>(1));
    }
    assert_eq!(gathered.ready(), [Ok(1)]);
    assert_eq!(tried.ready(), Ok(vec![1]));
    assert_eq!(waited.ready().0[0].output, Ok(1));
    assert_eq!(streamed.next_ready(), Some(Ok(1)));
}

#[test]
fn empty_views_need_no_runtime_either() {
    assert!(
        Probe::new(gather(Vec::<Manual<u8>>::new()))
            .ready()
            .is_empty()
    );
    assert_eq!(
        Probe::new(as_completed(Vec::<Manual<u8>>::new())).next_ready(),
        None
    );
    let (done, rest) = Probe::new(wait(Vec::<Manual<u8>>::new())).ready();
    assert!(done.is_empty() && rest.is_empty());
}

#[test]
fn a_timeout_takes_any_future_for_a_timer() {
    let clock = Clock::new();
    let child = |at| {
        let timer = clock.at(at);
        async move {
            timer.await;
            at
        }
    };
    let late = clock
        .run(gather([child(10), child(30)]).timeout(clock.at(20)))
        .unwrap_err();
    assert_eq!((clock.now(), late.finished()), (20, 1));
    assert_eq!(clock.run(gather(late.into_set())), [10, 30]);
    assert_eq!(clock.now(), 30);
    assert_eq!(clock.alarms(), 0, "nobody is left waiting");
}

#[test]
fn a_set_may_be_dropped_while_a_panic_unwinds() {
    let (children, futures) = group::<u8>(3);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let mut set: FutureSet<_> = futures.into_iter().collect();
        Probe::new(set.next()).pending();
        children[0].panic("bang");
        Probe::new(set.next()).ready();
    }));
    assert!(caught.is_err());
    assert_eq!(children.drops(), [1; 3]);
}

#[test]
fn a_thousand_views_live_and_die_on_one_thread() {
    for round in 0..1000_u32 {
        let (child, future) = manual();
        let mut probe = Probe::new(gather([future]));
        probe.pending();
        if round % 2 == 0 {
            child.complete(round);
            assert_eq!(probe.ready(), [round]);
        }
        drop(probe);
        assert_eq!(child.drops(), 1);
        child.wake();
    }
    assert_eq!(Probe::new(gather([ready(1)])).ready(), [1]);
}
