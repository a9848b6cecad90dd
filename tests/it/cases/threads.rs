//! Wakes from other threads, while the view is polled on this one or on a runtime's.

use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;

use rejoin::{FirstCompleted, FutureSet, as_completed, gather, try_gather, wait};

use crate::support::{Group, Manual, Probe, Random, Runtime, group};

cases! {
    sixty_four_threads_complete_at_once,
    sixty_four_threads_wake_the_same_children,
    sixty_four_threads_feed_as_completed,
    threads_wake_while_views_are_dropped,
    threads_wake_while_children_are_cancelled,
    a_view_started_here_and_finished_on_another_thread,
}

const THREADS: usize = 64;
const EACH: usize = 40;
const ALL: usize = THREADS * EACH;

/// Every thread works on its own share of the children, all at once.
fn start<T: Send + 'static>(
    children: &Group<T>,
    work: impl Fn(usize, &crate::support::Handle<T>) + Clone + Send + 'static,
) -> Vec<thread::JoinHandle<()>> {
    let barrier = Arc::new(Barrier::new(THREADS));
    (0..THREADS)
        .map(|share| {
            let handles: Vec<_> = children
                .iter()
                .cloned()
                .enumerate()
                .skip(share)
                .step_by(THREADS)
                .collect();
            let (barrier, work) = (Arc::clone(&barrier), work.clone());
            thread::spawn(move || {
                barrier.wait();
                for (place, handle) in &handles {
                    work(*place, handle);
                }
            })
        })
        .collect()
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

async fn sixty_four_threads_complete_at_once<R: Runtime>() {
    for _ in 0..3 {
        let (children, futures) = group(ALL);
        let mut view = gather(futures);
        Probe::new(&mut view).pending();
        let threads = start(&children, |place, child| child.complete(place));
        assert!(view.await.into_iter().eq(0..ALL));
        join(threads);
        assert!(
            children
                .iter()
                .all(|child| (child.polls(), child.drops()) == (2, 1))
        );
    }
}

async fn sixty_four_threads_wake_the_same_children<R: Runtime>() {
    let (children, futures) = group::<Result<usize, usize>>(ALL);
    let mut view = try_gather(futures);
    Probe::new(&mut view).pending();
    let same: Arc<Vec<_>> = Arc::new(children.iter().cloned().collect());
    let threads = start(&children, move |place, child| {
        for step in 0..8 {
            same[(place * 31 + step) % 100].wake();
        }
        child.complete(Ok(place));
    });
    assert!(view.await.unwrap().into_iter().eq(0..ALL));
    join(threads);
    for child in children.iter() {
        assert!(child.polls() <= child.wakes() + 1);
        assert_eq!(child.drops(), 1);
    }
}

async fn sixty_four_threads_feed_as_completed<R: Runtime>() {
    let (children, futures) = group(ALL);
    let mut view = as_completed(futures);
    Probe::new(&mut view).next_pending();
    let threads = start(&children, |place, child| child.complete(place));
    let mut seen = vec![false; ALL];
    while let Some(place) = view.next().await {
        assert!(!std::mem::replace(&mut seen[place], true), "twice");
    }
    assert!(seen.into_iter().all(|seen| seen));
    join(threads);
    assert!(children.iter().all(|child| child.polls() == 2));
}

async fn threads_wake_while_views_are_dropped<R: Runtime>() {
    let (children, futures) = group(ALL);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut taken = 0;
    Probe::new(gather(&mut set)).pending();
    let threads = start(&children, |place, child| child.complete(place));
    while !set.is_empty() {
        let _ = Probe::new(gather(&mut set))
            .poll()
            .map(|outputs| taken += outputs.len());
        let _ = Probe::new(set.next())
            .poll()
            .map(|item| taken += usize::from(item.is_some()));
        if set.is_empty() {
            break;
        }
        let (done, _) = wait(&mut set).return_when(FirstCompleted).await;
        taken += done.len();
    }
    join(threads);
    assert_eq!(taken, ALL);
    assert!(
        children
            .iter()
            .all(|child| (child.polls(), child.drops()) == (2, 1))
    );
}

async fn threads_wake_while_children_are_cancelled<R: Runtime>() {
    let mut random = Random::new(9);
    let (mut children, futures) = group::<usize>(ALL);
    let mut set: FutureSet<Manual<usize>> = FutureSet::new();
    let keys: Vec<_> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    Probe::new(gather(&mut set)).pending();
    let threads = start(&children, |place, child| child.complete(place));
    let mut cancelled = 0;
    let mut gathered = None;
    for _ in 0..ALL {
        if set.cancel(keys[random.below(ALL)]) {
            let future = children.add();
            children[ALL + cancelled].complete_silently(ALL);
            set.insert(future);
            cancelled += 1;
        }
        if let Poll::Ready(outputs) = Probe::new(gather(&mut set)).poll() {
            gathered = Some(outputs);
            break;
        }
    }
    join(threads);
    let gathered = match gathered {
        Some(outputs) => outputs,
        None => gather(&mut set).await,
    };
    assert_eq!(gathered.len(), ALL, "as many as were put in for them");
    assert_eq!(
        gathered.iter().filter(|output| **output == ALL).count(),
        cancelled
    );
    drop(set);
    assert!(children.iter().all(|child| child.drops() == 1));
}

async fn a_view_started_here_and_finished_on_another_thread<R: Runtime>() {
    let (children, futures) = group(100);
    let mut view = gather(futures);
    let mut here = Probe::new(&mut view);
    here.pending();
    let task = here.task();
    drop(here);
    let (finished, result) = crate::support::manual();
    R::spawn(async move {
        finished.complete(view.await);
    });
    R::later(move || {
        for (place, child) in children.iter().enumerate() {
            child.complete(place);
        }
    });
    assert!(result.await.into_iter().eq(0..100));
    assert!(task.wakes() <= 1);
}
