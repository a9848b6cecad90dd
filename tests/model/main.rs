//! The crate against a slow and obviously right model: random programs, compared step by step.
//!
//! `PROPTEST_CASES` sets how many programs a test runs. A program that fails is shrunk and printed, and belongs into
//! `regressions.rs` from then on. `fuzz/` runs the same programs from a fuzzer's bytes.

mod joins;
mod limits;
mod oracle;
mod program;
mod regressions;
mod run;
mod strategy;
mod streams;
mod ticks;
mod wakes;
mod world;

use std::cell::Cell;

use proptest::test_runner::{Config, TestRunner};

/// Runs random programs of `len` operations at most, a share of the cases that are asked for.
fn explore(len: usize, share: u32) {
    let asked = Config::default();
    let config = Config {
        cases: asked.cases.div_ceil(share),
        failure_persistence: None,
        ..asked
    };
    let (cases, steps) = (config.cases, Cell::new(0));
    let explored = TestRunner::new(config).run(&strategy::program(len), |program| {
        steps.set(steps.get() + run::run(&program));
        Ok(())
    });
    if let Err(failure) = explored {
        panic!("{failure}");
    }
    println!("{cases} programs of {} steps in all", steps.get());
}

#[test]
fn programs() {
    explore(60, 1);
}

#[test]
fn long_programs() {
    explore(300, 5);
}
