//! Items until a deadline, then one error, and the unfinished ones back.
//!
//! asyncio's `as_completed(…, timeout=…)` raises as well, but the futures that were late can no longer be had from it.
//!
//! ```text
//! $ cargo run --example as_completed_timeout
//!   50 ms  ruby
//!  100 ms  opal
//!  120 ms  timed out with 2 of 4 finished
//!  120 ms  2 go on
//!  150 ms  jade
//!  200 ms  onyx
//! ```

use std::time::Duration;

use rejoin::as_completed;
use tokio::time::{Instant, sleep};

async fn polish(gem: &'static str, millis: u64) -> &'static str {
    sleep(Duration::from_millis(millis)).await;
    gem
}

// tokio's paused clock jumps from timer to timer, so that the times are exact and nobody has to wait for them.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let print = |what: &str| println!("{:>4} ms  {what}", start.elapsed().as_millis());

    let gems = [("onyx", 200), ("ruby", 50), ("jade", 150), ("opal", 100)];
    let gems = gems.map(|(gem, millis)| polish(gem, millis));
    let mut polished = as_completed(gems).timeout(sleep(Duration::from_millis(120)));
    while let Some(item) = polished.next().await {
        match item {
            Ok(gem) => print(gem),
            Err(timed_out) => print(&timed_out.to_string()),
        }
    }

    let late = polished.into_set();
    print(&format!("{} go on", late.len()));
    let mut polished = as_completed(late);
    while let Some(gem) = polished.next().await {
        print(gem);
    }
}
