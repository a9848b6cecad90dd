//! smol, and what is built on its parts.

use std::time::Duration;

use async_executor::LocalExecutor;

use crate::{LocalBoxFuture, Runtime, timer};

/// smol's global executor.
pub struct Smol;

impl Runtime for Smol {
    fn block_on<F: Future>(future: F) -> F::Output {
        smol::block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        smol::spawn(task).detach();
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        timer(duration)
    }
}

/// async-std's global executor.
pub struct AsyncStd;

impl Runtime for AsyncStd {
    fn block_on<F: Future>(future: F) -> F::Output {
        async_std::task::block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        async_std::task::spawn(task);
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(async_std::task::sleep(duration))
    }
}

/// A `LocalExecutor` for each thread.
pub struct Local;

thread_local! {
    static LOCAL: LocalExecutor<'static> = const { LocalExecutor::new() };
}

impl Runtime for Local {
    fn block_on<F: Future>(future: F) -> F::Output {
        LOCAL.with(|local| smol::block_on(local.run(future)))
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        LOCAL.with(|local| local.spawn(task).detach());
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        timer(duration)
    }
}
