use std::cell::RefCell;
use std::future::ready;

use rejoin::{gather, try_gather};

use crate::support::{LocalBoxFuture, Probe, Runtime, group, manual, yield_now};

cases! {
    outputs_of_different_types_as_a_tuple,
    nothing_one_and_a_trailing_comma,
    arguments_are_evaluated_at_the_call_in_order,
    nothing_is_polled_before_the_first_poll,
    each_unfinished_one_is_polled_whenever_the_whole_is,
    the_start_rotates,
    try_gather_ends_with_the_first_error,
    of_several_errors_in_one_tick_the_first_argument_wins,
    try_gather_gives_a_tuple_of_successes,
    sixty_four_arguments,
    dropping_it_drops_every_child_once,
    an_output_is_not_lost_and_not_dropped_twice,
    it_nests_and_boxes,
    it_borrows,
    a_timeout_of_the_runtime,
}

async fn outputs_of_different_types_as_a_tuple<R: Runtime>() {
    let (first, on_first) = manual::<u8>();
    let (second, on_second) = manual::<String>();
    let mut probe = Probe::new(gather!(on_first, on_second, async { 'c' }));
    assert!(probe.poll().is_pending());
    second.complete("b".to_owned());
    assert!(probe.poll().is_pending());
    assert_eq!(second.drops(), 1, "dropped when it is finished");
    first.complete(1);
    let (a, b, c) = probe.ready();
    assert_eq!((a, b.as_str(), c), (1, "b", 'c'));

    let (number, text) = gather!(ready(1), async {
        yield_now().await;
        "two"
    })
    .await;
    assert_eq!((number, text), (1, "two"));
}

async fn nothing_one_and_a_trailing_comma<R: Runtime>() {
    let () = gather!().await;
    let (one,) = gather!(ready(1)).await;
    let (two, three) = gather!(ready(2), ready(3),).await;
    assert_eq!((one, two, three), (1, 2, 3));
    let nothing: Result<(), ()> = try_gather!().await;
    assert_eq!(nothing, Ok(()));
    let one: Result<(u8,), ()> = try_gather!(ready(Ok(1)),).await;
    assert_eq!(one, Ok((1,)));
}

async fn arguments_are_evaluated_at_the_call_in_order<R: Runtime>() {
    let order = RefCell::new(Vec::new());
    let make = |name: char| {
        order.borrow_mut().push(name);
        ready(name)
    };
    let both = gather!(make('a'), make('b'), make('c'));
    assert_eq!(*order.borrow(), ['a', 'b', 'c']);
    assert_eq!(both.await, ('a', 'b', 'c'));
}

async fn nothing_is_polled_before_the_first_poll<R: Runtime>() {
    let (children, futures) = group::<()>(2);
    let mut futures = futures.into_iter();
    let both = gather!(futures.next().unwrap(), futures.next().unwrap());
    assert_eq!(children.polls(), [0, 0]);
    drop(both);
    assert_eq!(
        (children.polls(), children.drops()),
        (vec![0, 0], vec![1, 1])
    );
}

async fn each_unfinished_one_is_polled_whenever_the_whole_is<R: Runtime>() {
    let (children, futures) = group(3);
    let [a, b, c] = <[_; 3]>::try_from(futures).ok().unwrap();
    let mut probe = Probe::new(gather!(a, b, c));
    assert!(probe.poll().is_pending());
    assert!(probe.poll().is_pending());
    assert_eq!(children.polls(), [2, 2, 2]);
    children[1].complete(1);
    assert_eq!(probe.wakes(), 1, "children have the waker of the task");
    assert!(probe.poll().is_pending());
    assert!(probe.poll().is_pending());
    assert_eq!(children.polls(), [4, 3, 4], "a finished one never again");
    children[0].complete(0);
    children[2].complete(2);
    assert_eq!(probe.ready(), (0, 1, 2));
    assert_eq!(children.polls(), [5, 3, 5]);
    for child in children.iter() {
        let addresses = child.addresses();
        assert!(
            addresses.iter().all(|address| *address == addresses[0]),
            "nothing moved"
        );
    }
}

async fn the_start_rotates<R: Runtime>() {
    let (children, futures) = group::<u8>(4);
    let [a, b, c, d] = <[_; 4]>::try_from(futures).ok().unwrap();
    let mut probe = Probe::new(gather!(a, b, c, d));
    let mut firsts = Vec::new();
    for _ in 0..4 {
        assert!(probe.poll().is_pending());
        let mut polled = children.take_polled();
        firsts.push(polled[0]);
        polled.sort_unstable();
        assert_eq!(polled, [0, 1, 2, 3]);
    }
    assert_eq!(firsts[0], 0);
    firsts.sort_unstable();
    assert_eq!(firsts, [0, 1, 2, 3], "everybody came first once");
}

async fn try_gather_ends_with_the_first_error<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(3);
    let [a, b, c] = <[_; 3]>::try_from(futures).ok().unwrap();
    let mut probe = Probe::new(try_gather!(a, b, c));
    assert!(probe.poll().is_pending());
    children[0].complete(Ok(0));
    assert!(probe.poll().is_pending());
    children[2].complete(Err("bad"));
    assert_eq!(probe.ready(), Err("bad"));
    assert_eq!(children.polls()[0], 2);
    drop(probe);
    assert_eq!(children.drops(), [1; 3]);
}

async fn of_several_errors_in_one_tick_the_first_argument_wins<R: Runtime>() {
    for ticks in 0..6 {
        let (children, futures) = group::<Result<u8, usize>>(3);
        let [a, b, c] = <[_; 3]>::try_from(futures).ok().unwrap();
        let mut probe = Probe::new(try_gather!(a, b, c));
        for _ in 0..ticks {
            assert!(probe.poll().is_pending());
        }
        for place in [2, 1] {
            children[place].complete(Err(place));
        }
        assert_eq!(
            probe.ready(),
            Err(1),
            "whatever the rotation after {ticks} ticks"
        );
    }
}

async fn try_gather_gives_a_tuple_of_successes<R: Runtime>() {
    async fn both() -> Result<(u8, char), String> {
        let (number, letter) = try_gather!(async { Ok(1) }, async {
            yield_now().await;
            Ok::<_, String>('b')
        })
        .await?;
        Ok((number, letter))
    }
    assert_eq!(both().await, Ok((1, 'b')));
}

macro_rules! many {
    ($($number:literal)+) => { gather!($(ready($number)),+) };
}

async fn sixty_four_arguments<R: Runtime>() {
    let outputs = many!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
    )
    .await;
    assert_eq!((outputs.0, outputs.31, outputs.63), (0, 31, 63));
}

async fn dropping_it_drops_every_child_once<R: Runtime>() {
    let (children, futures) = group(3);
    let [a, b, c] = <[_; 3]>::try_from(futures).ok().unwrap();
    let mut probe = Probe::new(gather!(a, b, c));
    assert!(probe.poll().is_pending());
    children[1].complete(1);
    assert!(probe.poll().is_pending());
    drop(probe);
    assert_eq!(children.drops(), [1; 3]);
}

async fn an_output_is_not_lost_and_not_dropped_twice<R: Runtime>() {
    let output = std::sync::Arc::new(());
    let (children, futures) = group(2);
    let [a, b] = <[_; 2]>::try_from(futures).ok().unwrap();
    let mut probe = Probe::new(gather!(a, b));
    assert!(probe.poll().is_pending());
    children[0].complete(std::sync::Arc::clone(&output));
    assert!(probe.poll().is_pending());
    assert_eq!(std::sync::Arc::strong_count(&output), 2);
    drop(probe);
    assert_eq!(std::sync::Arc::strong_count(&output), 1);
}

async fn it_nests_and_boxes<R: Runtime>() {
    let boxed: LocalBoxFuture<((u8, u8), Vec<u8>)> = Box::pin(gather!(
        gather!(ready(1), ready(2)),
        gather([ready(3), ready(4)])
    ));
    assert_eq!(boxed.await, ((1, 2), vec![3, 4]));
    let pairs = gather((0..3).map(|number| gather!(ready(number), ready(number + 1))));
    assert_eq!(pairs.await, [(0, 1), (1, 2), (2, 3)]);
}

async fn it_borrows<R: Runtime>() {
    let text = String::from("shared");
    let mut count = 0;
    let (length, ()) = gather!(async { text.len() }, async { count += 1 }).await;
    assert_eq!((length, count, text.as_str()), (6, 1, "shared"));
}

async fn a_timeout_of_the_runtime<R: Runtime>() {
    let nap = std::time::Duration::from_millis(1);
    let both = gather!(R::sleep(nap), std::future::pending::<()>());
    let late = gather([both]).timeout(R::sleep(nap * 2)).await;
    assert!(late.is_err());
}
