//! Measures the candidates of one cell against each other, interleaved, so that a slow moment of the machine is slow for all.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::alloc;
use crate::clock::Clock;
use crate::contenders::Role;
use crate::parent::Parent;
use crate::stats::{best, median};
use crate::workloads::Subject;

/// A workload at one size, and who runs it.
pub struct Cell {
    pub workload: &'static str,
    /// Children, or places of a window.
    pub n: usize,
    pub clock: Clock,
    /// Whether wakes come from other threads.
    pub across_threads: bool,
    pub subjects: Vec<Subject>,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The least work of one sample: shorter runs are repeated.
    pub sample: Duration,
    pub fewest: usize,
    pub most: usize,
    /// After this much wall time a cell takes no more than the fewest samples.
    pub budget: Duration,
}

impl Plan {
    pub const FULL: Self = Self {
        sample: Duration::from_micros(250),
        fewest: 5,
        most: 61,
        budget: Duration::from_secs(3),
    };

    pub const QUICK: Self = Self {
        sample: Duration::from_micros(200),
        fewest: 3,
        most: 21,
        budget: Duration::from_millis(500),
    };
}

/// What was measured of one candidate; times are nanoseconds per child.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    pub name: String,
    pub role: Role,
    pub median: f64,
    pub best: f64,
    pub samples: usize,
    /// Allocations of one whole run.
    pub allocations: u64,
    pub allocations_per_child: f64,
    pub peak_bytes_per_child: f64,
    pub parent_wakes_per_child: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measurement {
    pub workload: String,
    pub n: usize,
    pub candidates: Vec<Measured>,
}

impl Measurement {
    pub fn of(&self, role: Role) -> impl Iterator<Item = &Measured> {
        self.candidates.iter().filter(move |one| one.role == role)
    }

    /// The fastest of a role, by its median.
    pub fn fastest(&self, role: Role) -> Option<&Measured> {
        self.of(role).min_by(|a, b| a.median.total_cmp(&b.median))
    }

    /// rejoin's median as a multiple of the best of `role`.
    pub fn ratio_to(&self, role: Role) -> Option<f64> {
        Some(self.fastest(Role::Rejoin)?.median / self.fastest(role)?.median)
    }
}

struct Runner {
    subject: Subject,
    repeats: u32,
    counts: alloc::Counts,
    wakes: u64,
    samples: Vec<f64>,
}

impl Runner {
    fn new(mut subject: Subject, clock: Clock, parent: &Parent, plan: Plan) -> Self {
        // The first run warms caches and what the workload keeps between runs.
        (subject.run)(parent);
        let wakes = parent.wakes();
        let counts = alloc::count(|| (subject.run)(parent));
        let wakes = parent.wakes() - wakes;
        let mut runner = Self {
            subject,
            repeats: 1,
            counts,
            wakes,
            samples: Vec::new(),
        };
        loop {
            let time = runner.time(clock, parent);
            if time >= plan.sample {
                break runner;
            }
            let factor = plan.sample.as_secs_f64() / time.as_secs_f64().max(1e-9);
            runner.repeats =
                (f64::from(runner.repeats) * (factor * 1.2).clamp(1.5, 100.0)) as u32 + 1;
        }
    }

    fn time(&mut self, clock: Clock, parent: &Parent) -> Duration {
        clock.time(|| {
            for _ in 0..self.repeats {
                (self.subject.run)(parent);
            }
        })
    }

    fn sample(&mut self, clock: Clock, parent: &Parent) {
        // Not timed: what the candidate before has left in the allocator and the caches is not this one's cost. A large block
        // would otherwise pay for merging the thousands of small ones that another has freed.
        (self.subject.run)(parent);
        let time = self.time(clock, parent).as_secs_f64();
        let children = self.subject.children as f64 * f64::from(self.repeats);
        self.samples.push(time * 1e9 / children);
    }

    fn measured(self) -> Measured {
        let children = self.subject.children as f64;
        Measured {
            name: self.subject.name.to_owned(),
            role: self.subject.role,
            median: median(&self.samples),
            best: best(&self.samples),
            samples: self.samples.len(),
            allocations: self.counts.allocations,
            allocations_per_child: self.counts.allocations as f64 / children,
            peak_bytes_per_child: self.counts.peak as f64 / children,
            parent_wakes_per_child: self.wakes as f64 / children,
        }
    }
}

pub fn measure(cell: Cell, plan: Plan) -> Measurement {
    let parent = if cell.across_threads {
        Parent::across_threads()
    } else {
        Parent::new()
    };
    let mut runners: Vec<Runner> = cell
        .subjects
        .into_iter()
        .map(|subject| Runner::new(subject, cell.clock, &parent, plan))
        .collect();
    let start = Instant::now();
    for round in 0..plan.most {
        if round >= plan.fewest && start.elapsed() >= plan.budget {
            break;
        }
        // Each round begins with another candidate, so that none always follows the same one's leftovers at a round's start.
        let first = round % runners.len();
        let (head, tail) = runners.split_at_mut(first);
        for runner in tail.iter_mut().chain(head) {
            runner.sample(cell.clock, &parent);
        }
    }
    Measurement {
        workload: cell.workload.to_owned(),
        n: cell.n,
        candidates: runners.into_iter().map(Runner::measured).collect(),
    }
}
