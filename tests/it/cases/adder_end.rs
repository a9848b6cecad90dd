//! When an adder is refused: at the end of an owning view, in that instant, and not before.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::thread;

use rejoin::{Adder, Closed, FirstCompleted, FutureSet, as_completed, gather, try_gather, wait};

use crate::support::{Manual, Probe, Runtime, group, manual};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

cases! {
    a_live_adder_keeps_no_view_open,
    the_end_of_an_owning_view_closes,
    an_error_closes_an_owning_try_gather,
    a_drop_closes_and_drains,
    who_dies_with_its_set_adds_nothing,
    a_future_that_owns_an_adder_of_its_set_is_no_leak,
    wait_and_a_timeout_hand_the_set_on_open,
    a_borrowed_set_stays_open,
    clear_leaves_adders_open,
    an_adder_tells_whether_it_is_closed,
    eight_threads_add_while_views_end,
}

async fn a_live_adder_keeps_no_view_open<R: Runtime>() {
    let mut set: FutureSet<Manual<u8>> = FutureSet::new();
    let adder = set.adder();
    assert!(Probe::new(gather(&mut set)).ready().is_empty());
    assert!(Probe::new(set.next()).ready().is_none());
    assert!(Probe::new(as_completed(&mut set)).next_ready().is_none());
    let (done, rest) = Probe::new(wait(&mut set)).ready();
    assert!(done.is_empty() && rest.is_empty());
    let (child, future) = manual();
    child.complete_silently(1);
    assert!(adder.insert(future).is_ok(), "the set lives on");
    assert_eq!(
        Probe::new(gather(&mut set)).ready(),
        [1],
        "a later view takes it"
    );
}

/// The future that a closed set refuses comes back unpolled, and is ours to drop.
#[track_caller]
fn refused(adder: &Adder<Manual<u8>>) {
    let (child, future) = manual();
    let Err(Closed(future)) = adder.insert(future) else {
        panic!("still open");
    };
    assert_eq!((child.polls(), child.drops()), (0, 0));
    drop(future);
    assert_eq!(child.drops(), 1);
}

async fn the_end_of_an_owning_view_closes<R: Runtime>() {
    let (children, mut futures) = group(2);
    let mut set: FutureSet<_> = futures.drain(1..).collect();
    let adder = set.adder();
    let mut probe = Probe::new(gather(set));
    probe.pending();
    children[1].complete(1);
    assert_eq!(probe.ready(), [1]);
    refused(&adder);
    drop(probe);
    refused(&adder);

    let mut view = as_completed(futures);
    let adder = view.adder();
    let mut probe = Probe::new(&mut view);
    probe.next_pending();
    children[0].complete(0);
    assert_eq!(probe.next_ready(), Some(0));
    drop(probe);
    assert_eq!(view.next().await, None);
    refused(&adder);
}

async fn an_error_closes_an_owning_try_gather<R: Runtime>() {
    let (children, futures) = group::<Result<u8, u8>>(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    let mut probe = Probe::new(try_gather(set));
    probe.pending();
    children[1].complete(Err(1));
    assert_eq!(probe.ready(), Err(1));
    assert!(adder.insert(manual().1).is_err());
}

async fn a_drop_closes_and_drains<R: Runtime>() {
    let (mut children, futures) = group::<u8>(1);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    assert!(adder.insert(children.add()).is_ok());
    drop(set);
    assert_eq!(children.drops(), [1, 1]);
    assert_eq!(children.polls(), [0, 0]);
    refused(&adder);

    let (mut children, futures) = group::<u8>(1);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    let mut probe = Probe::new(gather(set));
    probe.pending();
    assert!(adder.insert(children.add()).is_ok());
    drop(probe);
    assert_eq!(children.drops(), [1, 1]);
    refused(&adder);
}

async fn who_dies_with_its_set_adds_nothing<R: Runtime>() {
    struct AddsInDrop(Adder<BoxFuture<()>>, Arc<AtomicUsize>);
    impl Drop for AddsInDrop {
        fn drop(&mut self) {
            if self.0.insert(Box::pin(async {})).is_err() {
                self.1.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    let refused = Arc::<AtomicUsize>::default();
    let mut set: FutureSet<BoxFuture<()>> = FutureSet::new();
    for _ in 0..2 {
        let adds = AddsInDrop(set.adder(), Arc::clone(&refused));
        set.insert(Box::pin(async move { drop(adds) }));
    }
    drop(set);
    assert_eq!(refused.load(Ordering::SeqCst), 2);
}

async fn a_future_that_owns_an_adder_of_its_set_is_no_leak<R: Runtime>() {
    let alive = Arc::new(());
    let mut set: FutureSet<BoxFuture<()>> = FutureSet::new();
    let adder = set.adder();
    for _ in 0..3 {
        let (own, alive) = (adder.clone(), Arc::clone(&alive));
        let child = Box::pin(async move {
            let _both = (own, alive);
            std::future::pending().await
        });
        assert!(adder.insert(child).is_ok());
    }
    drop(adder);
    assert_eq!(Arc::strong_count(&alive), 4);
    drop(set);
    assert_eq!(Arc::strong_count(&alive), 1);
}

async fn wait_and_a_timeout_hand_the_set_on_open<R: Runtime>() {
    let (mut children, futures) = group(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    let mut probe = Probe::new(wait(set).return_when(FirstCompleted));
    probe.pending();
    children[0].complete(0);
    let (_, rest) = probe.ready();
    assert!(adder.insert(children.add()).is_ok());

    let late = Probe::new(gather(rest).timeout(std::future::ready(())))
        .ready()
        .unwrap_err();
    assert_eq!(children.polls(), [2, 1, 1]);
    assert!(adder.insert(children.add()).is_ok());
    for place in 1..4 {
        children[place].complete(place);
    }
    assert_eq!(gather(late.into_set()).await, [1, 2, 3]);
    assert!(adder.insert(children.add()).is_err());

    let (children, futures) = group(1);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    children[0].complete_silently(0);
    let (done, rest) = wait(set).await;
    assert_eq!((done.len(), rest.is_empty()), (1, true));
    let (child, future) = manual();
    child.complete_silently(1);
    assert!(
        adder.insert(future).is_ok(),
        "everything is done, and the set goes on"
    );
    assert_eq!(gather(rest).await, [1]);
}

async fn a_borrowed_set_stays_open<R: Runtime>() {
    let mut set: FutureSet<Manual<Result<u8, u8>>> = FutureSet::new();
    let adder = set.adder();
    for round in 0..3 {
        let (child, future) = manual();
        child.complete_silently(Err(round));
        assert!(adder.insert(future).is_ok());
        assert_eq!(Probe::new(try_gather(&mut set)).ready(), Err(round));
        let (child, future) = manual();
        child.complete_silently(Ok(round));
        assert!(adder.insert(future).is_ok());
        assert_eq!(Probe::new(gather(&mut set)).ready(), [Ok(round)]);
    }
}

async fn clear_leaves_adders_open<R: Runtime>() {
    let (mut children, futures) = group(1);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    set.clear();
    assert_eq!(children.drops(), [1]);
    assert!(adder.insert(children.add()).is_ok());
    children[1].complete(1);
    assert_eq!(gather(set).await, [1]);
}

/// Where the threads find the adder of the round.
#[derive(Default)]
struct Round {
    number: AtomicUsize,
    started: AtomicUsize,
    adder: RwLock<Option<Adder<std::future::Ready<usize>>>>,
}

async fn an_adder_tells_whether_it_is_closed<R: Runtime>() {
    let mut set: FutureSet<Manual<u8>> = FutureSet::new();
    let adder = set.adder();
    assert!(!adder.is_closed());
    assert_eq!(format!("{adder:?}"), "Adder { closed: false, .. }");
    assert!(Probe::new(gather(set)).ready().is_empty());
    assert!(adder.is_closed());
    assert_eq!(format!("{adder:?}"), "Adder { closed: true, .. }");
    let refused = adder.insert(manual().1).unwrap_err();
    assert_eq!(format!("{refused:?}"), "Closed(..)");
    assert_eq!(
        refused.to_string(),
        "the set is gone, or the view that owned it has ended"
    );
}

async fn eight_threads_add_while_views_end<R: Runtime>() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 10_000;
    let round = Arc::new(Round::default());
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let round = Arc::clone(&round);
            thread::spawn(move || {
                let mut added = 0;
                let mut seen = 0;
                loop {
                    let number = round.number.load(Ordering::Acquire);
                    if number == seen {
                        thread::yield_now();
                        continue;
                    }
                    seen = number;
                    if number > ROUNDS {
                        return added;
                    }
                    let Some(adder) = round.adder.read().unwrap().clone() else {
                        continue;
                    };
                    round.started.fetch_add(1, Ordering::AcqRel);
                    match adder.insert(std::future::ready(number)) {
                        Ok(()) => added += 1,
                        Err(Closed(future)) => assert_eq!(future.into_inner(), number),
                    }
                }
            })
        })
        .collect();

    let mut gathered = 0;
    for number in 1..=ROUNDS {
        let mut set = FutureSet::new();
        *round.adder.write().unwrap() = Some(set.adder());
        round.started.store(0, Ordering::Release);
        round.number.store(number, Ordering::Release);
        while round.started.load(Ordering::Acquire) < number % 4 {
            thread::yield_now();
        }
        set.insert(std::future::ready(0));
        gathered += gather(set).await.len() - 1;
        let adder = round.adder.read().unwrap().clone().unwrap();
        assert!(
            adder.insert(std::future::ready(0)).is_err(),
            "its set is gone"
        );
    }
    *round.adder.write().unwrap() = None;
    round.number.store(ROUNDS + 1, Ordering::Release);
    let added: usize = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert_ne!(added, 0);
    assert_eq!(gathered, added, "what was taken in was awaited");
}
