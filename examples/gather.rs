//! asyncio's `await asyncio.gather(…)`: all at once, the outputs in the order of the inputs.
//!
//! Futures of one type come from any iterator; the macro takes futures of different types and makes a tuple.
//!
//! ```text
//! $ cargo run --example gather
//! second is there
//! third is there
//! first is there
//! ["FIRST", "SECOND", "THIRD"]
//! the greeting is "hello", its length 5
//! ```

use std::time::Duration;

use rejoin::gather;
use smol::Timer;

async fn fetch(page: &str, millis: u64) -> String {
    Timer::after(Duration::from_millis(millis)).await;
    println!("{page} is there");
    page.to_uppercase()
}

async fn greeting() -> &'static str {
    "hello"
}

async fn length() -> usize {
    5
}

fn main() {
    smol::block_on(async {
        let pages = [("first", 250), ("second", 50), ("third", 150)];
        let pages = gather(pages.map(|(page, millis)| fetch(page, millis))).await;
        println!("{pages:?}");

        let (greeting, length) = gather!(greeting(), length()).await;
        println!("the greeting is {greeting:?}, its length {length}");
    });
}
