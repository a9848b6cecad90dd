//! *Start things concurrently, then rejoin them*: Python's `asyncio.gather`, `as_completed` and `wait`, on any executor, with
//! nothing lost on a timeout, an error or a cancellation.
//!
//! ```
//! use rejoin::{FirstCompleted, as_completed, gather, wait};
//!
//! async fn fetch(url: &str) -> String {
//!     format!("the page {url}")
//! }
//!
//! # futures_executor::block_on(async {
//! let urls = ["/a", "/b", "/c"];
//!
//! let pages = gather(urls.map(fetch)).await; // all of them, in the order of the URLs
//! assert_eq!(pages, ["the page /a", "the page /b", "the page /c"]);
//!
//! let mut pages = as_completed(urls.map(fetch)); // each one as soon as it is done
//! while let Some(page) = pages.next().await {
//!     println!("{page}");
//! }
//!
//! let (done, mut pending) = wait(urls.map(fetch)).return_when(FirstCompleted).await;
//! println!("{} done, {} to go", done.len(), pending.len());
//! pending.insert(fetch("/d")); // add to what is waited for, wait again, or drop it
//! # });
//! ```
//!
//! | asyncio | rejoin | gives |
//! |---|---|---|
//! | `gather(…, return_exceptions=True)` | [`gather()`], [`gather!`] | all outputs in input order |
//! | `gather(…)` | [`try_gather()`], [`try_gather!`] | the same, or the first error |
//! | `as_completed(…)` | [`as_completed()`] | a stream of outputs, in the order of completion |
//! | `wait(…, return_when=…)` | [`wait()`], [`return_when`](Wait::return_when) | `(done, pending)` |
//! | `timeout=…` | `.timeout(timer)` on each | what was done by then; any future is a [`Timer`] |
//! | | [`limit()`] | at most `n` at a time |
//! | | [`FutureSet`], [`Adder`] | what all of them are views of: grow it, lend it, keep it |
//! | `create_task(…)` | [`create_task`] | a future that runs in the background, on any executor |
//!
//! On this page:
//! [what runs when](#what-runs-when) ·
//! [one set, three views](#one-set-three-views) ·
//! [choosing](#choosing) ·
//! [timeouts](#timeouts) ·
//! [growing](#growing) ·
//! [limits](#limits) ·
//! [errors](#errors) ·
//! [keys](#keys) ·
//! [cancellation](#cancellation) ·
//! [a loop body that awaits](#a-loop-body-that-awaits) ·
//! [panics](#panics) ·
//! [order and fairness](#order-and-fairness) ·
//! [executors](#executors) ·
//! [when something hangs](#when-something-hangs) ·
//! [what the compiler says](#what-the-compiler-says) ·
//! [without `std`](#without-std) ·
//! [what it costs](#what-it-costs) ·
//! [versions](#versions) ·
//! [**coming from asyncio**](#coming-from-asyncio) ·
//! [**coming from futures-util and tokio**](#coming-from-futures-util-and-tokio)
//!
#![doc = include_str!("../docs/book.md")]
#![doc = ""]
#![doc = include_str!("../docs/asyncio.md")]
#![doc = ""]
#![doc = include_str!("../docs/futures-util.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod as_completed;
mod drive;
mod gather;
mod into_set;
mod limit;
mod macros;
mod return_when;
mod set;
mod sync;
#[cfg(feature = "std")]
mod task;
mod timeout;
mod view;
mod wait;

pub use as_completed::{AsCompleted, Items, Keyed, Plain, as_completed};
pub use drive::{DriveWhile, ForEach, Next};
pub use gather::{Gather, Report, TryGather, gather, try_gather};
pub use into_set::{AnySet, IntoSet};
pub use limit::{Limit, limit};
pub use return_when::{
    AllCompleted, AtLeast, FirstCompleted, FirstError, FirstSuccess, ReturnWhen,
};
pub use set::{Adder, Closed, Completed, FutureSet, Key, Progress};
#[cfg(feature = "std")]
pub use task::{Background, Task, TaskError, create_task};
pub use timeout::{TimedOut, Timeout, Timer};
pub use wait::{Wait, wait};

#[doc(hidden)]
pub use macros::private;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
