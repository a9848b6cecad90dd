//! Waits for the first ones, inserts what they lead to, and waits on: a crawl under a deadline.
//!
//! asyncio's `wait` takes a fixed set: to grow means to build a new one from `pending` and the newcomers each time, and a
//! loop over n tasks takes n² steps. Here it is one set all along.
//!
//! ```text
//! $ cargo run --example wait_growing
//!   50 ms  / leads to ["/guide", "/news"]
//!   90 ms  /guide leads to ["/guide/wait"]
//!  120 ms  /guide/wait leads to []
//!  150 ms  /news leads to ["/news/archive"]
//! pending at the deadline: ["/news/archive"]
//! ```

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use rejoin::{Completed, FirstCompleted, FutureSet, wait};
use tokio::time::{Instant, sleep};

async fn links_of(page: &str) -> &'static [&'static str] {
    let (millis, links): (_, &[_]) = match page {
        "/" => (50, &["/guide", "/news"]),
        "/guide" => (40, &["/guide/wait"]),
        "/news" => (100, &["/news/archive"]),
        "/news/archive" => (1_000, &["/"]),
        _ => (30, &[]),
    };
    sleep(Duration::from_millis(millis)).await;
    links
}

// tokio's paused clock jumps from timer to timer, so that the times are exact and nobody has to wait for them.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let mut deadline = pin!(sleep(Duration::from_millis(200)));
    let mut set = FutureSet::new();
    let mut in_flight = HashMap::from([(set.insert(links_of("/")), "/")]);
    loop {
        let waiting = wait(&mut set).return_when(FirstCompleted);
        let (done, _) = waiting.timeout(deadline.as_mut()).await;
        if done.is_empty() {
            break;
        }
        for Completed { key, output: links } in done {
            let page = in_flight.remove(&key).unwrap();
            println!(
                "{:>4} ms  {page} leads to {links:?}",
                start.elapsed().as_millis()
            );
            in_flight.extend(links.iter().map(|link| (set.insert(links_of(link)), *link)));
        }
    }
    let pending: Vec<_> = in_flight.into_values().collect();
    println!("pending at the deadline: {pending:?}");
}
