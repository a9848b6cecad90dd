//! asyncio's `wait(…, return_when=FIRST_COMPLETED)`: the quickest wins, the others are handed back.
//!
//! Several may be done when it returns: `done` is everything that had completed by then, here the two mirrors that
//! answered while the program was busy elsewhere.
//!
//! ```text
//! $ cargo run --example wait_first_completed
//! done: ["near"]
//! done: ["far", "farther"]
//! the slowest is dropped unfinished
//! ```

use std::time::Duration;

use rejoin::{Completed, FirstCompleted, wait};
use smol::Timer;

async fn download(mirror: &'static str, millis: u64) -> &'static str {
    Timer::after(Duration::from_millis(millis)).await;
    mirror
}

fn names(done: Vec<Completed<&'static str>>) -> Vec<&'static str> {
    done.into_iter()
        .map(|Completed { output, .. }| output)
        .collect()
}

fn main() {
    smol::block_on(async {
        let mirrors = [
            ("slowest", 10_000),
            ("farther", 200),
            ("far", 170),
            ("near", 20),
        ];
        let downloads = mirrors.map(|(mirror, millis)| download(mirror, millis));

        let (done, pending) = wait(downloads).return_when(FirstCompleted).await;
        println!("done: {:?}", names(done));

        // Meanwhile both of the next two answer.
        Timer::after(Duration::from_millis(250)).await;
        let (done, pending) = wait(pending).return_when(FirstCompleted).await;
        println!("done: {:?}", names(done));

        drop(pending);
        println!("the slowest is dropped unfinished");
    });
}
