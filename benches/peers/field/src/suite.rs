//! Every workload of the table with its sizes, the peers and the floor.
//!
//! These are statics, not constants, so that the peers are compiled once, with this library: a change of rejoin compiles
//! only its own side anew.

use crate::clock::Clock;
use crate::harness::Cell;
use crate::peers::{futures_buffered, futures_concurrency, futures_util, tokio, unicycle};
use crate::workloads::mixed;
use crate::workloads::threads::{self, RemoteWakes};
use crate::workloads::timers::{self, AsyncStd, Runtime, Smol, Tokio};
use crate::workloads::{
    AtFirstPoll, ExternalWakes, Larger, Refillable, SelfWakes, Subject, Workload, batch, limit,
    window,
};

/// A panel of the picture, a section of the table: one workload at all its sizes.
pub struct Group {
    pub workload: &'static str,
    pub sizes: &'static [usize],
    pub clock: Clock,
    pub across_threads: bool,
    peers: fn(usize) -> Vec<Option<Subject>>,
}

impl Group {
    const fn new(
        workload: &'static str,
        sizes: &'static [usize],
        peers: fn(usize) -> Vec<Option<Subject>>,
    ) -> Self {
        Self {
            workload,
            sizes,
            clock: Clock::Thread,
            across_threads: false,
            peers,
        }
    }

    const fn by_process(mut self) -> Self {
        self.clock = Clock::Process;
        self
    }

    const fn across_threads(mut self) -> Self {
        self.across_threads = true;
        self.by_process()
    }

    /// The cell of `n` children, where rejoin's candidate is `rejoin`.
    pub fn cell(&self, n: usize, rejoin: Option<Subject>) -> Cell {
        let peers = (self.peers)(n).into_iter().flatten();
        Cell {
            workload: self.workload,
            n,
            clock: self.clock,
            across_threads: self.across_threads,
            subjects: rejoin.into_iter().chain(peers).collect(),
        }
    }
}

const SIZES: &[usize] = &[1, 2, 8, 30, 31, 64, 1_000, 10_000, 100_000, 1_000_000];
const BURSTS: &[usize] = &[64, 1_000, 10_000, 100_000, 1_000_000];
const WINDOWS: &[usize] = &[16, 256, 4_096];
const TUPLES: &[usize] = &[2, 3, 8];
const THREADED: &[usize] = &[64, 1_000, threads::MOST];
const LARGE: &[usize] = &[1, 8, 64, 1_000, 10_000];
const TIMERS: &[usize] = &[10_000];

/// Words beyond the eight bytes of a child that wakes itself.
pub const BYTES_16: usize = 1;
pub const KIB: usize = 127;
pub const KIB_4: usize = 511;

pub type OnceYielding<const WORDS: usize> = Larger<SelfWakes<1>, WORDS>;

pub static READY_STREAM: Group =
    Group::new("ready at first poll, stream", SIZES, streams::<AtFirstPoll>);
pub static READY_JOINED: Group =
    Group::new("ready at first poll, joined", SIZES, joins::<AtFirstPoll>);
pub static READY_TRY_JOINED: Group = Group::new(
    "ready at first poll, joined Results",
    SIZES,
    try_joins::<AtFirstPoll>,
);
pub static SELF_STREAM: Group =
    Group::new("four self-wakes, stream", SIZES, streams::<SelfWakes<4>>);
pub static SELF_JOINED: Group = Group::new("four self-wakes, joined", SIZES, joins::<SelfWakes<4>>);
pub static EXTERNAL_STREAM: Group = Group::new(
    "external wakes one at a time, stream",
    SIZES,
    streams::<ExternalWakes<1>>,
);
pub static EXTERNAL_JOINED: Group = Group::new(
    "external wakes one at a time, joined",
    SIZES,
    joins::<ExternalWakes<1>>,
);
pub static BURST_STREAM: Group = Group::new(
    "external wakes 64 at a time, stream",
    BURSTS,
    streams::<ExternalWakes<64>>,
);
pub static BURST_JOINED: Group = Group::new(
    "external wakes 64 at a time, joined",
    BURSTS,
    joins::<ExternalWakes<64>>,
);
pub static SELF_WINDOW: Group = Group::new(
    "window refilled, four self-wakes",
    WINDOWS,
    windows::<SelfWakes<4>>,
);
pub static EXTERNAL_WINDOW: Group = Group::new(
    "window refilled, external wakes",
    WINDOWS,
    windows::<ExternalWakes<1>>,
);
pub static SELF_LIMIT_STREAM: Group = Group::new(
    "limit, one self-wake, stream",
    WINDOWS,
    limits::<SelfWakes<1>>,
);
pub static EXTERNAL_LIMIT_STREAM: Group = Group::new(
    "limit, external wakes, stream",
    WINDOWS,
    limits::<ExternalWakes<1>>,
);
pub static SELF_LIMIT_JOINED: Group = Group::new(
    "limit, one self-wake, joined",
    WINDOWS,
    joined_limits::<SelfWakes<1>>,
);
pub static EXTERNAL_LIMIT_JOINED: Group = Group::new(
    "limit, external wakes, joined",
    WINDOWS,
    joined_limits::<ExternalWakes<1>>,
);
pub static READY_TYPES: Group = Group::new(
    "different types, ready at first poll",
    TUPLES,
    tuples::<AtFirstPoll>,
);
pub static SELF_TYPES: Group = Group::new(
    "different types, one self-wake",
    TUPLES,
    tuples::<SelfWakes<1>>,
);
pub static EXTERNAL_TYPES: Group = Group::new(
    "different types, external wakes",
    TUPLES,
    tuples::<ExternalWakes<1>>,
);
pub static ONE_THREAD_STREAM: Group = Group::new(
    "wakes from 1 thread, stream",
    THREADED,
    bare_streams::<RemoteWakes<1>>,
)
.across_threads();
pub static TWO_THREADS_STREAM: Group = Group::new(
    "wakes from 2 threads, stream",
    THREADED,
    bare_streams::<RemoteWakes<2>>,
)
.across_threads();
pub static FOUR_THREADS_STREAM: Group = Group::new(
    "wakes from 4 threads, stream",
    THREADED,
    bare_streams::<RemoteWakes<4>>,
)
.across_threads();
pub static TWO_THREADS_JOINED: Group = Group::new(
    "wakes from 2 threads, joined",
    THREADED,
    bare_joins::<RemoteWakes<2>>,
)
.across_threads();
pub static BYTES_16_STREAM: Group = Group::new(
    "futures of 16 bytes, one self-wake, stream",
    LARGE,
    streams::<OnceYielding<BYTES_16>>,
);
pub static BYTES_16_JOINED: Group = Group::new(
    "futures of 16 bytes, one self-wake, joined",
    LARGE,
    joins::<OnceYielding<BYTES_16>>,
);
pub static KIB_STREAM: Group = Group::new(
    "futures of 1 KiB, one self-wake, stream",
    LARGE,
    streams::<OnceYielding<KIB>>,
);
pub static KIB_JOINED: Group = Group::new(
    "futures of 1 KiB, one self-wake, joined",
    LARGE,
    joins::<OnceYielding<KIB>>,
);
pub static KIB_4_STREAM: Group = Group::new(
    "futures of 4 KiB, one self-wake, stream",
    LARGE,
    streams::<OnceYielding<KIB_4>>,
);
pub static KIB_4_JOINED: Group = Group::new(
    "futures of 4 KiB, one self-wake, joined",
    LARGE,
    joins::<OnceYielding<KIB_4>>,
);
pub static TOKIO_STREAM: Group =
    Group::new("timers of tokio, stream", TIMERS, timer_streams::<Tokio>).by_process();
pub static TOKIO_JOINED: Group =
    Group::new("timers of tokio, joined", TIMERS, timer_joins::<Tokio>).by_process();
pub static SMOL_STREAM: Group =
    Group::new("timers of smol, stream", TIMERS, timer_streams::<Smol>).by_process();
pub static SMOL_JOINED: Group =
    Group::new("timers of smol, joined", TIMERS, timer_joins::<Smol>).by_process();
pub static ASYNC_STD_STREAM: Group = Group::new(
    "timers of async-std, stream",
    TIMERS,
    timer_streams::<AsyncStd>,
)
.by_process();
pub static ASYNC_STD_JOINED: Group = Group::new(
    "timers of async-std, joined",
    TIMERS,
    timer_joins::<AsyncStd>,
)
.by_process();

fn bare_streams<W: Workload>(n: usize) -> Vec<Option<Subject>> {
    vec![
        batch::streamed::<futures_util::Unordered, W>(n),
        batch::streamed::<futures_util::Ordered, W>(n),
        batch::streamed::<futures_util::SelectAllLoop, W>(n),
        batch::streamed::<futures_buffered::Bounded, W>(n),
        batch::streamed::<futures_buffered::Unbounded, W>(n),
        batch::streamed::<futures_concurrency::Group, W>(n),
        batch::streamed::<unicycle::Unordered, W>(n),
        batch::streamed_floor::<W>(n),
    ]
}

fn streams<W: Workload>(n: usize) -> Vec<Option<Subject>> {
    let mut subjects = bare_streams::<W>(n);
    subjects.push(batch::streamed::<tokio::Tasks, W>(n));
    subjects
}

fn bare_joins<W: Workload>(n: usize) -> Vec<Option<Subject>> {
    vec![
        batch::joined::<futures_util::JoinAll, W>(n),
        batch::joined::<futures_util::OrderedCollect, W>(n),
        batch::joined::<futures_buffered::JoinAll, W>(n),
        batch::joined::<futures_buffered::OrderedCollect, W>(n),
        batch::joined::<futures_concurrency::VecJoin, W>(n),
        batch::joined_floor::<W>(n),
    ]
}

fn joins<W: Workload>(n: usize) -> Vec<Option<Subject>> {
    let mut subjects = bare_joins::<W>(n);
    subjects.push(batch::joined::<tokio::Tasks, W>(n));
    subjects
}

fn try_joins<W: Workload>(n: usize) -> Vec<Option<Subject>> {
    vec![
        batch::try_joined::<futures_util::JoinAll, W>(n),
        batch::try_joined::<futures_buffered::JoinAll, W>(n),
        batch::try_joined::<futures_concurrency::VecJoin, W>(n),
        batch::joined_floor::<W>(n),
    ]
}

fn windows<W: Refillable>(n: usize) -> Vec<Option<Subject>> {
    vec![
        window::refilled::<futures_util::Unordered, W>(n),
        window::refilled::<futures_buffered::Bounded, W>(n),
        window::refilled::<futures_buffered::Unbounded, W>(n),
        window::refilled::<futures_concurrency::Group, W>(n),
        window::refilled::<unicycle::Unordered, W>(n),
        window::refilled::<tokio::Tasks, W>(n),
        window::refilled_floor::<W>(n),
    ]
}

fn limits<W: Refillable>(n: usize) -> Vec<Option<Subject>> {
    vec![
        limit::streamed::<futures_util::BufferUnordered, W>(n),
        limit::streamed::<futures_buffered::BufferedUnordered, W>(n),
        limit::streamed::<futures_concurrency::Limit, W>(n),
        window::refilled_floor::<W>(n),
    ]
}

fn joined_limits<W: Refillable>(n: usize) -> Vec<Option<Subject>> {
    vec![
        limit::joined::<futures_util::Buffered, W>(n),
        limit::joined::<futures_buffered::BufferedOrdered, W>(n),
        limit::joined_floor::<W>(n),
    ]
}

fn tuples<W: Workload>(n: usize) -> Vec<Option<Subject>> {
    vec![
        mixed::joined::<futures_util::JoinMacro, W>(n),
        mixed::joined::<tokio::JoinMacro, W>(n),
        mixed::joined::<futures_concurrency::TupleJoin, W>(n),
        mixed::floor::<W>(n),
    ]
}

fn timer_streams<R: Runtime>(n: usize) -> Vec<Option<Subject>> {
    vec![
        timers::streamed::<futures_util::Unordered, R>(n),
        timers::streamed::<futures_buffered::Bounded, R>(n),
        timers::streamed::<unicycle::Unordered, R>(n),
        timers::streamed::<tokio::Tasks, R>(n),
        timers::floor::<R>(n),
    ]
}

fn timer_joins<R: Runtime>(n: usize) -> Vec<Option<Subject>> {
    vec![
        timers::joined::<futures_util::JoinAll, R>(n),
        timers::joined::<futures_buffered::JoinAll, R>(n),
        timers::joined::<tokio::Tasks, R>(n),
        timers::floor::<R>(n),
    ]
}
