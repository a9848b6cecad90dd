//! asyncio's `as_completed`: each output as soon as it is ready, the quickest first.
//!
//! `.keyed()` tells which input an output belongs to: `key.index()` is its place among the inputs.
//!
//! ```text
//! $ cargo run --example as_completed
//! quick
//! medium
//! slow
//! input 1 gave quick
//! input 2 gave medium
//! input 0 gave slow
//! ```

use std::time::Duration;

use async_std::task::{self, sleep};
use rejoin::{Completed, as_completed};

async fn answer(text: &'static str, millis: u64) -> &'static str {
    sleep(Duration::from_millis(millis)).await;
    text
}

fn main() {
    task::block_on(async {
        let inputs = [("slow", 250), ("quick", 50), ("medium", 150)];

        let mut answers = as_completed(inputs.map(|(text, millis)| answer(text, millis)));
        while let Some(text) = answers.next().await {
            println!("{text}");
        }

        let mut answers = as_completed(inputs.map(|(text, millis)| answer(text, millis))).keyed();
        while let Some(Completed { key, output }) = answers.next().await {
            println!("input {} gave {output}", key.index());
        }
    });
}
