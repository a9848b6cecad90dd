//! A quorum: wait for n successes, give the others some grace, then cancel what is still not there.
//!
//! The outputs are in the order of the inputs, with `None` for the cancelled. In asyncio this takes a loop of
//! `wait(FIRST_COMPLETED)` that counts the successes by hand.
//!
//! ```text
//! $ cargo run --example quorum
//! after 140 ms:
//!   replica 0: Some(Ok(7))
//!   replica 1: None
//!   replica 2: Some(Err("disk full"))
//!   replica 3: Some(Ok(7))
//!   replica 4: Some(Ok(7))
//! ```

use std::time::Duration;

use rejoin::{Completed, wait};
use tokio::time::{Instant, sleep};

async fn quorum<T, E, F: Future<Output = Result<T, E>>>(
    calls: Vec<F>,
    needed: usize,
    grace: Duration,
) -> Vec<Option<Result<T, E>>> {
    let mut outcomes: Vec<_> = calls.iter().map(|_| None).collect();
    let mut successes = 0;
    let enough = |outcome: &Result<T, E>| {
        successes += usize::from(outcome.is_ok());
        successes >= needed
    };
    let (done, pending) = wait(calls).return_when(enough).await;
    let (late, cancelled) = wait(pending).timeout(sleep(grace)).await;
    drop(cancelled);
    for Completed { key, output } in done.into_iter().chain(late) {
        outcomes[key.index()] = Some(output);
    }
    outcomes
}

async fn write(outcome: Result<u32, &'static str>, millis: u64) -> Result<u32, &'static str> {
    sleep(Duration::from_millis(millis)).await;
    outcome
}

// tokio's paused clock jumps from timer to timer, so that the times are exact and nobody has to wait for them.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let replicas = vec![
        write(Ok(7), 130),
        write(Ok(7), 500),
        write(Err("disk full"), 40),
        write(Ok(7), 60),
        write(Ok(7), 90),
    ];
    let outcomes = quorum(replicas, 2, Duration::from_millis(50)).await;
    println!("after {} ms:", start.elapsed().as_millis());
    for (replica, outcome) in outcomes.iter().enumerate() {
        println!("  replica {replica}: {outcome:?}");
    }
}
