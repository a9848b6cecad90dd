//! asyncio's `create_task`: start now, rejoin later. On a multi-threaded executor the tasks use all cores.
//!
//! Plain futures run on the thread that awaits them, however many are gathered. A task runs wherever the executor puts it; `create_task`
//! takes the executor's own function for that, here `tokio::spawn`. A panic stays in its task, and is that task's error.
//!
//! ```text
//! $ cargo run --example create_task_multicore
//! futures: 4 ran on 1 thread
//! tasks: 4 ran on 4 threads
//! Ok(17984)
//! Err("the task panicked: no numbers")
//! Ok(15876)
//! ```

use std::collections::HashSet;
use std::panic;
use std::sync::Barrier;
use std::thread::{self, ThreadId};

use rejoin::{create_task, gather};

static MEETING: Barrier = Barrier::new(4);

fn threads(ids: impl IntoIterator<Item = ThreadId>) -> usize {
    ids.into_iter().collect::<HashSet<_>>().len()
}

async fn work() -> ThreadId {
    thread::current().id()
}

/// Ends only if all four run at the same time, each on a thread of its own.
async fn work_together() -> ThreadId {
    MEETING.wait();
    thread::current().id()
}

/// How many primes there are between two numbers.
async fn primes(from: u32, to: u32) -> usize {
    assert!(from < to, "no numbers");
    let is_prime = |n: &u32| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0);
    (from.max(2)..to).filter(is_prime).count()
}

#[tokio::main(worker_threads = 4)]
async fn main() {
    let ids = gather((0..4).map(|_| work())).await;
    println!("futures: 4 ran on {} thread", threads(ids));

    let tasks = (0..4).map(|_| create_task(work_together(), tokio::spawn));
    let ids = gather(tasks).await;
    println!(
        "tasks: 4 ran on {} threads",
        threads(ids.into_iter().map(Result::unwrap))
    );

    // The panic is printed where it is handled, not where it happens.
    panic::set_hook(Box::new(|_| {}));
    let ranges = [(0, 200_000), (7, 7), (200_000, 400_000)];
    let tasks = ranges.map(|(from, to)| create_task(primes(from, to), tokio::spawn));
    for outcome in gather(tasks).await {
        println!("{:?}", outcome.map_err(|error| error.to_string()));
    }
}
