//! A program that links no `std`: it brings its own panic handler and allocator, runs every scenario, and counts memory.

#![no_std]
#![no_main]

use core::{
    alloc::{GlobalAlloc, Layout},
    ffi::{CStr, c_char, c_int, c_void},
    panic::PanicInfo,
    sync::atomic::{AtomicUsize, Ordering},
};

use rejoin as _;
use scenarios::{SCENARIOS, block_on, gather_types};

#[link(name = "c")]
unsafe extern "C" {
    fn abort() -> !;
    fn aligned_alloc(align: usize, size: usize) -> *mut c_void;
    fn free(pointer: *mut c_void);
    fn puts(line: *const c_char) -> c_int;
}

/// How often memory was asked for, and how many bytes were not given back.
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: C's allocator, with the size rounded up to a multiple of the alignment as it demands.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: a power of two, at least a pointer's alignment, and a multiple of it.
        unsafe {
            let align = layout.align().max(align_of::<usize>());
            aligned_alloc(align, layout.size().next_multiple_of(align)).cast()
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `alloc` made it.
        unsafe { free(pointer.cast()) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    say(c"a scenario panicked");
    // SAFETY: never returns, and asks for nothing.
    unsafe { abort() }
}

/// The precompiled `core` names it, though a program that aborts on panic never calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

fn say(line: &CStr) {
    // SAFETY: ends with a nul byte.
    unsafe { puts(line.as_ptr()) };
}

fn allocations_of(run: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    run();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    for (_, scenario) in SCENARIOS {
        scenario();
        assert_eq!(LIVE.load(Ordering::Relaxed), 0);
    }
    // The executor's flag is the one allocation.
    let of_executor = allocations_of(|| block_on(async {}));
    assert_eq!(allocations_of(gather_types), of_executor);
    say(c"without std: every scenario ran, no memory is left, gather! allocated nothing");
    0
}
