//! A view that is started on one executor and finished on another, for every pair of executors.

use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::thread;

use futures_util::poll;
use matrix::support::{Current, group, yield_now};
use matrix::{Executor, Runtime, executors, hostile};
use rejoin::{FutureSet, as_completed, gather};

const MANY: usize = 70;

fn all() -> Vec<Executor> {
    let mut all = executors::all();
    all.extend(hostile::all());
    all.retain(|executor| executor.unavailable().is_none());
    all
}

/// Runs `body` for every executor and every other after it.
fn pairs(body: impl Fn(Executor, Executor) + Clone + Send + 'static) {
    for first in all() {
        for second in all() {
            let (first, body) = (first.clone(), body.clone());
            // Some executors keep something in their thread.
            thread::spawn(move || body(first, second)).join().unwrap();
        }
    }
}

#[test]
fn a_gather_started_on_one_and_finished_on_another() {
    pairs(|first, second| {
        let (children, futures) = group(MANY);
        let left = Rc::new(Cell::new(None));
        let started = Rc::clone(&left);
        first.run(Box::pin(async move {
            let mut view = gather(futures);
            assert_eq!(poll!(&mut view), Poll::Pending);
            started.set(Some(view));
        }));
        // Nobody listens now: these wakes go to a task that has ended.
        for place in 0..MANY / 2 {
            children[place].complete(place);
        }
        second.run(Box::pin(async move {
            Current::later(move || {
                for place in MANY / 2..MANY {
                    children[place].complete(place);
                }
            });
            let view = left.take().unwrap();
            assert!(view.await.into_iter().eq(0..MANY));
        }));
    });
}

#[test]
fn a_set_used_on_one_and_then_on_another() {
    pairs(|first, second| {
        let (children, futures) = group(MANY);
        let left = Rc::new(Cell::new(None));
        let used = Rc::clone(&left);
        let early = children[0].clone();
        first.run(Box::pin(async move {
            Current::later(move || early.complete(0));
            let mut set: FutureSet<_> = futures.into_iter().collect();
            let mut items = as_completed(&mut set);
            assert_eq!(items.next().await, Some(0));
            yield_now().await;
            assert!(poll!(items.next()).is_pending());
            used.set(Some(set));
        }));
        second.run(Box::pin(async move {
            Current::later(move || {
                for place in 1..MANY {
                    children[place].complete(place);
                }
            });
            let set = left.take().unwrap();
            assert!(gather(set).await.into_iter().eq(1..MANY));
        }));
    });
}
