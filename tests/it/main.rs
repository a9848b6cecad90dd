//! One binary with every integration test.
//!
//! A case is an ordinary `async fn case<R: Runtime>()` in one of the modules under `cases`. Its name stands in the
//! `cases!` list of that module, and is expanded to one test per executor: `cargo test on_smol` runs one executor,
//! `cargo test cases::wait` one subject, and a case that is missing in the list is dead code.

/// Puts each case of a module on every executor.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {$(
        mod $case {
            use crate::executors::{AsyncStd, BlockOn, Smol, Tokio, TokioMulti};
            use crate::support::{Current, run};

            #[test]
            fn on_tokio() {
                run::<Tokio>(Box::pin(super::$case::<Current>()));
            }

            #[test]
            fn on_tokio_multi() {
                run::<TokioMulti>(Box::pin(super::$case::<Current>()));
            }

            #[test]
            fn on_smol() {
                run::<Smol>(Box::pin(super::$case::<Current>()));
            }

            #[test]
            fn on_async_std() {
                run::<AsyncStd>(Box::pin(super::$case::<Current>()));
            }

            #[test]
            fn on_block_on() {
                run::<BlockOn>(Box::pin(super::$case::<Current>()));
            }
        }
    )+};
}

mod auto_traits;
mod cases;
mod contract;
mod executors;
mod no_runtime;
mod runtimes;
mod support;
