//! The stack of woken numbers, and the waker of the task that sleeps on it.
//!
//! A Treiber stack (R. K. Treiber, *Systems Programming: Coping with Parallelism*, 1986) of numbers. It is only ever taken
//! whole, so that it knows no ABA.

use core::task::Waker;

use crate::sync::{AtomicBool, AtomicU32, AtomicUsize, UnsafeCell};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

// States of a link.
/// Not on the stack. Set by the consumer when it takes the number; replaced by the waker that pushes it.
pub(super) const IDLE: u32 = u32::MAX;
/// On the stack, at its bottom.
const BOTTOM: u32 = u32::MAX - 1;

// States of the top, beside the number on top.
/// The stack is empty and the consumer is awake: it looks again before it sleeps.
const EMPTY: u32 = u32::MAX;
/// The stack is empty and the cell holds the waker of a task that is to be woken by the next push.
const SLEEPING: u32 = u32::MAX - 1;
/// The consumer is gone.
const CLOSED: u32 = u32::MAX - 2;

/// The number of the inbox. Places are smaller.
pub(crate) const INBOX: u32 = u32::MAX - 3;

pub(super) struct Head {
    top: AtomicU32,
    /// Set while the cell belongs to the push that ends the sleep. Set by the consumer before it sleeps, cleared by who
    /// has emptied the cell.
    busy: AtomicBool,
    /// The waker of the task to wake.
    cell: UnsafeCell<Option<Waker>>,
    /// The link of `INBOX`.
    inbox: AtomicU32,
    /// Where a wake that finds its place queued and the consumer that clears places meet: of two additions, the later sees
    /// all that came before the earlier.
    meeting: AtomicU32,
    /// One for the consumer, one for every page, one for every bell.
    pub(super) refs: AtomicUsize,
}

// SAFETY: the cell is the only field that is not `Sync`; invariant 6 names its one owner at every moment.
unsafe impl Send for Head {}
// SAFETY: as above.
unsafe impl Sync for Head {}

/// The link that points to what was on top.
const fn link_to(top: u32) -> u32 {
    if top <= INBOX { top } else { BOTTOM }
}

/// Makes a link idle whose number was noted, and tells what it was: a push overwrites it from here on (invariant 5).
#[inline]
fn clear(link: &AtomicU32) -> u32 {
    let next = link.load(Relaxed);
    link.store(IDLE, Relaxed);
    next
}

/// Tells `each` a number whose link was cleared, then those below it, beginning with `next`, and clears their links.
#[inline(never)]
fn take_several<'a>(
    first: u32,
    mut next: u32,
    link: impl Fn(u32) -> &'a AtomicU32,
    mut each: impl FnMut(u32),
) {
    each(first);
    while next <= INBOX {
        each(next);
        next = clear(link(next));
    }
}

impl Head {
    pub(super) fn new(refs: usize) -> Self {
        Self {
            top: AtomicU32::new(EMPTY),
            busy: AtomicBool::new(false),
            cell: UnsafeCell::new(None),
            inbox: AtomicU32::new(IDLE),
            meeting: AtomicU32::new(0),
            refs: AtomicUsize::new(refs),
        }
    }

    /// The link of the inbox's number.
    pub(super) fn inbox(&self) -> &AtomicU32 {
        &self.inbox
    }

    /// Wakes `number`, whose link is `link`: puts it on the stack unless it is there, and ends a sleep.
    pub(super) fn push(&self, link: &AtomicU32, number: u32) {
        // Ordering: only a value to compare with; what it stands for is acquired by the exchange below.
        let mut top = self.top.load(Relaxed);
        loop {
            if top == CLOSED {
                return;
            }
            // Ordering: the link is published by the push of its number, below.
            if link
                .compare_exchange(IDLE, link_to(top), Relaxed, Relaxed)
                .is_ok()
            {
                break;
            }
            // Ordering: partner of the same in `take`. If that came first, this acquires the cleared link, and goes on. If the
            // link is still taken, that is yet to come: it acquires what was written before this wake, for the poll that
            // follows. (Additions, as fences order atomics only.)
            self.meeting.fetch_add(1, AcqRel);
            if link.load(Relaxed) != IDLE {
                return;
            }
            top = self.top.load(Relaxed);
        }
        loop {
            // Ordering: Release publishes the link, and what the waking thread wrote, to the swap in `take`; Acquire is for
            // the cell, written before the Release in `sleep`.
            match self.top.compare_exchange_weak(top, number, AcqRel, Relaxed) {
                Ok(SLEEPING) => return self.wake(),
                Ok(_) | Err(CLOSED) => return,
                Err(now) => {
                    top = now;
                    link.store(link_to(now), Relaxed);
                }
            }
        }
    }

    /// Wakes the sleeper. The caller has taken the top from `SLEEPING`, so the cell is its own.
    #[cold]
    fn wake(&self) {
        // SAFETY: the cell belongs to who ended the sleep, until `busy` is cleared (invariant 6).
        let waker = self.cell.with_mut(|cell| unsafe { (*cell).take() });
        // Ordering: partner of the loads of `busy` in `sleep` and `close`: the cell was emptied before.
        self.busy.store(false, Release);
        // Nothing of ours is touched from here on: the woken task may poll or drop the set, or panic.
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether there are numbers on the stack.
    ///
    /// Consumer only.
    #[inline]
    pub(super) fn has_woken(&self) -> bool {
        // Ordering: only to see whether there is something; the swap in `take` acquires it.
        self.top.load(Relaxed) <= INBOX
    }

    /// Takes all numbers off the stack and clears their links. One alone is returned, more are told to `each`, the last pushed
    /// first.
    ///
    /// Consumer only.
    #[inline]
    pub(super) fn take<'a>(
        &self,
        link: impl Fn(u32) -> &'a AtomicU32,
        each: impl FnMut(u32),
    ) -> Option<u32> {
        // Ordering: Acquire is the partner of the Release in `push`.
        let first = self.top.swap(EMPTY, Acquire);
        let mut alone = None;
        if first <= INBOX {
            let next = clear(link(first));
            if next == BOTTOM {
                alone = Some(first);
            } else {
                take_several(first, next, link, each);
            }
        }
        // Ordering: partner of the same in `push`.
        self.meeting.fetch_add(1, AcqRel);
        alone
    }

    /// Whether somebody sleeps who has not been woken since.
    ///
    /// Consumer only.
    #[inline]
    pub(super) fn is_sleeping(&self) -> bool {
        // Ordering: the answer alone counts; nothing is read through it.
        self.top.load(Relaxed) == SLEEPING
    }

    /// Goes to sleep until the next push wakes `waker`. If `false`, something was pushed, or the last sleep is not quite
    /// over, and the caller must see to it that it is polled again.
    ///
    /// Consumer only, not sleeping.
    pub(super) fn sleep(&self, waker: &Waker) -> bool {
        // Ordering: partner of the Release in `wake`.
        if self.busy.load(Acquire) {
            return false;
        }
        let old = self.cell.with_mut(|cell| {
            // SAFETY: nobody sleeps and `busy` is clear, so the cell belongs to the consumer (invariant 6).
            let cell = unsafe { &mut *cell };
            match cell {
                Some(old) if old.will_wake(waker) => None,
                _ => cell.replace(waker.clone()),
            }
        });
        drop(old);
        // Ordering: published by the exchange.
        self.busy.store(true, Relaxed);
        // Ordering: Release publishes the cell to the push that takes it.
        if self
            .top
            .compare_exchange(EMPTY, SLEEPING, Release, Relaxed)
            .is_ok()
        {
            return true;
        }
        // Ordering: nobody was told, so this is only for the consumer itself.
        self.busy.store(false, Relaxed);
        false
    }

    /// Ends the sleep, if it lasts, and gives the waker back.
    ///
    /// Consumer only.
    pub(super) fn rouse(&self) -> Option<Waker> {
        if !self.is_sleeping() {
            // Only the consumer goes to sleep, so this is how it stays.
            return None;
        }
        // Ordering: the cell was last written by the consumer itself.
        self.top
            .compare_exchange(SLEEPING, EMPTY, Relaxed, Relaxed)
            .ok()?;
        // SAFETY: the exchange ended the sleep, so the cell is the consumer's (invariant 6).
        let waker = self.cell.with_mut(|cell| unsafe { (*cell).take() });
        self.busy.store(false, Relaxed);
        waker
    }

    /// Ends all: later pushes do nothing.
    ///
    /// Consumer only, and the last that it does.
    pub(super) fn close(&self) {
        // Ordering: nothing is handed over; `busy` says whose the cell is.
        let top = self.top.swap(CLOSED, Relaxed);
        // Ordering: partner of the Release in `wake`.
        if top == SLEEPING || !self.busy.load(Acquire) {
            // SAFETY: the sleep was ended here, or nobody slept and `busy` is clear (invariant 6).
            drop(self.cell.with_mut(|cell| unsafe { (*cell).take() }));
        }
        // Otherwise the push that ended the sleep takes the waker out.
    }
}
