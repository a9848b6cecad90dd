//! The children go on while the loop body awaits: no deadlock over a lock that a child holds.
//!
//! Between two calls of `next` nobody polls the children. If the body of the loop then waits for something that only a child
//! can release, it waits for ever; every stream of futures in Rust has this trap. asyncio does not: its tasks run by
//! themselves. `drive_while` polls the children while the body awaits, and `for_each` does so for its whole body.
//!
//! ```text
//! $ cargo run --example drive_while
//! a plain await:
//!   anna borrows the ladder
//!   bert is done and wants the ladder: deadlock, given up after 100 ms
//! drive_while:
//!   anna borrows the ladder
//!   anna gives it back
//!   bert is done and gets the ladder
//!   anna is done and gets the ladder
//! for_each:
//!   anna borrows the ladder
//!   anna gives it back
//!   bert is done and gets the ladder
//!   anna is done and gets the ladder
//! ```

use std::time::Duration;

use rejoin::as_completed;
use smol::Timer;
use smol::future::or;
use smol::lock::Mutex;

async fn pick_apples(name: &'static str, ladder: Option<&Mutex<()>>) -> &'static str {
    if let Some(ladder) = ladder {
        let _borrowed = ladder.lock().await;
        println!("  {name} borrows the ladder");
        Timer::after(Duration::from_millis(50)).await;
        println!("  {name} gives it back");
    }
    name
}

fn main() {
    smol::block_on(async {
        let ladder = Mutex::new(());
        let pickers = || {
            [
                pick_apples("anna", Some(&ladder)),
                pick_apples("bert", None),
            ]
        };
        let clean = async |name| {
            let _borrowed = ladder.lock().await;
            println!("  {name} is done and gets the ladder");
        };

        println!("a plain await:");
        let mut done = as_completed(pickers());
        if let Some(name) = done.next().await {
            or(clean(name), async {
                Timer::after(Duration::from_millis(100)).await;
                println!("  {name} is done and wants the ladder: deadlock, given up after 100 ms");
            })
            .await;
        }
        drop(done);

        println!("drive_while:");
        let mut done = as_completed(pickers());
        while let Some(name) = done.next().await {
            done.drive_while(clean(name)).await;
        }

        println!("for_each:");
        as_completed(pickers()).for_each(clean).await;
    });
}
