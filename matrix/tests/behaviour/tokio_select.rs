//! What `tokio::select!` interrupts and drops has taken nothing.

use std::collections::BTreeSet;

use rejoin::{AtLeast, FirstCompleted, FutureSet, as_completed, gather, try_gather, wait};
use tokio::task::yield_now;

type Child = std::pin::Pin<Box<dyn Future<Output = Result<usize, usize>>>>;

const MANY: usize = 200;

/// In turn a success and a failure. Eight are ready at a time, and for a few turns nobody is.
fn child(number: usize) -> Child {
    Box::pin(async move {
        for _ in 0..number / 8 * 4 {
            yield_now().await;
        }
        if number.is_multiple_of(2) {
            Ok(number)
        } else {
            Err(number)
        }
    })
}

/// Calls `claim` until it has given all outputs, and drops what it returned again and again before it is ready.
async fn interrupted(
    mut claim: impl AsyncFnMut(&mut FutureSet<Child>) -> Vec<Result<usize, usize>>,
) {
    let mut set: FutureSet<Child> = (0..MANY).map(child).collect();
    let mut claimed = BTreeSet::new();
    let mut interruptions = 0;
    while !set.is_empty() {
        tokio::select! {
            biased;
            outputs = claim(&mut set) => {
                for output in outputs {
                    let (Ok(number) | Err(number)) = output;
                    assert!(claimed.insert(number), "{number} came twice");
                }
            }
            () = yield_now() => interruptions += 1,
        }
    }
    assert!(claimed.into_iter().eq(0..MANY));
    assert_ne!(interruptions, 0);
}

fn outputs<T>(done: Vec<rejoin::Completed<T>>) -> Vec<T> {
    done.into_iter().map(|completed| completed.output).collect()
}

#[tokio::test]
async fn next_of_a_set() {
    interrupted(async |set| outputs(set.next().await.into_iter().collect())).await;
}

#[tokio::test]
async fn next_of_as_completed() {
    interrupted(async |set| as_completed(set).next().await.into_iter().collect()).await;
}

#[tokio::test]
async fn next_of_one_stream_from_start_to_end() {
    let mut items = as_completed((0..MANY).map(child)).keyed();
    let mut claimed = BTreeSet::new();
    let mut interruptions = 0;
    loop {
        tokio::select! {
            biased;
            item = items.next() => match item {
                Some(item) => assert!(claimed.insert(item.key.index())),
                None => break,
            },
            () = yield_now() => interruptions += 1,
        }
    }
    assert!(claimed.into_iter().eq(0..MANY));
    assert_ne!(interruptions, 0);
}

#[tokio::test]
async fn gather_of_a_set() {
    interrupted(async |set| gather(set).await).await;
}

#[tokio::test]
async fn try_gather_of_a_set() {
    interrupted(async |set| match try_gather(set).await {
        Ok(outputs) => outputs.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    })
    .await;
}

#[tokio::test]
async fn wait_for_a_set() {
    interrupted(async |set| outputs(wait(set).return_when(FirstCompleted).await.0)).await;
    interrupted(async |set| outputs(wait(set).return_when(AtLeast(3)).await.0)).await;
    interrupted(async |set| outputs(wait(set).await.0)).await;
}

#[tokio::test]
async fn drive_while_of_a_set() {
    interrupted(async |set| {
        set.drive_while(yield_now()).await;
        outputs(wait(set).return_when(FirstCompleted).await.0)
    })
    .await;
}

#[tokio::test]
async fn a_view_by_reference_goes_on() {
    let mut view = gather((0..MANY).map(child));
    let mut interruptions = 0;
    let outputs = loop {
        tokio::select! {
            biased;
            outputs = &mut view => break outputs,
            () = yield_now() => interruptions += 1,
        }
    };
    assert_eq!(outputs.len(), MANY);
    assert_ne!(interruptions, 0);
}
