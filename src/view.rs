//! What the views that end with one result have in common.

use core::task::{Context, Poll};

use crate::into_set::sealed::Core;

/// What a tick has come to.
#[derive(Debug)]
pub enum Advance {
    Done,
    Pending {
        /// Whether there is more to do without anybody being woken.
        at_once: bool,
    },
}

/// A view that ends with one result.
pub trait Join {
    const NAME: &'static str;
    type Set: Core;
    type Output;
    /// The result under a deadline.
    type Timed;

    /// The set, until the end.
    fn slot(&mut self) -> &mut Option<Self::Set>;

    fn is_over(&self) -> bool;

    /// A tick. The task is not yet seen to be woken again.
    fn advance(&mut self) -> Advance;

    /// The result, after `advance` was done. Ends the view.
    fn finish(&mut self) -> Self::Output;

    fn in_time(output: Self::Output) -> Self::Timed;

    /// The result when time is up. Ends the view.
    fn late(&mut self) -> Self::Timed;

    /// Takes the set out. Ends the view.
    ///
    /// # Panics
    ///
    /// After the end.
    fn take_set(&mut self) -> Self::Set {
        match self.slot().take() {
            Some(set) => set,
            None => polled_after_end(Self::NAME),
        }
    }

    /// # Panics
    ///
    /// After the end.
    #[inline]
    fn set(&mut self) -> &mut Self::Set {
        match self.slot() {
            Some(set) => set,
            None => polled_after_end(Self::NAME),
        }
    }
}

#[cold]
fn polled_after_end(name: &str) -> ! {
    panic!("`{name}` polled after it was ready")
}

/// Polls a view without a deadline.
#[inline]
pub(crate) fn poll<V: Join>(view: &mut V, cx: &mut Context<'_>) -> Poll<V::Output> {
    match view.advance() {
        Advance::Done => Poll::Ready(view.finish()),
        Advance::Pending { at_once } => {
            view.set().park(cx, at_once);
            Poll::Pending
        }
    }
}
