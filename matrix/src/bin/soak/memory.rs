use std::fmt;
use std::fs;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::runtime::Runtime;
use crate::tally::Tally;

/// How much memory the process has, over time.
pub struct Curve {
    samples: Vec<u64>,
}

/// A curve that is being recorded.
pub struct Recording {
    stop: Sender<()>,
    recorder: JoinHandle<Vec<u64>>,
}

/// Between two lines at most.
const INTERVAL: Duration = Duration::from_secs(30);
/// Lines at least.
const SAMPLES: u32 = 10;
/// More is growth. An allocator's arenas are settled by half-time, and differ by this much between quiet and busy moments.
const SLACK: u64 = 4096;

impl Curve {
    /// Writes a line every now and then, until the end.
    pub fn record(runtime: Runtime, time: Duration, tally: Arc<Tally>) -> Recording {
        let (stop, stopped) = mpsc::channel();
        let start = Instant::now();
        let interval = INTERVAL.min(time / SAMPLES);
        let recorder = thread::spawn(move || {
            let mut samples = Vec::new();
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                let kib = resident();
                samples.push(kib);
                println!(
                    "{runtime} {:>5.0} s: {kib} KiB resident, {} children started",
                    start.elapsed().as_secs_f32(),
                    tally.started()
                );
            }
            samples
        });
        Recording { stop, recorder }
    }

    /// Whether the second half needed no more than the first.
    pub fn is_flat(&self) -> bool {
        let (first, second) = self.peaks();
        second <= first + first / 10 + SLACK
    }

    /// The most of each half, in KiB.
    fn peaks(&self) -> (u64, u64) {
        let (first, second) = self.samples.split_at(self.samples.len() / 2);
        let peak = |half: &[u64]| half.iter().copied().max().unwrap_or_default();
        (peak(first), peak(second))
    }
}

impl Recording {
    pub fn end(self) -> Curve {
        drop(self.stop);
        let samples = self.recorder.join().expect("the recorder does not panic");
        Curve { samples }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.peaks();
        write!(
            f,
            "at most {first} KiB resident in the first half, {second} KiB in the second"
        )
    }
}

/// The resident memory of this process in KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("soaks run on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse().ok())
        .expect("the kernel tells it")
}
