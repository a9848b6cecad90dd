use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::{self, SelectAll, join_all, try_join_all};
use futures_util::stream::{self, FuturesOrdered, FuturesUnordered};
use futures_util::{Stream, StreamExt};

use crate::children::Child;
use crate::contenders::{
    Contender, Eight, Growing, Joined, Kind, Limited, LimitedJoined, Mixed, Streamed, TryJoined,
    sum_of,
};

pub struct Unordered;

impl Contender for Unordered {
    const NAME: &str = "futures-util FuturesUnordered";
}

impl Streamed for Unordered {
    fn start<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Stream<Item = F::Output> {
        children.collect::<FuturesUnordered<_>>()
    }
}

impl Growing for Unordered {
    type Set<F: Child> = FuturesUnordered<F>;

    fn with_room<F: Child>(_: usize) -> FuturesUnordered<F> {
        FuturesUnordered::new()
    }

    fn insert<F: Child>(set: &mut FuturesUnordered<F>, child: F) {
        set.push(child);
    }
}

pub struct Ordered;

impl Contender for Ordered {
    const NAME: &str = "futures-util FuturesOrdered";
}

impl Streamed for Ordered {
    fn start<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Stream<Item = F::Output> {
        children.collect::<FuturesOrdered<_>>()
    }
}

/// `select_all` over the rest, again and again.
pub struct SelectAllLoop;

impl Contender for SelectAllLoop {
    const NAME: &str = "futures-util select_all";
    const MOST: usize = 8;
}

struct Selected<F> {
    rest: Option<SelectAll<F>>,
}

impl<F: Child> Stream for Selected<F> {
    type Item = F::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let Some(select) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let (output, _, rest) = ready!(Pin::new(select).poll(cx));
        self.rest = (!rest.is_empty()).then(|| future::select_all(rest));
        Poll::Ready(Some(output))
    }
}

impl Streamed for SelectAllLoop {
    fn start<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Stream<Item = F::Output> {
        Selected {
            rest: Some(future::select_all(children)),
        }
    }
}

pub struct JoinAll;

impl Contender for JoinAll {
    const NAME: &str = "futures-util join_all";
}

impl Joined for JoinAll {
    fn join<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        join_all(children)
    }
}

impl TryJoined for JoinAll {
    fn try_join<T: Send + 'static, E: Send + 'static, F: Child<Output = Result<T, E>>>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Result<Vec<T>, E>> {
        try_join_all(children)
    }
}

/// `FuturesOrdered`, collected.
pub struct OrderedCollect;

impl Contender for OrderedCollect {
    const NAME: &str = "futures-util FuturesOrdered";
}

impl Joined for OrderedCollect {
    fn join<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        children.collect::<FuturesOrdered<_>>().collect()
    }
}

pub struct BufferUnordered;

impl Contender for BufferUnordered {
    const NAME: &str = "futures-util buffer_unordered";
}

impl Limited for BufferUnordered {
    fn sum<F: Child<Output = usize>>(
        window: usize,
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = (usize, usize)> {
        sum_of(stream::iter(children).buffer_unordered(window))
    }
}

pub struct Buffered;

impl Contender for Buffered {
    const NAME: &str = "futures-util buffered";
}

impl LimitedJoined for Buffered {
    fn join<F: Child>(
        window: usize,
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        stream::iter(children).buffered(window).collect()
    }
}

pub struct JoinMacro;

impl Contender for JoinMacro {
    const NAME: &str = "futures-util join!";
}

impl Mixed for JoinMacro {
    async fn two<K: Kind>() -> (usize, usize) {
        futures_util::join!(K::child::<0>(), K::child::<1>())
    }

    async fn three<K: Kind>() -> (usize, usize, usize) {
        futures_util::join!(K::child::<0>(), K::child::<1>(), K::child::<2>())
    }

    async fn eight<K: Kind>() -> Eight {
        futures_util::join!(
            K::child::<0>(),
            K::child::<1>(),
            K::child::<2>(),
            K::child::<3>(),
            K::child::<4>(),
            K::child::<5>(),
            K::child::<6>(),
            K::child::<7>(),
        )
    }
}
