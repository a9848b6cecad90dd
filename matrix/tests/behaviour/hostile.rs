//! Executors that end a task in the middle of something, as a view sees it.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use matrix::support::{Current, Handle, Manual, Probe, Random, group, manual, yield_now};
use matrix::{LocalBoxFuture, Runtime, hostile};
use rejoin::{Completed, FirstCompleted, FutureSet, as_completed, create_task, gather, wait};

const MANY: usize = 200;

/// Runs `task` on every hostile executor, spawned, so that it meets all that they do.
fn spawned_on_all(task: impl Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Copy + 'static) {
    for executor in hostile::all() {
        executor.run(Box::pin(async move {
            let (done, on_done) = manual();
            let task = task();
            Current::spawn(async move {
                task.await;
                done.complete(());
            });
            on_done.await;
        }));
    }
}

/// Completes all, from two threads, in an order of their own.
fn complete_on_threads(children: Vec<Handle<usize>>) {
    let mut children: Vec<_> = children.into_iter().enumerate().collect();
    Random::new(3).shuffle(&mut children);
    let other = children.split_off(children.len() / 2);
    for share in [children, other] {
        thread::spawn(move || {
            share
                .iter()
                .for_each(|(place, child)| child.complete(*place))
        });
    }
}

#[test]
fn a_gather_as_a_task_of_its_own() {
    spawned_on_all(|| {
        Box::pin(async {
            let (children, futures) = group(MANY);
            let view = gather(futures);
            complete_on_threads(children.iter().cloned().collect());
            assert!(view.await.into_iter().eq(0..MANY));
        })
    });
}

#[test]
fn a_stream_as_a_task_of_its_own() {
    spawned_on_all(|| {
        Box::pin(async {
            let (children, futures) = group(MANY);
            let mut items = as_completed(futures).keyed();
            complete_on_threads(children.iter().cloned().collect());
            let mut seen = [false; MANY];
            while let Some(Completed { key, output }) = items.next().await {
                assert_eq!(key.index(), output);
                assert!(!std::mem::replace(&mut seen[output], true));
            }
            assert_eq!(seen, [true; MANY]);
        })
    });
}

#[test]
fn waits_as_a_task_of_its_own() {
    spawned_on_all(|| {
        Box::pin(async {
            let (children, futures) = group(MANY);
            let mut set: FutureSet<_> = futures.into_iter().collect();
            complete_on_threads(children.iter().cloned().collect());
            let mut count = 0;
            while !set.is_empty() {
                let (done, _) = wait(&mut set).return_when(FirstCompleted).await;
                count += done.len();
            }
            assert_eq!(count, MANY);
        })
    });
}

/// Whoever is woken polls inside of the wake.
struct Inline<T: Future>(Mutex<Option<Pin<Box<T>>>>);

impl<T: Future + Send + 'static> Inline<T> {
    fn poll(self: &Arc<Self>) {
        let Some(mut task) = self.0.try_lock().ok().and_then(|mut slot| slot.take()) else {
            return;
        };
        let waker = Waker::from(Arc::clone(self));
        if task
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            *self.0.lock().unwrap() = Some(task);
        }
    }
}

impl<T: Future + Send + 'static> Wake for Inline<T> {
    fn wake(self: Arc<Self>) {
        self.poll();
    }
}

#[test]
fn a_view_that_is_polled_inside_of_each_wake() {
    let (children, futures) = group(MANY);
    let (ended, on_end) = manual();
    let view = async move { ended.complete(gather(futures).await) };
    let task = Arc::new(Inline(Mutex::new(Some(Box::pin(view)))));
    task.poll();
    for (place, child) in children.iter().enumerate() {
        assert_eq!(child.polls(), 1);
        child.complete(place);
        assert_eq!(
            (child.polls(), child.drops()),
            (2, 1),
            "before `wake` returns"
        );
    }
    assert!(Probe::new(on_end).ready().into_iter().eq(0..MANY));
}

/// Drops the task inside of the first wake.
struct Dropping<T>(Mutex<Option<Pin<Box<T>>>>);

impl<T: Send + 'static> Wake for Dropping<T> {
    fn wake(self: Arc<Self>) {
        let task = self.0.lock().unwrap().take();
        drop(task);
    }
}

#[test]
fn a_view_that_is_dropped_inside_of_a_wake() {
    let (children, futures) = group::<u8>(MANY);
    let task = Arc::new(Dropping(Mutex::new(Some(Box::pin(gather(futures))))));
    let waker = Waker::from(Arc::clone(&task));
    let mut view = task.0.lock().unwrap().take().unwrap();
    assert!(
        view.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    *task.0.lock().unwrap() = Some(view);
    children[70].wake();
    assert_eq!(children.drops(), [1; MANY]);
    children.iter().for_each(Handle::wake);
}

/// Yields `place` times and gives its place.
async fn child(place: usize, gate: Manual<()>) -> usize {
    for _ in 0..place {
        yield_now().await;
    }
    gate.await;
    place
}

#[test]
fn a_view_that_is_dropped_after_each_number_of_polls() {
    for polls in 0..12 {
        let (gates, waiting) = group(10);
        gates.iter().for_each(|gate| gate.complete_silently(()));
        let mut set: FutureSet<_> = waiting
            .into_iter()
            .enumerate()
            .map(|(place, gate)| child(place, gate))
            .collect();
        let mut probe = Probe::new(gather(&mut set));
        let mut outputs = Vec::new();
        for _ in 0..polls {
            if let Poll::Ready(ready) = probe.poll() {
                outputs = ready;
                break;
            }
        }
        drop(probe);
        let mut again = Probe::new(gather(&mut set));
        while outputs.is_empty() {
            if let Poll::Ready(ready) = again.poll() {
                outputs = ready;
            }
        }
        assert!(outputs.into_iter().eq(0..10), "dropped after {polls} polls");
        assert_eq!(gates.drops(), [1; 10]);
    }
}

#[test]
fn an_executor_that_shuts_down_under_its_tasks() {
    for executor in hostile::all() {
        let (children, futures) = group::<u8>(MANY);
        let tasks = Arc::new(Mutex::new(Vec::new()));
        let left = Arc::clone(&tasks);
        let task: LocalBoxFuture<()> = Box::pin(async move {
            let start = |future| create_task(future, Current::spawn);
            *left.lock().unwrap() = futures.into_iter().map(start).collect();
            yield_now().await;
        });
        executor.run(task);
        children.iter().for_each(Handle::wake);
        assert_eq!(children.drops(), [1; MANY]);
        let tasks = std::mem::take(&mut *tasks.lock().unwrap());
        for result in Probe::new(gather(tasks)).ready() {
            assert!(result.unwrap_err().is_lost());
        }
    }
}
