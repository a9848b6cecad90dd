use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rejoin::{FirstCompleted, TaskError, as_completed, create_task, gather, try_gather, wait};

use crate::support::{LocalBoxFuture, Probe, Runtime, group, manual, panic_message, yield_now};

cases! {
    it_runs_without_being_polled,
    its_result,
    a_panic_and_its_payload,
    lost_when_the_executor_drops_it,
    abort_reaches_it_at_its_next_poll,
    a_drop_aborts,
    a_detached_one_runs_on,
    is_finished_tells,
    an_abort_after_its_end_changes_nothing,
    three_different_answers,
    tasks_are_children_of_every_view,
    dropping_a_view_aborts_its_tasks,
    a_local_task_of_a_local_future,
    a_hundred_tasks,
}

/// Waits until the future of `handle` was dropped.
async fn dropped<T>(handle: &crate::support::Handle<T>) {
    while handle.drops() == 0 {
        yield_now().await;
    }
}

async fn it_runs_without_being_polled<R: Runtime>() {
    let (started, on_start) = manual();
    let (finish, on_finish) = manual();
    let task = create_task(
        async move {
            started.complete("started");
            on_finish.await
        },
        R::spawn,
    );
    assert_eq!(on_start.await, "started");
    assert!(!task.is_finished());
    finish.complete(7);
    assert_eq!(task.await.unwrap(), 7);
}

async fn its_result<R: Runtime>() {
    assert_eq!(create_task(async { 1 }, R::spawn).await.unwrap(), 1);
    let failed = create_task(async { Err::<u8, _>("its own error") }, R::spawn).await;
    assert_eq!(
        failed.unwrap(),
        Err("its own error"),
        "an output like any other"
    );
}

async fn a_panic_and_its_payload<R: Runtime>() {
    let (child, future) = manual::<u8>();
    let task = create_task(future, R::spawn);
    child.panic("bang");
    let error = task.await.unwrap_err();
    assert!(error.is_panic() && !error.is_aborted() && !error.is_lost());
    assert_eq!(panic_message(&*error.into_panic()), "bang");
    assert_eq!(child.drops(), 1, "gone before its end is told");
}

async fn lost_when_the_executor_drops_it<R: Runtime>() {
    let (child, future) = manual::<u8>();
    let task = create_task(future, drop);
    let error = task.await.unwrap_err();
    assert!(error.is_lost() && !error.is_panic() && !error.is_aborted());
    assert_eq!((child.polls(), child.drops()), (0, 1));
}

async fn abort_reaches_it_at_its_next_poll<R: Runtime>() {
    let (child, future) = manual::<u8>();
    let task = create_task(future, R::spawn);
    while child.polls() == 0 {
        yield_now().await;
    }
    let polls = child.polls();
    task.abort();
    let error = task.await.unwrap_err();
    assert!(error.is_aborted() && !error.is_panic() && !error.is_lost());
    assert_eq!((child.polls(), child.drops()), (polls, 1));
}

async fn a_drop_aborts<R: Runtime>() {
    let (child, future) = manual::<u8>();
    drop(create_task(future, R::spawn));
    dropped(&child).await;
    assert!(child.polls() <= 1);
}

async fn a_detached_one_runs_on<R: Runtime>() {
    let (child, future) = manual::<u8>();
    let (result, on_result) = manual();
    create_task(async move { result.complete(future.await + 1) }, R::spawn).detach();
    child.complete(1);
    assert_eq!(on_result.await, 2);
}

async fn is_finished_tells<R: Runtime>() {
    let (child, future) = manual();
    let task = create_task(future, R::spawn);
    assert!(!task.is_finished());
    child.complete(1);
    while !task.is_finished() {
        yield_now().await;
    }
    assert_eq!(task.await.unwrap(), 1);
}

async fn an_abort_after_its_end_changes_nothing<R: Runtime>() {
    let task = create_task(async { 1 }, R::spawn);
    while !task.is_finished() {
        yield_now().await;
    }
    task.abort();
    assert_eq!(task.await.unwrap(), 1);
}

async fn three_different_answers<R: Runtime>() {
    let (panicking, future) = manual::<u8>();
    let panicked = create_task(future, R::spawn);
    panicking.panic("bang");
    let aborted = create_task(std::future::pending::<u8>(), R::spawn);
    aborted.abort();
    let lost = create_task(std::future::pending::<u8>(), drop);
    let errors: Vec<TaskError> = [panicked.await, aborted.await, lost.await]
        .map(Result::unwrap_err)
        .into();
    let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(messages[0] != messages[1] && messages[1] != messages[2] && messages[0] != messages[2]);
    for error in errors {
        let error: Box<dyn Error + Send + Sync> = error.into();
        assert!(error.is::<TaskError>());
        assert!(!format!("{error:?}").is_empty());
    }
}

async fn tasks_are_children_of_every_view<R: Runtime>() {
    let start = |number: u8| create_task(async move { number }, R::spawn);
    let numbers: Vec<u8> = gather((0..5).map(start))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert_eq!(
        try_gather((0..5).map(start)).await.unwrap(),
        [0, 1, 2, 3, 4]
    );
    let (done, rest) = wait((0..5).map(start)).return_when(FirstCompleted).await;
    assert_eq!(done.len() + rest.len(), 5);
    let mut items = as_completed((0..5).map(start));
    let mut sum = 0;
    while let Some(item) = items.next().await {
        sum += item.unwrap();
    }
    assert_eq!(sum, 10);
}

async fn dropping_a_view_aborts_its_tasks<R: Runtime>() {
    let (children, futures) = group::<u8>(5);
    let mut probe = Probe::new(gather(
        futures
            .into_iter()
            .map(|future| create_task(future, R::spawn)),
    ));
    probe.pending();
    drop(probe);
    for child in children.iter() {
        dropped(child).await;
    }
    assert_eq!(children.drops(), [1; 5]);
}

async fn a_local_task_of_a_local_future<R: Runtime>() {
    let queue = Rc::new(RefCell::new(Vec::<LocalBoxFuture<()>>::new()));
    let local = Rc::new(5);
    let start = |number: u8| {
        let (queue, local) = (Rc::clone(&queue), Rc::clone(&local));
        let future = async move {
            yield_now().await;
            number + *local
        };
        create_task(future, move |task| queue.borrow_mut().push(Box::pin(task)))
    };
    let tasks: Vec<_> = (0..3).map(start).collect();
    gather(queue.take()).await;
    assert!(tasks.iter().all(|task| task.is_finished()));
    assert_eq!(try_gather(tasks).await.unwrap(), [5, 6, 7]);
}

async fn a_hundred_tasks<R: Runtime>() {
    let running = Arc::<AtomicUsize>::default();
    let tasks = (0..100).map(|number| {
        let running = Arc::clone(&running);
        create_task(
            async move {
                running.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
                number
            },
            R::spawn,
        )
    });
    assert_eq!(
        try_gather(tasks).await.unwrap(),
        (0..100).collect::<Vec<_>>()
    );
    assert_eq!(running.load(Ordering::Relaxed), 100);
}
