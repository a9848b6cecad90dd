use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{IntoFuture, Ready, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_core::FusedFuture;
use futures_util::FutureExt;
use rejoin::{FutureSet, as_completed, gather};

use crate::support::{Handle, Manual, Probe, Random, Runtime, group, manual};

cases! {
    nothing_runs_before_the_first_poll,
    success_in_order,
    is_never_early,
    ready_children_are_ready_at_the_first_poll,
    who_is_ready_may_have_kept_a_waker,
    empty_is_ready_at_once,
    keeps_every_error_at_its_place,
    a_cancellation_value_is_an_output_like_any_other,
    takes_what_a_set_holds_in_insertion_order,
    takes_unclaimed_outputs_of_a_borrowed_set,
    leaves_no_trace_of_the_order_in_a_borrowed_set,
    large_outputs_in_order,
    takes_any_iterator_of_into_futures_once,
    a_bad_iterator_leaves_nothing_behind,
    sleepers_of_the_runtime,
    polled_after_its_end_it_panics,
    is_terminated_at_its_end,
    a_dropped_mut_wrapper_leaves_it_running,
    drop_reaches_every_child,
    dropping_ends_a_loop_of_gathers,
    outputs_with_nasty_destructors,
    random_interleavings,
}

async fn nothing_runs_before_the_first_poll<R: Runtime>() {
    let (children, futures) = group::<u32>(2);
    let mut probe = Probe::new(gather(futures));
    assert_eq!(children.polls(), [0, 0]);
    probe.pending();
    assert_eq!(children.polls(), [1, 1]);
}

async fn success_in_order<R: Runtime>() {
    let (children, futures) = group(3);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    children[2].complete("c");
    children[0].complete("a");
    assert_eq!(probe.wakes(), 1, "one wake for what is done in one tick");
    probe.pending();
    assert_eq!(children.polls(), [2, 1, 2]);
    let last = children[1].clone();
    R::later(move || last.complete("b"));
    assert_eq!(probe.await, ["a", "b", "c"]);
    assert_eq!(children.polls(), [2, 2, 2]);
    assert_eq!(children.drops(), [1, 1, 1]);
}

async fn is_never_early<R: Runtime>() {
    let (children, futures) = group(4);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    for (wakes, place) in [(1, 3), (2, 1), (3, 0)] {
        children[place].complete(place);
        assert_eq!(probe.wakes(), wakes);
        probe.pending();
        assert_eq!(
            children[place].drops(),
            1,
            "a finished child is dropped at once"
        );
    }
    children[2].complete(2);
    assert_eq!(probe.wakes(), 4);
    assert_eq!(probe.ready(), [0, 1, 2, 3]);
    assert_eq!(children.polls(), [2; 4]);
}

async fn ready_children_are_ready_at_the_first_poll<R: Runtime>() {
    for count in [1, 2, 30, 31, 64, 65, 1000] {
        let mut probe = Probe::new(gather((0..count).map(ready)));
        assert_eq!(probe.ready(), (0..count).collect::<Vec<_>>());
        assert_eq!(probe.wakes(), 0);
    }
    assert_eq!(gather((0..3).map(ready)).await, [0, 1, 2]);
}

async fn who_is_ready_may_have_kept_a_waker<R: Runtime>() {
    for count in [1, 64, 65, 128, 129, 200_usize] {
        for keeper in [0, count / 2, count.saturating_sub(2), count - 1] {
            let waker = Rc::new(Cell::new(None));
            let futures = (0..count).map(|n| {
                let waker = Rc::clone(&waker);
                poll_fn(move |cx| {
                    if n == keeper {
                        waker.set(Some(cx.waker().clone()));
                    }
                    Poll::Ready(n)
                })
            });
            assert!(gather(futures).await.into_iter().eq(0..count));
            // It wakes nobody.
            waker.take().expect("it was kept").wake();
        }
    }
}

async fn empty_is_ready_at_once<R: Runtime>() {
    assert!(
        Probe::new(gather(Vec::<Ready<u8>>::new()))
            .ready()
            .is_empty()
    );
    assert!(
        Probe::new(gather(FutureSet::<Ready<u8>>::new()))
            .ready()
            .is_empty()
    );
    let mut set = FutureSet::<Ready<u8>>::new();
    assert!(Probe::new(gather(&mut set)).ready().is_empty());
    assert!(gather(None::<Ready<u8>>).await.is_empty());
}

async fn keeps_every_error_at_its_place<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(5);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    children[3].complete(Err("first"));
    children[4].complete(Err("second"));
    children[0].complete(Ok(0));
    probe.pending();
    assert_eq!(children.drops(), [1, 0, 0, 1, 1], "the others go on");
    children[1].complete(Err("third"));
    probe.pending();
    children[2].complete(Ok(2));
    assert_eq!(
        probe.ready(),
        [Ok(0), Err("third"), Ok(2), Err("first"), Err("second")]
    );
}

#[derive(Debug, PartialEq)]
struct Cancelled;

async fn a_cancellation_value_is_an_output_like_any_other<R: Runtime>() {
    let (children, futures) = group::<Result<u8, Cancelled>>(2);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    children[0].complete(Err(Cancelled));
    probe.pending();
    children[1].complete(Ok(1));
    assert_eq!(probe.ready(), [Err(Cancelled), Ok(1)]);
}

async fn takes_what_a_set_holds_in_insertion_order<R: Runtime>() {
    let mut set: FutureSet<_> = (0..5).map(ready).collect();
    let keys = [set.insert(ready(5)), set.insert(ready(6))];
    assert_eq!(keys[0].index(), 5);
    assert!(set.cancel(keys[0]));
    let late = set.insert(ready(7));
    assert_eq!(
        late.index(),
        7,
        "a place that was freed does not change the order"
    );
    assert_eq!(gather(set).await, [0, 1, 2, 3, 4, 6, 7]);
}

async fn takes_unclaimed_outputs_of_a_borrowed_set<R: Runtime>() {
    let (children, futures) = group(4);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    children[3].complete('d');
    children[1].complete('b');
    probe.pending();
    drop(probe);
    assert_eq!(children.drops(), [0, 1, 0, 1]);
    assert_eq!(set.len(), 4);
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    assert_eq!(children.polls(), [1, 2, 1, 2], "nobody was woken");
    children[2].complete('c');
    children[0].complete('a');
    assert_eq!(probe.ready(), ['a', 'b', 'c', 'd']);
    drop(probe);
    assert!(set.is_empty());
}

async fn leaves_no_trace_of_the_order_in_a_borrowed_set<R: Runtime>() {
    let (mut children, futures) = group(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    for child in [2, 0, 1] {
        children[child].complete(child);
    }
    assert_eq!(probe.ready(), [0, 1, 2]);
    drop(probe);
    set.extend((3..6).map(|_| children.add()));
    let mut probe = Probe::new(as_completed(&mut set));
    probe.next_pending();
    for child in [4, 5, 3] {
        children[child].complete(child);
        assert_eq!(probe.next_ready(), Some(child));
    }
    assert_eq!(probe.next_ready(), None);
}

/// Of outputs that are larger than their futures, and are handed out where they lie.
async fn large_outputs_in_order<R: Runtime>() {
    for n in [1, 3, 64, 65] {
        for backwards in [false, true] {
            let (children, futures) = group::<usize>(n);
            let large = |future: Manual<usize>| future.map(|output| [output; 64]);
            let mut probe = Probe::new(gather(futures.into_iter().map(large)));
            probe.pending();
            for done in 0..n {
                let child = if backwards { n - 1 - done } else { done };
                children[child].complete(child);
                if done % 2 == 0 && done + 1 < n {
                    probe.pending();
                }
            }
            let outputs = probe.ready();
            children.iter().for_each(Handle::wake);
            assert!((0..n).map(|child| [child; 64]).eq(outputs));
            assert_eq!(children.drops(), vec![1; n]);
        }
    }
}

/// Counts how often it is asked for an item, and how often one of its items becomes a future.
struct Counted {
    left: u32,
    asked: Rc<Cell<u32>>,
    converted: Rc<Cell<u32>>,
}

struct Late(u32, Rc<Cell<u32>>);

impl Iterator for Counted {
    type Item = Late;

    fn next(&mut self) -> Option<Late> {
        self.asked.set(self.asked.get() + 1);
        self.left = self.left.checked_sub(1)?;
        Some(Late(self.left, Rc::clone(&self.converted)))
    }
}

impl IntoFuture for Late {
    type Output = u32;
    type IntoFuture = Ready<u32>;

    fn into_future(self) -> Ready<u32> {
        self.1.set(self.1.get() + 1);
        ready(self.0)
    }
}

async fn takes_any_iterator_of_into_futures_once<R: Runtime>() {
    let (asked, converted) = (Rc::<Cell<u32>>::default(), Rc::<Cell<u32>>::default());
    let view = gather(Counted {
        left: 3,
        asked: Rc::clone(&asked),
        converted: Rc::clone(&converted),
    });
    assert_eq!(
        (asked.get(), converted.get()),
        (4, 3),
        "consumed at the call"
    );
    assert_eq!(view.await, [2, 1, 0]);
    assert_eq!((asked.get(), converted.get()), (4, 3), "exactly once");

    assert_eq!(gather([ready(1), ready(2)]).await, [1, 2]);
    assert_eq!(gather(VecDeque::from([ready(1)])).await, [1]);
    assert_eq!(gather(Some(ready(1))).await, [1]);
    assert_eq!(gather(std::iter::once(async { 1 })).await, [1]);
}

async fn a_bad_iterator_leaves_nothing_behind<R: Runtime>() {
    let (children, futures) = group::<u8>(5);
    let bad = futures.into_iter().enumerate().map(|(place, future)| {
        assert!(place < 3, "bad iterator");
        future
    });
    let caught = catch_unwind(AssertUnwindSafe(|| drop(gather(bad))));
    assert!(caught.is_err());
    assert_eq!(children.polls(), [0; 5]);
    assert_eq!(children.drops(), [1; 5]);
}

async fn sleepers_of_the_runtime<R: Runtime>() {
    let outputs = gather((0..8).map(|place| async move {
        R::sleep(Duration::from_millis(8 - place)).await;
        place
    }));
    assert_eq!(outputs.await, [0, 1, 2, 3, 4, 5, 6, 7]);
}

async fn polled_after_its_end_it_panics<R: Runtime>() {
    let mut probe = Probe::new(gather([ready(1)]));
    assert_eq!(probe.ready(), [1]);
    let message = probe.panics();
    assert!(message.contains("Gather"), "{message}");
    let mut set = FutureSet::from_iter([ready(1)]);
    let mut probe = Probe::new(gather(&mut set));
    assert_eq!(probe.ready(), [1]);
    assert!(probe.view().is_terminated());
    let message = probe.panics();
    assert!(message.contains("Gather"), "{message}");
}

async fn is_terminated_at_its_end<R: Runtime>() {
    let (child, future) = manual();
    let mut probe = Probe::new(gather([future]));
    assert!(!probe.view().is_terminated());
    probe.pending();
    child.complete(1);
    assert!(!probe.view().is_terminated());
    assert_eq!(probe.ready(), [1]);
    assert!(probe.view().is_terminated());
}

async fn a_dropped_mut_wrapper_leaves_it_running<R: Runtime>() {
    let (children, futures) = group(2);
    let mut view = gather(futures);
    let mut wrapper = Probe::new(&mut view);
    wrapper.pending();
    children[1].complete(1);
    wrapper.pending();
    drop(wrapper);
    assert_eq!(children.drops(), [0, 1]);
    children[0].complete(0);
    assert_eq!(view.await, [0, 1]);
}

async fn drop_reaches_every_child<R: Runtime>() {
    let passed = Rc::new(Cell::new(0));
    let (children, futures) = group::<()>(3);
    let futures = futures.into_iter().map(|future| async {
        future.await;
        passed.set(passed.get() + 1);
    });
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    children[1].complete(());
    probe.pending();
    children[2].complete_silently(());
    drop(probe);
    assert_eq!(children.drops(), [1, 1, 1]);
    assert_eq!(
        passed.get(),
        1,
        "what comes after an await that was dropped never runs"
    );
}

async fn dropping_ends_a_loop_of_gathers<R: Runtime>() {
    let (children, futures) = group::<()>(6);
    let rounds = Rc::new(Cell::new(0));
    let endless = {
        let rounds = Rc::clone(&rounds);
        async move {
            let mut futures = futures.into_iter();
            loop {
                let pair: Vec<Manual<()>> = futures.by_ref().take(2).collect();
                gather(pair).await;
                rounds.set(rounds.get() + 1);
            }
        }
    };
    let mut probe = Probe::new(endless);
    assert!(probe.poll().is_pending());
    children[0].complete(());
    children[1].complete(());
    assert!(probe.poll().is_pending());
    assert_eq!(rounds.get(), 1);
    drop(probe);
    assert_eq!(children.drops(), [1; 6]);
    assert_eq!(children.polls(), [2, 2, 1, 1, 0, 0]);
    assert_eq!(rounds.get(), 1);
}

/// Wakes everybody when it is dropped.
struct Nasty(Arc<dyn Fn() + Send + Sync>);

impl Drop for Nasty {
    fn drop(&mut self) {
        (self.0)();
    }
}

async fn outputs_with_nasty_destructors<R: Runtime>() {
    let (children, futures) = group::<Nasty>(101);
    let handles: Vec<_> = children.iter().cloned().collect();
    let wake_all: Arc<dyn Fn() + Send + Sync> =
        Arc::new(move || handles.iter().for_each(|handle| handle.wake()));

    let mut view = gather(futures);
    let mut probe = Probe::new(&mut view);
    probe.pending();
    for child in children.iter().take(100) {
        child.complete(Nasty(Arc::clone(&wake_all)));
    }
    probe.pending();
    drop(probe);
    drop(view);
    assert_eq!(children.drops(), [1; 101]);
    assert_eq!(children.polls(), [[2; 100].as_slice(), &[1]].concat());
}

async fn random_interleavings<R: Runtime>() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let (children, futures) = group(100);
        let mut probe = Probe::new(gather(futures));
        let mut left: Vec<usize> = (0..100).collect();
        random.shuffle(&mut left);
        let mut wakes = 0;
        let outputs = loop {
            if let Poll::Ready(outputs) = probe.poll() {
                break outputs;
            }
            assert_eq!(probe.wakes(), wakes, "no child woke itself");
            for _ in 0..=random.below(4) {
                children[random.below(100)].wake();
            }
            for place in left.drain(left.len() - random.below(4).min(left.len())..) {
                children[place].complete(place);
            }
            assert!(
                probe.wakes() - wakes <= 1,
                "at most one wake between two polls"
            );
            wakes = probe.wakes();
        };
        assert_eq!(outputs, (0..100).collect::<Vec<_>>());
        for child in children.iter() {
            assert!(child.polls() <= child.wakes() + 1, "seed {seed}");
            assert_eq!(child.drops(), 1);
        }
    }
}
