//! Futures in flight and outputs that nobody has claimed: the one thing that all views look at.

mod adder;
mod books;
mod done;
mod key;
mod queue;
#[allow(
    unsafe_code,
    reason = "woken places: invariants at the head of the file"
)]
mod ready;
mod rounds;
mod row;
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

use books::Books;
use ready::Receiver;
use row::Row;
use runs::Run;
use slab::{Beginning, CHUNK};
use store::Store;

pub use adder::{Adder, Closed};
pub(crate) use done::Cursor;
pub use key::{Completed, Key};

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
/// length allocates what it needs, mostly in one piece. Beyond its future or its output, whichever is larger, a child costs a few bytes,
/// and a few more once it keeps a waker.
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
    account: Account<F>,
}

/// Tells the compiler that the way on which this is called is rarely taken, so that the usual ways need not jump over it.
#[cold]
#[inline]
fn rare() {}

/// What is known of the children besides where they are.
enum Account<F: Future> {
    Row(Row),
    /// Once a row is not enough.
    Books(Box<Books<F>>),
}

impl<F: Future> FutureSet<F> {
    /// An empty set. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            store: Store::new(),
            account: Account::Row(Row::new(0)),
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
        let (store, books) = self.books();
        // An insertion has its turn after the wakes that came before it.
        books.take_woken(store);
        books.admit(store, future);
        books.ready.rouse();
        store.newest()
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
        let (store, books) = self.books();
        books.give_up(store, place, |store| store.discard(place));
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
        let (store, books) = self.books();
        books.give_up(store, place, |store| store.extract(place))
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
        // Outputs that were moved out of their places are those of a limit, which nobody asks for a key.
        self.store.place(key).is_some()
    }

    /// How many there are: futures in flight, and outputs that nobody has claimed.
    ///
    /// What an [`Adder`] has put in counts when the set has been polled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.held()
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
        struct Rest<'a, F: Future>(&'a mut Store<F>, &'a mut Books<F>);
        impl<F: Future> Drop for Rest<'_, F> {
            fn drop(&mut self) {
                let Self(store, books) = self;
                books.compact(store);
                books.ready.rouse();
            }
        }
        if matches!(self.account, Account::Row(_)) && self.is_empty() {
            return;
        }
        let (store, books) = self.books();
        books.stale = books.queue.len();
        books.given_up += store.in_flight() as u64;
        books.ready.forget_all();
        let spilled = books.done.clear();
        let rest = Rest(store, books);
        rest.0.clear();
        drop(spilled);
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
        let given_up = match &self.account {
            Account::Row(_) => 0,
            Account::Books(books) => books.given_up,
        };
        let total = (self.store.inserted() - given_up) as usize;
        Progress {
            finished: total - self.in_flight(),
            total,
        }
    }

    /// A handle with which futures can be put in from anywhere: from a future of this set, from another task or thread.
    ///
    /// See [`Adder`], also for examples.
    pub fn adder(&mut self) -> Adder<F> {
        let Books { inbox, ready, .. } = self.books().1;
        if inbox.as_ref().is_some_and(Receiver::is_closed) {
            // By a view that has ended: its adders stay closed.
            *inbox = None;
        }
        let inbox = inbox.get_or_insert_with(|| ready.inbox());
        Adder::new(inbox.sender())
    }

    /// A set of these futures.
    #[inline(always)]
    fn of((store, row): (Store<F>, Row)) -> Self {
        Self {
            store,
            account: Account::Row(row),
        }
    }

    /// The store, and the books, which are opened if they are not.
    #[inline]
    fn books(&mut self) -> (&mut Store<F>, &mut Books<F>) {
        let Self { store, account } = self;
        if let Account::Row(row) = account {
            let mut books = row.books(store);
            books.done.note_all(store);
            *account = Account::Books(books);
        }
        match account {
            Account::Books(books) => (store, books),
            Account::Row(_) => unreachable!("books were opened"),
        }
    }

    /// The place of an unfinished future.
    fn place_in_flight(&self, key: Key) -> Option<u32> {
        self.store
            .place(key)
            .filter(|place| self.store.is_in_flight(*place))
    }

    /// Whether somebody waits for the first poll.
    #[inline]
    pub(crate) fn has_fresh(&self) -> bool {
        self.store.in_flight() != 0
            && match &self.account {
                Account::Row(row) => !row.polled && row.queued != 0,
                Account::Books(books) => books.queue.fresh() != 0,
            }
    }

    #[inline]
    pub(crate) fn in_flight(&self) -> usize {
        self.store.in_flight()
    }

    #[inline]
    pub(crate) fn unclaimed(&self) -> usize {
        self.store.unclaimed()
    }

    /// How many wait for their turn.
    fn queued(&self) -> usize {
        match &self.account {
            Account::Row(_) => self.store.marked(),
            Account::Books(books) => books.queue.len(),
        }
    }

    /// Whether nothing is in flight and nothing waits to be added.
    #[inline]
    pub(crate) fn is_drained(&mut self) -> bool {
        self.is_drained_by(|inbox| inbox.is_empty())
    }

    /// The same, and closes the adders in the instant in which it is so.
    #[inline]
    pub(crate) fn close_if_drained(&mut self) -> bool {
        self.is_drained_by(Receiver::close_if_empty)
    }

    #[inline]
    fn is_drained_by(&mut self, is_empty: impl FnOnce(&mut Receiver<F>) -> bool) -> bool {
        if self.store.in_flight() != 0 {
            return false;
        }
        let Account::Books(books) = &mut self.account else {
            return true;
        };
        if books.inbox.as_mut().is_none_or(is_empty) {
            return true;
        }
        books.take_added(&mut self.store);
        false
    }

    /// Whether futures may come in that nobody can count yet.
    pub(crate) fn has_adders(&self) -> bool {
        matches!(&self.account, Account::Books(books) if books.has_adders())
    }

    /// Sees to it that `cx`'s task is polled again: at once if something is queued, else when something is woken or inserted.
    #[inline]
    pub(crate) fn park(&mut self, cx: &Context<'_>) {
        let queued = match &self.account {
            Account::Row(row) => row.queued != 0,
            Account::Books(books) => !books.queue.is_empty(),
        };
        if queued {
            cx.waker().wake_by_ref();
        } else {
            self.sleep(cx);
        }
    }

    /// Sees to it that `cx`'s task is polled again when something is woken or inserted.
    ///
    /// Not inlined: who is not done with its queue needs no such stack frame.
    #[inline(never)]
    fn sleep(&mut self, cx: &Context<'_>) {
        if !self.books().1.ready.sleep(cx.waker()) {
            cx.waker().wake_by_ref();
        }
    }

    /// Takes back what `park` has arranged.
    #[inline]
    pub(crate) fn unpark(&mut self) {
        if let Account::Books(books) = &mut self.account {
            books.ready.awake();
        }
    }

    /// Claims the output that completed first.
    #[inline]
    pub(crate) fn claim(&mut self) -> Option<Completed<F::Output>> {
        if self.unclaimed() == 0 {
            return None;
        }
        let Self { store, account } = self;
        match account {
            Account::Row(row) => {
                let (key, output) = store.take_first_keyed(&mut row.claimed)?;
                Some(Completed { key, output })
            }
            Account::Books(books) => books.done.claim(store),
        }
    }

    #[inline]
    pub(crate) fn claim_output(&mut self) -> Option<F::Output> {
        if self.unclaimed() == 0 {
            return None;
        }
        let Self { store, account } = self;
        match account {
            Account::Row(row) => store.take_first(&mut row.claimed),
            Account::Books(books) => books.done.claim_output(store),
        }
    }

    /// Claims all outputs, in the order of completion.
    pub(crate) fn claim_all(&mut self) -> Vec<Completed<F::Output>> {
        let mut all = Vec::with_capacity(self.unclaimed());
        while let Some(completed) = self.claim() {
            all.push(completed);
        }
        all
    }

    /// Claims all outputs, in the order of insertion, if they fill all places, and these are one allocation: in that memory if it is just
    /// like a vector's, or, if it need not be `IN_PLACE`, where they fit best. The set is not polled afterwards.
    #[inline]
    pub(crate) fn claim_whole<const IN_PLACE: bool>(&mut self) -> Option<Vec<F::Output>> {
        let Self { store, account } = self;
        match account {
            Account::Row(_) => store.take_whole::<IN_PLACE>(),
            Account::Books(books) => books.done.claim_whole::<IN_PLACE, F>(store),
        }
    }

    /// Whether dropping this would do nothing.
    #[inline]
    pub(crate) fn owns_nothing(&self) -> bool {
        matches!(self.account, Account::Row(_)) && self.store.owns_nothing()
    }

    /// Claims all outputs, in the order of insertion, passing them through `map`.
    #[inline]
    pub(crate) fn claim_in_order<T>(&mut self, map: impl FnMut(F::Output) -> T) -> Vec<T> {
        let Self { store, account } = self;
        match account {
            Account::Row(_) => store.take_outputs(map),
            Account::Books(books) => books.done.claim_in_order(store, map),
        }
    }

    /// From now on, and as long as nothing has completed, the order of completion is not noted. Until `keep_order` outputs are
    /// claimed by `claim_in_order` alone.
    #[inline]
    pub(crate) fn forget_order(&mut self) {
        if self.unclaimed() != 0 {
            return;
        }
        match &mut self.account {
            Account::Row(row) => row.unordered = true,
            Account::Books(books) => books.done.forget_order(),
        }
    }

    /// From now on the order of completion is noted; before, it was that of places.
    pub(crate) fn keep_order(&mut self) {
        match &mut self.account {
            Account::Row(row) => {
                row.unordered = false;
                row.claimed = 0;
            }
            Account::Books(books) => books.done.keep_order(&self.store),
        }
    }

    /// Whether nothing is in flight, and all that is unclaimed has completed in the order of insertion since the last time that somebody
    /// looked. No adder can add anything.
    #[inline]
    pub(crate) fn is_done_in_order(&self) -> bool {
        matches!(self.account, Account::Row(_)) && self.in_flight() == 0
    }

    /// Shows `is_it` the outputs that `cursor` has not passed, in the order of completion, until it says yes to one. Tells whether it did.
    #[inline]
    pub(crate) fn find(
        &mut self,
        cursor: &mut Cursor,
        mut is_it: impl FnMut(&F::Output) -> bool,
    ) -> bool {
        /// How far the cursor has come, which it learns in the end, also if `is_it` panics.
        struct Pass<'a> {
            cursor: &'a mut Cursor,
            seen: usize,
            last: u32,
        }
        impl Drop for Pass<'_> {
            #[inline]
            fn drop(&mut self) {
                self.cursor.seen = self.seen;
                self.cursor.last = self.last;
            }
        }
        let Self { store, account } = self;
        match account {
            Account::Row(row) => {
                if cursor.seen == store.unclaimed() {
                    return false;
                }
                let start = if cursor.seen == 0 {
                    row.claimed * 64
                } else {
                    cursor.last + 1
                };
                let mut pass = Pass {
                    seen: cursor.seen,
                    last: cursor.last,
                    cursor,
                };
                let mut found = false;
                store.visit_outputs(start, |place, output| {
                    pass.last = place;
                    pass.seen += 1;
                    found = is_it(output);
                    !found
                });
                found
            }
            Account::Books(books) => books.done.find(store, cursor, is_it),
        }
    }

    /// Claims the output that `cursor` has passed last.
    pub(crate) fn claim_seen(&mut self, cursor: Cursor) -> Option<F::Output> {
        let Self { store, account } = self;
        match account {
            Account::Row(_) => {
                store.divide();
                store.take_output(cursor.last)
            }
            Account::Books(books) => books.done.claim_seen(store, cursor),
        }
    }

    // What a limit needs: children that are polled only when it says so, and outputs that take no places.

    /// From now on, who comes in waits for `start`.
    pub(crate) fn hold_back(&mut self) {
        self.books().1.waiting.get_or_insert_default();
    }

    /// How many are in flight that have been started.
    pub(crate) fn started(&self) -> usize {
        let waiting = match &self.account {
            Account::Row(_) => 0,
            Account::Books(books) => books.waiting.as_ref().map_or(0, VecDeque::len),
        };
        self.in_flight() - waiting
    }

    /// Lets the first that waits run, or else the one that `next` gives: polls it once. `false` if there is none.
    #[inline]
    pub(crate) fn start(&mut self, next: impl FnOnce() -> Option<F>) -> bool {
        let (store, books) = self.books();
        // Who was added before comes before `next`, and who was woken before has its turn before this one's next.
        books.take_woken(store);
        let place = match books.waiting.as_mut().and_then(VecDeque::pop_front) {
            Some(place) => place,
            None => match next() {
                Some(future) => {
                    books.take_woken(store);
                    store.insert(future)
                }
                None => return false,
            },
        };
        books.poll_one::<true>(store, place, &mut 0);
        true
    }

    /// Moves unclaimed outputs out of their places.
    pub(crate) fn spill(&mut self) {
        if let Account::Books(books) = &mut self.account {
            books.done.spill(&mut self.store);
        }
    }
}

impl<F: Future> Drop for FutureSet<F> {
    #[inline]
    fn drop(&mut self) {
        if let Account::Books(books) = &mut self.account {
            books.close(&mut self.store);
        }
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
            .field("queued", &self.queued())
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
        struct Rouse<'a, F: Future>(&'a mut Store<F>, &'a mut Books<F>);
        impl<F: Future> Drop for Rouse<'_, F> {
            fn drop(&mut self) {
                self.1.ready.rouse();
            }
        }
        let mut futures = futures.into_iter().map(A::into_future);
        match &mut self.account {
            Account::Row(row) if self.store.is_untouched() => {
                self.store.expect(futures.size_hint().0);
                if let Some(future) = futures.next() {
                    row.fill(&mut self.store, future, futures);
                }
                return;
            }
            _ => {}
        }
        let (store, books) = self.books();
        let Rouse(store, books) = &mut Rouse(store, books);
        books.take_woken(store);
        store.expect(futures.size_hint().0);
        let mut next = futures.next();
        while let Some(future) = next {
            if store.is_full() {
                books.compact(store);
            }
            next = store.fill(future, &mut futures, |start, len| {
                let fresh = true;
                books.queue.push_run(Run { start, len, fresh });
            });
        }
    }
}

impl<A: IntoFuture> FromIterator<A> for FutureSet<A::IntoFuture> {
    #[inline(always)]
    fn from_iter<I: IntoIterator<Item = A>>(futures: I) -> Self {
        Self::from_iter_then(futures, |set| set)
    }
}

impl<F: Future> FutureSet<F> {
    /// What `then` makes of a set of these futures.
    ///
    /// Each way puts its own set together, and what is made of it. A common one would be put together in memory, as the parts of some come
    /// by a pointer, and moved from there: processors wait where a wide load meets narrow stores.
    #[inline(always)]
    pub(crate) fn from_iter_then<I, R>(futures: I, then: impl FnOnce(Self) -> R) -> R
    where
        I: IntoIterator<Item: IntoFuture<IntoFuture = F>>,
    {
        let futures = futures.into_iter().map(IntoFuture::into_future);
        let announced = futures.size_hint().0;
        if announced > CHUNK {
            return then(Self::of(Row::of_many(futures, announced)));
        }
        match Beginning::in_chunk(announced).fill(futures) {
            (futures, None) => then(Self::of(Row::of(futures))),
            (futures, Some((next, rest))) => then(Self::of(Row::of_more(futures, next, rest))),
        }
    }
}
