//! How much is allocated, and how often. A binary of its own, for the allocator is the process's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::future::{Future, Ready, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use rejoin::{FutureSet, as_completed, gather, limit, try_gather, wait};

/// Counts for each thread by itself, so that tests may run side by side.
struct Counting;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    allocations: usize,
    bytes: usize,
    peak: usize,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { allocations: 0, bytes: 0, peak: 0 }) };
    /// How large an allocation may be.
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn grown(bytes: usize) {
    COUNTS.with(|counts| {
        let mut now = counts.get();
        now.allocations += 1;
        now.bytes = now.bytes.wrapping_add(bytes);
        now.peak = now.peak.max(now.bytes);
        counts.set(now);
    });
}

fn shrunk(bytes: usize) {
    COUNTS.with(|counts| {
        let mut now = counts.get();
        now.bytes = now.bytes.saturating_sub(bytes);
        counts.set(now);
    });
}

// SAFETY: every call is handed on to the system's allocator as it came, or refused.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGEST.get() {
            return std::ptr::null_mut();
        }
        grown(layout.size());
        // SAFETY: the caller's promise is ours.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        shrunk(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        shrunk(layout.size());
        grown(size);
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` allocates: how often, and how many bytes at its most.
fn counted<T>(work: impl FnOnce() -> T) -> (T, Counts) {
    let before = COUNTS.get();
    COUNTS.set(Counts {
        peak: before.bytes,
        ..before
    });
    let value = work();
    let after = COUNTS.get();
    let spent = Counts {
        allocations: after.allocations - before.allocations,
        bytes: after.bytes.saturating_sub(before.bytes),
        peak: after.peak - before.bytes,
    };
    (value, spent)
}

/// The output of a future that needs no waker, polled until it is there.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

/// Pending `times` times, and woken each time through the borrowed waker.
struct Yield(u32);

impl Future for Yield {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        let Some(left) = self.0.checked_sub(1) else {
            return Poll::Ready(7);
        };
        self.0 = left;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[test]
fn the_macros_allocate_nothing() {
    let (sum, spent) = counted(|| {
        let eight = gather!(
            Yield(1),
            Yield(2),
            Yield(3),
            Yield(4),
            ready(5_u8),
            Yield(6),
            Yield(0),
            ready('8')
        );
        let (a, b, c, d, e, f, g, _) = finish(eight);
        a + b + c + d + u64::from(e) + f + g
    });
    assert_eq!(sum, 47);
    assert_eq!(spent.allocations, 0);

    let ok = || async { Ok::<_, u8>(Yield(2).await) };
    let (outputs, spent) = counted(|| finish(rejoin::try_gather!(ok(), ok(), ok())));
    assert_eq!(outputs, Ok((7, 7, 7)));
    assert_eq!(spent.allocations, 0);
}

#[test]
fn an_empty_set_and_empty_views_allocate_nothing() {
    let none = || [] as [Ready<Result<u8, u8>>; 0];
    let (_, spent) = counted(|| {
        assert!(finish(gather(none())).is_empty());
        assert!(finish(try_gather(none())).unwrap().is_empty());
        assert!(finish(wait(none())).0.is_empty());
        assert!(finish(as_completed(none()).next()).is_none());
        let mut set = FutureSet::<Ready<Result<u8, u8>>>::new();
        assert!(finish(set.next()).is_none());
        assert!(finish(gather(set)).is_empty());
    });
    assert_eq!(spent.allocations, 0);
}

#[test]
fn at_most_two_allocations_for_a_gather_of_up_to_64() {
    for count in [1, 2, 8, 30, 31, 32, 63, 64] {
        let (outputs, spent) = counted(|| finish(gather((0..count).map(ready))));
        assert_eq!(outputs.len(), count);
        assert!(
            (1..=2).contains(&spent.allocations),
            "{count} ready children: {spent:?}"
        );
        let (outputs, spent) = counted(|| finish(gather((0..count).map(|_| Yield(3)))));
        assert_eq!(outputs.len(), count);
        assert!(
            (1..=2).contains(&spent.allocations),
            "{count} children that yield: {spent:?}"
        );
        let numbers = 0..u32::try_from(count).unwrap();
        let (outputs, spent) = counted(|| finish(gather(numbers.map(|n| Yield(n % 4)))));
        assert_eq!(outputs.len(), count);
        assert!(
            (1..=2).contains(&spent.allocations),
            "{count} children that complete one after another: {spent:?}"
        );
    }
}

#[test]
fn one_allocation_where_a_future_is_no_larger_than_its_output() {
    for count in [1, 8, 64, 65, 1000, 100_000_usize] {
        let (outputs, spent) = counted(|| finish(gather((0..count).map(|_| Yield(2)))));
        assert_eq!((outputs.len(), outputs.capacity()), (count, count));
        assert!(outputs.iter().all(|output| *output == 7));
        // From the second block of 64 on there is a directory, in two parts.
        let directory = if count <= 64 { 0 } else { 2 };
        let spent_on_it = spent.peak - count * size_of::<u64>();
        assert_eq!(
            spent.allocations,
            1 + directory,
            "{count}: the outputs stay there"
        );
        assert!(spent_on_it <= directory * count, "{count}: {spent:?}");
    }
    // Unless all are ready when they are polled first.
    for count in [65, 1000, 100_000_usize] {
        let (outputs, spent) = counted(|| finish(gather((0..count).map(|_| Yield(0)))));
        assert_eq!((outputs.len(), outputs.capacity()), (count, count));
        assert_eq!(spent.allocations, 1, "{count}: {spent:?}");
        assert_eq!(spent.peak, count * size_of::<u64>());
    }
    // So do those of results, if half of that memory is enough for them.
    let (outputs, spent) =
        counted(|| finish(try_gather((0..64).map(|n| ready(Ok::<u64, u64>(n))))));
    assert_eq!((outputs, spent.allocations), (Ok((0..64).collect()), 1));
    let (outputs, spent) = counted(|| {
        let results = (0..64).map(|n| ready(Ok::<u64, [u64; 4]>(n)));
        finish(try_gather(results)).unwrap()
    });
    assert_eq!((outputs.capacity(), spent.allocations), (64, 2));
    let (outputs, spent) = counted(|| {
        let results = (0..64).map(|n| ready(Ok::<u32, u64>(n)));
        finish(try_gather(results)).unwrap()
    });
    assert_eq!((outputs.capacity(), spent.allocations), (64, 2));
    // A `Ready` is larger: here twice as large, and only where there are more than 64 do their outputs leave its memory.
    for (count, capacity) in [(1, 2), (8, 16), (64, 128), (65, 65), (1000, 1000)] {
        let (outputs, spent) = counted(|| finish(gather((0..count as u64).map(ready))));
        assert_eq!((outputs.len(), outputs.capacity()), (count, capacity));
        assert_eq!(spent.allocations, if count > 64 { 2 } else { 1 });
        assert!(outputs.into_iter().eq(0..count as u64));
    }
    // Three times as large.
    let (outputs, spent) = counted(|| {
        let futures = (0..8_u64).map(|n| {
            let numbers = [n; 3];
            poll_fn(move |_| Poll::Ready(numbers[2]))
        });
        finish(gather(futures))
    });
    assert_eq!((outputs.capacity(), spent.allocations), (8, 2));
    // Also of children who were woken from outside: their books and their wake state are the other two.
    let (outputs, spent) = counted(|| {
        let mut once = false;
        finish(gather([poll_fn(|cx| {
            let waker = cx.waker().clone();
            waker.wake_by_ref();
            once = !once;
            if once {
                Poll::Pending
            } else {
                Poll::Ready([7_u64; 16])
            }
        })]))
    });
    assert_eq!((outputs, spent.allocations), (vec![[7; 16]], 3));
    // And of those who were inserted one after another.
    let mut set = FutureSet::with_capacity(8);
    for _ in 0..8 {
        set.insert(Yield(0));
    }
    let (outputs, spent) = counted(|| finish(gather(set)));
    assert_eq!((outputs, spent.allocations), (vec![7; 8], 0));
    // One of the places is free.
    let (_, spent) = counted(|| {
        let mut set = FutureSet::with_capacity(3);
        set.extend([Yield(1), Yield(2)]);
        finish(gather(set))
    });
    assert_eq!(spent.allocations, 2);
}

#[test]
fn a_set_whose_outputs_were_taken_one_by_one_keeps_its_memory() {
    for count in [1, 8, 64] {
        let mut set: FutureSet<Yield> = (0..count).map(|_| Yield(0)).collect();
        for _ in 0..count {
            assert!(finish(set.next()).is_some());
        }
        let ((), spent) = counted(|| set.extend((0..count).map(|_| Yield(0))));
        assert_eq!(
            spent.allocations, 1,
            "{count}: its books, as it is filled again"
        );
        assert_eq!(finish(gather(set)).len(), count);
    }
}

#[test]
fn a_borrowed_set_keeps_its_memory() {
    let mut set: FutureSet<Yield> = (0..40).map(|_| Yield(1)).collect();
    let (outputs, spent) = counted(|| finish(gather(&mut set)));
    assert_eq!((outputs.len(), spent.allocations), (40, 1));
    let ((), spent) = counted(|| set.extend((0..40).map(|_| Yield(0))));
    assert_eq!(spent.allocations, 1, "its books, as it is filled again");
    let (outputs, spent) = counted(|| finish(gather(&mut set)));
    assert_eq!((outputs.len(), spent.allocations), (40, 1));
}

/// A future that is larger than its output.
struct Larger {
    future: Yield,
    _ballast: [u64; 2],
}

impl Future for Larger {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        Pin::new(&mut self.future).poll(cx)
    }
}

#[test]
fn a_few_allocations_for_a_number_that_is_known() {
    // The futures, the outputs, and, unless all are ready when they are polled first, the directory in two parts.
    for count in [65, 1000, 10_000] {
        let (outputs, spent) = counted(|| finish(gather((0..count).map(ready))));
        assert_eq!((outputs.len(), spent.allocations), (count, 2));
        let yields = (0..count).map(|n| Larger {
            future: Yield(u32::from(n % 64 == 0)),
            _ballast: [0; 2],
        });
        let (outputs, spent) = counted(|| finish(gather(yields)));
        assert_eq!((outputs.len(), spent.allocations), (count, 4));
    }
    // Results are unwrapped where they are, and need no directory.
    let results = (0..1000).map(|n| ready(Ok::<u64, u64>(n)));
    let (outputs, spent) = counted(|| finish(try_gather(results)));
    assert_eq!((outputs, spent.allocations), (Ok((0..1000).collect()), 1));
}

#[test]
fn what_is_not_to_be_had_in_one_piece_comes_in_several() {
    let sum = |count| {
        let mut sevens = as_completed((0..count).map(|_| Yield(1)));
        std::iter::from_fn(|| finish(sevens.next())).sum::<u64>()
    };
    const COUNT: u64 = 1000;
    let (all, at_once) = counted(|| sum(COUNT));
    LARGEST.set(4096);
    let (parts, one_by_one) = counted(|| sum(COUNT));
    LARGEST.set(usize::MAX);
    assert_eq!((all, parts), (7 * COUNT, 7 * COUNT));
    assert_eq!(
        one_by_one.allocations - at_once.allocations,
        COUNT.div_ceil(64) as usize - 1,
        "a block of 64 each: {at_once:?}, {one_by_one:?}"
    );
}

/// Says that it has more items than it has: as many as the second number.
struct Boasting<I>(I, usize);

impl<I: Iterator> Iterator for Boasting<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.1, None)
    }
}

/// Ready at once, and without a size, as its output.
struct Nothing;

impl Future for Nothing {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

#[test]
fn a_boast_costs_little() {
    for announced in [1 << 31, usize::MAX] {
        LARGEST.set(1 << 20);
        let (outputs, spent) = counted(|| {
            let sevens = Boasting((0..70).map(|_| Yield(1)), announced);
            let nothings = Boasting((0..70).map(|_| Nothing), announced);
            (finish(gather(sevens)), finish(gather(nothings)))
        });
        LARGEST.set(usize::MAX);
        assert_eq!(outputs, (vec![7; 70], vec![(); 70]));
        assert!(spent.peak < 2 << 20, "{announced}: {spent:?}");
    }
}

#[test]
fn one_allocation_per_64_children_and_a_few_for_the_directory() {
    for count in [65, 1000, 10_000, 100_000] {
        let unknown = (0..count).filter(|_| true).map(|_| Yield(1));
        let (outputs, spent) = counted(|| finish(gather(unknown)));
        assert_eq!(outputs.len(), count);
        assert!(spent.allocations <= count.div_ceil(64) + 24, "{spent:?}");
        let (outputs, spent) = counted(|| finish(gather((0..count).map(|_| Yield(1)))));
        assert_eq!(outputs.len(), count);
        let most = count.div_ceil(64) + 16;
        assert!(
            spent.allocations <= most,
            "{count} children: {spent:?}, {most} allowed"
        );
        let futures_and_outputs = count * (size_of::<Yield>() + size_of::<u64>());
        let most = futures_and_outputs + count * 16 + 4096;
        assert!(
            spent.peak <= most,
            "{count} children: {spent:?}, {most} bytes allowed"
        );
    }
}

#[test]
fn a_row_that_is_nearly_done_goes_on_with_books() {
    // Of 16 blocks of 64 so many have a child that is not ready at once.
    let allocations = |lasting| {
        let yields = |n| {
            if n % 512 == 5 && n / 512 < lasting {
                3
            } else {
                0
            }
        };
        let (outputs, spent) = counted(|| finish(gather((0..1024).map(|n| Yield(yields(n))))));
        assert_eq!(outputs.len(), 1024);
        spent.allocations
    };
    let directory = 2;
    assert_eq!(
        allocations(2),
        allocations(0) + directory,
        "a round looks at all blocks"
    );
    assert_eq!(
        allocations(1),
        allocations(0) + directory + 1,
        "one in eight is too few"
    );
}

#[test]
fn a_set_that_was_announced_little_grows_like_any_other() {
    let (set, spent) = counted(|| {
        let mut set = FutureSet::new();
        for _ in 0..5 {
            set.extend([Yield(1)]);
        }
        for _ in 0..10_000 {
            set.insert(Yield(1));
        }
        set
    });
    assert_eq!(set.len(), 10_005);
    let most = 10_000 / 64 + 48;
    assert!(
        spent.allocations <= most,
        "{spent:?}, {most} allowed: chunks that were small first are no reason to stay so"
    );
}

#[test]
fn a_set_that_is_refilled_allocates_once() {
    let mut set: FutureSet<Yield> = (0..256).map(|_| Yield(2)).collect();
    for _ in 0..1000 {
        assert!(finish(set.next()).is_some());
        set.insert(Yield(2));
    }
    let ((), spent) = counted(|| {
        for _ in 0..10_000 {
            assert!(finish(set.next()).is_some());
            set.insert(Yield(2));
        }
    });
    assert_eq!(spent.allocations, 0, "freed places are used again");
}

#[test]
fn a_million_inputs_in_the_memory_of_sixteen() {
    const N: usize = 16;
    let running = Cell::new(0_usize);
    let most_running = Cell::new(0_usize);
    let child = |number: u64| {
        let (running, most_running) = (&running, &most_running);
        async move {
            running.set(running.get() + 1);
            most_running.set(most_running.get().max(running.get()));
            Yield(1 + u32::try_from(number % 3).unwrap()).await;
            running.set(running.get() - 1);
            number
        }
    };
    let future_and_output = size_of_val(&child(0)) + size_of::<u64>();
    let (sum, spent) = counted(|| {
        finish(async {
            let mut numbers = as_completed(limit(N, (0..1_000_000).map(child)));
            let mut sum = 0;
            while let Some(number) = numbers.next().await {
                assert!(running.get() <= N);
                sum += number;
            }
            sum
        })
    });
    assert_eq!(sum, (0..1_000_000).sum());
    assert_eq!(most_running.get(), N);
    let most = N * (future_and_output + 16) + 64 * 1024;
    assert!(spent.peak <= most, "{spent:?}, {most} bytes allowed");
    assert_eq!(spent.bytes, 0, "nothing is left behind");
}

#[test]
fn the_outputs_of_a_limited_gather_take_no_places() {
    const COUNT: usize = 1000;
    let child = |content: [u8; 4096]| async move {
        Yield(1).await;
        content[0]
    };
    let inputs = (0..COUNT).map(|_| child([1; 4096]));
    let (outputs, spent) = counted(|| finish(gather(limit(4, inputs))));
    assert_eq!(outputs, [1; COUNT]);
    assert!(spent.peak < COUNT * 4096 / 4, "{spent:?}");
}

#[test]
fn leaked_wakers_hold_a_few_bytes_each() {
    const COUNT: usize = 1000;
    let mut wakers = Vec::with_capacity(COUNT);
    let ((), spent) = counted(|| {
        let mut view = gather((0..COUNT).map(|_| {
            let content = [1_u8; 4096];
            let mut woken = false;
            poll_fn(move |cx| {
                if std::mem::replace(&mut woken, true) {
                    return Poll::Ready(content.len());
                }
                LEAKED.with(|leaked| leaked.borrow_mut().push(cx.waker().clone()));
                cx.waker().wake_by_ref();
                Poll::Pending
            })
        }));
        assert_eq!(finish(&mut view).len(), COUNT);
        drop(view);
        LEAKED.with(|leaked| wakers.append(&mut leaked.borrow_mut()));
        LEAKED.with(|leaked| leaked.take());
    });
    assert_eq!(wakers.len(), COUNT);
    assert!(spent.peak > COUNT * 4096);
    assert!(spent.bytes < COUNT * 32, "{spent:?} while the wakers live");
    wakers.drain(..).for_each(Waker::wake);
}

#[test]
fn nothing_is_left_behind_by_wakers_and_adders() {
    let counts = [1, 64, 65, 200];
    // Wakers of children in flight, and of children that are done.
    for (count, done) in counts.map(|count| [(count, false), (count, true)]).concat() {
        let ((), spent) = counted(|| {
            let wakers = RefCell::new(Vec::new());
            let mut set: FutureSet<_> = (0..count)
                .map(|_| {
                    poll_fn(|cx| {
                        wakers.borrow_mut().push(cx.waker().clone());
                        if done { Poll::Ready(()) } else { Poll::Pending }
                    })
                })
                .collect();
            let mut cx = Context::from_waker(Waker::noop());
            assert_eq!(pin!(set.next()).poll(&mut cx).is_ready(), done);
            let adder = set.adder();
            drop(set);
            assert!(adder.is_closed());
            wakers.take().into_iter().for_each(Waker::wake);
        });
        assert!(spent.allocations > 0);
        assert_eq!(spent.bytes, 0, "{count} children: {spent:?}");
    }
}

#[test]
fn nothing_is_left_behind_by_a_set_that_was_refilled_in_between() {
    let (outputs, spent) = counted(|| {
        let mut set: FutureSet<Yield> = (0..8).map(|_| Yield(0)).collect();
        // The next one takes a place out of order.
        assert_eq!(finish(set.next()).map(|first| first.output), Some(7));
        set.insert(Yield(0));
        assert_eq!(finish(gather(&mut set)), [7; 8]);
        // From here on all goes in order again.
        set.extend((0..8).map(|_| Yield(0)));
        finish(gather(set)).len()
    });
    assert_eq!((outputs, spent.bytes), (8, 0), "{spent:?}");
}

#[test]
fn with_the_capacity_named_one_chunk_is_enough() {
    let filled = |mut set: FutureSet<Yield>| {
        counted(|| {
            for _ in 0..64 {
                set.insert(Yield(0));
            }
            set
        })
    };
    let (_, grown) = filled(FutureSet::new());
    let (_, named) = filled(FutureSet::with_capacity(64));
    assert!(
        named.allocations < grown.allocations,
        "{named:?}, {grown:?}"
    );
}

#[test]
fn who_is_given_up_before_its_turn_leaves_its_place_to_others() {
    let mut set = FutureSet::new();
    let mut fill_and_cancel = || {
        let keys: Vec<_> = (0..1000).map(|_| set.insert(Yield(1))).collect();
        assert!(keys.into_iter().all(|key| set.cancel(key)));
    };
    let ((), once) = counted(&mut fill_and_cancel);
    let ((), often) = counted(|| (0..100).for_each(|_| fill_and_cancel()));
    assert!(often.peak < 3 * once.peak, "{often:?}, {once:?}");
}

#[test]
fn who_is_given_up_before_one_that_panics_leaves_its_place_to_others() {
    let child = |panics: bool| {
        poll_fn(move |_| {
            if panics {
                resume_unwind(Box::new(()));
            }
            Poll::Ready(())
        })
    };
    let mut set = FutureSet::with_capacity(8);
    let given_up: Vec<_> = (0..7).map(|_| set.insert(child(false))).collect();
    set.insert(child(true));
    assert!(given_up.into_iter().all(|key| set.cancel(key)));
    assert!(catch_unwind(AssertUnwindSafe(|| finish(set.next()))).is_err());
    let ((), spent) = counted(|| {
        (0..8).for_each(|_| {
            set.insert(child(false));
        });
    });
    assert_eq!(spent.allocations, 0, "all places are used again");
}

thread_local! {
    static LEAKED: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}
