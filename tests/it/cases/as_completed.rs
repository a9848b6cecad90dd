use std::future::{Ready, pending, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};
use rejoin::{Completed, FutureSet, as_completed, gather};

use crate::support::{Clock, LocalBoxFuture, Manual, Probe, Runtime, group, manual, yield_now};

cases! {
    nothing_runs_before_the_first_poll,
    one_item_per_child_in_completion_order_then_none,
    empty_is_none_at_once,
    every_child_is_polled_once_before_the_first_item,
    equal_times_come_in_input_order,
    five_children_of_mixed_state_each_once,
    keyed_tells_which,
    a_failing_child_is_an_item_like_any_other,
    a_dropped_next_has_taken_nothing,
    two_consumers_in_turn,
    two_views_of_one_set_in_turn,
    an_inserted_child_is_an_item_of_the_same_stream,
    an_insertion_between_items_keeps_its_turn,
    the_future_is_dropped_before_its_item_is_handed_out,
    after_the_end_it_keeps_saying_none,
    size_hint_is_exact,
    unclaimed_outputs_of_a_borrowed_set_come_first,
    into_set_gives_the_rest_back,
    sleepers_of_the_runtime,
}

async fn nothing_runs_before_the_first_poll<R: Runtime>() {
    let (children, futures) = group::<()>(2);
    let mut view = as_completed(futures);
    drop(view.next());
    assert_eq!(children.polls(), [0, 0]);
    Probe::new(&mut view).next_pending();
    assert_eq!(children.polls(), [1, 1]);
}

async fn one_item_per_child_in_completion_order_then_none<R: Runtime>() {
    let (children, futures) = group(4);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    children[2].complete('c');
    children[0].complete('a');
    assert_eq!(probe.wakes(), 1);
    assert_eq!(probe.next_ready(), Some('c'));
    assert_eq!(probe.next_ready(), Some('a'));
    probe.next_pending();
    children[3].complete('d');
    assert_eq!(probe.wakes(), 2);
    assert_eq!(probe.next_ready(), Some('d'));
    let last = children[1].clone();
    R::later(move || last.complete('b'));
    let mut view = probe.into_view();
    assert_eq!(view.next().await, Some('b'));
    assert_eq!(view.next().await, None);
    assert_eq!(children.polls(), [2; 4]);
    assert_eq!(children.drops(), [1; 4]);
}

async fn empty_is_none_at_once<R: Runtime>() {
    let none = Vec::<Ready<()>>::new;
    assert_eq!(Probe::new(as_completed(none())).next_ready(), None);
    assert_eq!(Probe::new(as_completed(none()).keyed()).next_ready(), None);
    assert!(
        Probe::new(as_completed(none()).timeout(ready(())))
            .next_ready()
            .is_none()
    );
    assert!(
        Probe::new(as_completed(none()).timeout(pending::<()>()))
            .next_ready()
            .is_none()
    );
    assert_eq!(
        as_completed(&mut FutureSet::<Ready<()>>::new())
            .next()
            .await,
        None
    );
}

async fn every_child_is_polled_once_before_the_first_item<R: Runtime>() {
    let (children, futures) = group(200);
    children[0].complete_silently(0);
    children[150].complete_silently(150);
    let mut probe = Probe::new(as_completed(futures));
    assert_eq!(probe.next_ready(), Some(0));
    assert_eq!(children.polls(), [1; 200]);
    assert_eq!(probe.next_ready(), Some(150));
    probe.next_pending();
    assert_eq!(children.polls(), [1; 200]);
}

async fn equal_times_come_in_input_order<R: Runtime>() {
    let clock = Clock::new();
    let children = [30, 10, 20, 10].map(|time| {
        let timer = clock.at(time);
        async move {
            timer.await;
            time
        }
    });
    let mut view = as_completed(children).keyed();
    let order: Vec<_> = clock.run(async {
        let mut order = Vec::new();
        while let Some(Completed { key, output }) = view.next().await {
            order.push((key.index(), output));
        }
        order
    });
    assert_eq!(order, [(1, 10), (3, 10), (2, 20), (0, 30)]);
}

async fn five_children_of_mixed_state_each_once<R: Runtime>() {
    let (soon, soon_future) = manual();
    let (late, late_future) = manual();
    let children: Vec<LocalBoxFuture<Result<u8, &str>>> = vec![
        Box::pin(late_future),
        Box::pin(ready(Ok(1))),
        Box::pin(async {
            yield_now().await;
            Err("yielded")
        }),
        Box::pin(ready(Err("failed"))),
        Box::pin(soon_future),
    ];
    let mut probe = Probe::new(as_completed(children));
    assert_eq!(probe.next_ready(), Some(Ok(1)));
    assert_eq!(probe.next_ready(), Some(Err("failed")));
    assert_eq!(probe.next_ready(), Some(Err("yielded")));
    probe.next_pending();
    soon.complete(Ok(4));
    assert_eq!(probe.next_ready(), Some(Ok(4)));
    probe.next_pending();
    late.complete(Ok(0));
    assert_eq!(probe.next_ready(), Some(Ok(0)));
    assert_eq!(probe.next_ready(), None);
}

async fn keyed_tells_which<R: Runtime>() {
    let urls = ["a", "b", "c"];
    let (children, futures) = group(3);
    let mut probe = Probe::new(as_completed(futures).keyed());
    probe.next_pending();
    for place in [1, 2, 0] {
        children[place].complete(urls[place]);
    }
    for place in [1, 2, 0] {
        let Completed { key, output } = probe.next_ready().unwrap();
        assert_eq!(key.index(), place);
        assert_eq!(urls[key.index()], output);
    }
    assert!(probe.next_ready().is_none());

    let mut set = FutureSet::new();
    let keys = [set.insert(ready(0)), set.insert(ready(1))];
    let mut view = as_completed(set).keyed();
    for (place, key) in keys.into_iter().enumerate() {
        let completed = view.next().await.unwrap();
        assert_eq!(<(_, _)>::from(completed), (key, place));
    }
}

async fn a_failing_child_is_an_item_like_any_other<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(3);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    children[1].complete(Err("bad"));
    assert_eq!(probe.next_ready(), Some(Err("bad")));
    children[0].complete(Ok(0));
    children[2].complete(Err("worse"));
    assert_eq!(probe.next_ready(), Some(Ok(0)));
    assert_eq!(probe.next_ready(), Some(Err("worse")));
    assert_eq!(probe.next_ready(), None);
}

async fn a_dropped_next_has_taken_nothing<R: Runtime>() {
    let (children, futures) = group(2);
    let mut view = as_completed(futures);
    let mut next = Probe::new(view.next());
    next.pending();
    children[1].complete('b');
    drop(next);
    assert_eq!(children.polls(), [1, 1], "woken and not polled again");
    drop(view.next());
    let mut next = Probe::new(view.next());
    assert_eq!(next.ready(), Some('b'));
    drop(next);
    let mut next = Probe::new(view.next());
    next.pending();
    drop(next);
    children[0].complete('a');
    assert_eq!(view.next().await, Some('a'));
    assert_eq!(view.next().await, None);
}

async fn two_consumers_in_turn<R: Runtime>() {
    let (children, futures) = group(4);
    let mut view = as_completed(futures);
    let mut taken: [Vec<usize>; 2] = Default::default();
    for (turn, place) in [3, 1, 0, 2].into_iter().enumerate() {
        let mut consumer = Probe::new(view.next());
        consumer.pending();
        children[place].complete(place);
        assert_eq!(
            consumer.wakes(),
            1,
            "the task that polled last is the one that is woken"
        );
        taken[turn % 2].extend(consumer.ready());
    }
    assert_eq!(taken, [[3, 0], [1, 2]]);
    assert_eq!(view.next().await, None);
}

async fn two_views_of_one_set_in_turn<R: Runtime>() {
    let (children, futures) = group(4);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut taken = Vec::new();
    for place in [3, 1, 0, 2] {
        let mut view = Probe::new(as_completed(&mut set));
        view.next_pending();
        children[place].complete(place);
        taken.extend(view.next_ready());
    }
    assert_eq!(taken, [3, 1, 0, 2]);
    assert_eq!(children.polls(), [2; 4]);
    assert_eq!(as_completed(set).next().await, None);
}

async fn an_inserted_child_is_an_item_of_the_same_stream<R: Runtime>() {
    let (mut children, futures) = group(2);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    let key = probe.view().insert(children.add());
    assert_eq!(key.index(), 2);
    assert_eq!(
        probe.wakes(),
        1,
        "an insertion wakes the task, or nobody would poll the child"
    );
    probe.next_pending();
    assert_eq!(children.polls(), [1, 1, 1]);
    children[2].complete('c');
    assert_eq!(probe.next_ready(), Some('c'));
    children[0].complete('a');
    assert_eq!(probe.next_ready(), Some('a'));
    let late = children.add();
    children[3].complete_silently('d');
    probe.view().insert(late);
    assert_eq!(probe.next_ready(), Some('d'));
    children[1].complete('b');
    let mut view = probe.into_view();
    assert_eq!(view.next().await, Some('b'));
    assert_eq!(view.next().await, None);
}

async fn an_insertion_between_items_keeps_its_turn<R: Runtime>() {
    let (mut children, futures) = group(3);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    children[2].complete(2);
    let inserted = children.add();
    children[3].complete_silently(3);
    probe.view().insert(inserted);
    children[0].complete(0);
    assert_eq!(probe.next_ready(), Some(2));
    assert_eq!(probe.next_ready(), Some(3), "an insertion counts as a wake");
    assert_eq!(probe.next_ready(), Some(0));
    probe.next_pending();
}

async fn the_future_is_dropped_before_its_item_is_handed_out<R: Runtime>() {
    let (children, futures) = group(3);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    for place in [1, 0, 2] {
        children[place].complete(place);
        assert_eq!(probe.next_ready(), Some(place));
        assert_eq!(children.take_dropped(), [place]);
    }
}

async fn after_the_end_it_keeps_saying_none<R: Runtime>() {
    let (child, future) = manual();
    let mut probe = Probe::new(as_completed([future]));
    probe.next_pending();
    assert!(!probe.view().is_terminated());
    child.complete(1);
    assert_eq!(probe.next_ready(), Some(1));
    for _ in 0..3 {
        assert_eq!(probe.next_ready(), None);
        assert!(probe.view().is_terminated());
    }
    let mut view = probe.into_view();
    assert_eq!(view.next().await, None);

    let mut keyed = Probe::new(as_completed([ready(1)]).keyed());
    assert!(!keyed.view().is_terminated());
    assert_eq!(keyed.next_ready().unwrap().output, 1);
    assert!(keyed.next_ready().is_none());
    assert!(keyed.view().is_terminated());
}

async fn size_hint_is_exact<R: Runtime>() {
    let (mut children, futures) = group(3);
    let mut probe = Probe::new(as_completed(futures));
    assert_eq!(probe.view().size_hint(), (3, Some(3)));
    probe.next_pending();
    children[0].complete(0);
    children[1].complete(1);
    assert_eq!(probe.view().size_hint(), (3, Some(3)));
    assert_eq!(probe.next_ready(), Some(0));
    assert_eq!(
        probe.view().size_hint(),
        (2, Some(2)),
        "an unclaimed output is an item too"
    );
    let late = children.add();
    probe.view().insert(late);
    assert_eq!(probe.view().size_hint(), (3, Some(3)));
    assert_eq!(as_completed([ready(1)]).keyed().size_hint(), (1, Some(1)));
}

async fn unclaimed_outputs_of_a_borrowed_set_come_first<R: Runtime>() {
    let (children, futures) = group(4);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    children[2].complete(2);
    children[0].complete(0);
    probe.pending();
    drop(probe);
    children[3].complete(3);
    let mut probe = Probe::new(as_completed(&mut set));
    assert_eq!(probe.next_ready(), Some(2));
    assert_eq!(probe.next_ready(), Some(0));
    assert_eq!(probe.next_ready(), Some(3));
    probe.next_pending();
    drop(probe);
    assert_eq!(set.len(), 1);
}

async fn into_set_gives_the_rest_back<R: Runtime>() {
    let (children, futures) = group::<u8>(4);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    children[3].complete(3);
    children[1].complete(1);
    assert_eq!(probe.next_ready(), Some(3));
    let set: FutureSet<Manual<u8>> = probe.into_view().into_set();
    assert_eq!(set.len(), 3, "two in flight and one unclaimed");
    assert_eq!(
        children.polls(),
        [1, 2, 1, 2],
        "nothing is polled again by handing it over"
    );
    children[0].complete(0);
    children[2].complete(2);
    assert_eq!(gather(set).await, [0, 1, 2]);
    assert_eq!(children.polls(), [2; 4]);
}

async fn sleepers_of_the_runtime<R: Runtime>() {
    let mut view = as_completed((0..8).map(|place| async move {
        R::sleep(Duration::from_millis(place)).await;
        place
    }));
    let mut items = Vec::new();
    while let Some(item) = view.next().await {
        items.push(item);
    }
    items.sort_unstable();
    assert_eq!(items, [0, 1, 2, 3, 4, 5, 6, 7]);
}
