use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::{LocalBoxFuture, Runtime};

/// The current-thread runtime.
pub struct CurrentThread;

impl Runtime for CurrentThread {
    fn block_on<F: Future>(future: F) -> F::Output {
        Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        tokio::spawn(task);
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The multi-threaded runtime.
pub struct MultiThread;

impl Runtime for MultiThread {
    fn block_on<F: Future>(future: F) -> F::Output {
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        tokio::spawn(task);
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A `LocalSet` on the current-thread runtime; every task is a local one.
pub struct Local;

impl Runtime for Local {
    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        LocalSet::new().block_on(&runtime, future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        tokio::task::spawn_local(task);
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
