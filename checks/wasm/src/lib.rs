//! Runs under node: the scenarios, then a fan-out over JavaScript's own timers, on JavaScript's own event loop.

mod event_loop;

use std::{cell::RefCell, time::Duration};

use event_loop::{report, sleep, spawn};
use rejoin::{as_completed, create_task, gather, wait};
use scenarios::SCENARIOS;

/// Called once by `run.mjs`, which then waits for `finish`.
#[unsafe(no_mangle)]
extern "C" fn start() {
    std::panic::set_hook(Box::new(|panic| report(&panic.to_string())));
    for (name, scenario) in SCENARIOS {
        scenario();
        report(name);
    }
    spawn(async {
        timers().await;
        event_loop::finish();
    });
}

async fn timers() {
    let times = [30, 10, 20].map(Duration::from_millis);

    let tasks = times.map(|time| create_task(sleep(time), spawn));
    assert!(gather(tasks).await.iter().all(Result::is_ok));
    report("gather of tasks over the event loop's timers");

    let order = RefCell::new(Vec::new());
    as_completed(times.map(async |time| {
        sleep(time).await;
        time.as_millis()
    }))
    .for_each(async |time| order.borrow_mut().push(time))
    .await;
    assert_eq!(order.into_inner(), [10, 20, 30]);
    report("as_completed over the event loop's timers");

    let slow = [10, 60_000].map(Duration::from_millis).map(sleep);
    let (done, pending) = wait(slow).timeout(sleep(Duration::from_millis(50))).await;
    assert_eq!((done.len(), pending.len()), (1, 1));
    report("wait with a timeout over the event loop's timers");
}
