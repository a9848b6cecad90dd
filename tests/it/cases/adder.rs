use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_core::Stream;
use rejoin::{Adder, FutureSet, as_completed, gather, wait};

use crate::support::{Probe, Runtime, group, manual, yield_now};

cases! {
    an_insertion_wakes_the_view_once,
    a_gather_awaits_what_is_added_while_it_runs,
    a_child_adds_to_its_own_set,
    another_task_adds,
    as_completed_yields_what_is_added,
    wait_counts_what_is_added,
    an_insertion_keeps_its_turn_among_the_wakes,
    additions_have_their_turn_with_the_first_of_them,
    len_leaves_out_what_nobody_has_taken_yet,
    no_upper_bound_while_an_adder_lives,
    added_before_the_first_poll,
    a_recursive_crawl_of_ten_thousand_pages,
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

async fn an_insertion_wakes_the_view_once<R: Runtime>() {
    let (mut children, futures) = group::<u8>(1);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    let mut probe = Probe::new(gather(set));
    probe.pending();
    assert!(adder.insert(children.add()).is_ok());
    assert_eq!(probe.wakes(), 1);
    assert!(adder.clone().insert(children.add()).is_ok());
    assert_eq!(probe.wakes(), 1);
    assert_eq!(children.polls(), [1, 0, 0]);
    probe.pending();
    assert_eq!(children.polls(), [1, 1, 1]);
    probe.pending();
    assert_eq!((children.polls(), probe.wakes()), (vec![1, 1, 1], 1));
}

async fn a_gather_awaits_what_is_added_while_it_runs<R: Runtime>() {
    let (mut children, futures) = group(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    let mut probe = Probe::new(gather(set));
    probe.pending();
    assert!(adder.insert(children.add()).is_ok());
    children[1].complete(1);
    children[0].complete(0);
    probe.pending();
    assert!(adder.insert(children.add()).is_ok());
    children[3].complete_silently(3);
    probe.pending();
    children[2].complete(2);
    assert_eq!(
        probe.ready(),
        [0, 1, 2, 3],
        "what is added comes after what was there"
    );
}

async fn a_child_adds_to_its_own_set<R: Runtime>() {
    let mut set: FutureSet<BoxFuture<u32>> = FutureSet::new();
    let adder = set.adder();
    set.insert(Box::pin(async move {
        for number in 1..=3 {
            assert!(adder.insert(Box::pin(async move { number })).is_ok());
            yield_now().await;
        }
        0
    }));
    assert_eq!(gather(set).await, [0, 1, 2, 3]);
}

async fn another_task_adds<R: Runtime>() {
    let (child, future) = manual();
    let mut set = FutureSet::new();
    set.insert(future);
    let adder = set.adder();
    R::later(move || {
        let (added, future) = manual();
        assert!(adder.insert(future).is_ok());
        added.complete(1);
        R::later(move || child.complete(0));
    });
    assert_eq!(gather(set).await, [0, 1]);
}

async fn as_completed_yields_what_is_added<R: Runtime>() {
    let (mut children, futures) = group(1);
    let mut view = as_completed(futures).keyed();
    let adder = view.adder();
    let mut probe = Probe::new(view);
    probe.next_pending();
    assert!(adder.insert(children.add()).is_ok());
    assert_eq!(probe.wakes(), 1);
    probe.next_pending();
    children[1].complete(1);
    let completed = probe.next_ready().unwrap();
    assert_eq!((completed.key.index(), completed.output), (1, 1));
    children[0].complete(0);
    assert!(adder.insert(children.add()).is_ok());
    assert_eq!(probe.next_ready().unwrap().output, 0);
    probe.next_pending();
    children[2].complete(2);
    assert_eq!(probe.next_ready().unwrap().output, 2);
    assert!(probe.next_ready().is_none());
}

async fn wait_counts_what_is_added<R: Runtime>() {
    let (mut children, futures) = group(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    let mut probe = Probe::new(wait(set));
    probe.pending();
    assert!(adder.insert(children.add()).is_ok());
    children[0].complete(0);
    children[1].complete(1);
    probe.pending();
    children[2].complete(2);
    let (done, rest) = probe.ready();
    let order: Vec<_> = done
        .iter()
        .map(|completed| (completed.key.index(), completed.output))
        .collect();
    assert_eq!(order, [(0, 0), (1, 1), (2, 2)]);
    assert!(rest.is_empty());
}

async fn an_insertion_keeps_its_turn_among_the_wakes<R: Runtime>() {
    let (mut children, futures) = group::<u8>(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    Probe::new(set.next()).pending();
    children.take_polled();
    children[2].wake();
    assert!(adder.insert(children.add()).is_ok());
    children[0].wake();
    set.insert(children.add());
    children[1].wake();
    Probe::new(set.next()).pending();
    assert_eq!(children.take_polled(), [2, 3, 0, 4, 1]);
}

async fn additions_have_their_turn_with_the_first_of_them<R: Runtime>() {
    let (mut children, futures) = group::<u8>(1);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    Probe::new(set.next()).pending();
    children.take_polled();
    assert!(adder.insert(children.add()).is_ok());
    children[0].wake();
    assert!(adder.insert(children.add()).is_ok());
    Probe::new(set.next()).pending();
    assert_eq!(children.take_polled(), [1, 2, 0]);
}

async fn len_leaves_out_what_nobody_has_taken_yet<R: Runtime>() {
    let (mut children, futures) = group::<u8>(1);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let adder = set.adder();
    Probe::new(set.next()).pending();
    assert!(adder.insert(children.add()).is_ok());
    assert_eq!(set.len(), 1);
    Probe::new(set.next()).pending();
    assert_eq!(set.len(), 2);
}

async fn no_upper_bound_while_an_adder_lives<R: Runtime>() {
    let mut view = as_completed(group::<u8>(3).1);
    assert_eq!(view.size_hint(), (3, Some(3)));
    let adder = view.adder();
    let other = adder.clone();
    assert_eq!(view.size_hint(), (3, None));
    drop(adder);
    assert_eq!(view.size_hint(), (3, None));
    drop(other);
    assert_eq!(view.size_hint(), (3, Some(3)));
}

async fn added_before_the_first_poll<R: Runtime>() {
    let mut set = FutureSet::new();
    let adder = set.adder();
    for number in 0..3 {
        assert!(adder.insert(std::future::ready(number)).is_ok());
    }
    assert_eq!(Probe::new(gather(set)).ready(), [0, 1, 2]);
}

/// Page `n` links to `2n` and `2n + 1`, to itself and to the front page.
fn links(page: usize) -> [usize; 4] {
    [2 * page, 2 * page + 1, page, 1]
}

#[derive(Clone)]
struct Crawler {
    adder: Adder<BoxFuture<usize>>,
    seen: Arc<Mutex<HashSet<usize>>>,
}

const PAGES: usize = 10_000;

impl Crawler {
    fn visit(self, page: usize) -> BoxFuture<usize> {
        Box::pin(async move {
            if page % 3 == 0 {
                yield_now().await;
            }
            for link in links(page) {
                if link <= PAGES && self.seen.lock().unwrap().insert(link) {
                    assert!(self.adder.insert(self.clone().visit(link)).is_ok());
                }
            }
            page
        })
    }
}

async fn a_recursive_crawl_of_ten_thousand_pages<R: Runtime>() {
    let mut set = FutureSet::new();
    let crawler = Crawler {
        adder: set.adder(),
        seen: Arc::new(Mutex::new(HashSet::from([1]))),
    };
    set.insert(crawler.visit(1));
    let mut pages = gather(set).await;
    assert_eq!(pages[..3], [1, 2, 3]);
    pages.sort_unstable();
    assert!(pages.into_iter().eq(1..=PAGES), "every page once");
}
