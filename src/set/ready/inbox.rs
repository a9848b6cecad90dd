//! Values that come in from anywhere, for one consumer: a stack that is taken whole.
//!
//! A Treiber stack, as in `head.rs`.

use alloc::boxed::Box;
use core::ptr;

use super::Bell;

use crate::sync::{Arc, AtomicPtr, fence};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

struct Node<T> {
    value: T,
    /// The node that came before.
    next: *mut Node<T>,
}

/// # Invariants
///
/// 1. `top` is null (open and empty), `CLOSED`, or a node from `Box::into_raw`, whose chain of `next` ends in null.
/// 2. A node belongs to the inbox from the exchange that puts it on top until the swap or exchange that takes it off.
/// 3. `CLOSED` is never left again.
struct Inbox<T> {
    top: AtomicPtr<Node<T>>,
}

// SAFETY: the inbox owns values of type `T`, which are handed from thread to thread and never shared.
unsafe impl<T: Send> Send for Inbox<T> {}
// SAFETY: as above: `&Inbox` moves values in and out, and gives no reference to one.
unsafe impl<T: Send> Sync for Inbox<T> {}

/// The end of all: no node has this address.
fn closed<T>() -> *mut Node<T> {
    ptr::without_provenance_mut(usize::MAX)
}

impl<T> Inbox<T> {
    fn new() -> Self {
        Self {
            top: AtomicPtr::new(ptr::null_mut()),
        }
    }

    fn push(&self, value: T) -> Result<(), T> {
        // Ordering: Acquire, here and below, so that who comes too late sees what was done before the end. (Which is looked for in one
        // place: to come too late costs a node.)
        let mut top = self.top.load(Acquire);
        let mut node = Box::new(Node { value, next: top });
        while top != closed() {
            let raw = Box::into_raw(node);
            // Ordering: Release publishes the node to the Acquire of who takes it.
            match self.top.compare_exchange_weak(top, raw, Release, Acquire) {
                Ok(_) => return Ok(()),
                Err(now) => {
                    // SAFETY: the exchange failed, so the node is still ours (invariant 2).
                    node = unsafe { Box::from_raw(raw) };
                    top = now;
                    node.next = now;
                }
            }
        }
        Err(node.value)
    }

    fn is_closed(&self) -> bool {
        // Ordering: as in `push`.
        self.top.load(Acquire) == closed()
    }

    fn is_empty(&self) -> bool {
        // Ordering: the answer alone counts.
        let top = self.top.load(Relaxed);
        top.is_null() || top == closed()
    }

    fn take(&self) -> Taken<T> {
        // Ordering: a value to compare with.
        let mut top = self.top.load(Relaxed);
        while !top.is_null() && top != closed() {
            // Ordering: partner of the Release in `push`.
            match self
                .top
                .compare_exchange_weak(top, ptr::null_mut(), Acquire, Relaxed)
            {
                Ok(_) => return Taken::new(top),
                Err(now) => top = now,
            }
        }
        Taken::new(ptr::null_mut())
    }

    fn close_if_empty(&self) -> bool {
        // Ordering: Release is the partner of the Acquires of those who come too late.
        match self
            .top
            .compare_exchange(ptr::null_mut(), closed(), Release, Relaxed)
        {
            Ok(_) => true,
            Err(top) => top == closed(),
        }
    }

    fn close(&self) -> Taken<T> {
        // Ordering: Acquire is the partner of the Release in `push`, Release as in `close_if_empty`.
        let top = self.top.swap(closed(), AcqRel);
        Taken::new(if top == closed() {
            ptr::null_mut()
        } else {
            top
        })
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

struct Shared<T> {
    inbox: Inbox<T>,
    bell: Bell,
}

/// The consumer's end. Closes the inbox when it is dropped, and drops what is in: a value may own a `Sender`.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

// SAFETY: no method of `&Receiver` reaches a value, so sharing one shares none. (Sending it is up to `Arc`.)
unsafe impl<T> Sync for Receiver<T> {}

impl<T> Receiver<T> {
    pub(super) fn new(bell: Bell) -> Self {
        Self(Arc::new(Shared {
            inbox: Inbox::new(),
            bell,
        }))
    }

    pub(crate) fn sender(&mut self) -> Sender<T> {
        Sender(Arc::clone(&self.0))
    }

    /// Whether nobody can send any more.
    pub(crate) fn is_alone(&self) -> bool {
        let is_alone = Arc::strong_count(&self.0) == 1;
        // Ordering: partner of the Release with which a sender is dropped: what it has sent is seen in the inbox afterwards.
        fence(Acquire);
        is_alone
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.inbox.is_empty()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.inbox.is_closed()
    }

    /// Takes all that is in, in the order in which it came.
    pub(crate) fn take(&mut self) -> Taken<T> {
        self.0.inbox.take()
    }

    /// Closes the inbox if it is empty: the one instant that divides what came in time from what came too late.
    pub(crate) fn close_if_empty(&mut self) -> bool {
        self.0.inbox.close_if_empty()
    }

    /// Closes the inbox and takes all that is in.
    pub(crate) fn close(&mut self) -> Taken<T> {
        self.0.inbox.close()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

/// The end for everybody else.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Sender<T> {
    /// Puts `value` in and wakes the consumer, or gives it back if the inbox is closed.
    pub(crate) fn send(&self, value: T) -> Result<(), T> {
        self.0.inbox.push(value)?;
        self.0.bell.ring();
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.inbox.is_closed()
    }
}

/// A chain of nodes that was taken off, the first to come first.
pub(crate) struct Taken<T> {
    first: *mut Node<T>,
}

impl<T> Taken<T> {
    /// Takes over a chain (invariants 1 and 2), and turns it round.
    fn new(mut top: *mut Node<T>) -> Self {
        let mut first = ptr::null_mut();
        while !top.is_null() {
            // SAFETY: the chain is ours, and consists of nodes.
            let next = unsafe { &mut (*top).next };
            let before = core::mem::replace(next, first);
            first = top;
            top = before;
        }
        Self { first }
    }
}

impl<T> Iterator for Taken<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.first.is_null() {
            return None;
        }
        // SAFETY: the node is ours and came from a box.
        let node = unsafe { Box::from_raw(self.first) };
        self.first = node.next;
        Some(node.value)
    }
}

impl<T> Drop for Taken<T> {
    fn drop(&mut self) {
        struct Rest<'a, T>(&'a mut Taken<T>);
        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                self.0.for_each(drop);
            }
        }
        Rest(self).0.for_each(drop);
    }
}

// SAFETY: a chain of values that nobody else knows.
unsafe impl<T: Send> Send for Taken<T> {}
