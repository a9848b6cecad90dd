//! The cases of rejoin's own tests, on any executor.
//!
//! An adapter is an implementation of [`Runtime`]: how to block on a future, how to spawn one, how to sleep. [`main`] makes
//! a test of each case on each executor that it is given:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use matrix::{Executor, LocalBoxFuture, Runtime};
//!
//! struct Mine;
//!
//! impl Runtime for Mine {
//!     fn block_on<F: Future>(future: F) -> F::Output {
//!         futures_executor::block_on(future)
//!     }
//!
//!     fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
//!         std::thread::spawn(|| futures_executor::block_on(task));
//!     }
//!
//!     fn sleep(duration: Duration) -> LocalBoxFuture<()> {
//!         matrix::timer(duration)
//!     }
//! }
//!
//! matrix::main(&[Executor::new::<Mine>("mine")]);
//! ```

/// Registers the cases of a module.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        inventory::submit! {
            $crate::cases_of::Module {
                path: module_path!(),
                cases: &[$((stringify!($case), || Box::pin($case::<$crate::support::Current>()))),+],
            }
        }
    };
}

#[path = "../../tests/it/cases/mod.rs"]
#[allow(
    clippy::extra_unused_type_parameters,
    clippy::manual_is_multiple_of,
    reason = "every case has the runtime as its parameter, and keeps to rejoin's oldest compiler"
)]
mod cases;
mod cases_of;
#[cfg(feature = "executors")]
pub mod executors;
mod harness;
pub mod hostile;
#[path = "../../tests/it/support/mod.rs"]
pub mod support;

use std::time::Duration;

pub use cases_of::{Case, cases};
pub use harness::{Executor, main};
pub use support::{LocalBoxFuture, Runtime};

/// A timer for executors that have none. It fires on a thread of its own.
pub fn timer(duration: Duration) -> LocalBoxFuture<()> {
    Box::pin(async move {
        async_io::Timer::after(duration).await;
    })
}
