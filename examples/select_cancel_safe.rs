//! A view inside `tokio::select!`: `next` is cancel safe.
//!
//! Whenever the other branch wins, `select!` drops the future of `next`; what had completed stays in the view, and comes with
//! the next call. asyncio can lose an item there: one per cancelled `anext`.
//!
//! ```text
//! $ cargo run --example select_cancel_safe
//!   30 ms  tick
//!   40 ms  first letter
//!   60 ms  tick
//!   80 ms  second letter
//!   90 ms  tick
//!  120 ms  tick
//!  130 ms  third letter
//! the post is over
//! ```

use std::time::Duration;

use rejoin::as_completed;
use tokio::time::{Instant, interval_at, sleep};

async fn letter(name: &'static str, millis: u64) -> &'static str {
    sleep(Duration::from_millis(millis)).await;
    name
}

// tokio's paused clock jumps from timer to timer, so that the times are exact and nobody has to wait for them.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let print = |what: &str| println!("{:>4} ms  {what}", start.elapsed().as_millis());

    let every = Duration::from_millis(30);
    let mut clock = interval_at(start + every, every);
    let mut post = as_completed([
        letter("second letter", 80),
        letter("first letter", 40),
        letter("third letter", 130),
    ]);
    loop {
        tokio::select! {
            _ = clock.tick() => print("tick"),
            letter = post.next() => match letter {
                Some(letter) => print(letter),
                None => break,
            },
        }
    }
    println!("the post is over");
}
