use std::future::ready;

use rejoin::gather;

fn main() {
    let _ = gather((ready(1), ready("two")));
}
