use std::cmp::Ordering;
use std::future::{Ready, poll_fn, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_core::FusedFuture;
use rejoin::{FutureSet, as_completed, gather, try_gather};

use crate::support::{Probe, Runtime, group};

cases! {
    nothing_runs_before_the_first_poll,
    all_ok_in_input_order,
    empty_is_ok_at_once,
    the_first_error_ends_it_at_once,
    at_any_size_earlier_inputs_do_not_hold_it_back,
    ready_children_fail_in_input_order,
    results_as_large_as_their_futures_are_like_others,
    an_error_does_not_wait_for_those_who_keep_no_waker,
    of_two_errors_in_one_tick_the_first_woken_wins,
    of_two_errors_in_the_last_tick_the_first_woken_wins,
    what_others_do_after_the_first_error_changes_nothing,
    an_owning_one_drops_the_rest_at_once,
    a_borrowing_one_leaves_the_rest_in_the_set,
    an_error_is_claimed_from_among_those_who_completed_with_it,
    an_unclaimed_error_counts_at_once,
    polled_after_its_end_it_panics,
}

async fn nothing_runs_before_the_first_poll<R: Runtime>() {
    let (children, futures) = group::<Result<(), ()>>(2);
    let mut probe = Probe::new(try_gather(futures));
    assert_eq!(children.polls(), [0, 0]);
    probe.pending();
    assert_eq!(children.polls(), [1, 1]);
}

async fn all_ok_in_input_order<R: Runtime>() {
    let (children, futures) = group::<Result<u8, ()>>(3);
    let mut probe = Probe::new(try_gather(futures));
    probe.pending();
    children[1].complete(Ok(1));
    probe.pending();
    children[0].complete(Ok(0));
    probe.pending();
    let last = children[2].clone();
    R::later(move || last.complete(Ok(2)));
    assert_eq!(probe.await, Ok(vec![0, 1, 2]));
    assert_eq!(children.polls(), [2; 3]);
}

async fn empty_is_ok_at_once<R: Runtime>() {
    let none = Vec::<Ready<Result<u8, ()>>>::new();
    assert_eq!(Probe::new(try_gather(none)).ready(), Ok(vec![]));
    let set = FutureSet::<Ready<Result<u8, ()>>>::new();
    assert_eq!(try_gather(set).await, Ok(vec![]));
}

async fn the_first_error_ends_it_at_once<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(4);
    let mut probe = Probe::new(try_gather(futures));
    probe.pending();
    children[3].complete(Ok(3));
    probe.pending();
    children[2].complete(Err("bad"));
    assert_eq!(probe.wakes(), 2);
    assert_eq!(probe.ready(), Err("bad"));
    assert_eq!(children.polls(), [1, 1, 2, 2]);
}

async fn at_any_size_earlier_inputs_do_not_hold_it_back<R: Runtime>() {
    for count in [1, 2, 8, 30, 31, 32, 64, 65, 200] {
        let (children, futures) = group::<Result<(), usize>>(count);
        let mut probe = Probe::new(try_gather(futures));
        probe.pending();
        children[count - 1].complete(Err(count));
        assert_eq!(probe.wakes(), 1);
        assert_eq!(probe.ready(), Err(count), "{count} inputs");
    }
}

async fn ready_children_fail_in_input_order<R: Runtime>() {
    let results = [Ok(0), Ok(1), Err("first"), Ok(3), Err("second")];
    let mut probe = Probe::new(try_gather(results.map(ready)));
    assert_eq!(probe.ready(), Err("first"));
    assert_eq!(try_gather(results.map(ready)).await, Err("first"));
}

/// A future that is larger by so many words.
struct Larger<F, const WORDS: usize>(F, [usize; WORDS]);

impl<F: Future + Unpin, const WORDS: usize> Future for Larger<F, WORDS> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

async fn results_as_large_as_their_futures_are_like_others<R: Runtime>() {
    results_are_unwrapped::<0>();
    results_are_unwrapped::<3>();
}

fn results_are_unwrapped<const LARGER_BY: usize>() {
    /// Notes that it is dropped.
    #[derive(Debug)]
    struct Logged(usize, Arc<Mutex<Vec<usize>>>);
    impl Drop for Logged {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    assert_eq!(
        size_of::<Larger<Ready<Result<Logged, Logged>>, LARGER_BY>>(),
        size_of::<Result<Logged, Logged>>() + LARGER_BY * size_of::<usize>()
    );
    for count in [1, 5, 64, 65, 130] {
        for errors_from in [0, count / 2, count - 1, count] {
            let log = Arc::new(Mutex::new(Vec::new()));
            let mut reports = Vec::new();
            let results = (0..count).map(|n| {
                let output = Logged(n, log.clone());
                let result = if n < errors_from {
                    Ok(output)
                } else {
                    Err(output)
                };
                Larger(ready(result), [0; LARGER_BY])
            });
            let gathering = try_gather(results);
            let mut probe =
                Probe::new(gathering.on_progress(|progress| reports.push(progress.finished)));
            match probe.ready() {
                Ok(outputs) => {
                    assert_eq!(errors_from, count);
                    assert!(outputs.iter().map(|Logged(n, _)| *n).eq(0..count));
                    assert!(outputs.capacity() <= 2 * count);
                    assert!(log.lock().unwrap().is_empty());
                }
                Err(error) => {
                    assert_eq!(error.0, errors_from, "of {count}");
                    let others = (0..count).filter(|n| *n != errors_from);
                    assert!(log.lock().unwrap().iter().copied().eq(others));
                }
            }
            assert_eq!(log.lock().unwrap().len(), count, "each once");
            drop(probe);
            assert!(reports.into_iter().eq(1..=count));
        }
    }
}

async fn an_error_does_not_wait_for_those_who_keep_no_waker<R: Runtime>() {
    for count in [2, 64, 65, 200] {
        for failing in [0, count / 2, count - 1] {
            let futures = (0..count).map(|n| {
                poll_fn(move |_| match n.cmp(&failing) {
                    Ordering::Less => Poll::Ready(Ok(n)),
                    Ordering::Equal => Poll::Ready(Err(n)),
                    Ordering::Greater => Poll::Pending,
                })
            });
            assert_eq!(Probe::new(try_gather(futures)).ready(), Err(failing));
        }
    }
}

async fn of_two_errors_in_the_last_tick_the_first_woken_wins<R: Runtime>() {
    for count in [3, 70] {
        let (children, futures) = group::<Result<usize, usize>>(count);
        let mut probe = Probe::new(try_gather(futures));
        probe.pending();
        for place in (0..count).rev() {
            children[place].complete(if place < 2 { Err(place) } else { Ok(place) });
        }
        assert_eq!(probe.ready(), Err(1), "of {count}");
    }
}

async fn of_two_errors_in_one_tick_the_first_woken_wins<R: Runtime>() {
    let (children, futures) = group::<Result<(), usize>>(70);
    let mut probe = Probe::new(try_gather(futures));
    probe.pending();
    for place in [68, 3, 67] {
        children[place].complete(Err(place));
    }
    assert_eq!(probe.ready(), Err(68));
}

async fn what_others_do_after_the_first_error_changes_nothing<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(4);
    let mut probe = Probe::new(try_gather(futures));
    probe.pending();
    children[1].complete(Err("first"));
    children[0].complete(Ok(0));
    children[2].complete(Err("second"));
    let wakes = probe.wakes();
    assert_eq!(probe.ready(), Err("first"));
    children[3].complete(Err("third"));
    children[0].wake();
    assert_eq!(probe.wakes(), wakes, "its task is left alone from then on");
    assert_eq!(children[3].polls(), 1);
    assert_eq!(children.drops(), [1; 4]);
}

async fn an_owning_one_drops_the_rest_at_once<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(5);
    let mut probe = Probe::new(try_gather(futures));
    probe.pending();
    children[1].complete(Ok(1));
    probe.pending();
    assert_eq!(children.take_dropped(), [1]);
    children[3].complete(Err("bad"));
    assert_eq!(probe.ready(), Err("bad"));
    assert_eq!(children.take_dropped(), [3, 0, 2, 4]);
    drop(probe);
    assert_eq!(children.drops(), [1; 5]);
}

async fn a_borrowing_one_leaves_the_rest_in_the_set<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(5);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(try_gather(&mut set));
    probe.pending();
    children[4].complete(Ok(4));
    probe.pending();
    children[2].complete(Err("first"));
    assert_eq!(probe.ready(), Err("first"));
    drop(probe);
    assert_eq!(children.drops(), [0, 0, 1, 0, 1]);
    assert_eq!(set.len(), 4, "only the error was claimed");

    children[0].complete(Err("second"));
    let mut probe = Probe::new(try_gather(&mut set));
    assert_eq!(probe.ready(), Err("second"));
    drop(probe);

    children[3].complete(Err("third"));
    children[1].complete(Ok(1));
    let mut rest = Probe::new(as_completed(&mut set));
    assert_eq!(
        rest.next_ready(),
        Some(Ok(4)),
        "the earlier success is there too"
    );
    assert_eq!(rest.next_ready(), Some(Err("third")));
    assert_eq!(rest.next_ready(), Some(Ok(1)));
    assert_eq!(rest.next_ready(), None);
    assert_eq!(children.drops(), [1; 5]);
}

async fn an_error_is_claimed_from_among_those_who_completed_with_it<R: Runtime>() {
    // Neighbours, and others who are not.
    for order in [[0, 1, 2, 3, 4], [3, 4, 0, 1, 2], [4, 1, 2, 3, 0]] {
        for bad in order {
            let (children, futures) = group::<Result<usize, usize>>(5);
            let mut set: FutureSet<_> = futures.into_iter().collect();
            Probe::new(try_gather(&mut set)).pending();
            for place in order {
                let is_bad = place == bad;
                children[place].complete(if is_bad { Err(place) } else { Ok(place) });
            }
            assert_eq!(Probe::new(try_gather(&mut set)).ready(), Err(bad));
            let mut rest = Probe::new(as_completed(&mut set));
            for place in order.into_iter().filter(|place| *place != bad) {
                assert_eq!(rest.next_ready(), Some(Ok(place)), "{order:?} but {bad}");
            }
            assert_eq!(rest.next_ready(), None);
        }
    }
}

async fn an_unclaimed_error_counts_at_once<R: Runtime>() {
    let (children, futures) = group::<Result<u8, u8>>(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    children[2].complete(Err(2));
    children[1].complete(Err(1));
    probe.pending();
    drop(probe);
    assert_eq!(
        Probe::new(try_gather(&mut set)).ready(),
        Err(2),
        "the first that completed"
    );
    assert_eq!(Probe::new(try_gather(&mut set)).ready(), Err(1));
    assert_eq!(set.len(), 1);
}

async fn polled_after_its_end_it_panics<R: Runtime>() {
    for result in [Ok(1), Err(2)] {
        let mut probe = Probe::new(try_gather([ready(result)]));
        assert!(!probe.view().is_terminated());
        assert_eq!(probe.ready().is_ok(), result.is_ok());
        assert!(probe.view().is_terminated());
        let message = probe.panics();
        assert!(message.contains("TryGather"), "{message}");
    }
}
