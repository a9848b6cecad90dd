//! Random work without an end in sight, on a runtime, until its time is over:
//! `cargo run --release -p matrix --bin soak -- --runtime tokio --seconds 600 --seed 1`.
//!
//! Everything that was started must have ended, each in one way, and memory must not grow. Without `--runtime` the main
//! ones take turns.

mod child;
mod memory;
mod runtime;
mod tally;
mod threads;
mod work;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use lexopt::prelude::*;
use rejoin::{create_task, gather};

use memory::Curve;
use runtime::Runtime;
use tally::Tally;
use threads::Threads;
use work::Worker;

const WORKERS: u64 = 8;
/// How long after its time a run counts as hung.
const GRACE: Duration = Duration::from_secs(60);

struct Options {
    runtimes: Vec<Runtime>,
    time: Duration,
    seed: u64,
}

fn options() -> Result<Options, lexopt::Error> {
    let mut options = Options {
        runtimes: Vec::new(),
        time: Duration::from_secs(10),
        seed: 1,
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("runtime") => options.runtimes.push(arguments.value()?.parse()?),
            Long("seconds") => options.time = Duration::from_secs(arguments.value()?.parse()?),
            Long("seed") => options.seed = arguments.value()?.parse()?,
            _ => return Err(argument.unexpected()),
        }
    }
    if options.runtimes.is_empty() {
        options.runtimes = Runtime::ALL.into();
    }
    Ok(options)
}

fn main() -> ExitCode {
    let Options {
        runtimes,
        time,
        seed,
    } = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("soak: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut passed = true;
    let mut started = 0;
    for runtime in &runtimes {
        let tally = Arc::new(Tally::default());
        let curve = soak(*runtime, time, seed, &tally);
        let sound = tally.is_balanced() && curve.is_flat();
        let verdict = if sound { "sound" } else { "FAILED" };
        println!(
            "{runtime}: {} s, seed {seed}: {tally}; {curve}: {verdict}",
            time.as_secs()
        );
        passed &= sound;
        started += tally.started();
    }
    if !passed {
        return ExitCode::FAILURE;
    }
    let names: Vec<String> = runtimes.iter().map(ToString::to_string).collect();
    println!(
        "balanced and flat on {}: {started} children",
        names.join(", ")
    );
    ExitCode::SUCCESS
}

fn soak(runtime: Runtime, time: Duration, seed: u64, tally: &Arc<Tally>) -> Curve {
    let start = Instant::now();
    let (ended, watch) = mpsc::channel::<()>();
    thread::spawn(move || {
        if watch.recv_timeout(time + GRACE) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{runtime} hangs");
            std::process::abort();
        }
    });
    let curve = Curve::record(runtime, time, Arc::clone(tally));
    let threads = Arc::new(Threads::start());
    runtime.run({
        let tally = Arc::clone(tally);
        async move {
            let workers = (0..WORKERS).map(|number| {
                let worker = Worker::new(
                    seed * WORKERS + number,
                    runtime,
                    &threads,
                    Arc::clone(&tally),
                );
                create_task(worker.work_until(start + time), |task| runtime.spawn(task))
            });
            for worker in gather(workers).await {
                worker.expect("panics of children are caught");
            }
            // Tasks that were aborted are dropped by their executor, in its own time.
            while !tally.is_balanced() && start.elapsed() < time + GRACE / 2 {
                runtime.sleep(Duration::from_millis(5)).await;
            }
        }
    });
    drop(ended);
    curve.end()
}
