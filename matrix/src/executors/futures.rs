//! The executors of the futures crate, and pollster. None has timers.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use futures_executor::{LocalPool, LocalSpawner, ThreadPool};
use futures_util::task::{LocalSpawnExt, SpawnExt};

use crate::{LocalBoxFuture, Runtime, timer};

/// `block_on` alone: whoever is spawned has a thread of its own.
pub struct BlockOn;

impl Runtime for BlockOn {
    fn block_on<F: Future>(future: F) -> F::Output {
        futures_executor::block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        thread::spawn(|| futures_executor::block_on(task));
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        timer(duration)
    }
}

/// `LocalPool`: everything on one thread.
pub struct Local;

thread_local! {
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

impl Runtime for Local {
    fn block_on<F: Future>(future: F) -> F::Output {
        let mut pool = LocalPool::new();
        SPAWNER.set(Some(pool.spawner()));
        pool.run_until(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        SPAWNER.with_borrow(|spawner| {
            let spawner = spawner.as_ref().expect("called by a task of this thread");
            spawner.spawn_local(task).unwrap();
        });
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        timer(duration)
    }
}

/// `ThreadPool`: the case blocks its thread, whoever is spawned runs on the pool.
pub struct Threads;

static POOL: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPool::builder().pool_size(2).create().unwrap());

impl Runtime for Threads {
    fn block_on<F: Future>(future: F) -> F::Output {
        futures_executor::block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        POOL.spawn(task).unwrap();
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        timer(duration)
    }
}

/// pollster, which blocks on one future: whoever is spawned has a thread of its own.
pub struct Pollster;

impl Runtime for Pollster {
    fn block_on<F: Future>(future: F) -> F::Output {
        pollster::block_on(future)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        thread::spawn(|| pollster::block_on(task));
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        timer(duration)
    }
}
