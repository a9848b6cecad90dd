use std::future::ready;

use rejoin::try_gather;

async fn numbers() {
    let _ = try_gather([ready(1)]).await;
}

fn main() {
    drop(numbers());
}
