//! Pages of links, and the wakers that point into them.

use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use core::alloc::Layout;
use core::mem::{ManuallyDrop, offset_of};
use core::ptr::NonNull;
use core::task::{RawWaker, RawWakerVTable, Waker};

use super::head::{Head, IDLE, INBOX};
use crate::sync::{AtomicU32, AtomicUsize};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Places on a page. A model wants more than one page with few places.
pub(super) const PAGE: usize = if cfg!(rejoin_loom) { 2 } else { 64 };

/// The number of the page that `place` is on.
#[inline]
pub(super) const fn page_of(place: u32) -> usize {
    place as usize / PAGE
}

/// What the address of a page is a multiple of, so that a waker's pointer has room for the index of its place.
const ALIGN: usize = 64;

/// What allocators align to without being asked. From there to `ALIGN` we go ourselves: to ask for it would take them several
/// times as long.
const UNIT: usize = 2 * size_of::<usize>();

/// The wake state of `PAGE` places.
#[repr(C)]
pub(super) struct Page {
    head: NonNull<Head>,
    /// The first place of the page.
    first: u32,
    /// How far from the start of its allocation it lies.
    skipped: u8,
    /// Whether the page is part of its head's allocation.
    embedded: bool,
    /// One for the consumer, one for every waker.
    refs: AtomicUsize,
    links: [AtomicU32; PAGE],
}

/// The first page of a set, and the head, in one allocation.
#[repr(C)]
struct Block {
    page: Page,
    head: Head,
}

/// A reference to a page that counts.
pub(super) struct PageRef(NonNull<Page>);

impl PageRef {
    /// Makes the page of `place`, and a head for it if there is none yet, for whom a reference is then counted.
    pub(super) fn new(head: Option<NonNull<Head>>, place: u32) -> Self {
        let first = (page_of(place) * PAGE) as u32;
        assert!(
            first <= INBOX - PAGE as u32,
            "places are below the numbers that mean something else"
        );
        let links = core::array::from_fn(|_| AtomicU32::new(IDLE));
        let page = match head {
            Some(head) => {
                retain(&head_ref(head).refs);
                let (page, skipped) = allocate::<Page>();
                // SAFETY: the memory was allocated for it.
                unsafe {
                    page.write(Page {
                        head,
                        first,
                        skipped,
                        embedded: false,
                        refs: AtomicUsize::new(1),
                        links,
                    });
                }
                page
            }
            None => {
                let (block, skipped) = allocate::<Block>();
                // SAFETY: the offset is within the block.
                let head = unsafe { block.byte_add(offset_of!(Block, head)) };
                // SAFETY: the memory was allocated for it.
                unsafe {
                    block.write(Block {
                        page: Page {
                            head: head.cast(),
                            first,
                            skipped,
                            embedded: true,
                            refs: AtomicUsize::new(1),
                            links,
                        },
                        // The page's reference and the consumer's.
                        head: Head::new(2),
                    });
                }
                // The page comes first.
                block.cast()
            }
        };
        Self(page)
    }

    #[inline]
    fn page(&self) -> &Page {
        // SAFETY: a counted reference keeps the page (invariant 2).
        unsafe { self.0.as_ref() }
    }

    pub(super) fn head(&self) -> NonNull<Head> {
        self.page().head
    }

    #[inline]
    pub(super) fn link(&self, place: u32) -> &AtomicU32 {
        &self.page().links[place as usize % PAGE]
    }

    pub(super) fn into_raw(self) -> *mut Page {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// # Safety
    ///
    /// `page` comes from `into_raw` and is taken back once.
    pub(super) unsafe fn from_raw(page: *mut Page) -> Self {
        // SAFETY: it was not null when it was given away.
        Self(unsafe { NonNull::new_unchecked(page) })
    }

    pub(super) fn as_ptr(&self) -> *mut Page {
        self.0.as_ptr()
    }

    /// A waker of `place` that is not counted: good as long as this reference is, and never to be dropped.
    #[inline]
    pub(super) fn waker(&self, place: u32) -> ManuallyDrop<Waker> {
        let data = data(self.0.as_ptr(), place);
        // SAFETY: the pointer and the table belong together (invariant 3); the reference that a waker owns is not taken, and
        // not given up either, since the waker is not dropped.
        ManuallyDrop::new(unsafe { Waker::new(data, &VTABLE) })
    }
}

impl Drop for PageRef {
    #[inline]
    fn drop(&mut self) {
        if let_go(&self.page().refs) {
            // SAFETY: the last reference is gone (invariant 2).
            unsafe { dispose(self.0) };
        }
    }
}

/// Frees a page, and gives up its reference to its head.
///
/// Not inlined: who is not the last needs no such stack frame.
///
/// # Safety
///
/// There is no reference to the page any more.
#[inline(never)]
unsafe fn dispose(page: NonNull<Page>) {
    // SAFETY: nobody else has it, and it has not been freed yet.
    let Page {
        head,
        skipped,
        embedded,
        ..
    } = *unsafe { page.as_ref() };
    if !embedded {
        // SAFETY: nobody uses it, and it has an allocation of its own (invariant 2).
        unsafe { free(page, skipped) };
    }
    // SAFETY: the page's reference to its head ends with the page, once.
    unsafe { release_head(head) };
}

/// A head that somebody keeps.
#[inline]
pub(super) fn head_ref<'a>(head: NonNull<Head>) -> &'a Head {
    // SAFETY: private to the room; all callers own a reference to the head or to one of its pages (invariant 2).
    unsafe { &*head.as_ptr() }
}

/// Gives up a reference to a head.
///
/// # Safety
///
/// The caller owns the reference.
pub(super) unsafe fn release_head(head: NonNull<Head>) {
    if !let_go(&head_ref(head).refs) {
        return;
    }
    // SAFETY: a head is part of a block, which starts at this distance before it.
    let block = unsafe { head.byte_sub(offset_of!(Block, head)) }.cast::<Block>();
    // SAFETY: the block is still there, since heads are freed with it.
    let skipped = unsafe { block.as_ref() }.page.skipped;
    // SAFETY: the last reference is gone, so that of the embedded page is, too (invariant 2).
    unsafe { free(block, skipped) };
}

/// What is allocated for a `T`.
const fn layout<T>() -> Layout {
    assert!(align_of::<T>() <= UNIT);
    match Layout::from_size_align(size_of::<T>() + ALIGN - UNIT, UNIT) {
        Ok(layout) => layout,
        Err(_) => panic!("a page is small"),
    }
}

/// Memory for a `T` whose address is a multiple of `ALIGN`, and how far from the start of the allocation that is.
fn allocate<T>() -> (NonNull<T>, u8) {
    let layout = const { layout::<T>() };
    // SAFETY: the size is not zero.
    let memory = unsafe { alloc(layout) };
    let Some(memory) = NonNull::new(memory) else {
        handle_alloc_error(layout)
    };
    let skipped = memory.addr().get().wrapping_neg() % ALIGN;
    // SAFETY: `layout` has room for it, since the start is a multiple of `UNIT`.
    let place = unsafe { memory.byte_add(skipped) };
    (place.cast(), skipped as u8)
}

/// Drops `value`, and frees its memory.
///
/// # Safety
///
/// It lies where `allocate` has said, with `skipped`, and nobody uses it any more.
unsafe fn free<T>(value: NonNull<T>, skipped: u8) {
    // SAFETY: by the contract of this function.
    unsafe { value.drop_in_place() };
    // SAFETY: this undoes the addition in `allocate`.
    let memory = unsafe { value.cast::<u8>().byte_sub(usize::from(skipped)) };
    // SAFETY: it was allocated with this layout.
    unsafe { dealloc(memory.as_ptr(), const { layout::<T>() }) };
}

/// Counts one more reference.
#[inline]
pub(super) fn retain(refs: &AtomicUsize) {
    // Ordering: a new reference comes from an old one, which keeps the thing meanwhile.
    if refs.fetch_add(1, Relaxed) > isize::MAX as usize {
        overflow();
    }
}

/// Gives up a reference, and tells whether it was the last.
#[inline]
fn let_go(refs: &AtomicUsize) -> bool {
    // Ordering: Acquire is the partner of the Release below, so that all uses by others come before what the last one does. Who has
    // the only reference need not count down: nobody else can make another.
    if refs.load(Acquire) == 1 {
        return true;
    }
    if refs.fetch_sub(1, Release) != 1 {
        return false;
    }
    // Ordering: as above. (A load, since ThreadSanitizer knows no fences.)
    refs.load(Acquire);
    true
}

/// Ends the process: a count that wraps would free what is in use.
#[cold]
fn overflow() -> ! {
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            panic!("too many wakers of a FutureSet");
        }
    }
    let _abort = Abort;
    panic!("too many wakers of a FutureSet");
}

/// A waker's pointer: the page, plus the index of the place.
#[inline]
fn data(page: *mut Page, place: u32) -> *const () {
    page.cast::<u8>()
        .cast_const()
        .wrapping_add(place as usize % PAGE)
        .cast()
}

/// The page of a waker's pointer. (A pointer, as a page cannot be freed through a `&Page`.)
#[inline]
fn page_at(data: *const ()) -> NonNull<Page> {
    let page = data.map_addr(|address| address - address % ALIGN);
    // SAFETY: no page is at address 0 (invariant 3).
    unsafe { NonNull::new_unchecked(page.cast::<Page>().cast_mut()) }
}

/// The page and the place of a waker's pointer.
#[inline]
fn page_and_place<'a>(data: *const ()) -> (&'a Page, u32) {
    // SAFETY: private to the vtable, whose callers hold a waker, which keeps the page (invariants 2 and 3).
    let page = unsafe { page_at(data).as_ref() };
    (page, page.first + (data.addr() % ALIGN) as u32)
}

pub(super) static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

/// A new waker of `place`, which counts.
pub(super) fn new_waker(page: *mut Page, place: u32) -> RawWaker {
    let data = data(page, place);
    retain(&page_and_place(data).0.refs);
    RawWaker::new(data, &VTABLE)
}

// SAFETY (of the four): called by a waker with a pointer made by `data` (invariant 3).

unsafe fn clone(data: *const ()) -> RawWaker {
    retain(&page_and_place(data).0.refs);
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // Given up last, also if the task's own waker panics.
    let _reference = PageRef(page_at(data));
    let (page, place) = page_and_place(data);
    push(page, place);
}

unsafe fn wake_by_ref(data: *const ()) {
    let (page, place) = page_and_place(data);
    push(page, place);
}

unsafe fn release(data: *const ()) {
    drop(PageRef(page_at(data)));
}

#[inline]
fn push(page: &Page, place: u32) {
    head_ref(page.head).push(&page.links[place as usize % PAGE], place);
}
