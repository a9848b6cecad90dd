//! When a `wait` returns.

/// When a [`wait`](crate::wait()) returns, if not all is done before.
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
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// let (done, pending) = rejoin::wait([1, 2].map(async |n| n)).await;
/// assert_eq!((done.len(), pending.len()), (2, 0));
/// # });
/// ```
#[doc(alias = "ALL_COMPLETED")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllCompleted;

impl<T> ReturnWhen<T> for AllCompleted {
    fn completed(&mut self, _: &T) -> bool {
        false
    }
}

/// Return when any is done. Several may be, if they complete in the same tick.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use rejoin::{FirstCompleted, wait};
/// use tokio::time::sleep;
///
/// let naps = [30, 10].map(|ms| sleep(Duration::from_millis(ms)));
/// let (done, pending) = wait(naps).return_when(FirstCompleted).await;
/// assert_eq!((done[0].key.index(), pending.len()), (1, 1));
/// # }
/// ```
#[doc(alias = "FIRST_COMPLETED")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstCompleted;

impl<T> ReturnWhen<T> for FirstCompleted {
    fn completed(&mut self, _: &T) -> bool {
        true
    }
}

/// Return at the first `Err`; if there is none, when all are done.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use rejoin::{FirstError, wait};
/// use tokio::time::sleep;
///
/// let naps = [(10, Ok(1)), (20, Err("a nightmare")), (30, Ok(3))].map(async |(ms, result)| {
///     sleep(Duration::from_millis(ms)).await;
///     result
/// });
/// let (done, pending) = wait(naps).return_when(FirstError).await;
/// assert_eq!(done.last().unwrap().output, Err("a nightmare"));
/// assert_eq!((done.len(), pending.len()), (2, 1));
/// # }
/// ```
#[doc(alias = "FIRST_EXCEPTION")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstError;

impl<T, E> ReturnWhen<Result<T, E>> for FirstError {
    fn completed(&mut self, output: &Result<T, E>) -> bool {
        output.is_err()
    }
}

/// Return at the first `Ok`; if there is none, when all are done.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use rejoin::{FirstSuccess, wait};
/// use tokio::time::sleep;
///
/// let mirrors = [(10, Err("gone")), (20, Ok("a file")), (30, Ok("a file"))].map(async |(ms, result)| {
///     sleep(Duration::from_millis(ms)).await;
///     result
/// });
/// let (done, _) = wait(mirrors).return_when(FirstSuccess).await;
/// assert_eq!(done.last().unwrap().output, Ok("a file"));
/// # }
/// ```
#[doc(alias = "select_ok")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstSuccess;

impl<T, E> ReturnWhen<Result<T, E>> for FirstSuccess {
    fn completed(&mut self, output: &Result<T, E>) -> bool {
        output.is_ok()
    }
}

/// A quorum: return when so many are done, or all, if there are fewer. `AtLeast(0)` returns after one pass, with whatever is ready.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use rejoin::{AtLeast, wait};
/// use tokio::time::sleep;
///
/// let naps = [30, 10, 20].map(|ms| sleep(Duration::from_millis(ms)));
/// let (done, pending) = wait(naps).return_when(AtLeast(2)).await;
/// assert_eq!((done.len(), pending.len()), (2, 1));
/// # }
/// ```
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
