#![deny(unused_must_use)]

use std::future::ready;

use rejoin::{as_completed, create_task, gather, try_gather, wait};

fn main() {
    gather([ready(1)]);
    try_gather([ready(Ok::<_, ()>(1))]);
    as_completed([ready(1)]);
    wait([ready(1)]);
    gather!(ready(1), ready(2));
    create_task(ready(1), drop);
}
