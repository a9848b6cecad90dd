use std::future::ready;
use std::time::Duration;

use futures_core::FusedFuture;
use rejoin::{
    AllCompleted, AtLeast, Completed, FirstCompleted, FutureSet, as_completed, gather, wait,
};

use crate::support::{Clock, Manual, Probe, Runtime, group, manual, outputs, yield_now};

cases! {
    nothing_runs_before_the_first_poll,
    all_completed_and_again_at_no_cost,
    done_and_pending_are_disjoint_and_everything,
    done_is_told_at_return,
    a_cancellation_value_is_returned_intact,
    pending_is_the_same_set,
    a_borrowed_set_comes_back_borrowed,
    a_one_shot_iterator_is_enough,
    two_children_that_wait_for_each_other,
    dropping_it_leaves_handle_children_running,
    polled_after_its_end_it_panics,
    a_loop_of_first_completed_waits,
    sleepers_of_the_runtime,
}

fn places<T>(done: &[Completed<T>]) -> Vec<usize> {
    done.iter().map(|completed| completed.key.index()).collect()
}

async fn nothing_runs_before_the_first_poll<R: Runtime>() {
    let (children, futures) = group::<()>(2);
    let mut probe = Probe::new(wait(futures).return_when(AtLeast(2)));
    assert_eq!(children.polls(), [0, 0]);
    probe.pending();
    assert_eq!(children.polls(), [1, 1]);
}

async fn all_completed_and_again_at_no_cost<R: Runtime>() {
    let (children, futures) = group(3);
    let mut probe = Probe::new(wait(futures));
    probe.pending();
    children[2].complete('c');
    probe.pending();
    children[0].complete('a');
    probe.pending();
    let last = children[1].clone();
    R::later(move || last.complete('b'));
    let (done, pending) = probe.await;
    assert_eq!(places(&done), [2, 0, 1]);
    assert_eq!(outputs(done), ['c', 'a', 'b']);
    assert!(pending.is_empty());

    let mut again = Probe::new(wait(pending).return_when(AllCompleted));
    let (done, pending) = again.ready();
    assert!(done.is_empty() && pending.is_empty());
    assert_eq!(again.wakes(), 0);
    assert_eq!(children.polls(), [2; 3]);
}

async fn done_and_pending_are_disjoint_and_everything<R: Runtime>() {
    let (children, futures) = group(5);
    let mut set = FutureSet::new();
    let keys: Vec<_> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    let mut probe = Probe::new(wait(set).return_when(AtLeast(2)));
    probe.pending();
    children[4].complete(4);
    children[1].complete(1);
    let (done, pending) = probe.ready();
    assert_eq!(places(&done), [4, 1]);
    assert_eq!(
        done.iter().map(|c| c.key).collect::<Vec<_>>(),
        [keys[4], keys[1]]
    );
    assert_eq!(pending.len(), 3);
    for (place, key) in keys.into_iter().enumerate() {
        assert_eq!(pending.contains(key), ![4, 1].contains(&place));
    }
}

async fn done_is_told_at_return<R: Runtime>() {
    let (children, futures) = group(70);
    let mut probe = Probe::new(wait(futures).return_when(FirstCompleted));
    probe.pending();
    for place in [66, 5, 40] {
        children[place].complete(place);
    }
    let (done, pending) = probe.ready();
    assert_eq!(
        outputs(done),
        [66, 5, 40],
        "all that completed in that tick"
    );
    assert_eq!(pending.len(), 67);

    let (done, pending) = wait((0..5).map(ready)).return_when(FirstCompleted).await;
    assert_eq!(outputs(done), [0, 1, 2, 3, 4]);
    assert!(pending.is_empty());
}

async fn a_cancellation_value_is_returned_intact<R: Runtime>() {
    #[derive(Debug, PartialEq)]
    struct Cancelled(u8);

    let (done, _) = wait([ready(Err::<(), _>(Cancelled(7)))]).await;
    assert_eq!(outputs(done), [Err(Cancelled(7))]);
}

async fn pending_is_the_same_set<R: Runtime>() {
    let (mut children, futures) = group(4);
    let mut probe = Probe::new(wait(futures).return_when(FirstCompleted));
    probe.pending();
    children[1].complete(1);
    let (done, mut pending) = probe.ready();
    assert_eq!(outputs(done), [1]);
    assert_eq!(
        children.polls(),
        [1, 2, 1, 1],
        "nothing is polled again by handing it over"
    );
    assert_eq!(children.drops(), [0, 1, 0, 0]);

    let key = pending.insert(children.add());
    assert_eq!(key.index(), 4, "a key is never used again");
    children[0].complete(0);
    children[4].complete_silently(4);
    let (done, pending) = Probe::new(wait(pending).return_when(FirstCompleted)).ready();
    assert_eq!(places(&done), [4, 0], "in the order of insertion and wake");
    assert_eq!(pending.len(), 2);

    let mut probe = Probe::new(as_completed(pending));
    probe.next_pending();
    children[3].complete(3);
    assert_eq!(probe.next_ready(), Some(3));
    let pending: FutureSet<Manual<usize>> = probe.into_view().into_set();
    children[2].complete(2);
    assert_eq!(gather(pending).await, [2]);
    assert_eq!(children.polls(), [2, 2, 2, 2, 1]);
    for child in children.iter() {
        assert_eq!(
            child.new_wakers(),
            usize::from(child.polls() > 1),
            "one place, one waker"
        );
        let addresses = child.addresses();
        assert!(
            addresses.iter().all(|address| *address == addresses[0]),
            "nothing moved"
        );
    }
}

async fn a_borrowed_set_comes_back_borrowed<R: Runtime>() {
    let (children, futures) = group(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(wait(&mut set).return_when(FirstCompleted));
    probe.pending();
    children[1].complete(1);
    let (done, pending) = probe.ready();
    assert_eq!(outputs(done), [1]);
    let pending: &mut FutureSet<Manual<u8>> = pending;
    assert_eq!(pending.len(), 1);
    drop(probe);
    children[0].complete(0);
    assert_eq!(outputs(wait(&mut set).await.0), [0]);
}

async fn a_one_shot_iterator_is_enough<R: Runtime>() {
    let mut numbers = vec![3, 2, 1];
    let once = std::iter::from_fn(move || numbers.pop()).map(ready);
    let (done, pending) = wait(once).await;
    assert_eq!(outputs(done), [1, 2, 3]);
    assert!(pending.is_empty());
}

async fn two_children_that_wait_for_each_other<R: Runtime>() {
    let (ping, on_ping) = manual::<u8>();
    let (pong, on_pong) = manual::<u8>();
    let first = async move {
        ping.complete(1);
        on_pong.await
    };
    let second = async move {
        let value = on_ping.await;
        pong.complete(value + 1);
        value
    };
    let children: [std::pin::Pin<Box<dyn Future<Output = u8>>>; 2] =
        [Box::pin(first), Box::pin(second)];
    let (done, pending) = wait(children).await;
    let mut values = outputs(done);
    values.sort_unstable();
    assert_eq!(values, [1, 2]);
    assert!(pending.is_empty());
}

async fn dropping_it_leaves_handle_children_running<R: Runtime>() {
    let (result, handle) = manual();
    let (gate, open) = manual::<()>();
    R::spawn(async move {
        open.await;
        result.complete("ran on");
    });
    let mut handle = Box::pin(handle);
    let mut probe = Probe::new(wait([handle.as_mut()]));
    probe.pending();
    drop(probe);
    gate.complete(());
    assert_eq!(handle.await, "ran on");
}

async fn polled_after_its_end_it_panics<R: Runtime>() {
    let mut probe = Probe::new(wait([ready(1)]));
    assert!(!probe.view().is_terminated());
    let (done, _) = probe.ready();
    assert_eq!(outputs(done), [1]);
    assert!(probe.view().is_terminated());
    let message = probe.panics();
    assert!(message.contains("Wait"), "{message}");
}

async fn a_loop_of_first_completed_waits<R: Runtime>() {
    let clock = Clock::new();
    let mut pending: FutureSet<_> = (0..500_u64)
        .map(|place| {
            let timer = clock.at((place * 7919) % 500);
            async move {
                timer.await;
                yield_now().await;
                place
            }
        })
        .collect();
    let order = clock.run(async {
        let mut order = Vec::new();
        while !pending.is_empty() {
            let done;
            (done, pending) = wait(pending).return_when(FirstCompleted).await;
            order.extend(outputs(done));
        }
        order
    });
    let mut by_time: Vec<u64> = (0..500).collect();
    by_time.sort_by_key(|place| (place * 7919) % 500);
    assert_eq!(order, by_time);
}

async fn sleepers_of_the_runtime<R: Runtime>() {
    let mut pending: FutureSet<_> = (0..6)
        .map(|place| async move {
            R::sleep(Duration::from_millis(place)).await;
            place
        })
        .collect();
    let mut seen = Vec::new();
    while !pending.is_empty() {
        let done;
        (done, pending) = wait(pending).return_when(FirstCompleted).await;
        assert!(!done.is_empty());
        seen.extend(outputs(done));
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
}
