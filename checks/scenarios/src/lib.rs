//! What both programs run: every view, growing, limits and timeouts, on an executor of thirty lines.

#![no_std]

extern crate alloc;

mod executor;

use alloc::{boxed::Box, vec, vec::Vec};
use core::{cell::Cell, future::Future, pin::Pin};

pub use executor::{block_on, yields};
use rejoin::{
    Adder, AtLeast, Closed, Completed, FirstCompleted, FirstError, FutureSet, Progress,
    as_completed, gather, limit, try_gather, wait,
};

/// Each scenario with its name; it panics if the crate breaks a promise.
pub const SCENARIOS: &[(&str, fn())] = &[
    ("gather keeps the order of its inputs", gather_in_order),
    ("gather! joins different types", gather_types),
    ("try_gather ends with the first error", try_gather_error),
    ("as_completed follows completion", as_completed_in_order),
    ("wait hands the rest back", wait_and_resume),
    ("a timeout loses nothing", timeout_and_resume),
    ("a set cancels by key", cancel_by_key),
    ("a limit holds", limited),
    ("a child adds to its own set", adder_from_a_child),
    ("children go on while a body awaits", driven),
];

fn gather_in_order() {
    let outputs = block_on(gather((0..200).map(|n| yields(199 - n, n))));
    assert!(outputs.into_iter().eq(0..200));
}

/// Does not allocate, which the program without `std` counts.
pub fn gather_types() {
    let outputs = block_on(rejoin::gather!(
        yields(2, 1_u8),
        yields(0, "two"),
        yields(1, 3.0)
    ));
    assert_eq!(outputs, (1, "two", 3.0));
}

fn try_gather_error() {
    let inputs = [
        yields(9, Ok(1)),
        yields(3, Err("late")),
        yields(1, Err("first")),
    ];
    assert_eq!(block_on(try_gather(inputs)), Err("first"));
}

fn as_completed_in_order() {
    let outputs = block_on(async {
        let mut outputs = Vec::new();
        let mut items = as_completed([3, 1, 2].map(|n| yields(n, n))).keyed();
        while let Some(Completed { key, output }) = items.next().await {
            outputs.push((key.index(), output));
        }
        outputs
    });
    assert_eq!(outputs, [(1, 1), (2, 2), (0, 3)]);
}

fn wait_and_resume() {
    block_on(async {
        let inputs = [4, 1, 3].map(|n| yields(n, Ok::<_, usize>(n)));
        let (done, pending) = wait(inputs).return_when(FirstCompleted).await;
        assert_eq!(done.len(), 1);
        assert_eq!(done[0].output, Ok(1));
        let (done, pending) = wait(pending).return_when(AtLeast(1)).await;
        assert_eq!(done[0].output, Ok(3));
        let (done, pending) = wait(pending).return_when(FirstError).await;
        assert_eq!(done[0].output, Ok(4));
        assert!(pending.is_empty());
    });
}

fn timeout_and_resume() {
    block_on(async {
        let inputs = [1, 9].map(|n| yields(n, n));
        let late = gather(inputs).timeout(yields(4, ())).await.unwrap_err();
        assert_eq!((late.finished(), late.total()), (1, 2));
        assert_eq!(gather(late.into_set()).await, [1, 9]);
    });
}

fn cancel_by_key() {
    block_on(async {
        let mut set = FutureSet::new();
        let first = set.insert(yields(1, 'a'));
        let second = set.insert(yields(1, 'b'));
        assert!(set.cancel(first));
        assert!(!set.cancel(first));
        let Completed { key, output } = set.next().await.unwrap();
        assert_eq!((key, output), (second, 'b'));
        let Progress {
            finished, total, ..
        } = set.progress();
        assert_eq!((finished, total), (1, 1));
        assert!(set.next().await.is_none());
    });
}

fn limited() {
    let running = Cell::new(0);
    let inputs = (0..100).map(|n| {
        let running = &running;
        async move {
            running.set(running.get() + 1);
            assert!(running.get() <= 7);
            yields(n % 5, ()).await;
            running.set(running.get() - 1);
            n
        }
    });
    assert!(block_on(gather(limit(7, inputs))).into_iter().eq(0..100));
}

/// A child that holds an adder of its own set would be a type that contains itself, were it not boxed.
struct Page(Pin<Box<dyn Future<Output = u32>>>);

impl Future for Page {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut core::task::Context<'_>) -> core::task::Poll<u32> {
        self.0.as_mut().poll(cx)
    }
}

fn page(depth: u32, adder: Adder<Page>) -> Page {
    Page(Box::pin(async move {
        yields(depth as usize, ()).await;
        if depth > 0 {
            for _ in 0..2 {
                let added = adder.insert(page(depth - 1, adder.clone()));
                added.unwrap_or_else(|Closed(_)| panic!("closed while its child runs"));
            }
        }
        1
    }))
}

fn adder_from_a_child() {
    let mut set = FutureSet::new();
    let adder = set.adder();
    set.insert(page(5, adder));
    let pages = block_on(gather(set));
    assert_eq!(pages, vec![1; 63]);
}

fn driven() {
    block_on(async {
        let released = Cell::new(false);
        let released = &released;
        let mut items = as_completed([0, 3].map(|n| async move {
            yields(n, ()).await;
            released.set(n == 3);
            n
        }));
        assert_eq!(items.next().await, Some(0));
        // Only the second child can end this body.
        items
            .drive_while(async {
                while !released.get() {
                    yields(1, ()).await;
                }
            })
            .await;
        assert_eq!(items.next().await, Some(3));
        assert_eq!(items.next().await, None);
    });
}
