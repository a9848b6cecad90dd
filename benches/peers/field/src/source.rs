//! Wakers that children have left with the outside world, one place per child of this thread's current run, and a seeded
//! choice of who is woken next. Not inlined anywhere, as the outside world never is.

use std::cell::RefCell;
use std::task::Waker;

struct Source {
    wakers: Vec<Option<Waker>>,
    waiting: Vec<u32>,
    rng: fastrand::Rng,
}

thread_local! {
    // A place in here instead of a reference in each child keeps the children small, `Send` and `'static`, without a lock.
    static SOURCE: RefCell<Source> = const {
        RefCell::new(Source {
            wakers: Vec::new(),
            waiting: Vec::new(),
            rng: fastrand::Rng::with_seed(0),
        })
    };
}

/// Makes room for `children` children; each run of the same workload wakes in the same order.
#[inline(never)]
pub fn begin(children: usize) {
    SOURCE.with_borrow_mut(|source| {
        assert!(source.waiting.is_empty(), "a child of the last run waits");
        if source.wakers.len() < children {
            source.wakers.resize(children, None);
            source.waiting.reserve(children);
        }
        source.rng.seed(7);
    });
}

/// Leaves a clone of `waker` for the child `index`.
#[inline(never)]
pub fn leave(index: usize, waker: &Waker) {
    SOURCE.with_borrow_mut(|source| {
        source.wakers[index] = Some(waker.clone());
        source.waiting.push(index as u32);
    });
}

/// Whether the child `index` was woken since it left its waker; if not, what it left is brought up to date.
#[inline(never)]
pub fn was_woken(index: usize, waker: &Waker) -> bool {
    SOURCE.with_borrow_mut(|source| match &mut source.wakers[index] {
        None => true,
        Some(left) => {
            left.clone_from(waker);
            false
        }
    })
}

/// Wakes one of the waiting children, chosen at random, and tells which.
#[inline(never)]
pub fn wake_one() -> Option<usize> {
    let (index, waker) = SOURCE.with_borrow_mut(|source| {
        if source.waiting.is_empty() {
            return None;
        }
        let chosen = source.rng.usize(..source.waiting.len());
        let index = source.waiting.swap_remove(chosen) as usize;
        let waker = source.wakers[index].take();
        Some((index, waker.expect("a waiting child has left its waker")))
    })?;
    waker.wake();
    Some(index)
}
