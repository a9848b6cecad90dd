//! A `gather` with a timeout, and how to go on after it.
//!
//! asyncio's `wait_for(gather(…), 1.2)` cancels all and loses even what had finished. Here the error holds the set, with the
//! outputs that were there and the futures that were not: gather it again, and nothing is done twice.
//!
//! ```text
//! $ cargo run --example gather_timeout
//!   50 ms  kettle
//!  100 ms  toast
//!  120 ms  timed out with 2 of 4 finished
//!  150 ms  eggs
//!  200 ms  porridge
//!  200 ms  porridge, kettle, eggs, toast
//! ```

use std::time::Duration;

use rejoin::gather;
use tokio::time::{Instant, sleep};

async fn cook(what: &'static str, millis: u64, start: Instant) -> &'static str {
    sleep(Duration::from_millis(millis)).await;
    print(start, what);
    what
}

fn print(start: Instant, what: impl std::fmt::Display) {
    println!("{:>4} ms  {what}", start.elapsed().as_millis());
}

// tokio's paused clock jumps from timer to timer, so that the times are exact and nobody has to wait for them.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let dishes = [
        ("porridge", 200),
        ("kettle", 50),
        ("eggs", 150),
        ("toast", 100),
    ];
    let cooking = dishes.map(|(what, millis)| cook(what, millis, start));

    let patience = sleep(Duration::from_millis(120));
    let breakfast = match gather(cooking).timeout(patience).await {
        Ok(breakfast) => breakfast,
        Err(late) => {
            print(start, &late);
            gather(late.into_set()).await
        }
    };
    print(start, breakfast.join(", "));
}
