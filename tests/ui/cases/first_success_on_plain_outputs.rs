use std::future::ready;

use rejoin::{FirstSuccess, wait};

fn main() {
    let _ = wait([ready(1)]).return_when(FirstSuccess);
}
