use futures_buffered::{
    BufferedStreamExt, FuturesOrderedBounded, FuturesUnordered, FuturesUnorderedBounded, join_all,
    try_join_all,
};
use futures_util::{Stream, StreamExt, stream};

use crate::children::Child;
use crate::contenders::{
    Contender, Growing, Joined, Limited, LimitedJoined, Streamed, TryJoined, sum_of,
};

pub struct Bounded;

impl Contender for Bounded {
    const NAME: &str = "futures-buffered FuturesUnorderedBounded";
}

impl Streamed for Bounded {
    fn start<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Stream<Item = F::Output> {
        children.collect::<FuturesUnorderedBounded<_>>()
    }
}

impl Growing for Bounded {
    type Set<F: Child> = FuturesUnorderedBounded<F>;

    fn with_room<F: Child>(window: usize) -> FuturesUnorderedBounded<F> {
        FuturesUnorderedBounded::new(window)
    }

    fn insert<F: Child>(set: &mut FuturesUnorderedBounded<F>, child: F) {
        set.push(child);
    }
}

pub struct Unbounded;

impl Contender for Unbounded {
    const NAME: &str = "futures-buffered FuturesUnordered";
}

impl Streamed for Unbounded {
    fn start<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Stream<Item = F::Output> {
        children.collect::<FuturesUnordered<_>>()
    }
}

impl Growing for Unbounded {
    type Set<F: Child> = FuturesUnordered<F>;

    fn with_room<F: Child>(window: usize) -> FuturesUnordered<F> {
        FuturesUnordered::with_capacity(window)
    }

    fn insert<F: Child>(set: &mut FuturesUnordered<F>, child: F) {
        set.push(child);
    }
}

pub struct JoinAll;

impl Contender for JoinAll {
    const NAME: &str = "futures-buffered join_all";
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

/// `FuturesOrderedBounded`, collected.
pub struct OrderedCollect;

impl Contender for OrderedCollect {
    const NAME: &str = "futures-buffered FuturesOrderedBounded";
}

impl Joined for OrderedCollect {
    fn join<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        children.collect::<FuturesOrderedBounded<_>>().collect()
    }
}

pub struct BufferedUnordered;

impl Contender for BufferedUnordered {
    const NAME: &str = "futures-buffered buffered_unordered";
}

impl Limited for BufferedUnordered {
    fn sum<F: Child<Output = usize>>(
        window: usize,
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = (usize, usize)> {
        sum_of(stream::iter(children).buffered_unordered(window))
    }
}

pub struct BufferedOrdered;

impl Contender for BufferedOrdered {
    const NAME: &str = "futures-buffered buffered_ordered";
}

impl LimitedJoined for BufferedOrdered {
    fn join<F: Child>(
        window: usize,
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        stream::iter(children).buffered_ordered(window).collect()
    }
}
