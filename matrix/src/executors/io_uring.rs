//! Executors on io_uring: one thread each, everything spawned is local.

use std::time::Duration;

use monoio::{IoUringDriver, RuntimeBuilder};

use crate::{LocalBoxFuture, Runtime};

/// Why the kernel gives no ring, if it gives none.
pub fn refused() -> Option<String> {
    let refusal = io_uring::IoUring::new(8).err()?;
    Some(format!("io_uring_setup: {refusal}"))
}

pub struct Compio;

impl Runtime for Compio {
    fn block_on<F: Future>(future: F) -> F::Output {
        compio::runtime::Runtime::new().unwrap().block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        compio::runtime::spawn(task).detach();
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(compio::time::sleep(duration))
    }
}

pub struct Monoio;

impl Runtime for Monoio {
    fn block_on<F: Future>(future: F) -> F::Output {
        RuntimeBuilder::<IoUringDriver>::new()
            .enable_timer()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        monoio::spawn(task);
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(monoio::time::sleep(duration))
    }
}

pub struct Glommio;

impl Runtime for Glommio {
    fn block_on<F: Future>(future: F) -> F::Output {
        glommio::LocalExecutorBuilder::default()
            .make()
            .unwrap()
            .run(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        glommio::spawn_local(task).detach();
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(glommio::timer::sleep(duration))
    }
}
