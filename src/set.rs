//! Futures in flight and outputs that nobody has claimed: the one thing that all views look at.

mod adder;
mod key;
mod queue;
#[allow(
    unsafe_code,
    reason = "woken places: invariants at the head of the file"
)]
mod ready;
mod rounds;
mod runs;
#[allow(
    unsafe_code,
    reason = "pinned places: invariants at the head of the file"
)]
mod slab;
mod store;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::Context;

use queue::Queue;
use ready::{Ready, Receiver};
use store::Store;

pub use adder::{Adder, Closed};
pub use key::{Completed, Key};
pub(crate) use store::Cursor;

/// How much of a set is done: of all futures that were inserted, those that completed.
///
/// Counts start when the set is made. An output that was claimed still counts as finished; a future that was cancelled, removed or
/// cleared, or that panicked, counts in neither number. What a [`limit`](crate::limit()) has not pulled yet counts in the total
/// by the lower bound of its iterator's `size_hint`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Progress {
    /// How many futures have completed.
    pub finished: usize,
    /// How many futures there are, finished or not.
    pub total: usize,
}

/// Futures in flight, and the outputs that nobody has claimed yet.
///
/// Everything in this crate is a view of a `FutureSet`. Given an iterator, [`gather`](crate::gather()),
/// [`as_completed`](crate::as_completed()) and [`wait`](crate::wait()) make one of their own; given a `&mut FutureSet`, they
/// borrow it, and leave in it whatever they do not hand out: when a view is dropped, times out or ends with an error, the set
/// still has every unfinished future and every unclaimed output, and the next view goes on from there.
///
/// Nothing runs by itself: the futures are polled while a view of the set is polled.
///
/// # Cost
///
/// Inserting, waking, completing and claiming are O(1), whatever the number in flight. An empty set owns no memory. Futures
/// are stored in chunks of up to 64, which are reused and never moved; a set that is collected from an iterator of known
/// length allocates what it needs. Beyond its future or its output, whichever is larger, a child costs a few bytes; five more if
/// it keeps a waker.
///
/// # Panics in futures
///
/// When a future panics, the panic goes on to whoever polls the set; that future is dropped, everything else in the set is as
/// it was, and the set can be polled again.
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::{AtLeast, FutureSet, gather, wait};
///
/// async fn square(n: u32) -> u32 {
///     n * n
/// }
///
/// let mut set: FutureSet<_> = [2, 3].map(square).into_iter().collect();
/// let (done, _) = wait(&mut set).return_when(AtLeast(1)).await;
/// assert_eq!(done.len(), 2, "both are ready in the same tick");
///
/// let key = set.insert(square(5));
/// assert!(set.contains(key));
/// assert_eq!(gather(&mut set).await, [25]);
/// # });
/// ```
#[doc(alias = "FuturesUnordered")]
#[doc(alias = "JoinSet")]
#[doc(alias = "shield")]
pub struct FutureSet<F: Future> {
    store: Store<F>,
    queue: Queue,
    ready: Ready,
    /// Places in the queue whose future was given up: freed when their turn comes.
    stale: usize,
    /// If the number in flight is limited: the places of those that wait for their first poll.
    #[allow(
        clippy::box_collection,
        reason = "most sets need none, and are moved about"
    )]
    waiting: Option<Box<VecDeque<u32>>>,
    inbox: Option<Receiver<F>>,
}

impl<F: Future> FutureSet<F> {
    /// An empty set. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            store: Store::new(),
            queue: Queue::new(),
            ready: Ready::new(),
            stale: 0,
            waiting: None,
            inbox: None,
        }
    }

    /// An empty set that is to hold `capacity` futures: what it allocates as they come will fit that number.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut set = Self::new();
        set.store.expect(capacity);
        set
    }

    /// Inserts a future, and gives its key.
    ///
    /// It is polled when the set is polled next; a task that waits for the set is woken for it.
    ///
    /// # Panics
    ///
    /// If the set holds 2<sup>32</sup> - 64 futures.
    ///
    /// # Examples
    ///
    /// ```
    /// use rejoin::FutureSet;
    ///
    /// let mut set = FutureSet::new();
    /// let key = set.insert(std::future::ready(1));
    /// assert_eq!((key.index(), set.len()), (0, 1));
    /// ```
    #[doc(alias = "push")]
    pub fn insert(&mut self, future: F) -> Key {
        // An insertion has its turn after the wakes that came before it.
        self.take_woken();
        self.admit(future);
        self.ready.rouse();
        self.store.newest()
    }

    /// Drops an unfinished future now. `false` if `key` names none that is in flight; an output stays claimable.
    ///
    /// # Panics
    ///
    /// When the future's destructor does; the future is gone then, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use rejoin::FutureSet;
    ///
    /// let mut set = FutureSet::new();
    /// let key = set.insert(std::future::pending::<()>());
    /// assert!(set.cancel(key));
    /// assert!(!set.cancel(key), "it is gone");
    /// ```
    pub fn cancel(&mut self, key: Key) -> bool {
        let Some(place) = self.place_in_flight(key) else {
            return false;
        };
        self.give_up(place, |store| store.discard(place));
        true
    }

    /// Takes an unfinished future out. `None` if `key` names none that is in flight; an output stays claimable.
    ///
    /// # Examples
    ///
    /// ```
    /// use rejoin::FutureSet;
    ///
    /// let mut set = FutureSet::new();
    /// let key = set.insert(Box::pin(async { 1 }));
    /// let future = set.remove(key).expect("it has not been polled yet");
    /// assert_eq!(futures_executor::block_on(future), 1);
    /// ```
    pub fn remove(&mut self, key: Key) -> Option<F>
    where
        F: Unpin,
    {
        let place = self.place_in_flight(key)?;
        self.give_up(place, |store| store.extract(place))
    }

    /// An unfinished future. `None` if `key` names none that is in flight.
    ///
    /// Changing it does not make the set poll it: that takes a wake.
    ///
    /// # Examples
    ///
    /// ```
    /// use rejoin::FutureSet;
    ///
    /// let mut set = FutureSet::new();
    /// let key = set.insert(std::future::ready(1));
    /// let future = set.get_pin_mut(key).expect("it is in flight");
    /// *future.get_mut() = std::future::ready(2);
    /// assert_eq!(futures_executor::block_on(rejoin::gather(set)), [2]);
    /// ```
    pub fn get_pin_mut(&mut self, key: Key) -> Option<Pin<&mut F>> {
        let place = self.place_in_flight(key)?;
        self.store.future(place)
    }

    /// Whether the future of this name is in the set: in flight, or completed with its output unclaimed.
    #[must_use]
    pub fn contains(&self, key: Key) -> bool {
        self.store.place(key).is_some() || self.store.has_spilled(key)
    }

    /// How many there are: futures in flight, and outputs that nobody has claimed.
    ///
    /// What an [`Adder`] has put in counts when the set has been polled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.in_flight() + self.store.unclaimed()
    }

    /// Whether the set holds neither futures nor outputs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops all futures and all unclaimed outputs, in the order of insertion where no place was reused. Adders stay open.
    ///
    /// # Panics
    ///
    /// When a destructor does; the set is empty then, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use rejoin::FutureSet;
    ///
    /// let mut set: FutureSet<_> = [std::future::ready(1), std::future::ready(2)].into_iter().collect();
    /// set.clear();
    /// assert!(set.is_empty());
    /// ```
    pub fn clear(&mut self) {
        /// Does what is left to do, also after a panic.
        struct Rest<'a, F: Future>(&'a mut FutureSet<F>);
        impl<F: Future> Drop for Rest<'_, F> {
            fn drop(&mut self) {
                self.0.compact();
                self.0.ready.rouse();
            }
        }
        self.stale = self.queue.len();
        self.ready.forget_all();
        let rest = Rest(self);
        let Self { store, queue, .. } = &mut *rest.0;
        store.clear(|place| queue.contains(place));
    }

    /// How much is done, counted since the set was made. In an empty set that was never filled both counts are 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::{FutureSet, Progress};
    ///
    /// let mut set: FutureSet<_> = [1, 2].map(async |n| n).into_iter().collect();
    /// set.next().await;
    /// assert_eq!(set.progress(), Progress { finished: 2, total: 2 }, "one of them unclaimed");
    /// # });
    /// ```
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            finished: self.store.completed(),
            total: self.store.total(),
        }
    }

    /// A handle with which futures can be put in from anywhere: from a future of this set, from another task or thread.
    ///
    /// See [`Adder`], also for examples.
    pub fn adder(&mut self) -> Adder<F> {
        if self.inbox.as_ref().is_some_and(Receiver::is_closed) {
            // By a view that has ended: its adders stay closed.
            self.inbox = None;
        }
        let inbox = self.inbox.get_or_insert_with(|| self.ready.inbox());
        Adder::new(inbox.sender())
    }

    /// The place of an unfinished future.
    fn place_in_flight(&self, key: Key) -> Option<u32> {
        self.store
            .place(key)
            .filter(|place| self.store.is_in_flight(*place))
    }

    /// Gives a future up with `how`, and lets go of its place, also if the destructor panics.
    fn give_up<R>(&mut self, place: u32, how: impl FnOnce(&mut Store<F>) -> R) -> R {
        struct LetGo<'a, F: Future> {
            set: &'a mut FutureSet<F>,
            place: u32,
        }
        impl<F: Future> Drop for LetGo<'_, F> {
            fn drop(&mut self) {
                let Self { set, place } = self;
                set.ready.forget(*place);
                if set.queue.contains(*place) {
                    set.stale += 1;
                } else {
                    set.store.release(*place);
                }
                if set.store.in_flight() == 0 {
                    // Somebody who waits for the last one would wait for ever.
                    set.ready.rouse();
                }
            }
        }
        let let_go = LetGo { set: self, place };
        how(&mut let_go.set.store)
    }

    /// Stores a future and queues it for its first poll.
    #[inline]
    fn admit(&mut self, future: F) {
        if self.store.is_full() && self.stale != 0 {
            self.compact();
        }
        let place = self.store.insert(future);
        enlist(&mut self.queue, &mut self.waiting, place);
    }

    /// Stores futures and queues them for their first poll.
    #[inline]
    fn fill<A: IntoFuture<IntoFuture = F>>(&mut self, futures: impl Iterator<Item = A>) {
        let mut futures = futures.map(A::into_future);
        self.store.expect(futures.size_hint().0);
        loop {
            if self.store.is_full() && self.stale != 0 {
                self.compact();
            }
            let Self { store, queue, .. } = self;
            if !store.fill(&mut futures, |start, len| queue.push_fresh(start, len)) {
                return;
            }
        }
    }

    /// Frees the places that only wait for their turn to be freed, if they are many.
    fn compact(&mut self) {
        if self.stale > 64 && self.stale > self.queue.len() / 2 {
            let Self { store, queue, .. } = self;
            let mut freed = Vec::with_capacity(self.stale);
            queue.retain(|place| store.is_in_flight(place), |place| freed.push(place));
            freed.into_iter().for_each(|place| store.release(place));
            self.stale = 0;
        }
    }

    /// Whether somebody waits for the first poll.
    #[inline]
    pub(crate) fn has_fresh(&self) -> bool {
        self.queue.fresh() != 0 && self.store.in_flight() != 0
    }

    #[inline]
    pub(crate) fn in_flight(&self) -> usize {
        self.store.in_flight()
    }

    #[inline]
    pub(crate) fn unclaimed(&self) -> usize {
        self.store.unclaimed()
    }

    /// Whether nothing is in flight and nothing waits to be added.
    #[inline]
    pub(crate) fn is_drained(&mut self) -> bool {
        if self.store.in_flight() != 0 {
            return false;
        }
        if self.inbox.as_ref().is_none_or(Receiver::is_empty) {
            return true;
        }
        self.take_added();
        false
    }

    /// The same, and closes the adders in the instant in which it is so.
    #[inline]
    pub(crate) fn close_if_drained(&mut self) -> bool {
        if self.store.in_flight() != 0 {
            return false;
        }
        if self.inbox.as_mut().is_none_or(Receiver::close_if_empty) {
            return true;
        }
        self.take_added();
        false
    }

    #[cold]
    fn take_added(&mut self) {
        for future in self
            .inbox
            .as_mut()
            .map(Receiver::take)
            .into_iter()
            .flatten()
        {
            self.admit(future);
        }
    }

    /// Whether futures may come in that nobody can count yet.
    pub(crate) fn has_adders(&self) -> bool {
        // In this order: the last adder may have put something in before it went.
        self.inbox
            .as_ref()
            .is_some_and(|inbox| !inbox.is_alone() || !inbox.is_empty())
    }

    /// Sees to it that `cx`'s task is polled again: at once if something is queued, else when something is woken or inserted.
    #[inline]
    pub(crate) fn park(&mut self, cx: &Context<'_>) {
        if !self.queue.is_empty() || !self.ready.sleep(cx.waker()) {
            cx.waker().wake_by_ref();
        }
    }

    /// Takes back what `park` has arranged.
    #[inline]
    pub(crate) fn unpark(&mut self) {
        self.ready.awake();
    }

    #[inline]
    pub(crate) fn claim(&mut self) -> Option<Completed<F::Output>> {
        self.store.claim()
    }

    #[inline]
    pub(crate) fn claim_output(&mut self) -> Option<F::Output> {
        self.store.claim_output()
    }

    pub(crate) fn claim_all(&mut self) -> Vec<Completed<F::Output>> {
        self.store.claim_all()
    }

    pub(crate) fn claim_in_order<T>(&mut self, map: impl FnMut(F::Output) -> T) -> Vec<T> {
        self.store.claim_in_order(map)
    }

    /// Until `keep_order`, outputs are claimed by `claim_in_order` alone.
    pub(crate) fn forget_order(&mut self) {
        self.store.forget_order();
    }

    pub(crate) fn keep_order(&mut self) {
        self.store.keep_order();
    }

    /// The next output that `cursor` has not passed.
    #[inline]
    pub(crate) fn see(&mut self, cursor: &mut Cursor) -> Option<&F::Output> {
        self.store.see(cursor)
    }

    /// Claims the output that `cursor` has passed last.
    pub(crate) fn claim_seen(&mut self, cursor: Cursor) -> Option<F::Output> {
        self.store.claim_seen(cursor)
    }

    // What a limit needs: children that are polled only when it says so, and outputs that take no places.

    /// From now on, who comes in waits for `start`.
    pub(crate) fn hold_back(&mut self) {
        self.waiting.get_or_insert_default();
    }

    /// How many are in flight that have been started.
    pub(crate) fn started(&self) -> usize {
        self.in_flight() - self.waiting.as_ref().map_or(0, |waiting| waiting.len())
    }

    /// Lets `future`, or with `None` the first that waits, run: polls it once. `false` if nobody waits.
    pub(crate) fn start(&mut self, future: Option<F>) -> bool {
        // Who was woken before has its turn before this one's next.
        self.take_woken();
        let place = match future {
            Some(future) => self.store.insert(future),
            None => match self
                .waiting
                .as_mut()
                .and_then(|waiting| waiting.pop_front())
            {
                Some(place) => {
                    self.queue.unhold(place);
                    place
                }
                None => return false,
            },
        };
        self.poll_one::<true>(place, &mut 0);
        true
    }

    /// Moves unclaimed outputs out of their places.
    pub(crate) fn spill(&mut self) {
        self.store.spill();
    }
}

/// Queues a child that has come in for its first poll, or lets it wait for it if the number in flight is limited.
#[inline]
#[allow(clippy::box_collection, reason = "the field's type")]
fn enlist(queue: &mut Queue, waiting: &mut Option<Box<VecDeque<u32>>>, place: u32) {
    match waiting {
        None => queue.push(place, true),
        Some(waiting) => {
            queue.hold(place);
            waiting.push_back(place);
        }
    }
}

impl<F: Future> Drop for FutureSet<F> {
    fn drop(&mut self) {
        // Closed before the children go, so that none of them can add another; what has come in is dropped after them.
        let late = self.inbox.as_mut().map(Receiver::close);
        if !self.is_empty() {
            self.store.clear(|_| false);
        }
        drop(late);
    }
}

// The futures are pinned in the slab.
impl<F: Future> Unpin for FutureSet<F> {}

impl<F: Future> Default for FutureSet<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Future> fmt::Debug for FutureSet<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FutureSet")
            .field("in_flight", &self.in_flight())
            .field("queued", &self.queue.len())
            .field("unclaimed", &self.unclaimed())
            .field("progress", &self.progress())
            .field("adders", &self.has_adders())
            .finish()
    }
}

impl<A: IntoFuture> Extend<A> for FutureSet<A::IntoFuture> {
    #[inline]
    fn extend<I: IntoIterator<Item = A>>(&mut self, futures: I) {
        /// Wakes the task that waits for the set, also if the iterator panics.
        struct Rouse<'a, F: Future>(&'a mut FutureSet<F>);
        impl<F: Future> Drop for Rouse<'_, F> {
            fn drop(&mut self) {
                self.0.ready.rouse();
            }
        }
        let futures = futures.into_iter();
        let rouse = Rouse(self);
        rouse.0.take_woken();
        rouse.0.fill(futures);
    }
}

impl<A: IntoFuture> FromIterator<A> for FutureSet<A::IntoFuture> {
    #[inline]
    fn from_iter<I: IntoIterator<Item = A>>(futures: I) -> Self {
        let mut set = Self::new();
        set.fill(futures.into_iter());
        set
    }
}
