use std::future::Ready;

use rejoin::{Adder, FutureSet};

fn adder(set: &FutureSet<Ready<u8>>) -> Adder<Ready<u8>> {
    set.adder()
}

fn main() {
    drop(adder(&FutureSet::new()));
}
