//! The two classic mistakes with several slow calls, each with its fix.
//!
//! The first is to await each call in turn. A future does nothing until it is awaited (asyncio's coroutines are the same),
//! so the times add up. `gather` runs all of them at once.
//!
//! The second is to start them all and then await them in order: the first slow one holds back what the others have
//! finished long ago. `as_completed` hands out each as it completes.
//!
//! ```text
//! $ cargo run --example one_by_one
//! each awaited in turn
//!   300 ms  slow
//!   400 ms  quick
//!   600 ms  medium
//! gathered
//!   300 ms  slow, quick, medium
//! all started, awaited in order
//!   300 ms  slow
//!   300 ms  quick
//!   300 ms  medium
//! all started, as they complete
//!   100 ms  quick
//!   200 ms  medium
//!   300 ms  slow
//! ```

use std::time::Duration;

use rejoin::{as_completed, gather};
use tokio::time::{Instant, sleep};

const CALLS: [(&str, u64); 3] = [("slow", 300), ("quick", 100), ("medium", 200)];

async fn call((name, millis): (&'static str, u64)) -> &'static str {
    sleep(Duration::from_millis(millis)).await;
    name
}

fn print(start: Instant, what: &str) {
    println!("  {} ms  {what}", start.elapsed().as_millis());
}

// tokio's paused clock jumps from timer to timer, so that the times are exact and nobody has to wait for them.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("each awaited in turn");
    let start = Instant::now();
    for details in CALLS {
        print(start, call(details).await);
    }

    println!("gathered");
    let start = Instant::now();
    let names = gather(CALLS.map(call)).await;
    print(start, &names.join(", "));

    println!("all started, awaited in order");
    let start = Instant::now();
    for task in CALLS.map(|details| tokio::spawn(call(details))) {
        print(start, task.await.unwrap());
    }

    println!("all started, as they complete");
    let start = Instant::now();
    let mut names = as_completed(CALLS.map(|details| tokio::spawn(call(details))));
    while let Some(name) = names.next().await {
        print(start, name.unwrap());
    }
}
