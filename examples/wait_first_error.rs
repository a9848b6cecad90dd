//! asyncio's `wait(…, return_when=FIRST_EXCEPTION)`: stop waiting as soon as one fails, and decide then.
//!
//! Nothing is cancelled by it: the successes so far are in `done`, and `pending` can be dropped, or waited for.
//!
//! ```text
//! $ cargo run --example wait_first_error
//!  100 ms  Ok("wheels"), Err("the paint is out")
//!  100 ms  1 pending, which may finish
//!  200 ms  Ok("engine")
//! ```

use std::time::Duration;

use rejoin::{Completed, FirstError, wait};
use tokio::time::{Instant, sleep};

type Outcome = Result<&'static str, &'static str>;

async fn assemble(outcome: Outcome, millis: u64) -> Outcome {
    sleep(Duration::from_millis(millis)).await;
    outcome
}

fn outcomes(done: &[Completed<Outcome>]) -> String {
    let outcomes: Vec<_> = done
        .iter()
        .map(|part| format!("{:?}", part.output))
        .collect();
    outcomes.join(", ")
}

// tokio's paused clock jumps from timer to timer, so that the times are exact and nobody has to wait for them.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let print = |what: String| println!("{:>4} ms  {what}", start.elapsed().as_millis());

    let parts = [
        assemble(Ok("engine"), 200),
        assemble(Err("the paint is out"), 100),
        assemble(Ok("wheels"), 50),
    ];
    let (done, pending) = wait(parts).return_when(FirstError).await;
    print(outcomes(&done));

    print(format!("{} pending, which may finish", pending.len()));
    let (done, _) = wait(pending).return_when(FirstError).await;
    print(outcomes(&done));
}
