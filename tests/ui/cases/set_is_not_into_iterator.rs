use std::future::{Ready, ready};

use rejoin::FutureSet;

fn main() {
    let set: FutureSet<Ready<u8>> = [ready(1)].into_iter().collect();
    for future in set {
        drop(future);
    }
}
