//! Many inputs, few at a time: the iterator is advanced only when a place has come free.
//!
//! asyncio's `gather` starts all at once; a semaphore in each child holds them back, but all of them exist from the start.
//! Here ten thousand inputs would need the memory of two, and the outputs come in the same order as without a limit.
//!
//! ```text
//! $ cargo run --example limit
//! the oven has room for 2
//! in: bread
//! in: cake
//! out: cake
//! in: pie
//! out: bread
//! in: pizza
//! out: pie
//! out: pizza
//! ["bread", "cake", "pie", "pizza"]
//! ```

use std::time::Duration;

use async_std::task::{self, sleep};
use rejoin::{gather, limit};

async fn bake(what: &'static str, millis: u64) -> &'static str {
    sleep(Duration::from_millis(millis)).await;
    println!("out: {what}");
    what
}

fn main() {
    task::block_on(async {
        let dough = [("bread", 200), ("cake", 50), ("pie", 250), ("pizza", 200)];
        // Lazy: an item is made when it is asked for.
        let dough = dough.into_iter().map(|(what, millis)| {
            println!("in: {what}");
            bake(what, millis)
        });

        println!("the oven has room for 2");
        let baked = gather(limit(2, dough)).await;
        println!("{baked:?}");
    });
}
