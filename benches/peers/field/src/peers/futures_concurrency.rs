use std::cell::Cell;
use std::num::NonZeroUsize;

use futures_concurrency::concurrent_stream::ConcurrentStream as _;
use futures_concurrency::future::{FutureGroup, Join as _, TryJoin as _};
use futures_concurrency::stream::StreamExt as _;
use futures_util::{Stream, stream};

use crate::children::Child;
use crate::contenders::{
    Contender, Eight, Growing, Joined, Kind, Limited, Mixed, Streamed, TryJoined,
};

pub struct Group;

impl Contender for Group {
    const NAME: &str = "futures-concurrency FutureGroup";
    const SCANS: bool = true;
}

impl Streamed for Group {
    fn start<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Stream<Item = F::Output> {
        children.collect::<FutureGroup<_>>()
    }
}

impl Growing for Group {
    type Set<F: Child> = FutureGroup<F>;

    fn with_room<F: Child>(window: usize) -> FutureGroup<F> {
        FutureGroup::with_capacity(window)
    }

    fn insert<F: Child>(set: &mut FutureGroup<F>, child: F) {
        set.insert(child);
    }
}

pub struct VecJoin;

impl Contender for VecJoin {
    const NAME: &str = "futures-concurrency Vec::join";
    const SCANS: bool = true;
}

impl Joined for VecJoin {
    fn join<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        children.collect::<Vec<_>>().join()
    }
}

impl TryJoined for VecJoin {
    fn try_join<T: Send + 'static, E: Send + 'static, F: Child<Output = Result<T, E>>>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Result<Vec<T>, E>> {
        children.collect::<Vec<_>>().try_join()
    }
}

/// `ConcurrentStream::limit`, which has no stream of outputs.
pub struct Limit;

impl Contender for Limit {
    const NAME: &str = "futures-concurrency ConcurrentStream::limit";
    const SCANS: bool = true;
}

impl Limited for Limit {
    async fn sum<F: Child<Output = usize>>(
        window: usize,
        children: impl ExactSizeIterator<Item = F>,
    ) -> (usize, usize) {
        let (count, sum) = (Cell::new(0), Cell::new(0));
        let (count_ref, sum_ref) = (&count, &sum);
        stream::iter(children)
            .co()
            .limit(NonZeroUsize::new(window))
            .for_each(async |child| {
                let output = child.await;
                count_ref.set(count_ref.get() + 1);
                sum_ref.set(sum_ref.get() + output);
            })
            .await;
        (count.get(), sum.get())
    }
}

pub struct TupleJoin;

impl Contender for TupleJoin {
    const NAME: &str = "futures-concurrency (…).join()";
}

impl Mixed for TupleJoin {
    fn two<K: Kind>() -> impl Future<Output = (usize, usize)> {
        (K::child::<0>(), K::child::<1>()).join()
    }

    fn three<K: Kind>() -> impl Future<Output = (usize, usize, usize)> {
        (K::child::<0>(), K::child::<1>(), K::child::<2>()).join()
    }

    fn eight<K: Kind>() -> impl Future<Output = Eight> {
        (
            K::child::<0>(),
            K::child::<1>(),
            K::child::<2>(),
            K::child::<3>(),
            K::child::<4>(),
            K::child::<5>(),
            K::child::<6>(),
            K::child::<7>(),
        )
            .join()
    }
}
