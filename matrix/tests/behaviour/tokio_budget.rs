//! tokio lets a task take 128 things from its channels and timers, and then makes everything pending until the task has
//! given way. Children spend the budget of the task that they are polled by.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rejoin::{as_completed, gather, wait};
use tokio::sync::oneshot;
use tokio::task::yield_now;

const MANY: usize = 100_000;

/// Receivers that have their message, and how often they were polled.
fn receivers() -> (Arc<AtomicUsize>, Vec<impl Future<Output = usize>>) {
    let polls = Arc::<AtomicUsize>::default();
    let receiver = |number| {
        let (sender, mut receiver) = oneshot::channel();
        sender.send(number).unwrap();
        let polls = Arc::clone(&polls);
        poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut receiver).poll(cx).map(Result::unwrap)
        })
    };
    let receivers = (0..MANY).map(receiver).collect();
    (polls, receivers)
}

/// Runs `view` beside a task that counts its own turns.
async fn beside_a_neighbour<T>(view: impl Future<Output = T>) -> (usize, T) {
    let turns = Arc::<AtomicUsize>::default();
    let neighbour = tokio::spawn({
        let turns = Arc::clone(&turns);
        async move {
            loop {
                turns.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
            }
        }
    });
    let output = view.await;
    neighbour.abort();
    (turns.load(Ordering::Relaxed), output)
}

/// A child that the budget has stopped costs a poll; all of them at each turn would cost eighty million.
#[track_caller]
fn linear_and_fair(polls: &AtomicUsize, turns: usize) {
    let polls = polls.load(Ordering::Relaxed);
    assert!(polls <= 4 * MANY, "{polls} polls");
    assert!(turns >= MANY / 1000, "the neighbour had {turns} turns");
}

#[tokio::test]
async fn gather_is_linear_and_gives_way() {
    let (polls, receivers) = receivers();
    let (turns, outputs) = beside_a_neighbour(gather(receivers)).await;
    assert!(outputs.into_iter().eq(0..MANY));
    linear_and_fair(&polls, turns);
}

#[tokio::test]
async fn as_completed_is_linear_and_gives_way() {
    let (polls, receivers) = receivers();
    let items = async {
        let mut items = as_completed(receivers);
        let mut sum = 0;
        while let Some(number) = items.next().await {
            sum += number;
        }
        sum
    };
    let (turns, sum) = beside_a_neighbour(items).await;
    assert_eq!(sum, MANY * (MANY - 1) / 2);
    linear_and_fair(&polls, turns);
}

#[tokio::test]
async fn wait_is_linear_and_gives_way() {
    let (polls, receivers) = receivers();
    let (turns, (done, pending)) = beside_a_neighbour(wait(receivers)).await;
    assert_eq!((done.len(), pending.len()), (MANY, 0));
    linear_and_fair(&polls, turns);
}
