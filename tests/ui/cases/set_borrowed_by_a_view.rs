use std::future::ready;

use rejoin::{FutureSet, as_completed};

async fn insert_while_borrowed() {
    let mut set: FutureSet<_> = [ready(1)].into_iter().collect();
    let mut items = as_completed(&mut set);
    set.insert(ready(2));
    items.next().await;
}

fn main() {
    drop(insert_while_borrowed());
}
