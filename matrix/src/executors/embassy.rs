//! embassy's executor for hosted platforms. Its tasks live in statics, here in boxes that are leaked.

use std::cell::Cell;
use std::mem::transmute;
use std::pin::Pin;
use std::time::Duration;

use embassy_executor::raw::TaskStorage;
use embassy_executor::{Executor, Spawner};

use crate::{LocalBoxFuture, Runtime, timer};

pub struct Embassy;

thread_local! {
    static SPAWNER: Cell<Option<Spawner>> = const { Cell::new(None) };
}

fn start(spawner: Spawner, task: LocalBoxFuture<()>) {
    let storage: &'static TaskStorage<_> = Box::leak(Box::new(TaskStorage::new()));
    spawner.spawn(storage.spawn(|| task).expect("a new one is free"));
}

impl Runtime for Embassy {
    fn block_on<F: Future>(future: F) -> F::Output {
        let output = Cell::new(None);
        let task: Pin<Box<dyn Future<Output = ()> + '_>> =
            Box::pin(async { output.set(Some(future.await)) });
        // SAFETY: `run_until` returns when there is an output, and then the task has been dropped. Should it unwind, the
        // task is leaked with its executor, which nobody polls any more.
        let task: LocalBoxFuture<()> = unsafe { transmute(task) };
        let executor: &'static mut Executor = Box::leak(Box::new(Executor::new()));
        let mut result = None;
        executor.run_until(
            |spawner| {
                SPAWNER.set(Some(spawner));
                start(spawner, task);
            },
            || {
                result = output.take();
                result.is_some()
            },
        );
        result.expect("it runs until there is one")
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        let spawner = SPAWNER.get().expect("called by a task of this thread");
        start(spawner, Box::pin(task));
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        timer(duration)
    }
}
