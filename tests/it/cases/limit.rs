use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::catch_unwind;
use std::rc::Rc;
use std::task::Poll;

use rejoin::{Completed, as_completed, gather, limit, try_gather, wait};

use crate::support::{Manual, Probe, Random, Runtime, counted, panic_message, yield_now};

cases! {
    the_iterator_is_not_touched_before_the_first_poll,
    all_places_are_filled_before_the_first_item,
    gather_refills_when_a_child_completes,
    wait_refills_when_a_child_completes,
    as_completed_refills_when_an_item_is_handed_out,
    never_more_than_n_in_flight_in_any_view,
    order_and_keys_are_as_without_a_limit,
    ready_children_are_refilled_within_the_tick,
    a_long_run_of_ready_children_gives_way,
    an_endless_iterator,
    an_iterator_that_ended_is_not_asked_again,
    empty_and_roomy_limits,
    zero_panics_at_the_call,
    a_place_is_never_late,
}

async fn the_iterator_is_not_touched_before_the_first_poll<R: Runtime>() {
    let (children, pulled, futures) = counted(5);
    let mut probe = Probe::new(gather(limit(2, futures)));
    assert_eq!(pulled.get(), 0);
    probe.pending();
    assert_eq!(pulled.get(), 2);
    assert_eq!(children.polls(), [1, 1, 0, 0, 0]);
    drop(probe);
    assert_eq!(children.drops(), [1; 5]);
}

async fn all_places_are_filled_before_the_first_item<R: Runtime>() {
    let (children, pulled, futures) = counted(20);
    children[0].complete_silently(0);
    let mut probe = Probe::new(as_completed(limit(10, futures)));
    assert_eq!(probe.next_ready(), Some(0));
    assert_eq!(pulled.get(), 10);
    assert_eq!(
        children.polls()[..10],
        [1; 10],
        "filled means pulled and polled"
    );
    probe.next_pending();
    assert_eq!(pulled.get(), 11, "its place is filled in the next poll");
    assert_eq!(children.polls()[10], 1);
}

async fn gather_refills_when_a_child_completes<R: Runtime>() {
    let (children, pulled, futures) = counted(5);
    let mut probe = Probe::new(gather(limit(2, futures)));
    probe.pending();
    children[1].complete(1);
    assert_eq!(probe.wakes(), 1);
    probe.pending();
    assert_eq!(pulled.get(), 3);
    assert_eq!(children.polls(), [1, 2, 1, 0, 0]);
    children[2].complete(2);
    children[0].complete(0);
    probe.pending();
    assert_eq!(pulled.get(), 5);
    assert_eq!(children.polls(), [2, 2, 2, 1, 1]);
    children[4].complete(4);
    probe.pending();
    children[3].complete(3);
    assert_eq!(probe.ready(), [0, 1, 2, 3, 4]);
    assert_eq!(children.polls(), [2; 5]);
}

async fn wait_refills_when_a_child_completes<R: Runtime>() {
    let (children, pulled, futures) = counted(5);
    let mut probe = Probe::new(wait(limit(2, futures)));
    probe.pending();
    for (turn, place) in [1, 0, 3, 2, 4].into_iter().enumerate() {
        assert_eq!(pulled.get(), 5.min(turn + 2));
        children[place].complete(place);
        if turn < 4 {
            probe.pending();
        }
    }
    let (done, _) = probe.ready();
    let order: Vec<_> = done
        .iter()
        .map(|completed| (completed.key.index(), completed.output))
        .collect();
    assert_eq!(order, [(1, 1), (0, 0), (3, 3), (2, 2), (4, 4)]);
}

async fn as_completed_refills_when_an_item_is_handed_out<R: Runtime>() {
    let (children, pulled, futures) = counted(10);
    for child in children.iter().take(4) {
        child.complete_silently(7);
    }
    let mut probe = Probe::new(as_completed(limit(3, futures)));
    assert_eq!(probe.next_ready(), Some(7));
    assert_eq!(pulled.get(), 3, "a slow consumer does not pile up outputs");
    assert_eq!(probe.next_ready(), Some(7));
    assert!((3..=4).contains(&pulled.get()));
    assert_eq!(probe.next_ready(), Some(7));
    assert_eq!(probe.next_ready(), Some(7));
    probe.next_pending();
    assert_eq!(pulled.get(), 7, "four handed out and three in flight");
}

/// Counts itself while it is in flight.
async fn in_flight(
    now: Rc<Cell<usize>>,
    most: Rc<Cell<usize>>,
    place: usize,
) -> Result<usize, usize> {
    now.set(now.get() + 1);
    most.set(most.get().max(now.get()));
    for _ in 0..=place % 5 {
        yield_now().await;
    }
    now.set(now.get() - 1);
    Ok(place)
}

async fn never_more_than_n_in_flight_in_any_view<R: Runtime>() {
    for n in [1, 2, 16, 100] {
        let now = Rc::<Cell<usize>>::default();
        let most = Rc::<Cell<usize>>::default();
        let inputs = || {
            most.set(0);
            let (now, most) = (&now, &most);
            limit(
                n,
                (0..500).map(move |place| in_flight(Rc::clone(now), Rc::clone(most), place)),
            )
        };
        let all = (0..500).map(Ok).collect::<Vec<_>>();

        assert!(gather(inputs()).await == all);
        assert_eq!((now.get(), most.get()), (0, n));
        assert!(try_gather(inputs()).await.unwrap().into_iter().eq(0..500));
        assert_eq!((now.get(), most.get()), (0, n));
        let (done, _) = wait(inputs()).await;
        assert_eq!((done.len(), most.get()), (500, n));
        let mut view = as_completed(inputs());
        let mut items = Vec::new();
        while let Some(item) = view.next().await {
            assert!(now.get() <= n);
            items.push(item);
        }
        items.sort_unstable();
        assert!(items == all);
        assert_eq!(most.get(), n);
    }
}

async fn order_and_keys_are_as_without_a_limit<R: Runtime>() {
    let child = |place: usize| async move {
        for _ in 0..(place * 7) % 5 {
            yield_now().await;
        }
        place
    };
    assert_eq!(
        gather(limit(3, (0..50).map(child))).await,
        (0..50).collect::<Vec<_>>()
    );
    let mut view = as_completed(limit(3, (0..50).map(child))).keyed();
    let mut count = 0;
    while let Some(Completed { key, output }) = view.next().await {
        assert_eq!(key.index(), output);
        count += 1;
    }
    assert_eq!(count, 50);
}

async fn ready_children_are_refilled_within_the_tick<R: Runtime>() {
    let mut probe = Probe::new(gather(limit(2, (0..20).map(ready))));
    assert_eq!(probe.ready(), (0..20).collect::<Vec<_>>());
    assert_eq!(probe.wakes(), 0);
    let (done, _) = Probe::new(wait(limit(2, (0..20).map(ready)))).ready();
    assert_eq!(done.len(), 20);
}

async fn a_long_run_of_ready_children_gives_way<R: Runtime>() {
    let mut probe = Probe::new(gather(limit(2, (0..1_000_000).map(ready))));
    let mut ticks = 1;
    let outputs = loop {
        match probe.poll() {
            Poll::Ready(outputs) => break outputs,
            Poll::Pending => assert_eq!(
                probe.wakes(),
                ticks,
                "it wakes itself when its budget is spent"
            ),
        }
        ticks += 1;
    };
    assert!(ticks > 10, "{ticks} ticks for a million children");
    assert!(outputs.into_iter().eq(0..1_000_000));
}

async fn an_endless_iterator<R: Runtime>() {
    let pulled = Cell::new(0);
    let numbers = (0_usize..).map(|number| {
        pulled.set(number + 1);
        async move {
            yield_now().await;
            number
        }
    });
    let mut view = as_completed(limit(4, numbers));
    for number in 0..10 {
        assert_eq!(view.next().await, Some(number));
        assert!(pulled.get() <= number + 4);
    }
    drop(view);
    assert!(pulled.get() <= 13);
}

/// Ends after two items, and panics when it is asked again.
struct Touchy(u32);

impl Iterator for Touchy {
    type Item = std::future::Ready<u32>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0 += 1;
        match self.0 {
            1 | 2 => Some(ready(self.0)),
            3 => None,
            _ => panic!("asked again after its end"),
        }
    }
}

async fn an_iterator_that_ended_is_not_asked_again<R: Runtime>() {
    assert_eq!(gather(limit(1, Touchy(0))).await, [1, 2]);
    assert_eq!(gather(limit(5, Touchy(0))).await, [1, 2]);
    let mut view = as_completed(limit(2, Touchy(0)));
    assert_eq!(view.next().await, Some(1));
    assert_eq!(view.next().await, Some(2));
    assert_eq!(view.next().await, None);
    assert_eq!(view.next().await, None);
}

async fn empty_and_roomy_limits<R: Runtime>() {
    assert!(gather(limit(3, Vec::<Manual<u8>>::new())).await.is_empty());
    assert_eq!(
        as_completed(limit(1, Vec::<Manual<u8>>::new()))
            .next()
            .await,
        None
    );
    let (done, _) = wait(limit(1, Vec::<Manual<u8>>::new())).await;
    assert!(done.is_empty());
    assert_eq!(
        gather(limit(usize::MAX, (0..3).map(ready))).await,
        [0, 1, 2]
    );
}

async fn zero_panics_at_the_call<R: Runtime>() {
    let caught = catch_unwind(|| drop(limit(0, [ready(1)]))).unwrap_err();
    let message = panic_message(&*caught);
    assert!(message.contains("limit"), "{message}");
}

/// With random orders of completion, after each poll of the view either all places are taken or nothing is left.
async fn a_place_is_never_late<R: Runtime>() {
    let mut random = Random::new(12);
    for n in 1..20 {
        let (children, pulled, futures) = counted(60);
        let mut probe = Probe::new(gather(limit(n, futures)));
        let outputs = loop {
            if let Poll::Ready(outputs) = probe.poll() {
                break outputs;
            }
            let mut running: Vec<usize> = (0..pulled.get())
                .filter(|place| children[*place].drops() == 0)
                .collect();
            assert_eq!(running.len(), n.min(60 - (pulled.get() - running.len())));
            random.shuffle(&mut running);
            for place in running.into_iter().take(1 + random.below(n)) {
                children[place].complete(place);
            }
        };
        assert_eq!(outputs, (0..60).collect::<Vec<_>>());
        assert_eq!(children.polls(), [2; 60]);
    }
    let (done, rest) = wait(limit(2, [pending::<u8>()])).timeout(ready(())).await;
    assert!(done.is_empty());
    drop(rest);
}
