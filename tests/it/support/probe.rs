use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_core::Stream;

use super::panic_message;

/// A task's waker that counts.
#[derive(Default)]
pub struct CountingWaker(AtomicUsize);

impl CountingWaker {
    pub fn wakes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A task whose turn comes when the test says so.
///
/// As a future it is the view itself: `probe.await` hands it over to the executor of the case.
pub struct Probe<V> {
    view: Pin<Box<V>>,
    task: Arc<CountingWaker>,
    waker: Waker,
}

impl<V> Probe<V> {
    pub fn new(view: V) -> Self {
        let task = Arc::<CountingWaker>::default();
        let waker = Waker::from(Arc::clone(&task));
        Self {
            view: Box::pin(view),
            task,
            waker,
        }
    }

    /// How often the task was woken.
    pub fn wakes(&self) -> usize {
        self.task.wakes()
    }

    /// How many wakers of the task somebody else holds.
    pub fn wakers_out(&self) -> usize {
        // Two are ours: the count and the waker.
        Arc::strong_count(&self.task) - 2
    }

    /// The task, to go on counting when the view is gone.
    pub fn task(&self) -> Arc<CountingWaker> {
        Arc::clone(&self.task)
    }

    /// From now on the task has another waker; the count goes on from nought.
    pub fn change_waker(&mut self) -> Arc<CountingWaker> {
        self.task = Arc::default();
        self.waker = Waker::from(Arc::clone(&self.task));
        Arc::clone(&self.task)
    }
}

impl<V> Probe<V>
where
    V: Unpin,
{
    pub fn view(&mut self) -> &mut V {
        &mut self.view
    }

    pub fn into_view(self) -> V {
        *Pin::into_inner(self.view)
    }
}

impl<V: Future> Probe<V> {
    pub fn poll(&mut self) -> Poll<V::Output> {
        self.view
            .as_mut()
            .poll(&mut Context::from_waker(&self.waker))
    }

    #[track_caller]
    pub fn pending(&mut self) {
        assert!(self.poll().is_pending(), "ready too early");
    }

    #[track_caller]
    pub fn ready(&mut self) -> V::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("still pending"),
        }
    }

    /// The message of the panic that this poll ends in.
    #[track_caller]
    pub fn panics(&mut self) -> String {
        match catch_unwind(AssertUnwindSafe(|| self.poll().is_ready())) {
            Ok(ready) => panic!("no panic, ready: {ready}"),
            Err(payload) => panic_message(&*payload).to_owned(),
        }
    }
}

impl<V: Stream> Probe<V> {
    pub fn poll_next(&mut self) -> Poll<Option<V::Item>> {
        self.view
            .as_mut()
            .poll_next(&mut Context::from_waker(&self.waker))
    }

    #[track_caller]
    pub fn next_pending(&mut self) {
        assert!(self.poll_next().is_pending(), "an item too early");
    }

    /// The item that is there, or the end.
    #[track_caller]
    pub fn next_ready(&mut self) -> Option<V::Item> {
        match self.poll_next() {
            Poll::Ready(item) => item,
            Poll::Pending => panic!("no item yet"),
        }
    }

    /// The message of the panic that this poll ends in.
    #[track_caller]
    pub fn next_panics(&mut self) -> String {
        match catch_unwind(AssertUnwindSafe(|| self.poll_next().is_ready())) {
            Ok(ready) => panic!("no panic, ready: {ready}"),
            Err(payload) => panic_message(&*payload).to_owned(),
        }
    }
}

impl<V: Future> Future for Probe<V> {
    type Output = V::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<V::Output> {
        self.view.as_mut().poll(cx)
    }
}
