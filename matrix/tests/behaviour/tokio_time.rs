//! Time that stands still while anybody has something to do.

use std::time::Duration;

use rejoin::{AllCompleted, FirstCompleted, FirstError, ReturnWhen, as_completed, gather, wait};
use tokio::time::{Instant, sleep};

const NEVER: u64 = 1_000_000;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

type Outcome = Result<&'static str, &'static str>;

async fn after(time: u64, outcome: Outcome) -> Outcome {
    sleep(ms(time)).await;
    outcome
}

/// Who is done when `wait` returns, and when that is.
async fn returned(condition: impl ReturnWhen<Outcome>, timeout: u64) -> (Vec<&'static str>, u128) {
    let start = Instant::now();
    let children = [
        after(20, Ok("ok")),
        after(40, Err("bad")),
        after(150, Ok("slow")),
    ];
    let (done, pending) = wait(children)
        .return_when(condition)
        .timeout(sleep(ms(timeout)))
        .await;
    assert_eq!(done.len() + pending.len(), 3);
    let names = done.into_iter().map(|completed| {
        let (Ok(name) | Err(name)) = completed.output;
        name
    });
    (names.collect(), start.elapsed().as_millis())
}

#[tokio::test(start_paused = true)]
async fn what_a_wait_returns_and_when() {
    for (timeout, done, time) in [
        (10, vec![], 10),
        (30, vec!["ok"], 20),
        (100, vec!["ok"], 20),
        (NEVER, vec!["ok"], 20),
    ] {
        assert_eq!(returned(FirstCompleted, timeout).await, (done, time));
    }
    for (timeout, done, time) in [
        (10, vec![], 10),
        (30, vec!["ok"], 30),
        (100, vec!["ok", "bad"], 40),
        (NEVER, vec!["ok", "bad"], 40),
    ] {
        assert_eq!(returned(FirstError, timeout).await, (done, time));
    }
    for (timeout, done, time) in [
        (10, vec![], 10),
        (30, vec!["ok"], 30),
        (100, vec!["ok", "bad"], 100),
        (NEVER, vec!["ok", "bad", "slow"], 150),
    ] {
        assert_eq!(returned(AllCompleted, timeout).await, (done, time));
    }
}

#[tokio::test(start_paused = true)]
async fn a_gather_that_was_late_goes_on_where_it_was() {
    let start = Instant::now();
    let view = gather([after(150, Ok("slow")), after(20, Ok("ok"))]);
    let late = view.timeout(sleep(ms(100))).await.unwrap_err();
    assert_eq!(
        (late.finished(), late.total(), start.elapsed()),
        (1, 2, ms(100))
    );
    assert_eq!(gather(late.into_set()).await, [Ok("slow"), Ok("ok")]);
    assert_eq!(start.elapsed(), ms(150));
}

#[tokio::test(start_paused = true)]
async fn tokios_own_timeout_loses_nothing_of_a_borrowed_set() {
    let start = Instant::now();
    let mut set = rejoin::FutureSet::new();
    set.extend([after(20, Ok("ok")), after(150, Ok("slow"))]);
    assert!(
        tokio::time::timeout(ms(100), gather(&mut set))
            .await
            .is_err()
    );
    assert_eq!((set.progress().finished, start.elapsed()), (1, ms(100)));
    assert_eq!(gather(&mut set).await, [Ok("ok"), Ok("slow")]);
    assert_eq!(start.elapsed(), ms(150));
}

#[tokio::test(start_paused = true)]
async fn items_come_at_their_times_until_the_deadline() {
    let start = Instant::now();
    let children = [30, 10, 200, 20].map(|time| after(time, Ok("")));
    let mut items = as_completed(children).keyed().timeout(sleep(ms(100)));
    let mut times = Vec::new();
    while let Some(item) = items.next().await {
        times.push((
            item.ok().map(|item| item.key.index()),
            start.elapsed().as_millis(),
        ));
    }
    assert_eq!(
        times,
        [(Some(1), 10), (Some(3), 20), (Some(0), 30), (None, 100)]
    );
    assert_eq!(items.into_set().len(), 1);
}
