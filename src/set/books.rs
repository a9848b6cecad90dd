//! The books of a set: what is to be known of its children besides where they are.

use alloc::collections::VecDeque;
use core::future::Future;

use super::done::Done;
use super::queue::Queue;
use super::ready::{Ready, Receiver};
use super::store::Store;

/// Whose turn it is, who was woken, and who completed.
pub(super) struct Books<F: Future> {
    pub(super) done: Done<F::Output>,
    pub(super) queue: Queue,
    pub(super) ready: Ready,
    /// Places in the queue whose future was given up: freed when their turn comes.
    pub(super) stale: usize,
    /// How many were given up since the set was made.
    pub(super) given_up: u64,
    /// If the number in flight is limited: the places of those that wait for their first poll.
    pub(super) waiting: Option<VecDeque<u32>>,
    pub(super) inbox: Option<Receiver<F>>,
}

// A default, as such is made in its box, and not moved there.
impl<F: Future> Default for Books<F> {
    #[inline]
    fn default() -> Self {
        Self {
            done: Done::new(),
            queue: Queue::new(),
            ready: Ready::new(),
            stale: 0,
            given_up: 0,
            waiting: None,
            inbox: None,
        }
    }
}

impl<F: Future> Books<F> {
    /// Stores a future and queues it for its first poll, or lets it wait for it if the number in flight is limited.
    #[inline]
    pub(super) fn admit(&mut self, store: &mut Store<F>, future: F) {
        if store.is_full() {
            self.compact(store);
        }
        let place = store.insert(future);
        match &mut self.waiting {
            None => self.queue.push(place, true),
            // It is marked, so that nobody queues it meanwhile.
            Some(waiting) => waiting.push_back(place),
        }
    }

    /// Gives a future up with `how`, and lets go of its place, also if the destructor panics.
    pub(super) fn give_up<R>(
        &mut self,
        store: &mut Store<F>,
        place: u32,
        how: impl FnOnce(&mut Store<F>) -> R,
    ) -> R {
        struct LetGo<'a, F: Future> {
            store: &'a mut Store<F>,
            books: &'a mut Books<F>,
            place: u32,
        }
        impl<F: Future> Drop for LetGo<'_, F> {
            fn drop(&mut self) {
                let Self {
                    store,
                    books,
                    place,
                } = self;
                books.ready.forget(*place);
                if store.is_marked(*place) {
                    books.stale += 1;
                } else {
                    store.release(*place);
                }
                if store.in_flight() == 0 {
                    // Somebody who waits for the last one would wait for ever.
                    books.ready.rouse();
                }
            }
        }
        self.given_up += 1;
        let let_go = LetGo {
            store,
            books: self,
            place,
        };
        how(let_go.store)
    }

    /// Frees the places that only wait for their turn to be freed, if they are many.
    pub(super) fn compact(&mut self, store: &mut Store<F>) {
        if self.stale > 64 && self.stale > self.queue.len() / 2 {
            self.queue.retain(|place| {
                let keep = store.is_in_flight(place);
                if !keep {
                    store.unmark(place);
                    store.release(place);
                }
                keep
            });
            self.stale = 0;
        }
    }

    #[cold]
    pub(super) fn take_added(&mut self, store: &mut Store<F>) {
        for future in self
            .inbox
            .as_mut()
            .map(Receiver::take)
            .into_iter()
            .flatten()
        {
            self.admit(store, future);
        }
    }

    /// Drops everything, before the set goes.
    pub(super) fn close(&mut self, store: &mut Store<F>) {
        // Closed before the children go, so that none of them can add another; what has come in is dropped after them.
        let late = self.inbox.as_mut().map(Receiver::close);
        if store.held() != 0 {
            let spilled = self.done.clear();
            store.clear();
            drop(spilled);
        }
        drop(late);
    }

    pub(super) fn has_adders(&self) -> bool {
        // In this order: the last adder may have put something in before it went.
        self.inbox
            .as_ref()
            .is_some_and(|inbox| !inbox.is_alone() || !inbox.is_empty())
    }
}
