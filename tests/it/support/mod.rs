//! What the cases are made of: a runtime behind a trait, futures and clocks that are worked by hand, and a probe that
//! polls a view and counts what it does to its task.

mod clock;
mod manual;
mod probe;
mod random;
mod runtime;

pub use clock::Clock;
pub use manual::{Group, Handle, Manual, group, manual};
pub use probe::Probe;
pub use random::Random;
pub use runtime::{Current, LocalBoxFuture, Runtime, run};

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use rejoin::{Completed, Progress};

/// Pending once, woken through the borrowed waker.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Pending once, woken through a clone of the waker, as tokio's `yield_now` and its cooperative budget do it.
#[expect(clippy::waker_clone_wake, reason = "the clone is what it is for")]
pub async fn yield_with_clone() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().clone().wake();
        Poll::Pending
    })
    .await;
}

/// What completed, without the keys.
pub fn outputs<T>(done: Vec<Completed<T>>) -> Vec<T> {
    done.into_iter().map(|completed| completed.output).collect()
}

/// The futures of a group, and how many of them were pulled.
pub fn counted(count: usize) -> (Group<usize>, Pulled, impl Iterator<Item = Manual<usize>>) {
    let (children, futures) = group(count);
    let pulled = Pulled::default();
    let counter = Rc::clone(&pulled);
    let counting = futures
        .into_iter()
        .inspect(move |_| counter.set(counter.get() + 1));
    (children, pulled, counting)
}

type Pulled = Rc<Cell<usize>>;

/// Finished, and total.
pub fn counts(progress: Progress) -> (usize, usize) {
    (progress.finished, progress.total)
}

/// The message of a caught panic.
pub fn panic_message(payload: &(dyn std::any::Any + Send)) -> &str {
    match payload.downcast_ref::<String>() {
        Some(message) => message,
        None => payload
            .downcast_ref::<&str>()
            .copied()
            .unwrap_or("not a message"),
    }
}
