//! What only one runtime does.

use std::cell::Cell;
use std::future::pending;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use rejoin::{Task, as_completed, create_task, gather, try_gather};
use tokio::sync::mpsc;

use crate::support::{Probe, group, manual};

/// A task that is lost because its executor is gone, which `shut_down` sees to.
fn lost_with_its_executor(
    start: impl FnOnce(crate::support::Manual<u8>) -> Task<u8>,
    shut_down: impl FnOnce(),
) {
    let (child, future) = manual();
    let mut probe = Probe::new(start(future));
    probe.pending();
    shut_down();
    assert_eq!(probe.wakes(), 1);
    let error = probe.ready().unwrap_err();
    assert!(error.is_lost() && !error.is_aborted() && !error.is_panic());
    assert_eq!(child.drops(), 1);
}

#[test]
fn a_tokio_runtime_that_shuts_down_loses_its_tasks() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    lost_with_its_executor(
        |future| {
            create_task(future, move |task| {
                handle.spawn(task);
            })
        },
        move || drop(runtime),
    );
}

#[test]
fn a_smol_executor_that_is_dropped_loses_its_tasks() {
    let executor = Rc::new(smol::Executor::new());
    let on_executor = Rc::clone(&executor);
    lost_with_its_executor(
        |future| create_task(future, move |task| on_executor.spawn(task).detach()),
        move || drop(Rc::into_inner(executor).expect("the closure is gone")),
    );
}

#[test]
fn an_async_std_task_that_is_cancelled_is_lost() {
    let (started, on_start) = manual();
    let (child, future) = manual::<u8>();
    let handle = Rc::new(Cell::new(None));
    let keeps = Rc::clone(&handle);
    let task = create_task(
        async move {
            started.complete(());
            future.await
        },
        move |task| keeps.set(Some(async_std::task::spawn(task))),
    );
    async_std::task::block_on(async {
        on_start.await;
        handle.take().unwrap().cancel().await;
        assert!(task.await.unwrap_err().is_lost());
    });
    assert_eq!(child.drops(), 1);
}

#[test]
fn tasks_outlive_the_view_of_another_runtime() {
    let background = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let start = |number: u8| {
        create_task(async move { number }, |task| {
            background.spawn(task);
        })
    };
    assert_eq!(
        smol::block_on(try_gather((0..10).map(start))).unwrap(),
        (0..10).collect::<Vec<_>>()
    );
}

#[test]
fn a_local_set_runs_tasks_that_stay_here() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    let number = Rc::new(5);
    let start = |add: u8| {
        let number = Rc::clone(&number);
        create_task(async move { *number + add }, |task| {
            tokio::task::spawn_local(task);
        })
    };
    let numbers = local.block_on(&runtime, async { try_gather((0..3).map(start)).await });
    assert_eq!(numbers.unwrap(), [5, 6, 7]);
}

/// Tokio sends a task away, woken, after 128 successful operations in one poll of it. A peer that polls everybody again for that
/// is quadratic.
#[tokio::test]
async fn the_cooperative_budget_of_tokio_costs_no_quadratic_polls() {
    const COUNT: usize = 10_000;
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..COUNT).map(|_| mpsc::unbounded_channel()).unzip();
    for (number, sender) in senders.iter().enumerate() {
        sender.send(number).unwrap();
    }
    let polls = Rc::<Cell<usize>>::default();
    let children = receivers
        .into_iter()
        .map(|mut receiver: mpsc::UnboundedReceiver<usize>| {
            let polls = Rc::clone(&polls);
            std::future::poll_fn(move |cx| {
                polls.set(polls.get() + 1);
                receiver.poll_recv(cx)
            })
        });
    let numbers = gather(children).await;
    assert!(numbers.into_iter().map(Option::unwrap).eq(0..COUNT));
    assert!(polls.get() < 4 * COUNT, "{} polls", polls.get());
}

#[tokio::test]
async fn a_view_of_ready_receivers_lets_its_neighbour_run() {
    let turns = Rc::<Cell<usize>>::default();
    let neighbour = async {
        loop {
            turns.set(turns.get() + 1);
            tokio::task::yield_now().await;
        }
    };
    let (sender, mut receiver) = mpsc::unbounded_channel();
    for number in 0..10_000 {
        sender.send(number).unwrap();
    }
    let mut view = as_completed([async {
        for _ in 0..10_000 {
            receiver.recv().await.unwrap();
        }
    }]);
    tokio::select! {
        biased;
        item = view.next() => assert_eq!(item, Some(())),
        () = neighbour => unreachable!(),
    }
    assert!(turns.get() > 10, "{} turns", turns.get());
}

/// Paused time goes on only when everybody is idle: a view that kept its task busy would stand still.
#[tokio::test(start_paused = true)]
async fn paused_time_goes_on_while_a_view_waits() {
    let second = std::time::Duration::from_secs(1);
    let (children, futures) = group::<u8>(3);
    let late = gather(futures)
        .timeout(tokio::time::sleep(1000 * second))
        .await
        .unwrap_err();
    assert_eq!(children.polls(), [1; 3]);
    let mut never = pin!(gather([pending::<()>()]));
    let polled =
        std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut never).poll(cx).is_pending())).await;
    assert!(polled);
    assert_eq!((late.finished(), late.total()), (0, 3));
}
