//! The programs of `tests/model` from a fuzzer's bytes, against the same model.

#![no_main]

#[path = "../../tests/model/joins.rs"]
mod joins;
#[path = "../../tests/model/limits.rs"]
mod limits;
#[path = "../../tests/model/oracle.rs"]
mod oracle;
#[path = "../../tests/model/program.rs"]
mod program;
#[path = "../../tests/model/run.rs"]
mod run;
#[path = "../../tests/model/streams.rs"]
mod streams;
#[path = "../../tests/model/ticks.rs"]
mod ticks;
#[path = "../../tests/model/wakes.rs"]
mod wakes;
#[path = "../../tests/model/world.rs"]
mod world;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|program: program::Program| {
    run::run(&program);
});
