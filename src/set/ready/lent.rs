//! The waker of a child that keeps none: lent for one poll, it lives on the poller's stack.

use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::task::{RawWaker, RawWakerVTable, Waker};

use super::head::Head;
use super::page::{Page, PageRef, new_waker, release_head};
use crate::sync::{AtomicBool, AtomicPtr};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// What a lent waker points to. A `&Waker` may be shared with scoped threads, so its flags are atomics.
pub(super) struct Lent {
    place: u32,
    head: Option<NonNull<Head>>,
    /// The page of the place, if it was there before.
    page: *mut Page,
    woken: AtomicBool,
    /// The page of the place, once a waker was cloned: the one from before or one that was made for it.
    kept: AtomicPtr<Page>,
}

impl Lent {
    #[inline]
    pub(super) fn new(place: u32, head: Option<NonNull<Head>>, page: Option<&PageRef>) -> Self {
        Self {
            place,
            head,
            page: page.map_or(ptr::null_mut(), PageRef::as_ptr),
            woken: AtomicBool::new(false),
            kept: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The waker to lend. It must not be used after `self`.
    #[inline]
    pub(super) fn waker(&self) -> ManuallyDrop<Waker> {
        let data = ptr::from_ref(self).cast();
        // SAFETY: the table's functions take a pointer to a `Lent`, which is alive during the poll (invariant 4).
        ManuallyDrop::new(unsafe { Waker::new(data, &VTABLE) })
    }

    /// Whether the child woke itself.
    #[inline]
    pub(super) fn woken(&self) -> bool {
        // Ordering: other threads that used the lent waker were joined before the poll returned.
        self.woken.load(Relaxed)
    }

    /// Whether a waker was kept, and the page if it was made for that.
    #[inline]
    pub(super) fn kept(&self) -> Option<Option<PageRef>> {
        // Ordering: as in `woken`.
        let kept = self.kept.load(Relaxed);
        if kept.is_null() {
            None
        } else if self.page.is_null() {
            // SAFETY: it was leaked in `clone` for us to take, which is done once, after the poll.
            Some(Some(unsafe { PageRef::from_raw(kept) }))
        } else {
            Some(None)
        }
    }

    /// The page to put a waker on, made if there is none.
    fn keep(&self) -> *mut Page {
        // Ordering: partner of the Release below, for a page that another thread has made.
        let kept = self.kept.load(Acquire);
        if !kept.is_null() {
            return kept;
        }
        let page = if self.page.is_null() {
            PageRef::new(self.head, self.place).into_raw()
        } else {
            self.page
        };
        match self
            .kept
            .compare_exchange(ptr::null_mut(), page, AcqRel, Acquire)
        {
            Ok(_) => page,
            Err(theirs) => {
                if self.page.is_null() {
                    // SAFETY: just made here, and known to nobody else.
                    let page = unsafe { PageRef::from_raw(page) };
                    if self.head.is_none() {
                        // SAFETY: the head is new, too, with a reference for a consumer who will not have it.
                        unsafe { release_head(page.head()) };
                    }
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
    new_waker(lent.keep(), lent.place)
}

unsafe fn wake_by_ref(data: *const ()) {
    // Ordering: as in `woken`.
    lent(data).woken.store(true, Relaxed);
}

unsafe fn drop(_: *const ()) {}
