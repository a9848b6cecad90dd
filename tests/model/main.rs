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

use proptest::prelude::*;

/// A share of the cases that are asked for.
fn config(share: u32) -> ProptestConfig {
    let cases = ProptestConfig::default().cases.div_ceil(share);
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(1))]

    #[test]
    fn programs(program in strategy::program(60)) {
        run::run(&program);
    }
}

proptest! {
    #![proptest_config(config(20))]

    #[test]
    fn long_programs(program in strategy::program(300)) {
        run::run(&program);
    }
}
