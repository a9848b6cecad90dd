//! What views are made of: whatever becomes a set, a borrowed set or a limited one.

use alloc::vec::Vec;
use core::future::{Future, IntoFuture};
use core::task::Context;

use crate::set::{FutureSet, Progress};

/// What can be gathered, iterated as completed, or waited for.
///
/// That is
///
/// - any iterator, or collection, of futures (or of what becomes a future), of which a [`FutureSet`] is made;
/// - a [`FutureSet`];
/// - a `&mut FutureSet`: what a view does not hand out stays in the set;
/// - a [`Limit`](crate::Limit), from [`limit`](crate::limit()).
///
/// A tuple of futures is none of these: see [`gather!`](crate::gather!). A single future needs no set: await it.
///
/// # Examples
///
/// A function that takes what [`gather`](crate::gather()) takes:
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::{IntoSet, gather};
///
/// async fn sum<S: IntoSet<Future: Future<Output = u32>>>(futures: S) -> u32 {
///     gather(futures).await.into_iter().sum()
/// }
///
/// assert_eq!(sum([1, 2, 3].map(async |n| n)).await, 6);
/// # });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a collection of futures",
    label = "expected an iterator of futures, a `FutureSet`, a `&mut FutureSet` or a `limit(…)`",
    note = "to rejoin futures of different types, use `gather!(a, b)` or `try_gather!(a, b)`",
    note = "to await a single future with these functions, put it into an array: `[future]`"
)]
pub trait IntoSet {
    /// The futures.
    type Future: Future;
    /// What holds them: also what a view gives back.
    type Set: AnySet<Future = Self::Future, Output = <Self::Future as Future>::Output>;

    /// Takes the futures; none is polled.
    fn into_set(self) -> Self::Set;

    /// What `then` makes of the set. (Views are made like this: see [`FutureSet::from_iter_then`].)
    #[doc(hidden)]
    #[inline(always)]
    fn into_set_then<R>(self, then: impl FnOnce(Self::Set) -> R) -> R
    where
        Self: Sized,
    {
        then(self.into_set())
    }
}

impl<I> IntoSet for I
where
    I: IntoIterator<Item: IntoFuture>,
{
    type Future = <I::Item as IntoFuture>::IntoFuture;
    type Set = FutureSet<<I::Item as IntoFuture>::IntoFuture>;

    #[inline]
    fn into_set(self) -> Self::Set {
        FutureSet::from_iter(self)
    }

    #[inline(always)]
    fn into_set_then<R>(self, then: impl FnOnce(Self::Set) -> R) -> R {
        FutureSet::from_iter_then(self, then)
    }
}

impl<F: Future> IntoSet for FutureSet<F> {
    type Future = F;
    type Set = Self;

    fn into_set(self) -> Self {
        self
    }
}

impl<F: Future> IntoSet for &mut FutureSet<F> {
    type Future = F;
    type Set = Self;

    fn into_set(self) -> Self {
        self
    }
}

/// A set as views know it: a [`FutureSet`], a `&mut FutureSet` or a [`Limit`](crate::Limit).
///
/// Views are generic over this trait. It cannot be implemented outside this crate, and has no methods to call.
pub trait AnySet: sealed::Core<Future: Future<Output = Self::Output>> {
    /// What its futures complete with.
    type Output;
}

impl<S: sealed::Core> AnySet for S {
    type Output = <S::Future as Future>::Output;
}

/// When a place of a limit is free again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// When its child has completed.
    UntilCompleted,
    /// When the output has been handed out.
    UntilClaimed,
}

pub(crate) mod sealed {
    use super::{Context, Future, FutureSet, Place, Progress, Vec};

    /// What views do with a set.
    pub trait Core {
        /// The futures.
        type Future: Future;

        fn futures(&mut self) -> &mut FutureSet<Self::Future>;

        fn progress(&self) -> Progress;

        /// The order of completion is not wanted, as the outputs are claimed in the order of insertion, and nobody else has the set.
        fn forget_order(&mut self) {}

        /// How many outputs are still to come: at least, and, if it is known, at most.
        fn remaining(&self) -> (usize, Option<usize>);

        /// Polls everybody whose turn it is, once.
        fn run_round(&mut self, place: Place);

        /// Fills free places until all are taken, nothing is left to fill them, or `is_over` says so; `is_over` is asked after every
        /// completion. `true` if there is more to do at once.
        fn refill(
            &mut self,
            place: Place,
            is_over: impl FnMut(&mut FutureSet<Self::Future>) -> bool,
        ) -> bool;

        /// Whether somebody waits for a place.
        fn has_more(&self) -> bool {
            false
        }

        /// Whether nothing is in flight, and nothing can come but from an adder.
        fn is_drained(&mut self) -> bool;

        /// The same, and, if this owns its futures, no adder can add from that instant on.
        fn close_if_drained(&mut self) -> bool;

        /// Claims all outputs, in the order of insertion, if nobody else has the set, they fill all places, and these are one allocation:
        /// in that memory if it is just like a vector's, or, if it need not be `IN_PLACE`, where they fit best.
        #[inline]
        fn claim_whole<const IN_PLACE: bool>(
            &mut self,
        ) -> Option<Vec<<Self::Future as Future>::Output>> {
            None
        }

        /// Claims all outputs, in the order of insertion, and drops the set.
        #[inline]
        fn finish(this: &mut Option<Self>) -> Vec<<Self::Future as Future>::Output>
        where
            Self: Sized,
        {
            // A second way out, which nobody takes: because of it the outputs are in registers until they are where they are to be. (Put
            // together elsewhere they would have to be moved, and processors wait where a wide load meets narrow stores.)
            let Some(set) = this else { return Vec::new() };
            let outputs = set.claim_whole::<false>();
            let outputs = outputs.unwrap_or_else(|| set.futures().claim_in_order(|output| output));
            Self::end(this);
            outputs
        }

        /// Drops the set.
        #[inline]
        fn end(this: &mut Option<Self>)
        where
            Self: Sized,
        {
            *this = None;
        }

        /// Sees to it that the task is polled again.
        #[inline]
        fn park(&mut self, cx: &Context<'_>, at_once: bool) {
            if at_once {
                cx.waker().wake_by_ref();
            } else {
                self.futures().park(cx);
            }
        }
    }
}

impl<F: Future> sealed::Core for FutureSet<F> {
    type Future = F;

    #[inline]
    fn futures(&mut self) -> &mut FutureSet<F> {
        self
    }

    #[inline]
    fn forget_order(&mut self) {
        self.forget_order();
    }

    fn progress(&self) -> Progress {
        self.progress()
    }

    fn remaining(&self) -> (usize, Option<usize>) {
        let len = self.len();
        (len, (!self.has_adders()).then_some(len))
    }

    #[inline]
    fn run_round(&mut self, _: Place) {
        self.run_round();
    }

    #[inline]
    fn refill(&mut self, _: Place, _: impl FnMut(&mut FutureSet<F>) -> bool) -> bool {
        false
    }

    #[inline]
    fn is_drained(&mut self) -> bool {
        self.is_drained()
    }

    #[inline]
    fn close_if_drained(&mut self) -> bool {
        self.close_if_drained()
    }

    #[inline]
    fn claim_whole<const IN_PLACE: bool>(&mut self) -> Option<Vec<F::Output>> {
        self.claim_whole::<IN_PLACE>()
    }

    #[inline]
    fn end(this: &mut Option<Self>) {
        if this.as_ref().is_some_and(FutureSet::owns_nothing) {
            // There is nothing to look at.
            core::mem::forget(this.take());
        } else {
            *this = None;
        }
    }
}

impl<F: Future> sealed::Core for &mut FutureSet<F> {
    type Future = F;

    #[inline]
    fn futures(&mut self) -> &mut FutureSet<F> {
        self
    }

    fn progress(&self) -> Progress {
        (**self).progress()
    }

    fn remaining(&self) -> (usize, Option<usize>) {
        (**self).remaining()
    }

    #[inline]
    fn run_round(&mut self, _: Place) {
        (**self).run_round();
    }

    #[inline]
    fn refill(&mut self, _: Place, _: impl FnMut(&mut FutureSet<F>) -> bool) -> bool {
        false
    }

    #[inline]
    fn is_drained(&mut self) -> bool {
        (**self).is_drained()
    }

    #[inline]
    fn close_if_drained(&mut self) -> bool {
        // The set lives on, and so do its adders.
        (**self).is_drained()
    }
}
