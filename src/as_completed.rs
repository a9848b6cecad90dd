//! Outputs one by one, as they complete.

mod timed;

use core::fmt;
use core::future::{Future, IntoFuture};
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use crate::drive::{Drive, DriveWhile, ForEach, Next};
use crate::into_set::{AnySet, IntoSet, Place, sealed::Core};
use crate::set::{Adder, Completed, FutureSet, Key, Progress};
use crate::timeout::{TimedOut, Timeout, Timer};

/// Runs futures concurrently and gives their outputs one by one, in the order of completion: a stream.
///
/// Takes any iterator of futures, a [`FutureSet`], a `&mut FutureSet`, or a [`limit`](crate::limit()). There is exactly one item per future, then
/// `None`; an error is an item like any other and ends nothing. An empty input gives `None` at once.
/// [`keyed`](AsCompleted::keyed) tells which future an output is from. [`insert`](AsCompleted::insert) and
/// [`adder`](AsCompleted::adder) add futures while it runs.
///
/// Every future is polled once before the first item comes out, and, with a limit, all places are filled. A future is dropped before its
/// item is handed out.
///
/// # Futures are polled only inside `next`
///
/// In `while let Some(item) = items.next().await { body }` the futures stand still while the body awaits; if it waits for what only one of
/// them can give, it waits for ever. [`for_each`](AsCompleted::for_each) and [`drive_while`](AsCompleted::drive_while) let
/// them go on.
///
/// # Cost
///
/// O(1) per wake and per item, whatever the number in flight. Memory is that of a [`FutureSet`].
///
/// # Cancel safety
///
/// Dropping an `AsCompleted` drops the futures that it owns, and the outputs that it has not handed out. Over a
/// `&mut FutureSet` nothing is lost. [`next`](AsCompleted::next) is cancel safe.
///
/// # Panics
///
/// When a future panics, so does the poll; the next one goes on with the others.
///
/// # Examples
///
/// ```
/// # smol::block_on(async {
/// use std::time::Duration;
/// use rejoin::as_completed;
/// use smol::Timer;
///
/// let mut naps = as_completed([60, 1, 30].map(async |ms| {
///     Timer::after(Duration::from_millis(ms)).await;
///     ms
/// }));
/// let mut order = Vec::new();
/// while let Some(ms) = naps.next().await {
///     order.push(ms);
/// }
/// assert_eq!(order, [1, 30, 60]);
/// # });
/// ```
///
/// # Differences from asyncio
///
/// asyncio's `as_completed` cannot grow, has no limit, and with a timeout raises once for every missing task. Among those that
/// are done at the start asyncio's order is arbitrary; here it is input order.
#[doc(alias = "FuturesUnordered")]
#[inline]
pub fn as_completed<S: IntoSet>(futures: S) -> AsCompleted<S::Set> {
    futures.into_set_then(|set| AsCompleted {
        set,
        state: State::Running,
        items: PhantomData,
    })
}

/// Items are outputs. See [`AsCompleted::keyed`].
#[derive(Debug)]
pub enum Plain {}

/// Items are [`Completed`] outputs, which have a key. See [`AsCompleted::keyed`].
#[derive(Debug)]
pub enum Keyed {}

/// What an [`AsCompleted`] gives: [`Plain`] or [`Keyed`].
pub trait Items {
    /// The item for an output of type `T`.
    type Item<T>;

    /// Claims the next output.
    #[doc(hidden)]
    fn claim<F: Future>(futures: &mut FutureSet<F>) -> Option<Self::Item<F::Output>>;
}

impl Items for Plain {
    type Item<T> = T;

    #[inline]
    fn claim<F: Future>(futures: &mut FutureSet<F>) -> Option<F::Output> {
        futures.claim_output()
    }
}

impl Items for Keyed {
    type Item<T> = Completed<T>;

    #[inline]
    fn claim<F: Future>(futures: &mut FutureSet<F>) -> Option<Completed<F::Output>> {
        futures.claim()
    }
}

enum State {
    Running,
    /// Time was up: what is still to be handed out.
    Expired {
        outputs: usize,
        error: Option<TimedOut>,
    },
    Ended,
}

/// The stream of [`as_completed`], where its cancel safety and panics are described.
#[must_use = "nothing runs unless its items are taken: `while let Some(output) = outputs.next().await`, or `for_each`"]
pub struct AsCompleted<S, K = Plain> {
    set: S,
    state: State,
    items: PhantomData<fn() -> K>,
}

// No field is pinned: the futures are pinned in the set.
impl<S, K> Unpin for AsCompleted<S, K> {}

impl<S: AnySet, K: Items> AsCompleted<S, K> {
    /// The next output, or `None` when there will be no more; at once, if there were no futures.
    ///
    /// # Cancel safety
    ///
    /// A `next` that is dropped has taken nothing: the output comes with the next call. So it can be used in a `select!`:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use std::time::Duration;
    /// use rejoin::as_completed;
    /// use tokio::time::{interval, sleep};
    ///
    /// let mut naps = as_completed([25, 15].map(|ms| sleep(Duration::from_millis(ms))));
    /// let mut clock = interval(Duration::from_millis(10));
    /// let (mut done, mut ticks) = (0, 0);
    /// while done < 2 {
    ///     tokio::select! {
    ///         Some(()) = naps.next() => done += 1,
    ///         _ = clock.tick() => ticks += 1,
    ///     }
    /// }
    /// assert_eq!((done, ticks), (2, 3));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When a future panics, so does the poll; the next one goes on with the others.
    #[allow(
        clippy::should_implement_trait,
        reason = "it is the field's name for it, and no iterator is asynchronous"
    )]
    pub fn next(&mut self) -> Next<'_, Self> {
        Next::new(self)
    }

    /// Gives every output together with the [`Key`] of its future.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::{Completed, as_completed};
    ///
    /// let urls = ["/a", "/b"];
    /// let mut pages = as_completed(urls.map(async |url| format!("page {url}"))).keyed();
    /// while let Some(Completed { key, output }) = pages.next().await {
    ///     assert!(output.ends_with(urls[key.index()]));
    /// }
    /// # });
    /// ```
    pub fn keyed(self) -> AsCompleted<S, Keyed> {
        AsCompleted {
            set: self.set,
            state: self.state,
            items: PhantomData,
        }
    }

    /// Ends when `timer`, any future, completes; its output is ignored.
    ///
    /// Items become `Result`s. What completes up to and in the tick in which the timer fires, children polled first, is still
    /// delivered; then, if anything is unfinished, one `Err(TimedOut)`; then `None`. No future is polled after the deadline, except while a body
    /// of [`for_each`](Self::for_each) or [`drive_while`](Self::drive_while) runs: what completes then is no item.
    /// [`into_set`](Self::into_set) gives back what is unfinished or was not handed out.
    ///
    /// # Cancel safety
    ///
    /// As without a timeout; what is dropped includes the timer.
    ///
    /// # Errors
    ///
    /// An item [`TimedOut`], at most once. An error of a future is within an `Ok`: `Ok(Err(error))`.
    ///
    /// # Examples
    ///
    /// ```
    /// # async_std::task::block_on(async {
    /// use std::time::Duration;
    /// use async_std::task::sleep;
    /// use rejoin::as_completed;
    ///
    /// let naps = [1, 500].map(|ms| sleep(Duration::from_millis(ms)));
    /// let mut naps = as_completed(naps).timeout(sleep(Duration::from_millis(50)));
    /// assert!(naps.next().await.unwrap().is_ok());
    /// assert!(naps.next().await.unwrap().is_err());
    /// assert!(naps.next().await.is_none());
    /// assert_eq!(naps.into_set().len(), 1);
    /// # });
    /// ```
    ///
    /// # Differences from asyncio
    ///
    /// asyncio raises `TimeoutError` once for every missing task.
    pub fn timeout<D: Timer>(self, timer: D) -> Timeout<Self, D> {
        Timeout::new(self, timer)
    }

    /// Runs `body` for every item, one after another, while the futures go on. Without futures it ends at its first poll.
    ///
    /// `body` may be an `async` closure, `pages.for_each(async |page| store(page).await)`, unless it changes what it captures: then write a loop
    /// with [`drive_while`](Self::drive_while).
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the running body with its item, and this view: over a `&mut FutureSet` the other outputs and
    /// futures stay in the set.
    ///
    /// # Panics
    ///
    /// When a future or a body panics, so does the poll. Polling again after the end panics.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use std::cell::RefCell;
    /// use rejoin::as_completed;
    ///
    /// let stored = RefCell::new(Vec::new());
    /// as_completed([1, 2].map(async |n| n))
    ///     .for_each(async |n| stored.borrow_mut().push(n))
    ///     .await;
    /// assert_eq!(stored.into_inner(), [1, 2]);
    /// # });
    /// ```
    pub fn for_each<B, Fut>(self, body: B) -> ForEach<Self, B, Fut>
    where
        B: FnMut(K::Item<S::Output>) -> Fut,
        Fut: Future<Output = ()>,
    {
        ForEach::new(self, body)
    }

    /// Runs `body`, any future, while the futures go on; gives the body's output.
    ///
    /// As [`FutureSet::drive_while`]: outputs that complete meanwhile come with the next calls of [`next`](Self::next).
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the body, and nothing else.
    ///
    /// # Panics
    ///
    /// When a future or the body panics, so does the poll. Polling again after the end panics.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::as_completed;
    ///
    /// async fn store(page: u32, stored: &mut Vec<u32>) {
    ///     stored.push(page);
    /// }
    ///
    /// let mut stored = Vec::new();
    /// let mut pages = as_completed([1, 2].map(async |n| n));
    /// while let Some(page) = pages.next().await {
    ///     pages.drive_while(store(page, &mut stored)).await;
    /// }
    /// assert_eq!(stored, [1, 2]);
    /// # });
    /// ```
    pub fn drive_while<B: Future>(&mut self, body: B) -> DriveWhile<'_, Self, B> {
        DriveWhile::new(self, body)
    }
}

impl<S: AnySet, K> AsCompleted<S, K> {
    /// Adds a future, whose output will be an item of this stream; with a [`limit`](crate::limit()) it starts when there is a place
    /// for it.
    ///
    /// After the end, that is after `None` or a deadline, the future is kept in the set, and not polled by this view.
    ///
    /// # Panics
    ///
    /// As [`FutureSet::insert`].
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::as_completed;
    ///
    /// async fn halve(n: u32) -> u32 {
    ///     n / 2
    /// }
    ///
    /// let mut halves = as_completed([halve(5)]);
    /// let mut all = Vec::new();
    /// while let Some(n) = halves.next().await {
    ///     all.push(n);
    ///     if n > 0 {
    ///         halves.insert(halve(n));
    ///     }
    /// }
    /// assert_eq!(all, [2, 1, 0]);
    /// # });
    /// ```
    #[doc(alias = "push")]
    pub fn insert(&mut self, future: impl IntoFuture<IntoFuture = S::Future>) -> Key
    where
        S: Core,
    {
        self.set.futures().insert(future.into_future())
    }

    /// A handle that adds futures from anywhere; see [`Adder`].
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::as_completed;
    /// use std::future::ready;
    ///
    /// let mut words = as_completed([ready("here")]);
    /// let adder = words.adder();
    /// std::thread::spawn(move || assert!(adder.insert(ready("there")).is_ok())).join().unwrap();
    /// assert_eq!(words.next().await, Some("here"));
    /// assert_eq!(words.next().await, Some("there"));
    /// assert_eq!(words.next().await, None);
    /// # });
    /// ```
    pub fn adder(&mut self) -> Adder<S::Future>
    where
        S: Core,
    {
        self.set.futures().adder()
    }

    /// What this was made of, with all unfinished futures and all outputs that were not handed out.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::{as_completed, gather};
    ///
    /// let mut numbers = as_completed([1, 2, 3].map(async |n| n));
    /// assert_eq!(numbers.next().await, Some(1));
    /// assert_eq!(gather(numbers.into_set()).await, [2, 3]);
    /// # });
    /// ```
    pub fn into_set(self) -> S {
        self.set
    }

    /// How much is done; see [`Progress`]. Both counts are 0 if there were no futures.
    pub fn progress(&self) -> Progress
    where
        S: Core,
    {
        self.set.progress()
    }
}

impl<S: AnySet, K: Items> AsCompleted<S, K> {
    /// A tick of a stream that is neither over nor late.
    #[inline]
    fn advance(&mut self, in_full: bool) {
        let futures = self.set.futures();
        if in_full || futures.unclaimed() == 0 || futures.has_fresh() {
            self.set.run_round(Place::UntilClaimed);
        }
        // Until all places are taken, so there is never more to do at once.
        self.set.refill(Place::UntilClaimed, |_| false);
    }

    /// Takes what has completed by now as all that will be delivered.
    fn expire(&mut self) {
        let outputs = self.set.futures().unclaimed();
        let error = (!self.set.is_drained()).then(|| TimedOut::new(self.set.progress(), ()));
        self.state = State::Expired { outputs, error };
    }
}

impl<S: AnySet, K: Items> Drive for AsCompleted<S, K> {
    type Item = K::Item<S::Output>;

    #[inline]
    fn drive(&mut self, _: &mut Context<'_>, with_body: bool) {
        match self.state {
            State::Running => self.advance(with_body),
            _ if with_body => self.set.futures().run_round(),
            _ => {}
        }
    }

    #[inline]
    fn hand_out(&mut self) -> Poll<Option<Self::Item>> {
        match &mut self.state {
            State::Running => {
                let futures = self.set.futures();
                if futures.unclaimed() != 0 {
                    if futures.has_fresh() {
                        return Poll::Pending;
                    }
                    if let Some(item) = K::claim(futures) {
                        return Poll::Ready(Some(item));
                    }
                }
                if !self.set.close_if_drained() {
                    return Poll::Pending;
                }
                self.state = State::Ended;
                Poll::Ready(None)
            }
            _ => Poll::Ready(None),
        }
    }

    #[inline]
    fn park(&mut self, cx: &Context<'_>, handed_out: bool) {
        let has_places = handed_out && matches!(self.state, State::Running) && self.set.has_more();
        self.set.park(cx, has_places);
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

impl<S: AnySet, K: Items> Stream for AsCompleted<S, K> {
    type Item = K::Item<S::Output>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.state {
            State::Running => self.set.remaining(),
            _ => (0, Some(0)),
        }
    }
}

impl<S: AnySet, K: Items> FusedStream for AsCompleted<S, K> {
    fn is_terminated(&self) -> bool {
        self.is_over()
    }
}

impl<S: fmt::Debug, K> fmt::Debug for AsCompleted<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Running => "running",
            State::Expired { .. } => "timed out",
            State::Ended => "ended",
        };
        f.debug_struct("AsCompleted")
            .field("set", &self.set)
            .field("state", &format_args!("{state}"))
            .finish()
    }
}
