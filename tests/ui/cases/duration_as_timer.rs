use std::future::ready;
use std::time::Duration;

use rejoin::{as_completed, gather, try_gather, wait};

fn main() {
    let second = Duration::from_secs(1);
    let _ = gather([ready(1)]).timeout(second);
    let _ = try_gather([ready(Ok::<_, ()>(1))]).timeout(second);
    let _ = wait([ready(1)]).timeout(second);
    let _ = as_completed([ready(1)]).timeout(second);
}
