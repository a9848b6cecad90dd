//! `gather!` and `try_gather!`: a few futures of different types, without an allocation.

use core::fmt;
use core::future::{Future, IntoFuture};
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::FusedFuture;
use futures_util::future::{MaybeDone, maybe_done};
use pin_project::pin_project;

/// What the macros expand to. Not part of the API.
pub mod private {
    pub use super::{All, And, Join, Nil, Try};
}

/// Runs futures of different types concurrently and gives all their outputs, as a tuple in the order of the arguments.
///
/// It takes any number of arguments, even none, which gives `()`; they are evaluated at the call, in order. The value is a
/// future, and not `Unpin`: it can be nested, boxed and spawned, and any runtime's timeout goes around it.
///
/// # Cost
///
/// Nothing is allocated, so there is no waker per future: each unfinished future is polled whenever the whole is, beginning with a
/// different one each time; a finished one never again. For many futures use [`gather`](crate::gather()).
///
/// # Cancel safety
///
/// Dropping it drops the futures and the outputs that are there. Pass `&mut future` to keep one.
///
/// # Panics
///
/// When a future panics, so does the poll. Polling again after the end panics.
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::gather;
///
/// let name = async { "Ada" };
/// let born = async { 1815 };
/// let (name, born) = gather!(name, born).await;
/// assert_eq!((name, born), ("Ada", 1815));
/// # });
/// ```
///
/// # Differences from asyncio
///
/// asyncio's `gather` takes its awaitables like this, and starts them at the call. Here they start at the first poll.
#[doc(alias = "join")]
#[macro_export]
macro_rules! gather {
    ($($future:expr),* $(,)?) => {
        $crate::__gather!($crate::private::All, $crate::private::Nil, (), [], $($future,)*)
    };
}

/// Runs futures of different types concurrently until one fails, or all succeed: then gives their outputs as a tuple.
///
/// As [`gather!`](crate::gather!), for `Result`s with one error type. The first error ends it in the tick in which it happens, and the other futures
/// are dropped; of several errors in one tick, the first argument's is returned. Without arguments it is `Ok(())`.
///
/// # Cancel safety
///
/// As for [`gather!`](crate::gather!).
///
/// # Panics
///
/// As for [`gather!`](crate::gather!).
///
/// # Errors
///
/// The first error of a future, untouched.
///
/// # Examples
///
/// ```
/// # futures_executor::block_on(async {
/// use rejoin::try_gather;
///
/// let both = try_gather!(async { "1".parse::<u8>() }, async { "x".parse::<u8>() }).await;
/// assert!(both.is_err());
/// # });
/// ```
///
/// # Differences from asyncio
///
/// asyncio's `gather` leaves the others running after an error.
#[doc(alias = "try_join")]
#[macro_export]
macro_rules! try_gather {
    ($($future:expr),* $(,)?) => {
        $crate::__gather!($crate::private::Try<_>, $crate::private::Nil, (), [], $($future,)*)
    };
}

// Moves one future after another into the list, and its output into the pattern that takes the list's outputs apart. Every step
// names its output `output`; hygiene keeps them apart.
#[doc(hidden)]
#[macro_export]
macro_rules! __gather {
    ($kind:ty, $list:expr, $pattern:pat, [$($output:ident)*], $next:expr, $($rest:expr,)*) => {
        $crate::__gather!(
            $kind,
            $crate::private::And::new($list, $next),
            ($pattern, output),
            [$($output)* output],
            $($rest,)*
        )
    };
    ($kind:ty, $list:expr, $pattern:pat, [$($output:ident)*],) => {
        $crate::private::Join::<_, _, $kind>::new($list, |$pattern| ($($output,)*))
    };
}

/// No futures.
#[derive(Debug)]
pub struct Nil;

/// A list of futures, and one more.
// Never `Unpin`: to decide it, the compiler would go two levels deeper for each argument, and reach its limit at some 60 of them.
#[pin_project(!Unpin)]
pub struct And<L, F: Future> {
    #[pin]
    list: L,
    #[pin]
    last: MaybeDone<F>,
}

impl<L, F: Future> And<L, F> {
    /// Adds `last` to the list.
    pub fn new(list: L, last: impl IntoFuture<IntoFuture = F>) -> Self {
        Self {
            list,
            last: maybe_done(last.into_future()),
        }
    }
}

impl<L, F: Future> fmt::Debug for And<L, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("And").finish_non_exhaustive()
    }
}

/// A list of futures, which are numbered from 0 on.
pub trait List {
    const LEN: usize;

    /// Polls the unfinished ones from number `first` on. Whether all of those are finished.
    fn poll_from(self: Pin<&mut Self>, first: usize, cx: &mut Context<'_>) -> bool;

    /// Polls the unfinished ones before number `end`. Whether all of those are finished.
    fn poll_before(self: Pin<&mut Self>, end: usize, cx: &mut Context<'_>) -> bool;
}

impl List for Nil {
    const LEN: usize = 0;

    #[inline]
    fn poll_from(self: Pin<&mut Self>, _: usize, _: &mut Context<'_>) -> bool {
        true
    }

    #[inline]
    fn poll_before(self: Pin<&mut Self>, _: usize, _: &mut Context<'_>) -> bool {
        true
    }
}

impl<L: List, F: Future> List for And<L, F> {
    const LEN: usize = L::LEN + 1;

    #[inline]
    fn poll_from(self: Pin<&mut Self>, first: usize, cx: &mut Context<'_>) -> bool {
        if first > L::LEN {
            return true;
        }
        let this = self.project();
        let others_done = this.list.poll_from(first, cx);
        this.last.poll(cx).is_ready() && others_done
    }

    #[inline]
    fn poll_before(self: Pin<&mut Self>, end: usize, cx: &mut Context<'_>) -> bool {
        if end == 0 {
            return true;
        }
        let this = self.project();
        let others_done = this.list.poll_before(end.min(L::LEN), cx);
        (end <= L::LEN || this.last.poll(cx).is_ready()) && others_done
    }
}

/// A list whose outputs are taken as they are.
pub trait TakeAll: List {
    type Outputs;

    /// The outputs, if all are finished and none was taken.
    fn take(self: Pin<&mut Self>) -> Option<Self::Outputs>;
}

impl TakeAll for Nil {
    type Outputs = ();

    #[inline]
    fn take(self: Pin<&mut Self>) -> Option<()> {
        Some(())
    }
}

impl<L: TakeAll, F: Future> TakeAll for And<L, F> {
    type Outputs = (L::Outputs, F::Output);

    #[inline]
    fn take(self: Pin<&mut Self>) -> Option<Self::Outputs> {
        let this = self.project();
        let others = this.list.take()?;
        Some((others, this.last.take_output()?))
    }
}

/// A list whose outputs are results with errors of type `E`.
pub trait TakeOks<E>: List {
    type Outputs;

    /// The error of the first that has failed.
    fn error(self: Pin<&mut Self>) -> Option<E>;

    /// The outputs, if all have succeeded and none was taken.
    fn take(self: Pin<&mut Self>) -> Option<Self::Outputs>;
}

impl<E> TakeOks<E> for Nil {
    type Outputs = ();

    #[inline]
    fn error(self: Pin<&mut Self>) -> Option<E> {
        None
    }

    #[inline]
    fn take(self: Pin<&mut Self>) -> Option<()> {
        Some(())
    }
}

impl<L, F, T, E> TakeOks<E> for And<L, F>
where
    L: TakeOks<E>,
    F: Future<Output = Result<T, E>>,
{
    type Outputs = (L::Outputs, T);

    #[inline]
    fn error(self: Pin<&mut Self>) -> Option<E> {
        let mut this = self.project();
        if let Some(error) = this.list.error() {
            return Some(error);
        }
        match this.last.as_mut().output_mut() {
            Some(Err(_)) => this.last.take_output()?.err(),
            _ => None,
        }
    }

    #[inline]
    fn take(self: Pin<&mut Self>) -> Option<Self::Outputs> {
        let this = self.project();
        let others = this.list.take()?;
        Some((others, this.last.take_output()?.ok()?))
    }
}

/// Takes all outputs as they are.
#[derive(Debug)]
pub enum All {}

/// Ends with the first error.
#[derive(Debug)]
pub struct Try<E>(PhantomData<fn() -> E>);

/// What `flatten` is given.
pub trait Kind<L> {
    type Outputs;
}

impl<L: TakeAll> Kind<L> for All {
    type Outputs = L::Outputs;
}

impl<L: TakeOks<E>, E> Kind<L> for Try<E> {
    type Outputs = L::Outputs;
}

/// The future of [`gather!`](crate::gather!) and [`try_gather!`](crate::try_gather!).
#[must_use = "nothing runs unless this is awaited"]
#[pin_project]
pub struct Join<L, M, K> {
    /// `None` after the end.
    #[pin]
    list: Option<L>,
    /// Makes a flat tuple of the outputs.
    flatten: Option<M>,
    /// The number of the future that is polled first.
    start: usize,
    kind: PhantomData<fn() -> K>,
}

impl<L: List, M, K> Join<L, M, K> {
    /// `flatten` takes the outputs in the order of the list.
    pub fn new<T>(list: L, flatten: M) -> Self
    where
        K: Kind<L>,
        M: FnOnce(K::Outputs) -> T,
    {
        Self {
            list: Some(list),
            flatten: Some(flatten),
            start: 0,
            kind: PhantomData,
        }
    }

    /// Polls the unfinished futures, from a different one on each time. Whether all are finished.
    #[inline]
    fn poll_list(start: &mut usize, mut list: Pin<&mut L>, cx: &mut Context<'_>) -> bool {
        let first = *start;
        *start = if first + 1 < L::LEN { first + 1 } else { 0 };
        let end_done = list.as_mut().poll_from(first, cx);
        list.poll_before(first, cx) && end_done
    }
}

impl<L, M, T> Future for Join<L, M, All>
where
    L: TakeAll,
    M: FnOnce(L::Outputs) -> T,
{
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut this = self.project();
        let Some(mut list) = this.list.as_mut().as_pin_mut() else {
            polled_after_end("gather!")
        };
        if !Self::poll_list(this.start, list.as_mut(), cx) {
            return Poll::Pending;
        }
        let (Some(outputs), Some(flatten)) = (list.take(), this.flatten.take()) else {
            unreachable!("all are finished, and the outputs are taken once")
        };
        this.list.set(None);
        Poll::Ready(flatten(outputs))
    }
}

impl<L, M, T, E> Future for Join<L, M, Try<E>>
where
    L: TakeOks<E>,
    M: FnOnce(L::Outputs) -> T,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut this = self.project();
        let Some(mut list) = this.list.as_mut().as_pin_mut() else {
            polled_after_end("try_gather!")
        };
        let all_done = Self::poll_list(this.start, list.as_mut(), cx);
        if let Some(error) = list.as_mut().error() {
            this.list.set(None);
            return Poll::Ready(Err(error));
        }
        if !all_done {
            return Poll::Pending;
        }
        let (Some(outputs), Some(flatten)) = (list.take(), this.flatten.take()) else {
            unreachable!("all have succeeded, and the outputs are taken once")
        };
        this.list.set(None);
        Poll::Ready(Ok(flatten(outputs)))
    }
}

impl<L, M, K> FusedFuture for Join<L, M, K>
where
    Self: Future,
{
    fn is_terminated(&self) -> bool {
        self.list.is_none()
    }
}

impl<L, M, K> fmt::Debug for Join<L, M, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("is_terminated", &self.list.is_none())
            .finish_non_exhaustive()
    }
}

#[cold]
fn polled_after_end(name: &str) -> ! {
    panic!("`{name}` polled after it was ready")
}
