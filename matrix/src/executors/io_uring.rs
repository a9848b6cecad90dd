//! Executors on io_uring: one thread each, everything spawned is local.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Wake, Waker};
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
            .block_on(behind_the_others(future))
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        monoio::spawn(behind_the_others(task));
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        Box::pin(monoio::time::sleep(duration))
    }
}

/// monoio puts a task that wakes itself while it is polled before all others, which then never run. Here such a wake goes
/// the way round: through a task of its own, behind the others.
async fn behind_the_others<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let relay = Arc::new(Relay {
            task: cx.waker().clone(),
            stage: AtomicU8::new(POLLING),
        });
        let waker = Waker::from(Arc::clone(&relay));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        if relay.stage.swap(POLLED, Ordering::AcqRel) == WOKEN && polled.is_pending() {
            monoio::spawn(async move { relay.task.wake_by_ref() });
        }
        polled
    })
    .await
}

/// A task's waker for one poll, which keeps wakes back until the poll has ended.
struct Relay {
    task: Waker,
    stage: AtomicU8,
}

const POLLING: u8 = 0;
const WOKEN: u8 = 1;
const POLLED: u8 = 2;

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        let (order, failed) = (Ordering::AcqRel, Ordering::Acquire);
        let stage = self.stage.compare_exchange(POLLING, WOKEN, order, failed);
        if stage == Err(POLLED) {
            self.task.wake_by_ref();
        }
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
