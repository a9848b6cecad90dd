//! The runs.

use std::pin::pin;
use std::time::Duration;

use rejoin::{FirstCompleted, FutureSet, as_completed, gather, wait};
use tokio::time::sleep;

use crate::log::{Log, Run};

const CALLS: [(&str, u64); 6] = [
    ("a", 300),
    ("b", 100),
    ("c", 450),
    ("d", 200),
    ("e", 350),
    ("f", 150),
];

fn calls(log: &Log) -> impl Iterator<Item = impl Future<Output = usize>> {
    CALLS
        .into_iter()
        .map(|(name, millis)| log.call(name, millis, None))
}

pub async fn one_by_one() -> Run {
    let log = Log::begin();
    for call in calls(&log) {
        log.in_hand(call.await);
    }
    log.end("one by one", "for call in calls { call.await; }", false)
}

pub async fn gathered() -> Run {
    let log = Log::begin();
    for number in gather(calls(&log)).await {
        log.in_hand(number);
    }
    log.end(
        "gather: all of them, in the order of the calls",
        "let outputs = gather(calls).await;",
        false,
    )
}

pub async fn as_they_complete() -> Run {
    let log = Log::begin();
    let mut outputs = as_completed(calls(&log));
    while let Some(number) = outputs.next().await {
        log.in_hand(number);
    }
    log.end(
        "as_completed: each one as soon as it is done",
        "while let Some(output) = outputs.next().await { … }",
        false,
    )
}

pub async fn waited() -> Run {
    let log = Log::begin();
    let deadline = sleep(Duration::from_millis(250));
    let (done, _pending) = wait(calls(&log)).timeout(deadline).await;
    for completed in done {
        log.in_hand(completed.output);
    }
    log.end(
        "wait: what is done, and the rest to go on with",
        "let (done, pending) = wait(calls).timeout(sleep(250 ms)).await;",
        true,
    )
}

/// What a page links to, and how long it takes to come.
fn page(name: &str) -> (u64, &'static [&'static str]) {
    match name {
        "/" => (90, &["/guide", "/news"]),
        "/guide" => (140, &["/guide/start", "/guide/wait"]),
        "/news" => (60, &["/news/today", "/news/archive"]),
        "/news/today" => (110, &["/people"]),
        "/news/archive" => (450, &[]),
        "/guide/start" => (80, &[]),
        "/guide/wait" => (160, &["/reference"]),
        "/people" => (140, &[]),
        _ => (200, &[]),
    }
}

pub async fn growing() -> Run {
    let log = Log::begin();
    let fetch = async |name: &'static str, parent| {
        let (millis, links) = page(name);
        (log.call(name, millis, parent).await, links)
    };
    let mut deadline = pin!(sleep(Duration::from_millis(450)));
    let mut set = FutureSet::new();
    set.insert(fetch("/", None));
    loop {
        let waiting = wait(&mut set).return_when(FirstCompleted);
        let (done, _) = waiting.timeout(deadline.as_mut()).await;
        if done.is_empty() {
            break;
        }
        for completed in done {
            let (number, links) = completed.output;
            log.in_hand(number);
            set.extend(links.iter().map(|link| fetch(link, Some(number))));
        }
    }
    log.end(
        "wait in a loop: each page that arrives adds the pages it links to, until time is up",
        "wait(&mut set).return_when(FirstCompleted).timeout(deadline.as_mut()).await",
        true,
    )
}
