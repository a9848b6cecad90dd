//! Woken places: who is to be polled, in the order of their wakes, at no cost for those who keep no waker.
//!
//! Places are numbers here; what is stored in them is unknown. The *consumer* is the [`Ready`] of a set, used by one thread
//! at a time. *Wakers* are used by any thread at any time, also when the consumer is long gone.
//!
//! A place whose child has kept no waker is polled with a *lent* one (`lent.rs`): waking it is a store to the poller's
//! stack. The first clone makes a *page* of 64 links (`page.rs`) and the *head* (`head.rs`), from which all wakers of the
//! place come from then on. Cloning such a waker counts a reference to its page; waking it pushes the place's number on the
//! head's stack, which the consumer takes whole and turns round.
//!
//! # States and transitions
//!
//! A *link* (one a place) is idle, or on the stack:
//!
//! | from | to | by | when |
//! |---|---|---|---|
//! | `IDLE` | number or `BOTTOM` | a waker, by exchange | it claims the place: the one waker that pushes it |
//! | number or `BOTTOM` | another such | the same waker, by store | the top changed before its push |
//! | number or `BOTTOM` | `IDLE` | the consumer, by store | the number was taken off and the link read |
//!
//! The *top* (one a set):
//!
//! | from | to | by | when |
//! |---|---|---|---|
//! | `EMPTY`, number | number | a waker | it pushes; the consumer will look |
//! | `SLEEPING` | number | a waker | it pushes, owns the cell, empties it, clears `busy`, wakes the task |
//! | number | `EMPTY` | the consumer, by swap | it takes the whole stack |
//! | `EMPTY` | `SLEEPING` | the consumer | it filled the cell and set `busy`; nobody is queued |
//! | `SLEEPING` | `EMPTY` | the consumer | something else roused it: it owns the cell again |
//! | any | `CLOSED` | the consumer, by swap | it is dropped |
//!
//! # Invariants
//!
//! 1. At any time a place is on the stack at most once: between its `IDLE` and its `IDLE` one waker pushes it once.
//! 2. A `Page` lives as long as a reference to it is counted; a `Head` as long as one to it is, and every page counts one.
//!    The consumer counts one of its head and of each of its pages, a waker one of its page, a `Bell` one of its head.
//!    Both are made in `PageRef::new`, and freed when the last reference goes: a page by itself, or the first page with its head.
//! 3. The pointer of a page's waker is the page's address plus the index of the place; a page is aligned to 64 and has at
//!    most 64 places, so both can be told from it. Its places are below `INBOX`.
//! 4. A `Lent` is alive during the poll that its waker is lent for, and the waker is not used afterwards: children get it by
//!    a reference that ends with the poll, from a `Lending` that borrows the `Lent`. The page that it points to is one that its `Lender` has made, and owns until the
//!    `Lender` ends, or one of the `Ready` that is borrowed meanwhile, by a `Poller` or for a child alone.
//! 5. The consumer notes a number and reads its link before it makes the link `IDLE`.
//! 6. The cell of a head belongs to the consumer when the top is not `SLEEPING` and `busy` is clear, else, when the top is
//!    `SLEEPING`, to nobody, and otherwise to the push that took the top from `SLEEPING`.
//! 7. The consumer adds to `meeting` after it has cleared links and before it polls; a wake that finds its link taken adds to it
//!    before it looks once more. Who adds second sees what the other did before: the wake a link that was cleared, or the
//!    polls what the waker wrote. So no wake is lost that leaves its place to an earlier one.

mod head;
mod inbox;
mod lent;
mod page;

use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use core::task::{Context, Poll, RawWakerVTable, Waker};

use head::Head;
pub(super) use head::INBOX;
pub(super) use inbox::{Receiver, Sender};
use lent::Lent;
use page::{PAGE, PageRef, head_ref, page_of, release_head, retain};

/// What the consumer knows of the places of one page.
#[derive(Default)]
struct Entry {
    page: Option<PageRef>,
    /// The places whose child has kept a waker.
    kept: u64,
}

/// The consumer.
pub(super) struct Ready {
    /// Made with the first page or bell.
    head: Option<NonNull<Head>>,
    /// The first page needs no directory.
    first: Entry,
    rest: Vec<Entry>,
    /// The waker of the task that sleeps, or slept last, on a set without a head.
    parent: Option<Waker>,
    /// The identity of the waker of the task that sleeps, unless a wake has ended the sleep.
    sleeper: Option<(*const (), &'static RawWakerVTable)>,
    /// Numbers taken off the stack, kept for its memory.
    taken: Vec<u32>,
    /// The place of the child that was polled last, as of the last `learn`.
    last: u32,
}

// SAFETY: the head and the pages are made to be shared between threads.
unsafe impl Send for Ready {}
// SAFETY: as above; and nothing is done through `&Ready`.
unsafe impl Sync for Ready {}

impl Ready {
    pub(super) const fn new() -> Self {
        Self {
            head: None,
            first: Entry {
                page: None,
                kept: 0,
            },
            rest: Vec::new(),
            parent: None,
            sleeper: None,
            taken: Vec::new(),
            last: 0,
        }
    }

    #[inline]
    fn entry(&self, place: u32) -> Option<&Entry> {
        match page_of(place) {
            0 => Some(&self.first),
            n => self.rest.get(n - 1),
        }
    }

    #[inline]
    fn entry_mut(&mut self, place: u32) -> Option<&mut Entry> {
        match page_of(place) {
            0 => Some(&mut self.first),
            n => self.rest.get_mut(n - 1),
        }
    }

    const fn bit(place: u32) -> u64 {
        1 << (place as usize % PAGE)
    }

    /// What polls the children in the block of places that begins with `first`.
    #[inline]
    pub(super) fn poller(&mut self, first: u32) -> Poller<'_> {
        let (page, kept) = match self.entry(first) {
            Some(entry) if self.head.is_some() => (entry.page.as_ref(), entry.kept),
            _ => (None, 0),
        };
        Poller {
            lender: Lender {
                lent: Lent::new(self.head, page, first),
                made: None,
                kept,
            },
            ready: self,
            first,
        }
    }

    /// Takes over what became of the children in the block of places that `place` is in.
    pub(super) fn take_over(&mut self, place: u32, mut lender: Lender) {
        self.learn(place, &mut lender);
    }

    /// Takes from `lender`, which is not used afterwards, what became of the children in the block of places that `place` is in.
    #[inline]
    fn learn(&mut self, place: u32, lender: &mut Lender) {
        self.last = lender.last();
        // After a panic: what was made is adopted all the same.
        let late = lender.lent.take_kept().flatten();
        if let Some(page) = lender.made.take().or(late) {
            self.adopt(place, page);
        }
        if let Some(entry) = self.entry_mut(place) {
            entry.kept = lender.kept;
        }
    }

    /// Takes over the page of `place`, and the head that was made with it, if it was.
    #[cold]
    fn adopt(&mut self, place: u32, page: PageRef) {
        let number = page_of(place);
        if number > self.rest.len() {
            self.rest.resize_with(number, Entry::default);
        }
        self.head.get_or_insert(page.head());
        if let Some(entry) = self.entry_mut(place) {
            entry.page = Some(page);
        }
    }

    /// The place of the child that was polled last by the [`Poller`] that was dropped last, also if the child has panicked.
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    /// Forgets that any child had wakers, as all are gone.
    pub(super) fn forget_all(&mut self) {
        self.first.kept = 0;
        self.rest.iter_mut().for_each(|entry| entry.kept = 0);
    }

    /// Forgets that the child in `place` had wakers, as it is gone.
    #[inline]
    pub(super) fn forget(&mut self, place: u32) {
        if self.head.is_some() {
            if let Some(entry) = self.entry_mut(place) {
                entry.kept &= !Self::bit(place);
            }
        }
    }

    /// Forgets that children in the block of places that `place` is in had wakers, but for those in `places`, bits of the block: the
    /// others are gone.
    #[inline]
    pub(super) fn forget_others(&mut self, place: u32, places: u64) {
        if self.head.is_some() {
            if let Some(entry) = self.entry_mut(place) {
                entry.kept &= places;
            }
        }
    }

    /// The first number of those that were woken, each once, in the order of their wakes. The others are then told by
    /// [`next_taken`](Self::next_taken).
    #[inline]
    pub(super) fn take_first(&mut self) -> Option<u32> {
        match self.head {
            Some(head) if self.taken.is_empty() && head_ref(head).has_woken() => self.collect(),
            _ => self.taken.pop(),
        }
    }

    /// Whether somebody was woken whose number was not told.
    #[inline]
    pub(super) fn has_woken(&self) -> bool {
        self.head
            .is_some_and(|head| !self.taken.is_empty() || head_ref(head).has_woken())
    }

    /// The next of the numbers that were taken off the stack.
    #[inline]
    pub(super) fn next_taken(&mut self) -> Option<u32> {
        self.taken.pop()
    }

    /// Whether there are numbers that were taken off the stack, and not told.
    #[inline]
    pub(super) fn has_taken(&self) -> bool {
        !self.taken.is_empty()
    }

    /// Whether the child in `place` has kept a waker.
    #[inline]
    pub(super) fn has_kept(&self, place: u32) -> bool {
        self.entry(place)
            .is_some_and(|entry| entry.kept & Self::bit(place) != 0)
    }

    /// Polls one child, as [`Lending::poll`] does, and forgets its wakers if it is done.
    #[inline]
    pub(super) fn poll<const FIRST: bool, T>(
        &mut self,
        place: u32,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> (Poll<T>, bool) {
        /// Learns, also after a panic, that the child has kept a waker.
        struct Alone<'a> {
            ready: &'a mut Ready,
            lent: Lent,
            place: u32,
        }
        impl Drop for Alone<'_> {
            #[inline]
            fn drop(&mut self) {
                if let Some(page) = self.lent.take_kept() {
                    self.ready.keep(self.place, page);
                }
            }
        }
        let head = self.head;
        let page = match self.entry_mut(place) {
            Some(Entry {
                page: Some(page),
                kept,
            }) => {
                if !FIRST && *kept & Self::bit(place) != 0 {
                    let waker = page.waker(place);
                    let result = poll(&mut Context::from_waker(&waker));
                    if result.is_ready() {
                        *kept &= !Self::bit(place);
                    }
                    return (result, false);
                }
                Some(&*page)
            }
            _ => None,
        };
        let alone = Alone {
            lent: Lent::new(head, page, place),
            ready: self,
            place,
        };
        let waker = alone.lent.waker();
        let result = poll(&mut Context::from_waker(&waker));
        let woken = result.is_pending() && alone.lent.has_woken(0);
        drop(alone);
        if result.is_ready() {
            self.forget(place);
        }
        (result, woken)
    }

    /// Notes that the child in `place` has kept a waker, and takes over the page if it was made for that.
    #[inline]
    fn keep(&mut self, place: u32, page: Option<PageRef>) {
        if let Some(page) = page {
            self.adopt(place, page);
        }
        if let Some(entry) = self.entry_mut(place) {
            entry.kept |= Self::bit(place);
        }
    }

    fn collect(&mut self) -> Option<u32> {
        let Self {
            head,
            first,
            rest,
            taken,
            ..
        } = self;
        let head = head_ref((*head)?);
        let alone = head.take(
            |number| {
                if number == INBOX {
                    return head.inbox();
                }
                let entry = match page_of(number) {
                    0 => &*first,
                    n => &rest[n - 1],
                };
                match &entry.page {
                    Some(page) => page.link(number),
                    None => unreachable!("a woken place has a page"),
                }
            },
            |number| taken.push(number),
        );
        alone.or_else(|| taken.pop())
    }

    /// Sends the task to sleep: the next wake of a place, ring of a bell or call of `rouse` wakes `waker`. If `false`, the
    /// caller must wake it.
    #[inline]
    pub(super) fn sleep(&mut self, waker: &Waker) -> bool {
        let identity = (waker.data(), waker.vtable());
        let asleep = match self.head {
            None => {
                if !matches!(&self.parent, Some(parent) if parent.will_wake(waker)) {
                    self.parent = Some(waker.clone());
                }
                true
            }
            Some(head) => {
                let head = head_ref(head);
                if self.sleeper.is_some() && head.is_sleeping() {
                    if self.sleeper.is_some_and(|(data, vtable)| {
                        data == identity.0 && core::ptr::eq(vtable, identity.1)
                    }) {
                        return true;
                    }
                    head.rouse();
                }
                self.parent = None;
                head.sleep(waker)
            }
        };
        self.sleeper = asleep.then_some(identity);
        asleep
    }

    /// Ends a sleep without waking anybody.
    pub(super) fn awake(&mut self) {
        if self.sleeper.take().is_some() {
            self.end_sleep();
        }
    }

    /// Wakes the task that sleeps, if one does.
    #[inline]
    pub(super) fn rouse(&mut self) {
        if self.sleeper.take().is_some() {
            if let Some(waker) = self.end_sleep() {
                waker.wake();
            }
        }
    }

    fn end_sleep(&mut self) -> Option<Waker> {
        let waker = self.parent.take();
        match self.head {
            Some(head) => head_ref(head).rouse().or(waker),
            None => waker,
        }
    }

    /// An inbox whose senders wake the consumer with the number `INBOX`.
    pub(super) fn inbox<T>(&mut self) -> Receiver<T> {
        let head = *self.head.get_or_insert_with(|| {
            let page = PageRef::new(None, 0);
            let head = page.head();
            self.first.page = Some(page);
            head
        });
        if let (Some(waker), Some(_)) = (self.parent.take(), self.sleeper) {
            // Whoever sleeps is to be woken through the head from now on.
            head_ref(head).sleep(&waker);
        }
        retain(&head_ref(head).refs);
        Receiver::new(Bell(head))
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(head) = self.head.take() {
            struct Release(NonNull<Head>);
            impl Drop for Release {
                fn drop(&mut self) {
                    // SAFETY: the consumer's own reference, given up here alone (invariant 2).
                    unsafe { release_head(self.0) };
                }
            }
            // Also if dropping the task's waker panics.
            let release = Release(head);
            head_ref(release.0).close();
        }
    }
}

/// Lends wakers to children in places of one page.
pub(super) struct Lender {
    lent: Lent,
    /// The page, if it was made since.
    made: Option<PageRef>,
    /// The places whose child has kept a waker.
    kept: u64,
}

impl Lender {
    /// For children in a block of places none of whom has kept a waker before, in a set without a page.
    #[inline]
    pub(super) fn new(first: u32) -> Self {
        Self {
            lent: Lent::new(None, None, first),
            made: None,
            kept: 0,
        }
    }

    /// Whether a page was made, as a child has kept a waker, perhaps one that is gone: then [`Ready::take_over`] is to be called.
    #[inline]
    pub(super) fn has_made(&self) -> bool {
        self.made.is_some()
    }

    /// The place of the child that was polled last, also if it has panicked; before the first of a block, its first place.
    #[inline]
    pub(super) fn last(&self) -> u32 {
        self.lent.last()
    }

    /// Goes on with children in another block of places. No page was made.
    #[inline]
    pub(super) fn turn_block(&mut self, first: u32) {
        self.lent.set_first(first);
    }

    /// Lends a waker to one child after the other.
    #[inline]
    pub(super) fn lend(&mut self) -> Lending<'_> {
        self.lend_beside(None)
    }

    /// The same, beside the page of those who have kept a waker before.
    #[inline]
    fn lend_beside<'a>(&'a mut self, page: Option<&'a PageRef>) -> Lending<'a> {
        let Self { lent, made, kept } = self;
        Lending {
            waker: lent.waker(),
            lent,
            made,
            kept,
            page,
        }
    }
}

/// A waker that is lent to one child after the other.
pub(super) struct Lending<'a> {
    lent: &'a Lent,
    /// Of `lent`.
    waker: ManuallyDrop<Waker>,
    made: &'a mut Option<PageRef>,
    kept: &'a mut u64,
    /// The page of those who have kept a waker before, if there is one.
    page: Option<&'a PageRef>,
}

impl Lending<'_> {
    /// Calls `poll` with a context whose waker wakes the place of that number in its block. The second value tells whether it was used during the call in
    /// a way that the stack does not know: then the caller is to queue the place. `FIRST` says that it is the child's first poll.
    #[inline]
    pub(super) fn poll<const FIRST: bool, T>(
        &mut self,
        index: u32,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> (Poll<T>, bool) {
        // Also of who has a waker of its own, so that `last` tells who has panicked.
        self.lent.turn(index);
        if let (false, Some(page)) = (FIRST, self.page) {
            if *self.kept & Ready::bit(index) != 0 {
                let waker = page.waker(index);
                return (poll(&mut Context::from_waker(&waker)), false);
            }
        }
        let result = poll(&mut Context::from_waker(&self.waker));
        if let Some(page) = self.lent.take_kept() {
            *self.kept |= Ready::bit(index);
            if let Some(page) = page {
                set_made(self.made, page);
            }
        }
        // Who is done need not be asked.
        let woken = result.is_pending() && self.lent.has_woken(index);
        (result, woken)
    }
}

/// Notes that a page was made.
///
/// Not inlined, so that it is not kept in a register whether one was while children are polled that keep no waker.
#[cold]
#[inline(never)]
fn set_made(made: &mut Option<PageRef>, page: PageRef) {
    *made = Some(page);
}

/// Polls children in places of one page, with the wakers that they need.
pub(super) struct Poller<'a> {
    ready: &'a mut Ready,
    lender: Lender,
    first: u32,
}

impl Poller<'_> {
    /// Lends wakers to one child after the other.
    #[inline]
    pub(super) fn lend(&mut self) -> Lending<'_> {
        let entry = self.ready.entry(self.first);
        self.lender
            .lend_beside(entry.and_then(|entry| entry.page.as_ref()))
    }

    /// Ends this, after polls that have all returned. The children in `gone`, bits of the block, are gone: it is forgotten that they had wakers.
    #[inline]
    pub(super) fn end(mut self, gone: u64) {
        if self.lender.kept == 0 {
            // There is nothing to learn, and no page to free: one is made for who keeps a waker.
            core::mem::forget(self);
        } else {
            self.lender.kept &= !gone;
        }
    }
}

impl Drop for Poller<'_> {
    #[inline]
    fn drop(&mut self) {
        self.ready.learn(self.first, &mut self.lender);
    }
}

/// Wakes the consumer to look into the inbox.
struct Bell(NonNull<Head>);

// SAFETY: a head is made to be shared between threads.
unsafe impl Send for Bell {}
// SAFETY: as above.
unsafe impl Sync for Bell {}

impl Bell {
    fn ring(&self) {
        let head = head_ref(self.0);
        head.push(head.inbox(), INBOX);
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        // SAFETY: the bell's own reference, given up here alone (invariant 2).
        unsafe { release_head(self.0) };
    }
}

#[cfg(all(test, rejoin_loom))]
mod models;
