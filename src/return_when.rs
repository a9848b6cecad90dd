//! When a `wait` returns.

/// The condition on which a [`wait`](crate::wait()) returns, beside that all is done.
///
/// Implemented by [`AllCompleted`], [`FirstCompleted`], [`FirstError`], [`FirstSuccess`] and [`AtLeast`], by every closure
/// `FnMut(&T) -> bool`, and by whatever condition you write yourself. A closure's argument needs its type spelled out:
/// `|page: &Page| page.ok`.
///
/// # Examples
///
/// A condition of one's own: a sum is reached.
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::{ReturnWhen, wait};
///
/// struct Sum {
///     missing: u32,
/// }
///
/// impl ReturnWhen<u32> for Sum {
///     fn completed(&mut self, output: &u32) -> bool {
///         self.missing = self.missing.saturating_sub(*output);
///         self.missing == 0
///     }
/// }
///
/// let (done, pending) = wait([
///     Box::pin(async { 4_u32 }) as futures_util::future::BoxFuture<u32>,
///     Box::pin(std::future::pending()),
///     Box::pin(async { 6_u32 }),
/// ])
/// .return_when(Sum { missing: 10 })
/// .await;
/// assert_eq!((done.len(), pending.len()), (2, 1));
/// # });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no condition on outputs of type `{T}`",
    label = "cannot tell from a `{T}` when to return",
    note = "`FirstError` and `FirstSuccess` need futures whose output is a `Result`",
    note = "a closure needs the type of its argument: `|output: &{T}| …`"
)]
pub trait ReturnWhen<T> {
    /// Whether to return, now that a future has completed with `output`.
    ///
    /// Called once per output, in the order of completion, outputs included that were unclaimed before; never again after it
    /// was `true`. If it panics, no output is lost.
    fn completed(&mut self, output: &T) -> bool;

    /// Whether to return after one pass over the futures, whatever has completed.
    fn at_once(&self) -> bool {
        false
    }
}

impl<T, C: FnMut(&T) -> bool> ReturnWhen<T> for C {
    fn completed(&mut self, output: &T) -> bool {
        self(output)
    }
}

/// Return when all are done, errors or not. The default.
#[doc(alias = "ALL_COMPLETED")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllCompleted;

impl<T> ReturnWhen<T> for AllCompleted {
    fn completed(&mut self, _: &T) -> bool {
        false
    }
}

/// Return when any is done. Several may be, if they complete in the same tick.
#[doc(alias = "FIRST_COMPLETED")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstCompleted;

impl<T> ReturnWhen<T> for FirstCompleted {
    fn completed(&mut self, _: &T) -> bool {
        true
    }
}

/// Return at the first `Err`; if there is none, when all are done.
#[doc(alias = "FIRST_EXCEPTION")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstError;

impl<T, E> ReturnWhen<Result<T, E>> for FirstError {
    fn completed(&mut self, output: &Result<T, E>) -> bool {
        output.is_err()
    }
}

/// Return at the first `Ok`; if there is none, when all are done.
#[doc(alias = "select_ok")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstSuccess;

impl<T, E> ReturnWhen<Result<T, E>> for FirstSuccess {
    fn completed(&mut self, output: &Result<T, E>) -> bool {
        output.is_ok()
    }
}

/// A quorum: return when so many are done, or all, if there are fewer. `AtLeast(0)` returns after one pass, with whatever is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtLeast(pub usize);

impl<T> ReturnWhen<T> for AtLeast {
    fn completed(&mut self, _: &T) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 == 0
    }

    fn at_once(&self) -> bool {
        self.0 == 0
    }
}
