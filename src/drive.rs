//! One output after another: what a set and `as_completed` have in common, and how children go on while a body runs.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::{FusedFuture, FusedStream, Stream};
use pin_project::pin_project;

use crate::set::{Completed, FutureSet};

/// What gives outputs as they complete.
pub trait Drive {
    /// What it gives.
    type Item;

    /// A tick: polls the children whose turn it is, then the timer. With a body, also when nothing new is wanted or time is up.
    fn drive(&mut self, cx: &mut Context<'_>, with_body: bool);

    /// An item that needs no further tick; `None` if it has come to the end.
    fn hand_out(&mut self) -> Poll<Option<Self::Item>>;

    /// Sees to it that the task is polled again when there is more to do, also with the places of what was handed out since the
    /// tick.
    fn park(&mut self, cx: &Context<'_>, handed_out: bool);

    fn is_over(&self) -> bool;

    #[inline]
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.drive(cx, false);
        let item = self.hand_out();
        if item.is_pending() {
            self.park(cx, false);
        }
        item
    }
}

impl<F: Future> Drive for FutureSet<F> {
    type Item = Completed<F::Output>;

    #[inline]
    fn drive(&mut self, _: &mut Context<'_>, with_body: bool) {
        if with_body || self.unclaimed() == 0 || self.has_fresh() {
            self.run_round();
        }
    }

    #[inline]
    fn hand_out(&mut self) -> Poll<Option<Self::Item>> {
        if self.unclaimed() != 0 && self.has_fresh() {
            return Poll::Pending;
        }
        match self.claim() {
            Some(completed) => Poll::Ready(Some(completed)),
            None if self.is_drained() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    #[inline]
    fn park(&mut self, cx: &Context<'_>, _: bool) {
        self.park(cx);
    }

    fn is_over(&self) -> bool {
        self.is_empty() && !self.has_adders()
    }
}

impl<F: Future> FutureSet<F> {
    /// The next output, in the order of completion: `None` if nothing is in the set, and `Some` again when something is.
    ///
    /// Unclaimed outputs come first; every future is polled once before the first output comes out. Futures are polled only while
    /// this is awaited; with [`drive_while`](Self::drive_while) they go on while something else is.
    ///
    /// # Cancel safety
    ///
    /// A `next` that is dropped has taken nothing: the output comes with the next call.
    ///
    /// # Panics
    ///
    /// When a future panics, so does the poll; the next one goes on with the others.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::{Completed, FutureSet};
    ///
    /// let mut set = FutureSet::new();
    /// let one = set.insert(std::future::ready(1));
    /// assert_eq!(set.next().await, Some(Completed { key: one, output: 1 }));
    /// assert_eq!(set.next().await, None);
    /// set.insert(std::future::ready(2));
    /// assert!(set.next().await.is_some());
    /// # });
    /// ```
    #[allow(
        clippy::should_implement_trait,
        reason = "it is the field's name for it, and no iterator is asynchronous"
    )]
    pub fn next(&mut self) -> Next<'_, Self> {
        Next::new(self)
    }

    /// The next output, if there is one now; see [`next`](Self::next), whose future polls this.
    ///
    /// `Ready(None)` if the set is empty. When it is pending, the task of `cx` is woken once there is something to do.
    ///
    /// # Panics
    ///
    /// As [`next`](Self::next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Completed<F::Output>>> {
        self.poll_item(cx)
    }

    /// Runs `body`, any future, while the futures of this set go on; gives the body's output.
    ///
    /// In every tick the futures are polled first, then the body. Outputs wait in the set, in the order of completion. So a
    /// body that waits for what only a future of the set can give (a lock, a permit, a message) gets it. With an empty set it
    /// is the body alone.
    ///
    /// A body that never yields, because it computes or blocks, keeps all others from running: no library can help that.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the body; the set has lost nothing.
    ///
    /// # Panics
    ///
    /// When a future or the body panics, so does the poll. Polling again after the end panics.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use futures_util::lock::Mutex;
    /// use rejoin::FutureSet;
    ///
    /// let account = Mutex::new(0);
    /// let deposit = async |amount: i32| {
    ///     let mut balance = account.lock().await;
    ///     # let mut yielded = false;
    ///     # std::future::poll_fn(|cx| {
    ///     #     cx.waker().wake_by_ref();
    ///     #     match std::mem::replace(&mut yielded, true) {
    ///     #         true => std::task::Poll::Ready(()),
    ///     #         false => std::task::Poll::Pending,
    ///     #     }
    ///     # }).await;
    ///     *balance += amount; // after some waiting, with the lock held
    /// };
    /// let mut deposits: FutureSet<_> = [1, 2, 3].into_iter().map(deposit).collect();
    /// deposits.next().await;
    /// // The second deposit may hold the lock by now. With a plain `.await` it would never let go.
    /// let balance = deposits.drive_while(account.lock()).await;
    /// assert!(*balance >= 1);
    /// # });
    /// ```
    ///
    /// # Differences from asyncio
    ///
    /// asyncio's tasks always go on by themselves.
    pub fn drive_while<B: Future>(&mut self, body: B) -> DriveWhile<'_, Self, B> {
        DriveWhile::new(self, body)
    }
}

/// As [`FutureSet::next`]. Not fused: an empty set may be filled again.
impl<F: Future> Stream for FutureSet<F> {
    type Item = Completed<F::Output>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), (!self.has_adders()).then(|| self.len()))
    }
}

/// Terminated while it holds nothing and no adder lives.
impl<F: Future> FusedStream for FutureSet<F> {
    fn is_terminated(&self) -> bool {
        self.is_over()
    }
}

/// The future of [`FutureSet::next`] and [`AsCompleted::next`](crate::AsCompleted::next): cancel safe, as described there.
#[must_use = "nothing is taken unless this is awaited"]
pub struct Next<'a, V> {
    view: &'a mut V,
}

impl<'a, V> Next<'a, V> {
    pub(crate) fn new(view: &'a mut V) -> Self {
        Self { view }
    }
}

impl<V: Drive> Future for Next<'_, V> {
    type Output = Option<V::Item>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.view.poll_item(cx)
    }
}

impl<V: Drive> FusedFuture for Next<'_, V> {
    fn is_terminated(&self) -> bool {
        self.view.is_over()
    }
}

impl<V: fmt::Debug> fmt::Debug for Next<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("view", &self.view).finish()
    }
}

/// The future of [`FutureSet::drive_while`] and [`AsCompleted::drive_while`](crate::AsCompleted::drive_while), where its
/// cancel safety is described.
#[must_use = "the body does not run unless this is awaited"]
#[pin_project]
pub struct DriveWhile<'a, V, B> {
    view: &'a mut V,
    /// `None` after the end.
    #[pin]
    body: Option<B>,
}

impl<'a, V, B> DriveWhile<'a, V, B> {
    pub(crate) fn new(view: &'a mut V, body: B) -> Self {
        Self {
            view,
            body: Some(body),
        }
    }
}

impl<V: Drive, B: Future> Future for DriveWhile<'_, V, B> {
    type Output = B::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            panic!("`DriveWhile` polled after it was ready")
        };
        this.view.drive(cx, true);
        let output = body.poll(cx);
        match output {
            Poll::Ready(_) => this.body.set(None),
            Poll::Pending => this.view.park(cx, false),
        }
        output
    }
}

impl<V: Drive, B: Future> FusedFuture for DriveWhile<'_, V, B> {
    fn is_terminated(&self) -> bool {
        self.body.is_none()
    }
}

impl<V: fmt::Debug, B> fmt::Debug for DriveWhile<'_, V, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriveWhile")
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

/// The future of [`AsCompleted::for_each`](crate::AsCompleted::for_each), where its cancel safety is described.
#[must_use = "nothing runs unless this is awaited"]
#[pin_project]
pub struct ForEach<V, B, Fut> {
    view: V,
    body: B,
    #[pin]
    current: Option<Fut>,
    is_over: bool,
}

impl<V, B, Fut> ForEach<V, B, Fut> {
    pub(crate) fn new(view: V, body: B) -> Self {
        Self {
            view,
            body,
            current: None,
            is_over: false,
        }
    }
}

impl<V, B, Fut> Future for ForEach<V, B, Fut>
where
    V: Drive,
    B: FnMut(V::Item) -> Fut,
    Fut: Future<Output = ()>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        assert!(!*this.is_over, "`ForEach` polled after it was ready");
        this.view.drive(cx, this.current.is_some());
        let mut handed_out = false;
        loop {
            if let Some(current) = this.current.as_mut().as_pin_mut() {
                if current.poll(cx).is_pending() {
                    break;
                }
                this.current.set(None);
            }
            match this.view.hand_out() {
                Poll::Ready(Some(item)) => {
                    handed_out = true;
                    this.current.set(Some((this.body)(item)));
                }
                Poll::Ready(None) => {
                    *this.is_over = true;
                    return Poll::Ready(());
                }
                Poll::Pending => break,
            }
        }
        this.view.park(cx, handed_out);
        Poll::Pending
    }
}

impl<V, B, Fut> FusedFuture for ForEach<V, B, Fut>
where
    V: Drive,
    B: FnMut(V::Item) -> Fut,
    Fut: Future<Output = ()>,
{
    fn is_terminated(&self) -> bool {
        self.is_over
    }
}

impl<V: fmt::Debug, B, Fut> fmt::Debug for ForEach<V, B, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEach")
            .field("view", &self.view)
            .field("body_runs", &self.current.is_some())
            .finish_non_exhaustive()
    }
}
