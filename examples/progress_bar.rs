//! A progress bar for a `gather`: the third-party package `tqdm` does this for asyncio.
//!
//! `on_progress` is called with the exact counts, once per completion. The bar is on standard error, and only if
//! that is a terminal.
//!
//! ```text
//! $ cargo run --example progress_bar
//! 40 of 40 files are there, 82000 bytes
//! ```

use std::time::Duration;

use async_std::task::{self, sleep};
use indicatif::ProgressBar;
use rejoin::{Progress, gather};

async fn download(size: u64) -> u64 {
    sleep(Duration::from_millis(size / 10)).await;
    size
}

fn main() {
    task::block_on(async {
        let bar = ProgressBar::new(0);
        let mut last = (0, 0);
        let sizes = gather((1..=40).map(|n| download(n * 100)))
            .on_progress(|Progress { finished, total }| {
                last = (finished, total);
                bar.set_length(total as u64);
                bar.set_position(finished as u64);
            })
            .await;
        bar.finish_and_clear();
        let (finished, total) = last;
        let bytes: u64 = sizes.iter().sum();
        println!("{finished} of {total} files are there, {bytes} bytes");
    });
}
