//! The crate against a slow and obviously right model: random programs, compared step by step.
//!
//! `PROPTEST_CASES` sets how many programs a test runs.

mod joins;
mod limits;
mod oracle;
mod program;
mod run;
mod strategy;
mod streams;
mod world;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs(program in strategy::program(60)) {
        run::run(&program);
    }
}
