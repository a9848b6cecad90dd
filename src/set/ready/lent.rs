//! The waker of a child that keeps none: lent for one poll, it lives on the poller's stack.

use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::task::{RawWaker, RawWakerVTable, Waker};

use super::head::Head;
use super::page::{Page, PageRef, new_waker, release_head};
use crate::set::rare;
use crate::sync::{AtomicPtr, AtomicU32};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// No index.
const NOBODY: u32 = u32::MAX;

/// What a lent waker points to.
///
/// A `&Waker` may be shared with scoped threads, so all that changes meanwhile is atomic. Between polls the poller alone uses it.
pub(super) struct Lent {
    /// Whose turn it is: the place that is so many places behind the first of those that this is for.
    first: u32,
    index: AtomicU32,
    /// The head, if there was one at first.
    head: Option<NonNull<Head>>,
    /// The page of the place, if there is one.
    page: AtomicPtr<Page>,
    /// Whose turn it was when a child last woke itself, or `NOBODY`.
    woken: AtomicU32,
    /// The page of the place, once a waker was cloned: the one that was there or one that was made for it.
    kept: AtomicPtr<Page>,
}

// Ordering: `Relaxed` throughout but for `kept`. Other threads that use the lent waker were started within the poll, and are joined
// before it returns.
impl Lent {
    #[inline]
    pub(super) fn new(head: Option<NonNull<Head>>, page: Option<&PageRef>, first: u32) -> Self {
        Self {
            first,
            index: AtomicU32::new(0),
            head,
            page: AtomicPtr::new(page.map_or(ptr::null_mut(), PageRef::as_ptr)),
            woken: AtomicU32::new(NOBODY),
            kept: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// From now on it is the turn of the child so many places behind the first.
    #[inline]
    pub(super) fn turn(&self, index: u32) {
        self.index.store(index, Relaxed);
    }

    /// From now on this is for children from another place on.
    #[inline]
    pub(super) fn set_first(&mut self, first: u32) {
        self.first = first;
        self.turn(0);
        self.woken.store(NOBODY, Relaxed);
    }

    /// The place whose turn it is, or was last.
    #[inline]
    pub(super) fn last(&self) -> u32 {
        self.first + self.index.load(Relaxed)
    }

    /// The waker to lend to whoever has its turn. It must not be used after `self`.
    #[inline]
    pub(super) fn waker(&self) -> ManuallyDrop<Waker> {
        let data = ptr::from_ref(self).cast();
        // SAFETY: the table's functions take a pointer to a `Lent`, which is alive during the poll (invariant 4).
        ManuallyDrop::new(unsafe { Waker::new(data, &VTABLE) })
    }

    /// Whether the child that was polled last has woken itself: the one of that index, which has had its turn once since `set_first`.
    #[inline]
    pub(super) fn has_woken(&self, index: u32) -> bool {
        self.woken.load(Relaxed) == index
    }

    /// Whether a waker was kept since the last time, and the page if it was made for that.
    #[inline]
    pub(super) fn take_kept(&self) -> Option<Option<PageRef>> {
        let kept = self.kept.load(Relaxed);
        if kept.is_null() {
            return None;
        }
        rare();
        self.kept.store(ptr::null_mut(), Relaxed);
        if !self.page.load(Relaxed).is_null() {
            return Some(None);
        }
        // SAFETY: it was leaked in `clone` for us to take; this is done once, as there is a page from now on.
        let page = unsafe { PageRef::from_raw(kept) };
        self.page.store(kept, Relaxed);
        Some(Some(page))
    }

    /// The page to put a waker on, made if there is none.
    #[inline]
    fn keep(&self) -> *mut Page {
        // Ordering: partner of the Release below, for a page that another thread has made.
        let kept = self.kept.load(Acquire);
        if !kept.is_null() {
            return kept;
        }
        let page = self.page.load(Relaxed);
        if !page.is_null() {
            // Whoever comes here stores the same.
            self.kept.store(page, Relaxed);
            return page;
        }
        self.make()
    }

    #[cold]
    fn make(&self) -> *mut Page {
        let page = PageRef::new(self.head, self.last()).into_raw();
        match self
            .kept
            .compare_exchange(ptr::null_mut(), page, Release, Acquire)
        {
            Ok(_) => page,
            Err(theirs) => {
                // SAFETY: just made here, and known to nobody else.
                let page = unsafe { PageRef::from_raw(page) };
                if self.head.is_none() {
                    // SAFETY: the head is new, too, with a reference for a consumer who will not have it.
                    unsafe { release_head(page.head()) };
                }
                theirs
            }
        }
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake_by_ref, wake_by_ref, drop);

/// What a lent waker's pointer points to.
fn lent<'a>(data: *const ()) -> &'a Lent {
    // SAFETY: private to the vtable; a lent waker is used during its poll only, when the `Lent` is alive (invariant 4).
    unsafe { &*data.cast::<Lent>() }
}

// SAFETY (of the three): called by a waker with the pointer given in `Lent::waker`.

unsafe fn clone(data: *const ()) -> RawWaker {
    let lent = lent(data);
    new_waker(lent.keep(), lent.last())
}

unsafe fn wake_by_ref(data: *const ()) {
    let lent = lent(data);
    lent.woken.store(lent.index.load(Relaxed), Relaxed);
}

unsafe fn drop(_: *const ()) {}
