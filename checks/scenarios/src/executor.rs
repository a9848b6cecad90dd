//! An executor without a reactor: who is pending and was not woken would wait for ever.

use alloc::{sync::Arc, task::Wake};
use core::{
    future::{Future, poll_fn},
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
};

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        // Ordering: everything runs on one thread.
        self.0.store(true, Ordering::Relaxed);
    }
}

/// # Panics
///
/// If the future is pending and has not woken its task.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let woken = Arc::new(Flag(AtomicBool::new(false)));
    let waker = Waker::from(woken.clone());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(woken.0.swap(false, Ordering::Relaxed), "a wake was lost");
    }
}

/// Wakes itself `times` times, then completes with `output`.
pub fn yields<T: Clone>(mut times: usize, output: T) -> impl Future<Output = T> {
    poll_fn(move |cx| {
        if times == 0 {
            return Poll::Ready(output.clone());
        }
        times -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}
