//! Groups nest: a `gather` is a future, so a `gather` of them is one more.
//!
//! All leaves run at once, whatever group they are in, and dropping the outer group would drop them all.
//!
//! ```text
//! $ cargo run --example gather_nested
//! sparrow
//! pike
//! robin
//! carp
//! birds: robin, sparrow
//! fish: carp, pike
//! ```

use std::time::Duration;

use async_std::task::{self, sleep};
use rejoin::gather;

async fn spot(animal: &'static str, millis: u64) -> &'static str {
    sleep(Duration::from_millis(millis)).await;
    println!("{animal}");
    animal
}

fn main() {
    task::block_on(async {
        let birds = gather([spot("robin", 250), spot("sparrow", 50)]);
        let fish = gather([spot("carp", 350), spot("pike", 150)]);
        let groups = gather([birds, fish]).await;
        for (group, animals) in ["birds", "fish"].iter().zip(groups) {
            println!("{group}: {}", animals.join(", "));
        }
    });
}
