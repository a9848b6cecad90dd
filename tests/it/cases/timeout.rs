use std::error::Error;
use std::future::{Ready, pending, ready};
use std::time::Duration;

use rejoin::{
    AllCompleted, AtLeast, Completed, FirstCompleted, FirstError, FutureSet, ReturnWhen, TimedOut,
    as_completed, gather, try_gather, wait,
};

use crate::support::{Clock, Manual, Probe, Runtime, group, manual};

cases! {
    the_table_of_wait,
    a_child_ready_in_the_tick_of_the_deadline_has_made_it,
    ready_children_against_an_expired_timer_are_delivered,
    pending_children_against_an_expired_timer_are_handed_back,
    a_late_gather_goes_on_and_loses_nothing,
    a_late_gather_of_a_borrowed_set_leaves_all_in_it,
    try_gather_is_nested,
    wait_with_one_done_and_one_pending,
    wait_tells_what_was_already_done,
    an_unused_timer_is_harmless,
    the_timer_wakes_the_view,
    the_output_of_the_timer_is_ignored,
    dropping_the_view_drops_its_timer,
    dropping_what_was_late_drops_its_children,
    builder_methods_in_either_order,
    the_message_counts,
    without_set_goes_anywhere,
    timers_of_the_runtime,
}

type Outcome = Result<&'static str, &'static str>;

/// What is done, and when, for one condition and one timeout of rule 34's table.
fn cell<C: ReturnWhen<Outcome>>(condition: C, timeout: Option<u64>) -> (Vec<&'static str>, u64) {
    let clock = Clock::new();
    let child = |at: u64, outcome: Outcome| {
        let timer = clock.at(at);
        async move {
            timer.await;
            outcome
        }
    };
    let children = [
        child(150, Ok("slow")),
        child(40, Err("bad")),
        child(20, Ok("ok")),
    ];
    let view = wait(children).return_when(condition);
    let (done, rest) = match timeout {
        Some(at) => clock.run(view.timeout(clock.at(at))),
        None => clock.run(view),
    };
    assert_eq!(done.len() + rest.len(), 3);
    let names = done
        .into_iter()
        .map(|Completed { output, .. }| output.unwrap_or_else(|error| error))
        .collect();
    (names, clock.now())
}

async fn the_table_of_wait<R: Runtime>() {
    let nobody: Vec<&str> = vec![];
    assert_eq!(cell(FirstCompleted, Some(10)), (nobody.clone(), 10));
    assert_eq!(cell(FirstCompleted, Some(30)), (vec!["ok"], 20));
    assert_eq!(cell(FirstCompleted, Some(100)), (vec!["ok"], 20));
    assert_eq!(cell(FirstCompleted, None), (vec!["ok"], 20));

    assert_eq!(cell(FirstError, Some(10)), (nobody.clone(), 10));
    assert_eq!(cell(FirstError, Some(30)), (vec!["ok"], 30));
    assert_eq!(cell(FirstError, Some(100)), (vec!["ok", "bad"], 40));
    assert_eq!(cell(FirstError, None), (vec!["ok", "bad"], 40));

    assert_eq!(cell(AllCompleted, Some(10)), (nobody, 10));
    assert_eq!(cell(AllCompleted, Some(30)), (vec!["ok"], 30));
    assert_eq!(cell(AllCompleted, Some(100)), (vec!["ok", "bad"], 100));
    assert_eq!(cell(AllCompleted, None), (vec!["ok", "bad", "slow"], 150));
}

async fn a_child_ready_in_the_tick_of_the_deadline_has_made_it<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (child, future) = manual();
    let mut probe = Probe::new(gather([future]).timeout(deadline));
    probe.pending();
    timer.complete(());
    child.complete(1);
    assert_eq!(probe.ready().unwrap(), [1]);

    let (timer, deadline) = manual::<()>();
    let (child, future) = manual::<Result<u8, u8>>();
    let mut probe = Probe::new(try_gather([future]).timeout(deadline));
    probe.pending();
    timer.complete(());
    child.complete(Err(1));
    assert_eq!(probe.ready().unwrap(), Err(1));

    let (timer, deadline) = manual::<()>();
    let (children, futures) = group(2);
    let mut probe = Probe::new(wait(futures).timeout(deadline));
    probe.pending();
    timer.complete(());
    children[1].complete(1);
    let (done, rest) = probe.ready();
    assert_eq!((done.len(), done[0].output, rest.len()), (1, 1, 1));

    let (timer, deadline) = manual::<()>();
    let (child, future) = manual();
    let mut probe = Probe::new(as_completed([future]).timeout(deadline));
    probe.next_pending();
    timer.complete(());
    child.complete(1);
    assert_eq!(probe.next_ready().unwrap().unwrap(), 1);
    assert!(probe.next_ready().is_none());
}

async fn ready_children_against_an_expired_timer_are_delivered<R: Runtime>() {
    let numbers = || (0..3).map(ready);
    assert_eq!(
        gather(numbers()).timeout(ready(())).await.unwrap(),
        [0, 1, 2]
    );
    let oks = numbers().map(|number| async { Ok::<_, ()>(number.await) });
    assert_eq!(
        try_gather(oks).timeout(ready(())).await.unwrap(),
        Ok(vec![0, 1, 2])
    );
    let (done, rest) = wait(numbers()).timeout(ready(())).await;
    assert_eq!((done.len(), rest.len()), (3, 0));
    let mut view = as_completed(numbers()).timeout(ready(()));
    for number in 0..3 {
        assert_eq!(view.next().await.unwrap().unwrap(), number);
    }
    assert!(view.next().await.is_none());
}

async fn pending_children_against_an_expired_timer_are_handed_back<R: Runtime>() {
    let (children, futures) = group::<u8>(2);
    let late = Probe::new(gather(futures).timeout(ready(())))
        .ready()
        .unwrap_err();
    assert_eq!(children.polls(), [1, 1], "children first");
    assert_eq!(children.drops(), [0, 0]);
    let set: FutureSet<Manual<u8>> = late.into_set();
    assert_eq!(set.len(), 2);
    drop(set);
    assert_eq!(children.drops(), [1, 1]);

    let (children, futures) = group::<u8>(2);
    let (done, rest) = Probe::new(wait(futures).timeout(ready(()))).ready();
    assert_eq!((done.len(), rest.len()), (0, 2));
    assert_eq!(children.polls(), [1, 1]);
    drop(rest);
    assert_eq!(children.drops(), [1, 1]);
}

async fn a_late_gather_goes_on_and_loses_nothing<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (children, futures) = group(5);
    let mut probe = Probe::new(gather(futures).timeout(deadline));
    probe.pending();
    children[3].complete(3);
    probe.pending();
    timer.complete(());
    children[0].complete(0);
    let late = probe.ready().unwrap_err();
    assert_eq!((late.finished(), late.total()), (2, 5));
    let set = late.into_set();
    assert_eq!(set.len(), 5, "three in flight and two unclaimed");
    assert_eq!(children.drops(), [1, 0, 0, 1, 0]);

    let (timer, deadline) = manual::<()>();
    let mut probe = Probe::new(gather(set).timeout(deadline));
    probe.pending();
    assert_eq!(children.polls(), [2, 1, 1, 2, 1], "nobody was woken");
    children[4].complete(4);
    timer.complete(());
    let late = probe.ready().unwrap_err();
    assert_eq!((late.finished(), late.total()), (3, 5));

    let mut probe = Probe::new(gather(late.into_set()));
    probe.pending();
    children[2].complete(2);
    children[1].complete(1);
    assert_eq!(probe.ready(), [0, 1, 2, 3, 4]);
    assert_eq!(children.polls(), [2; 5]);
    for child in children.iter() {
        let addresses = child.addresses();
        assert!(
            addresses.iter().all(|address| *address == addresses[0]),
            "places are kept"
        );
    }
}

async fn a_late_gather_of_a_borrowed_set_leaves_all_in_it<R: Runtime>() {
    let (children, futures) = group(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(gather(&mut set).timeout(ready(())));
    let late = probe.ready().unwrap_err();
    let back: &mut FutureSet<Manual<u8>> = late.into_set();
    assert_eq!(back.len(), 3);
    drop(probe);
    children[2].complete(2);
    children[1].complete(1);
    children[0].complete(0);
    assert_eq!(gather(&mut set).await, [0, 1, 2]);
}

async fn try_gather_is_nested<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(3);
    let (timer, deadline) = manual::<()>();
    let mut probe = Probe::new(try_gather(futures).timeout(deadline));
    probe.pending();
    children[2].complete(Ok(2));
    timer.complete(());
    let late: TimedOut<FutureSet<Manual<Result<u8, &str>>>> = probe.ready().unwrap_err();
    assert_eq!((late.finished(), late.total()), (1, 3));

    let mut probe = Probe::new(try_gather(late.into_set()).timeout(pending::<()>()));
    probe.pending();
    children[1].complete(Err("bad"));
    assert_eq!(probe.ready().unwrap(), Err("bad"));
    assert_eq!(children.drops(), [1; 3]);
    assert_eq!(
        try_gather([ready(Ok::<_, ()>(1))])
            .timeout(ready(()))
            .await
            .unwrap(),
        Ok(vec![1])
    );
}

async fn wait_with_one_done_and_one_pending<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (children, futures) = group(2);
    let mut probe = Probe::new(wait(futures).timeout(deadline));
    probe.pending();
    children[1].complete(1);
    probe.pending();
    timer.complete(());
    let (done, rest) = probe.ready();
    assert_eq!((done.len(), done[0].output), (1, 1));
    assert_eq!(rest.len(), 1);
    assert_eq!(children.polls(), [1, 2]);
}

async fn wait_tells_what_was_already_done<R: Runtime>() {
    let (children, futures) = group(4);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    children[3].complete(3);
    probe.pending();
    drop(probe);
    children[1].complete(1);
    let (done, rest) = Probe::new(wait(set).timeout(ready(()))).ready();
    assert_eq!(done.iter().map(|c| c.output).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(rest.len(), 2);
    let (done, rest) = Probe::new(wait(rest).timeout(ready(()))).ready();
    assert_eq!((done.len(), rest.len()), (0, 2));
}

async fn an_unused_timer_is_harmless<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let mut view = as_completed((0..2).map(ready)).timeout(deadline);
    assert_eq!(view.next().await.unwrap().unwrap(), 0);
    assert_eq!(view.next().await.unwrap().unwrap(), 1);
    assert!(view.next().await.is_none());
    timer.complete(());
    assert!(view.next().await.is_none());
    drop(view);
    assert_eq!(timer.drops(), 1);

    let (timer, deadline) = manual::<()>();
    let mut probe = Probe::new(gather([ready(1)]).timeout(deadline));
    assert_eq!(probe.ready().unwrap(), [1]);
    timer.complete(());
    assert_eq!(probe.wakes(), 0);
}

async fn the_timer_wakes_the_view<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (_children, futures) = group::<u8>(2);
    let mut probe = Probe::new(wait(futures).timeout(deadline));
    probe.pending();
    timer.wake();
    assert_eq!(probe.wakes(), 1);
    probe.pending();
    assert_eq!(timer.polls(), 2);
    timer.complete(());
    assert_eq!(probe.wakes(), 2);
    assert_eq!(probe.ready().1.len(), 2);
}

async fn the_output_of_the_timer_is_ignored<R: Runtime>() {
    let late = gather([pending::<u8>()]).timeout(ready("whatever")).await;
    assert!(late.is_err());
    let (done, rest) = wait([pending::<u8>()])
        .timeout(async { Err::<(), _>("whatever") })
        .await;
    assert_eq!((done.len(), rest.len()), (0, 1));
}

async fn dropping_the_view_drops_its_timer<R: Runtime>() {
    let (timer, deadline) = manual::<()>();
    let (children, futures) = group::<u8>(2);
    let mut probe = Probe::new(gather(futures).timeout(deadline));
    probe.pending();
    drop(probe);
    assert_eq!(timer.drops(), 1);
    assert_eq!(children.drops(), [1, 1]);
    let addresses = timer.addresses();
    assert_eq!(addresses[0], addresses[1], "a timer is pinned too");

    let (timer, deadline) = manual::<()>();
    drop(as_completed([pending::<u8>()]).timeout(deadline));
    assert_eq!((timer.polls(), timer.drops()), (0, 1));
}

async fn dropping_what_was_late_drops_its_children<R: Runtime>() {
    let (children, futures) = group::<u8>(3);
    children[1].complete_silently(1);
    let mut probe = Probe::new(gather(futures).timeout(ready(())));
    let late = probe.ready();
    assert_eq!(children.drops(), [0, 1, 0]);
    drop(late);
    assert_eq!(children.drops(), [1, 1, 1]);
}

async fn builder_methods_in_either_order<R: Runtime>() {
    let (children, futures) = group(2);
    children[1].complete_silently('b');
    let mut probe = Probe::new(as_completed(futures).keyed().timeout(ready(())));
    let Completed { key, output } = probe.next_ready().unwrap().unwrap();
    assert_eq!((key.index(), output), (1, 'b'));
    assert!(probe.next_ready().unwrap().is_err());

    let (children, futures) = group(2);
    children[1].complete_silently('b');
    let mut probe = Probe::new(as_completed(futures).timeout(ready(())).keyed());
    let Completed { key, output } = probe.next_ready().unwrap().unwrap();
    assert_eq!((key.index(), output), (1, 'b'));
    assert!(probe.next_ready().unwrap().is_err());

    let numbers = || (0..3).map(ready);
    let (done, rest) = wait(numbers())
        .return_when(AtLeast(1))
        .timeout(pending::<()>())
        .await;
    assert_eq!((done.len(), rest.len()), (3, 0));
    let (done, rest) = wait(numbers())
        .timeout(pending::<()>())
        .return_when(AtLeast(1))
        .await;
    assert_eq!((done.len(), rest.len()), (3, 0));
    let (done, rest) = wait([pending::<u8>()])
        .timeout(ready(()))
        .return_when(AtLeast(1))
        .await;
    assert_eq!((done.len(), rest.len()), (0, 1));
}

async fn the_message_counts<R: Runtime>() {
    let (children, futures) = group::<u8>(4);
    children[0].complete_silently(0);
    children[3].complete_silently(3);
    let late = Probe::new(gather(futures).timeout(ready(())))
        .ready()
        .unwrap_err();
    assert_eq!(late.to_string(), "timed out with 2 of 4 finished");
    let plain = late.without_set();
    assert_eq!(plain.to_string(), "timed out with 2 of 4 finished");
    assert_eq!((plain.finished(), plain.total()), (2, 4));

    let (children, futures) = group::<u8>(5);
    let mut set = FutureSet::new();
    let keys: Vec<_> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    set.cancel(keys[1]);
    children[0].complete_silently(0);
    children[2].complete_silently(2);
    assert_eq!(Probe::new(set.next()).ready().map(|c| c.output), Some(0));
    let late = Probe::new(gather(&mut set).timeout(ready(())))
        .ready()
        .unwrap_err();
    let counts = (late.finished(), late.total());
    assert_eq!(
        counts,
        (2, 4),
        "claimed ones are finished, a cancelled one is in neither number"
    );
}

async fn without_set_goes_anywhere<R: Runtime>() {
    async fn all(futures: Vec<Manual<u8>>) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(gather(futures)
            .timeout(ready(()))
            .await
            .map_err(TimedOut::without_set)?)
    }
    let (children, futures) = group(2);
    let error = all(futures).await.unwrap_err();
    assert!(error.is::<TimedOut>());
    assert_eq!(children.drops(), [1, 1]);

    let with_set = gather(vec![pending::<u8>()])
        .timeout(ready(()))
        .await
        .unwrap_err();
    let error: &dyn Error = &with_set;
    assert!(error.source().is_none());
}

async fn timers_of_the_runtime<R: Runtime>() {
    let nap = || R::sleep(Duration::from_millis(1));
    assert!(gather([pending::<u8>()]).timeout(nap()).await.is_err());
    let (done, rest) = wait([pending::<u8>()]).timeout(nap()).await;
    assert_eq!((done.len(), rest.len()), (0, 1));
    let mut view = as_completed([pending::<u8>()]).timeout(nap());
    assert!(view.next().await.unwrap().is_err());
    assert!(view.next().await.is_none());
    let none: [Ready<u8>; 0] = [];
    assert!(
        gather(none)
            .timeout(R::sleep(Duration::from_secs(3600)))
            .await
            .unwrap()
            .is_empty()
    );
}
