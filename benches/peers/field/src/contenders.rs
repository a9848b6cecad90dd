//! What a candidate has to offer to take part in a group of workloads: each is a few lines per crate.

use futures_util::Stream;

use crate::children::Child;
use crate::parent::Host;

/// Who is measured: rejoin, those it is compared with, and what cannot be beaten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Role {
    Rejoin,
    Peer,
    Floor,
}

pub trait Contender {
    /// The crate, a space, the item.
    const NAME: &'static str;
    const ROLE: Role = Role::Peer;
    const HOST: Host = Host::Bare;
    /// The most children it is measured with.
    const MOST: usize = usize::MAX;
    /// Looks at every child after each wake, so that large cells would take minutes.
    const SCANS: bool = false;
}

/// Gives outputs one by one.
pub trait Streamed: Contender {
    fn start<F: Child>(children: impl ExactSizeIterator<Item = F>)
    -> impl Stream<Item = F::Output>;
}

/// Gives all outputs at once.
pub trait Joined: Contender {
    /// Whether outputs come in the order of the inputs.
    const ORDERED: bool = true;

    fn join<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>>;
}

/// Gives all outputs at once, or the first error.
pub trait TryJoined: Contender {
    fn try_join<T: Send + 'static, E: Send + 'static, F: Child<Output = Result<T, E>>>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Result<Vec<T>, E>>;
}

/// Takes children while it runs.
pub trait Growing: Contender {
    type Set<F: Child>: Stream<Item = F::Output> + Unpin;

    /// A set where about `window` children will be at a time.
    fn with_room<F: Child>(window: usize) -> Self::Set<F>;
    fn insert<F: Child>(set: &mut Self::Set<F>, child: F);
}

/// Runs at most `window` children at a time; outputs as they complete.
pub trait Limited: Contender {
    /// The number of outputs and their sum, so that crates without a stream can take part.
    fn sum<F: Child<Output = usize>>(
        window: usize,
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = (usize, usize)>;
}

/// Runs at most `window` children at a time; outputs in input order.
pub trait LimitedJoined: Contender {
    fn join<F: Child>(
        window: usize,
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>>;
}

/// A family of child types that differ in `K`, to be joined as different types.
pub trait Kind {
    type Child<const K: usize>: Child<Output = usize>;

    /// The child whose output is `K`.
    fn child<const K: usize>() -> Self::Child<K>;
}

pub type Eight = (usize, usize, usize, usize, usize, usize, usize, usize);

/// Joins futures of different types.
pub trait Mixed: Contender {
    fn two<K: Kind>() -> impl Future<Output = (usize, usize)>;
    fn three<K: Kind>() -> impl Future<Output = (usize, usize, usize)>;
    fn eight<K: Kind>() -> impl Future<Output = Eight>;
}

/// Counts and adds up what a stream gives.
pub async fn sum_of(stream: impl Stream<Item = usize>) -> (usize, usize) {
    use futures_util::StreamExt;

    let mut stream = std::pin::pin!(stream);
    let (mut count, mut sum) = (0, 0);
    while let Some(output) = stream.next().await {
        count += 1;
        sum += output;
    }
    (count, sum)
}
