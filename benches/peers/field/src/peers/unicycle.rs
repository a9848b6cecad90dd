use futures_util::Stream;
use unicycle::FuturesUnordered;

use crate::children::Child;
use crate::contenders::{Contender, Growing, Streamed};

pub struct Unordered;

impl Contender for Unordered {
    const NAME: &str = "unicycle FuturesUnordered";
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
