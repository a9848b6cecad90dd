//! rejoin's own candidates, and in which workload each takes part.

use futures_util::Stream;
use peers_field::suite::{self, BYTES_16, Group, KIB, KIB_4, OnceYielding};
use peers_field::workloads::threads::RemoteWakes;
use peers_field::workloads::timers::{self, AsyncStd, Smol, Tokio};
use peers_field::workloads::{
    AtFirstPoll, ExternalWakes, SelfWakes, Subject, batch, limit as limited, mixed, window,
};
use rejoin::{FutureSet, as_completed, gather, limit, try_gather};

use peers_field::children::Child;
use peers_field::contenders::{
    Contender, Eight, Growing, Joined, Kind, Limited, LimitedJoined, Mixed, Role, Streamed,
    TryJoined, sum_of,
};

/// Makes rejoin's subject for a cell.
pub type Make = fn(usize) -> Option<Subject>;

pub static ENTRIES: [(&Group, Make); 34] = [
    (
        &suite::READY_STREAM,
        batch::streamed::<AsCompleted, AtFirstPoll>,
    ),
    (&suite::READY_JOINED, batch::joined::<Gather, AtFirstPoll>),
    (
        &suite::READY_TRY_JOINED,
        batch::try_joined::<Gather, AtFirstPoll>,
    ),
    (
        &suite::SELF_STREAM,
        batch::streamed::<AsCompleted, SelfWakes<4>>,
    ),
    (&suite::SELF_JOINED, batch::joined::<Gather, SelfWakes<4>>),
    (
        &suite::EXTERNAL_STREAM,
        batch::streamed::<AsCompleted, ExternalWakes<1>>,
    ),
    (
        &suite::EXTERNAL_JOINED,
        batch::joined::<Gather, ExternalWakes<1>>,
    ),
    (
        &suite::BURST_STREAM,
        batch::streamed::<AsCompleted, ExternalWakes<64>>,
    ),
    (
        &suite::BURST_JOINED,
        batch::joined::<Gather, ExternalWakes<64>>,
    ),
    (&suite::SELF_WINDOW, window::refilled::<Set, SelfWakes<4>>),
    (
        &suite::EXTERNAL_WINDOW,
        window::refilled::<Set, ExternalWakes<1>>,
    ),
    (
        &suite::SELF_LIMIT_STREAM,
        limited::streamed::<AsCompleted, SelfWakes<1>>,
    ),
    (
        &suite::EXTERNAL_LIMIT_STREAM,
        limited::streamed::<AsCompleted, ExternalWakes<1>>,
    ),
    (
        &suite::SELF_LIMIT_JOINED,
        limited::joined::<Gather, SelfWakes<1>>,
    ),
    (
        &suite::EXTERNAL_LIMIT_JOINED,
        limited::joined::<Gather, ExternalWakes<1>>,
    ),
    (
        &suite::READY_TYPES,
        mixed::joined::<GatherMacro, AtFirstPoll>,
    ),
    (
        &suite::SELF_TYPES,
        mixed::joined::<GatherMacro, SelfWakes<1>>,
    ),
    (
        &suite::EXTERNAL_TYPES,
        mixed::joined::<GatherMacro, ExternalWakes<1>>,
    ),
    (
        &suite::ONE_THREAD_STREAM,
        batch::streamed::<AsCompleted, RemoteWakes<1>>,
    ),
    (
        &suite::TWO_THREADS_STREAM,
        batch::streamed::<AsCompleted, RemoteWakes<2>>,
    ),
    (
        &suite::FOUR_THREADS_STREAM,
        batch::streamed::<AsCompleted, RemoteWakes<4>>,
    ),
    (
        &suite::TWO_THREADS_JOINED,
        batch::joined::<Gather, RemoteWakes<2>>,
    ),
    (
        &suite::BYTES_16_STREAM,
        batch::streamed::<AsCompleted, OnceYielding<BYTES_16>>,
    ),
    (
        &suite::BYTES_16_JOINED,
        batch::joined::<Gather, OnceYielding<BYTES_16>>,
    ),
    (
        &suite::KIB_STREAM,
        batch::streamed::<AsCompleted, OnceYielding<KIB>>,
    ),
    (
        &suite::KIB_JOINED,
        batch::joined::<Gather, OnceYielding<KIB>>,
    ),
    (
        &suite::KIB_4_STREAM,
        batch::streamed::<AsCompleted, OnceYielding<KIB_4>>,
    ),
    (
        &suite::KIB_4_JOINED,
        batch::joined::<Gather, OnceYielding<KIB_4>>,
    ),
    (&suite::TOKIO_STREAM, timers::streamed::<AsCompleted, Tokio>),
    (&suite::TOKIO_JOINED, timers::joined::<Gather, Tokio>),
    (&suite::SMOL_STREAM, timers::streamed::<AsCompleted, Smol>),
    (&suite::SMOL_JOINED, timers::joined::<Gather, Smol>),
    (
        &suite::ASYNC_STD_STREAM,
        timers::streamed::<AsCompleted, AsyncStd>,
    ),
    (&suite::ASYNC_STD_JOINED, timers::joined::<Gather, AsyncStd>),
];

pub struct AsCompleted;

impl Contender for AsCompleted {
    const NAME: &str = "rejoin as_completed";
    const ROLE: Role = Role::Rejoin;
}

impl Streamed for AsCompleted {
    fn start<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Stream<Item = F::Output> {
        as_completed(children)
    }
}

impl Limited for AsCompleted {
    fn sum<F: Child<Output = usize>>(
        window: usize,
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = (usize, usize)> {
        sum_of(as_completed(limit(window, children)))
    }
}

pub struct Gather;

impl Contender for Gather {
    const NAME: &str = "rejoin gather";
    const ROLE: Role = Role::Rejoin;
}

impl Joined for Gather {
    fn join<F: Child>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        gather(children)
    }
}

impl TryJoined for Gather {
    fn try_join<T: Send + 'static, E: Send + 'static, F: Child<Output = Result<T, E>>>(
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Result<Vec<T>, E>> {
        try_gather(children)
    }
}

impl LimitedJoined for Gather {
    fn join<F: Child>(
        window: usize,
        children: impl ExactSizeIterator<Item = F>,
    ) -> impl Future<Output = Vec<F::Output>> {
        gather(limit(window, children))
    }
}

/// Built up by `insert`, taken as a stream of outputs.
pub struct Set;

impl Contender for Set {
    const NAME: &str = "rejoin AsCompleted::insert";
    const ROLE: Role = Role::Rejoin;
}

impl Growing for Set {
    type Set<F: Child> = rejoin::AsCompleted<FutureSet<F>>;

    fn with_room<F: Child>(window: usize) -> Self::Set<F> {
        as_completed(FutureSet::with_capacity(window))
    }

    fn insert<F: Child>(set: &mut Self::Set<F>, child: F) {
        set.insert(child);
    }
}

pub struct GatherMacro;

impl Contender for GatherMacro {
    const NAME: &str = "rejoin gather!";
    const ROLE: Role = Role::Rejoin;
}

impl Mixed for GatherMacro {
    fn two<K: Kind>() -> impl Future<Output = (usize, usize)> {
        gather!(K::child::<0>(), K::child::<1>())
    }

    fn three<K: Kind>() -> impl Future<Output = (usize, usize, usize)> {
        gather!(K::child::<0>(), K::child::<1>(), K::child::<2>())
    }

    fn eight<K: Kind>() -> impl Future<Output = Eight> {
        gather!(
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
