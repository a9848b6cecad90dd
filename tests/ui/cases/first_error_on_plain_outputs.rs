use std::future::ready;

use rejoin::{FirstError, wait};

fn main() {
    let _ = wait([ready(1)]).return_when(FirstError);
}
