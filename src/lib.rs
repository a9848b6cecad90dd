//! Start things concurrently, then rejoin them: asyncio's `gather`, `as_completed` and `wait`, for any executor.

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
#![warn(missing_docs)]

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
pub use gather::{Gather, TryGather, gather, try_gather};
pub use into_set::{AnySet, IntoSet};
pub use limit::{Limit, limit};
pub use return_when::{
    AllCompleted, AtLeast, FirstCompleted, FirstError, FirstSuccess, ReturnWhen,
};
pub use set::{Adder, Closed, Completed, FutureSet, Key, Progress};
#[cfg(feature = "std")]
pub use task::{Task, TaskError, create_task};
pub use timeout::{TimedOut, Timeout};
pub use wait::{Wait, wait};

#[doc(hidden)]
pub use macros::private;
