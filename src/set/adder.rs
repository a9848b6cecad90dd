//! Putting futures in from anywhere.

use core::error::Error;
use core::fmt;
use core::future::Future;

use super::ready::Sender;

/// Puts futures into a set from anywhere: from a future of that set, from another task or another thread.
///
/// Made by [`FutureSet::adder`](crate::FutureSet::adder) and [`AsCompleted::adder`](crate::AsCompleted::adder). Clones put into the same
/// set. An adder never blocks, and does not keep its set, or a view of it, alive.
///
/// A view ends when, at one instant, nothing is in flight and nothing waits to be added: whatever was inserted before that
/// instant is awaited, whatever comes later gets its future back. A set that outlives its views keeps its adders
/// open; what is inserted then waits for the next view.
///
/// # A future that adds to its own set
///
/// The type of a future that holds an `Adder` of its own set would contain itself. Box it as a trait object:
///
/// ```
/// # futures_executor::block_on(async {
/// use std::pin::Pin;
/// use rejoin::{Adder, FutureSet, gather};
///
/// type Visit = Pin<Box<dyn Future<Output = u32> + Send>>;
///
/// /// Visits page `n`, which links to the pages `2 * n` and `2 * n + 1`.
/// fn visit(n: u32, adder: Adder<Visit>) -> Visit {
///     Box::pin(async move {
///         for link in [2 * n, 2 * n + 1] {
///             if link < 10 {
///                 // An error would say that nobody waits for the pages any more.
///                 let _ = adder.insert(visit(link, adder.clone()));
///             }
///         }
///         n
///     })
/// }
///
/// let mut set = FutureSet::new();
/// let adder = set.adder();
/// set.insert(visit(1, adder));
/// assert_eq!(gather(set).await, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
/// # });
/// ```
///
/// # Differences from asyncio
///
/// asyncio's three functions take no newcomers; its `TaskGroup` does, and ends only when all are done.
#[doc(alias = "TaskGroup")]
pub struct Adder<F> {
    sender: Sender<F>,
}

impl<F> Adder<F> {
    pub(super) fn new(sender: Sender<F>) -> Self {
        Self { sender }
    }

    /// Puts `future` into the set and wakes the task that waits for the set.
    ///
    /// It counts in [`FutureSet::len`](crate::FutureSet::len) and in [`Progress`](crate::Progress) from the set's next poll on.
    ///
    /// # Errors
    ///
    /// [`Closed`], with the future, if the set is gone or the view that owned it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// use rejoin::{Closed, FutureSet, gather};
    ///
    /// let mut set = FutureSet::new();
    /// let adder = set.adder();
    /// std::thread::spawn({
    ///     let adder = adder.clone();
    ///     move || assert!(adder.insert(std::future::ready(1)).is_ok())
    /// })
    /// .join()
    /// .unwrap();
    /// assert_eq!(gather(set).await, [1]);
    ///
    /// let Err(Closed(future)) = adder.insert(std::future::ready(2)) else {
    ///     unreachable!("the gather that owned the set has ended");
    /// };
    /// assert_eq!(future.await, 2);
    /// # });
    /// ```
    pub fn insert(&self, future: F) -> Result<(), Closed<F>> {
        self.sender.send(future).map_err(Closed)
    }

    /// Whether an insertion would come too late. (If not, it may still be too late a moment later.)
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl<F> Clone for Adder<F> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
        }
    }
}

impl<F: Future> fmt::Debug for Adder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adder")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// An insertion came too late: the set is gone, or the view that owned it has ended. Gives the future back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Closed<F>(pub F);

impl<F> fmt::Debug for Closed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Closed").finish_non_exhaustive()
    }
}

impl<F> fmt::Display for Closed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the set is gone, or the view that owned it has ended")
    }
}

impl<F> Error for Closed<F> {}
