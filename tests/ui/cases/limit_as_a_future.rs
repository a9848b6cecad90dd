use std::future::ready;

use rejoin::limit;

async fn limited() {
    let _ = limit(2, [ready(1)]).await;
}

fn main() {
    drop(limited());
}
