//! Every case on every executor and on the hostile ones: `cargo test -p matrix --test cases on_smol`.

use matrix::{Executor, hostile};

fn main() {
    let mut executors: Vec<Executor> = hostile::all();
    #[cfg(feature = "executors")]
    executors.extend(matrix::executors::all());
    matrix::main(&executors)
}
