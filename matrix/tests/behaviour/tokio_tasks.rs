//! tokio's own handles as children, local tasks, and runtimes within runtimes.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use matrix::support::{self, group};
use rejoin::{FirstCompleted, create_task, gather, try_gather, wait};
use tokio::runtime::Handle;
use tokio::task::{LocalSet, block_in_place, spawn_blocking, spawn_local, yield_now};

#[tokio::test]
async fn blocking_calls_are_children() {
    let squares = try_gather((0..50).map(|n| spawn_blocking(move || n * n))).await;
    assert!(squares.unwrap().into_iter().eq((0..50).map(|n| n * n)));
}

#[tokio::test]
async fn a_blocking_call_that_is_not_done_is_handed_back() {
    let (open, gate) = mpsc::channel();
    let slow = spawn_blocking(move || gate.recv().unwrap());
    let quick = spawn_blocking(|| 1);
    let (done, pending) = wait([slow, quick]).return_when(FirstCompleted).await;
    assert_eq!((done.len(), done[0].key.index(), pending.len()), (1, 1, 1));
    open.send(2).unwrap();
    assert_eq!(try_gather(pending).await.unwrap(), [2]);
}

#[tokio::test]
async fn a_panic_of_a_handle_is_an_output() {
    let results = gather([
        tokio::spawn(async { 1 }),
        tokio::spawn(async { panic!("a panic of its own task") }),
    ])
    .await;
    assert_eq!(results[0].as_ref().unwrap(), &1);
    assert!(results[1].as_ref().unwrap_err().is_panic());
}

#[tokio::test]
async fn handles_run_on_when_their_view_is_dropped() {
    let (children, futures) = group::<u8>(3);
    drop(gather(futures.into_iter().map(tokio::spawn)));
    for child in children.iter() {
        child.complete(1);
        while child.drops() == 0 {
            yield_now().await;
        }
        assert_ne!(child.polls(), 0);
    }
}

#[tokio::test]
async fn aborted_handles_are_outputs() {
    let handles: Vec<_> = (0..3)
        .map(|_| tokio::spawn(std::future::pending::<()>()))
        .collect();
    handles[1].abort();
    let (done, pending) = wait(handles).return_when(FirstCompleted).await;
    assert!(done[0].output.as_ref().unwrap_err().is_cancelled());
    assert_eq!((done[0].key.index(), pending.len()), (1, 2));
}

#[tokio::test]
async fn local_children_on_a_local_set() {
    let count = Rc::new(Cell::new(0));
    let child = || {
        let count = Rc::clone(&count);
        async move {
            yield_now().await;
            count.set(count.get() + 1);
        }
    };
    LocalSet::new()
        .run_until(async {
            gather((0..10).map(|_| child())).await;
            let tasks = (0..10).map(|_| create_task(child(), spawn_local));
            try_gather(tasks).await.unwrap();
            try_gather((0..10).map(|_| spawn_local(child())))
                .await
                .unwrap();
        })
        .await;
    assert_eq!(count.get(), 30);
}

/// Children of two reactors and of none.
async fn mixed() -> Vec<u8> {
    let nap = Duration::from_millis(1);
    let children: [matrix::LocalBoxFuture<u8>; 3] = [
        Box::pin(async move {
            tokio::time::sleep(nap).await;
            0
        }),
        Box::pin(async move {
            smol::Timer::after(nap).await;
            1
        }),
        Box::pin(async move {
            yield_now().await;
            2
        }),
    ];
    gather(children).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_executor_inside_of_a_task() {
    let inside = || {
        (
            smol::block_on(mixed()),
            pollster::block_on(mixed()),
            async_std::task::block_on(mixed()),
            futures_executor::block_on(mixed()),
        )
    };
    let all = || (vec![0, 1, 2], vec![0, 1, 2], vec![0, 1, 2], vec![0, 1, 2]);
    let task = tokio::spawn(async move { block_in_place(inside) });
    assert_eq!(task.await.unwrap(), all());
    let handle = Handle::current();
    let blocking = spawn_blocking(move || {
        let _entered = handle.enter();
        inside()
    });
    assert_eq!(blocking.await.unwrap(), all());
}

#[test]
fn a_runtime_inside_of_a_child() {
    let child = |name: &'static str| async move {
        // It blocks its thread, as nested executors do, and every level has its own wakers.
        let inner = gather(["a", "b"].map(|inner| async move {
            support::yield_now().await;
            format!("{name}{inner}")
        }));
        pollster::block_on(inner)
    };
    let outer = smol::block_on(gather([child("x"), child("y")]));
    assert_eq!(outer, [["xa", "xb"], ["ya", "yb"]]);
}
