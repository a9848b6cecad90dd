use std::collections::BTreeSet;
use std::future::{pending, ready};
use std::sync::Arc;
use std::task::Poll;

use rejoin::{FirstCompleted, FutureSet, as_completed, gather, try_gather, wait};

use crate::support::{Manual, Probe, Random, Runtime, group, manual, yield_with_clone};

cases! {
    owned_children_die_with_their_view_in_input_order,
    borrowed_children_live_on,
    handles_follow_their_own_rule,
    dropping_a_view_at_any_moment_loses_nothing,
    dropping_next_at_any_moment_loses_nothing,
    unclaimed_outputs_die_with_their_set_once,
    claimed_outputs_are_ours,
    no_waker_of_the_task_outlives_a_drop,
    no_waker_of_the_task_outlives_a_wake_from_inside,
    no_waker_of_the_task_outlives_a_return,
    no_waker_of_the_task_outlives_an_error,
    no_waker_of_the_task_outlives_a_timeout,
    a_kept_waker_keeps_no_future,
    kept_wakers_may_be_used_and_dropped_in_any_order,
    a_forgotten_view_leaves_the_set_whole,
}

async fn owned_children_die_with_their_view_in_input_order<R: Runtime>() {
    for count in [1, 3, 64, 65, 200] {
        let everybody: Vec<usize> = (0..count).collect();

        let (children, futures) = group::<u8>(count);
        drop(gather(futures));
        assert_eq!(children.take_dropped(), everybody, "never polled");
        assert_eq!(children.polls(), vec![0; count]);

        let (children, futures) = group::<u8>(count);
        let mut probe = Probe::new(gather(futures));
        probe.pending();
        drop(probe);
        assert_eq!(children.take_dropped(), everybody);

        let (children, futures) = group::<Result<u8, u8>>(count);
        let mut probe = Probe::new(try_gather(futures));
        probe.pending();
        drop(probe);
        assert_eq!(children.take_dropped(), everybody);

        let (children, futures) = group::<u8>(count);
        let mut probe = Probe::new(as_completed(futures));
        probe.next_pending();
        drop(probe);
        assert_eq!(children.take_dropped(), everybody);

        let (children, futures) = group::<u8>(count);
        let mut probe = Probe::new(wait(futures));
        probe.pending();
        drop(probe);
        assert_eq!(children.take_dropped(), everybody);
    }
}

async fn borrowed_children_live_on<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    for _ in 0..3 {
        let mut probe = Probe::new(gather(&mut set));
        probe.pending();
        drop(probe);
        let mut probe = Probe::new(as_completed(&mut set));
        probe.next_pending();
        drop(probe);
        let mut probe = Probe::new(wait(&mut set).return_when(FirstCompleted));
        probe.pending();
        drop(probe);
    }
    assert_eq!(children.polls(), [1; 3]);
    assert_eq!(children.drops(), [0; 3]);
    for (place, child) in children.iter().enumerate() {
        child.complete(place);
    }
    assert_eq!(gather(&mut set).await, [0, 1, 2]);
}

async fn handles_follow_their_own_rule<R: Runtime>() {
    let (children, futures) = group(2);
    let mut pinned: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut probe = Probe::new(gather(pinned.iter_mut().map(|child| child.as_mut())));
    probe.pending();
    drop(probe);
    assert_eq!(children.drops(), [0, 0]);
    children[1].complete(1);
    assert_eq!(pinned.pop().unwrap().await, 1);
}

/// What a run of `view_of` over a borrowed set hands out before it is dropped after some number of random steps.
fn interrupted(
    random: &mut Random,
    view_of: impl FnOnce(&mut FutureSet<Manual<Result<usize, usize>>>, &mut dyn FnMut()) -> Vec<usize>,
) {
    let count = 1 + random.below(70);
    let (children, futures) = group(count);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut left: Vec<usize> = (0..count).collect();
    random.shuffle(&mut left);
    let mut complete_some = || {
        for place in left.split_off(left.len() - random.below(3).min(left.len())) {
            children[place].complete(Ok(place));
        }
    };
    let claimed = view_of(&mut set, &mut complete_some);

    let mut all: BTreeSet<usize> = claimed.iter().copied().collect();
    assert_eq!(all.len(), claimed.len());
    assert_eq!(set.len(), count - claimed.len());
    let mut rest = Probe::new(as_completed(&mut set));
    loop {
        match rest.poll_next() {
            Poll::Ready(Some(output)) => assert!(all.insert(output.unwrap()), "handed out twice"),
            Poll::Ready(None) => break,
            Poll::Pending => {
                let Some(place) = left.pop() else {
                    panic!("everybody completed, not everybody was handed out");
                };
                children[place].complete(Ok(place));
            }
        }
    }
    assert_eq!(all, (0..count).collect());
    assert_eq!(children.drops(), vec![1; count]);
}

async fn dropping_a_view_at_any_moment_loses_nothing<R: Runtime>() {
    let mut random = Random::new(7);
    for steps in (0..8).cycle().take(200) {
        interrupted(&mut random, |set, complete_some| {
            let mut probe = Probe::new(gather(set));
            for _ in 0..steps {
                if let Poll::Ready(outputs) = probe.poll() {
                    return outputs.into_iter().map(Result::unwrap).collect();
                }
                complete_some();
            }
            vec![]
        });
        interrupted(&mut random, |set, complete_some| {
            let mut probe = Probe::new(try_gather(set));
            for _ in 0..steps {
                if let Poll::Ready(outputs) = probe.poll() {
                    return outputs.unwrap();
                }
                complete_some();
            }
            vec![]
        });
        interrupted(&mut random, |set, complete_some| {
            let mut probe = Probe::new(wait(set));
            for _ in 0..steps {
                if let Poll::Ready((done, _)) = probe.poll() {
                    return done
                        .into_iter()
                        .map(|completed| completed.output.unwrap())
                        .collect();
                }
                complete_some();
            }
            vec![]
        });
        interrupted(&mut random, |set, complete_some| {
            let mut claimed = vec![];
            let mut probe = Probe::new(as_completed(set));
            for _ in 0..steps {
                if let Poll::Ready(Some(output)) = probe.poll_next() {
                    claimed.push(output.unwrap());
                }
                complete_some();
            }
            claimed
        });
    }
}

async fn dropping_next_at_any_moment_loses_nothing<R: Runtime>() {
    let mut random = Random::new(11);
    for steps in (0..8).cycle().take(200) {
        interrupted(&mut random, |set, complete_some| {
            let mut claimed = vec![];
            for _ in 0..steps {
                let mut next = Probe::new(set.next());
                if let Poll::Ready(Some(completed)) = next.poll() {
                    claimed.push(completed.output.unwrap());
                }
                complete_some();
            }
            claimed
        });
    }
}

async fn unclaimed_outputs_die_with_their_set_once<R: Runtime>() {
    let output = Arc::new(());
    let (children, futures) = group(3);
    for child in children.iter().take(2) {
        child.complete_silently(Arc::clone(&output));
    }
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    assert_eq!(Arc::strong_count(&output), 3);
    drop(probe);
    assert_eq!(Arc::strong_count(&output), 1);

    let mut set: FutureSet<_> = (0..2).map(|_| ready(Arc::clone(&output))).collect();
    let mut probe = Probe::new(set.next());
    drop(probe.ready());
    drop(probe);
    assert_eq!(Arc::strong_count(&output), 2);
    set.clear();
    assert_eq!(Arc::strong_count(&output), 1);
}

async fn claimed_outputs_are_ours<R: Runtime>() {
    let output = Arc::new(());
    let outputs = gather((0..70).map(|_| ready(Arc::clone(&output)))).await;
    assert_eq!(Arc::strong_count(&output), 71);
    drop(outputs);
    assert_eq!(Arc::strong_count(&output), 1);
}

async fn no_waker_of_the_task_outlives_a_drop<R: Runtime>() {
    let (children, futures) = group::<u8>(3);
    let mut probe = Probe::new(gather(futures));
    let task = probe.task();
    probe.pending();
    assert!(probe.wakers_out() >= 1);
    drop(probe);
    assert_eq!(Arc::strong_count(&task), 1);
    for child in children.iter() {
        child.wake();
    }
    assert_eq!(task.wakes(), 0);
}

async fn no_waker_of_the_task_outlives_a_wake_from_inside<R: Runtime>() {
    let (children, futures) = group::<u8>(2);
    let mut probe = Probe::new(gather(futures.into_iter().enumerate().map(
        |(place, future)| async move {
            if place == 0 {
                yield_with_clone().await;
            }
            future.await
        },
    )));
    let task = probe.task();
    probe.pending();
    drop(probe);
    assert_eq!(Arc::strong_count(&task), 1);
    children[1].wake();
    assert_eq!(task.wakes(), 1, "by the child that yields");
}

async fn no_waker_of_the_task_outlives_a_return<R: Runtime>() {
    let (children, futures) = group(3);
    let mut probe = Probe::new(gather(futures));
    let task = probe.task();
    probe.pending();
    for (place, child) in children.iter().enumerate() {
        child.complete(place);
    }
    assert_eq!(probe.ready(), [0, 1, 2]);
    drop(probe);
    assert_eq!(Arc::strong_count(&task), 1);
    let wakes = task.wakes();
    children[0].wake();
    assert_eq!(task.wakes(), wakes);
}

async fn no_waker_of_the_task_outlives_an_error<R: Runtime>() {
    let (children, futures) = group::<Result<u8, u8>>(3);
    let mut probe = Probe::new(try_gather(futures));
    let task = probe.task();
    probe.pending();
    children[1].complete(Err(1));
    assert_eq!(probe.ready(), Err(1));
    drop(probe);
    assert_eq!(Arc::strong_count(&task), 1);
    let wakes = task.wakes();
    children[0].wake();
    assert_eq!(task.wakes(), wakes);
}

async fn no_waker_of_the_task_outlives_a_timeout<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (children, futures) = group::<u8>(3);
    let mut probe = Probe::new(gather(futures).timeout(deadline));
    let task = probe.task();
    probe.pending();
    timer.complete(());
    let set = probe.ready().unwrap_err().into_set();
    timer.take_waker();
    drop(probe);
    assert_eq!(Arc::strong_count(&task), 1, "also while the set lives on");
    drop(set);
    let wakes = task.wakes();
    children[0].wake();
    assert_eq!(task.wakes(), wakes);
}

async fn a_kept_waker_keeps_no_future<R: Runtime>() {
    let content = Arc::new([0_u8; 4096]);
    let (children, futures) = group::<()>(100);
    let mut probe = Probe::new(gather(futures.into_iter().map(|future| {
        let content = Arc::clone(&content);
        async move {
            future.await;
            content.len()
        }
    })));
    probe.pending();
    assert_eq!(Arc::strong_count(&content), 101);
    drop(probe);
    assert_eq!(Arc::strong_count(&content), 1);
    assert!(children.iter().all(|child| child.take_waker().is_some()));
}

async fn kept_wakers_may_be_used_and_dropped_in_any_order<R: Runtime>() {
    let mut random = Random::new(3);
    for round in 0..20 {
        let (children, futures) = group::<u8>(130);
        let mut probe = Probe::new(wait(futures));
        probe.pending();
        let mut wakers: Vec<_> = children
            .iter()
            .filter_map(|child| child.take_waker())
            .collect();
        wakers.extend(wakers.clone());
        assert_eq!(wakers.len(), 260);
        random.shuffle(&mut wakers);
        let mut probe = Some(probe);
        for (turn, waker) in wakers.into_iter().enumerate() {
            if turn == round * 13 {
                probe = None;
            }
            match random.below(3) {
                0 => waker.wake(),
                1 => waker.wake_by_ref(),
                _ => drop(waker),
            }
        }
        assert!(probe.is_none());
        assert_eq!(children.drops(), [1; 130]);
    }
}

#[allow(
    clippy::forget_non_drop,
    reason = "whether it implements `Drop` is not the test's business"
)]
async fn a_forgotten_view_leaves_the_set_whole<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut view = gather(&mut set);
    Probe::new(&mut view).pending();
    children[1].complete(1);
    Probe::new(&mut view).pending();
    std::mem::forget(view);
    children[0].complete(0);
    children[2].complete(2);
    assert_eq!(gather(&mut set).await, [0, 1, 2]);
    let (done, rest) = wait([pending::<u8>()]).timeout(ready(())).await;
    assert_eq!((done.len(), rest.len()), (0, 1));
}
