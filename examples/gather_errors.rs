//! What becomes of the others when one fails?
//!
//! `gather` over `Result`s is asyncio's `gather(…, return_exceptions=True)`: every outcome at its place. `try_gather` is
//! asyncio's plain `gather`: the first error at once. There the others run on, and nobody hears of them again; here they
//! are dropped or, if you lend it a set, still yours.
//!
//! ```text
//! $ cargo run --example gather_errors
//! gather:
//!   wheat is milled
//!   barley is milled
//!   [Ok("wheat"), Err("no oats"), Err("no rye"), Ok("barley")]
//! try_gather:
//!   wheat is milled
//!   Err("no rye")
//! try_gather over a set:
//!   wheat is milled
//!   Err("no rye"), with 3 left
//!   barley is milled
//!   [Ok("wheat"), Err("no oats"), Ok("barley")]
//! ```

use std::time::Duration;

use async_std::task::{self, sleep};
use rejoin::{FutureSet, gather, try_gather};

type Outcome = Result<&'static str, &'static str>;

async fn mill(outcome: Outcome, millis: u64) -> Outcome {
    sleep(Duration::from_millis(millis)).await;
    if let Ok(grain) = outcome {
        println!("  {grain} is milled");
    }
    outcome
}

fn grains() -> impl Iterator<Item = impl Future<Output = Outcome>> {
    let grains = [
        (Ok("wheat"), 50),
        (Err("no oats"), 250),
        (Err("no rye"), 150),
        (Ok("barley"), 350),
    ];
    grains
        .into_iter()
        .map(|(outcome, millis)| mill(outcome, millis))
}

fn main() {
    task::block_on(async {
        println!("gather:");
        let all = gather(grains()).await;
        println!("  {all:?}");

        println!("try_gather:");
        let all = try_gather(grains()).await;
        println!("  {all:?}");

        println!("try_gather over a set:");
        let mut set: FutureSet<_> = grains().collect();
        let error = try_gather(&mut set).await.unwrap_err();
        println!("  Err({error:?}), with {} left", set.len());
        let rest = gather(set).await;
        println!("  {rest:?}");
    });
}
