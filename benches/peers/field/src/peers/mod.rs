//! The other crates, each in a file of its own.

pub mod futures_buffered;
pub mod futures_concurrency;
pub mod futures_util;
pub mod tokio;
pub mod unicycle;
