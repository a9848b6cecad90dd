//! The handles of smol and async-std as children, and executors of one thread.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use async_executor::LocalExecutor;
use futures_executor::LocalPool;
use futures_util::task::LocalSpawnExt;
use matrix::support::{group, manual, yield_now};
use rejoin::{
    AtLeast, FirstCompleted, FutureSet, as_completed, create_task, gather, try_gather, wait,
};

#[test]
fn a_smol_task_is_cancelled_when_its_view_is_dropped() {
    smol::block_on(async {
        let (children, futures) = group::<u8>(4);
        let tasks: Vec<_> = futures.into_iter().map(smol::spawn).collect();
        children[0].complete(7);
        let (done, pending) = wait(tasks).return_when(FirstCompleted).await;
        assert_eq!((done[0].output, pending.len()), (7, 3));
        drop(pending);
        for child in children.iter() {
            while child.drops() == 0 {
                yield_now().await;
            }
        }
    });
}

#[test]
fn a_detached_smol_task_runs_on() {
    smol::block_on(async {
        let (child, future) = manual();
        let (result, on_result) = manual();
        let mut set = FutureSet::new();
        let key = set.insert(smol::spawn(async move { result.complete(future.await) }));
        let (done, _) = wait(&mut set).return_when(AtLeast(0)).await;
        assert!(done.is_empty());
        set.remove(key).unwrap().detach();
        child.complete(5);
        assert_eq!(on_result.await, 5);
    });
}

#[test]
fn a_cancelled_smol_task_says_so() {
    smol::block_on(async {
        let (child, future) = manual::<u8>();
        let quick = smol::spawn(async { 1 });
        let slow = smol::spawn(future);
        let mut tasks = vec![quick.fallible(), slow.fallible()];
        let cancelled = tasks.pop().unwrap();
        assert_eq!(cancelled.cancel().await, None);
        assert_eq!(child.drops(), 1);
        assert_eq!(gather(tasks).await, [Some(1)]);
    });
}

#[test]
fn an_async_std_task_runs_on_when_its_view_is_dropped() {
    async_std::task::block_on(async {
        let (child, future) = manual();
        let (result, on_result) = manual();
        let task = async_std::task::spawn(async move { result.complete(future.await) });
        drop(gather([task]));
        child.complete(5);
        assert_eq!(on_result.await, 5);
    });
}

#[test]
fn an_async_std_task_is_cancelled_by_its_handle() {
    async_std::task::block_on(async {
        let (children, futures) = group::<u8>(2);
        let mut set = FutureSet::new();
        let keys: Vec<_> = futures
            .into_iter()
            .map(|future| set.insert(async_std::task::spawn(future)))
            .collect();
        assert_eq!(set.remove(keys[0]).unwrap().cancel().await, None);
        assert_eq!(children[0].drops(), 1);
        children[1].complete(3);
        assert_eq!(gather(set).await, [3]);
    });
}

#[test]
fn async_stds_own_timeout_loses_nothing_of_a_borrowed_set() {
    async_std::task::block_on(async {
        let (children, futures) = group(2);
        let mut set: FutureSet<_> = futures.into_iter().collect();
        children[1].complete(1);
        let nap = Duration::from_millis(1);
        let late = async_std::future::timeout(nap, gather(&mut set)).await;
        assert!(late.is_err());
        children[0].complete(0);
        assert_eq!(gather(&mut set).await, [0, 1]);
    });
}

/// Adds one to `count`, after a turn.
async fn local_child(count: Rc<Cell<usize>>) {
    yield_now().await;
    count.set(count.get() + 1);
}

#[test]
fn local_children_on_a_local_executor() {
    let count = Rc::new(Cell::new(0));
    let executor = LocalExecutor::new();
    let child = || local_child(Rc::clone(&count));
    let view = async {
        gather((0..10).map(|_| child())).await;
        gather((0..10).map(|_| executor.spawn(child()))).await;
        let tasks = (0..10).map(|_| create_task(child(), |task| executor.spawn(task).detach()));
        try_gather(tasks).await.unwrap();
    };
    futures_executor::block_on(executor.run(view));
    assert_eq!(count.get(), 30);
}

#[test]
fn local_children_on_a_local_pool() {
    let count = Rc::new(Cell::new(0));
    let mut pool = LocalPool::new();
    let spawner = pool.spawner();
    let tasks = (0..10).map(|_| {
        create_task(local_child(Rc::clone(&count)), |task| {
            spawner.spawn_local(task).unwrap();
        })
    });
    let mut items = as_completed(tasks);
    pool.run_until(async {
        while let Some(result) = items.next().await {
            result.unwrap();
        }
    });
    assert_eq!(count.get(), 10);
}
