use std::future::ready;

use rejoin::{as_completed, gather, wait};

fn main() {
    let _ = gather(ready(1));
    let _ = as_completed(async { 1 });
    let _ = wait(ready(1));
}
