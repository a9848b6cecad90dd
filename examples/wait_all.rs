//! asyncio's `asyncio.wait(…)`: a list of what is done, in order of completion, and a set of what is not.
//!
//! Neither an error nor a timeout makes it fail. asyncio hands out two sets, which tell neither the order nor, without a
//! dictionary kept beside them, which input an output belongs to.
//!
//! ```text
//! $ cargo run --example wait_all
//! after 75 ms: 1 done, 2 pending
//!   input 2 gave Ok("third")
//! after 150 ms: 2 done, 0 pending
//!   input 1 gave Err("second failed")
//!   input 0 gave Ok("first")
//! ```

use std::time::Duration;

use rejoin::{Completed, wait};
use tokio::time::{Instant, sleep};

type Outcome = Result<&'static str, &'static str>;

async fn work(outcome: Outcome, millis: u64) -> Outcome {
    sleep(Duration::from_millis(millis)).await;
    outcome
}

fn print(start: Instant, done: Vec<Completed<Outcome>>, pending: usize) {
    let millis = start.elapsed().as_millis();
    println!("after {millis} ms: {} done, {pending} pending", done.len());
    for Completed { key, output } in done {
        println!("  input {} gave {output:?}", key.index());
    }
}

// tokio's paused clock jumps from timer to timer, so that the times are exact and nobody has to wait for them.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let inputs = [
        work(Ok("first"), 150),
        work(Err("second failed"), 100),
        work(Ok("third"), 50),
    ];
    let patience = sleep(Duration::from_millis(75));
    let (done, pending) = wait(inputs).timeout(patience).await;
    print(start, done, pending.len());

    let (done, pending) = wait(pending).await;
    print(start, done, pending.len());
}
