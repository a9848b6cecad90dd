use std::future::ready;

use rejoin::{FirstCompleted, gather, wait};

async fn twice() {
    let numbers = gather([ready(1)]);
    numbers.await;
    numbers.await;
}

async fn pending_twice() {
    let (_, pending) = wait([ready(1)]).return_when(FirstCompleted).await;
    let _ = wait(pending).await;
    let _ = wait(pending).await;
}

fn main() {
    drop(twice());
    drop(pending_twice());
}
