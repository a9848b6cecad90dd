//! Wakers against a consumer that polls.

use super::*;

/// Each of `places` has a child that is woken by a thread of its own, while the task polls twice.
fn wakes<const N: usize>(places: &'static [u32], outcomes: [&'static str; N]) {
    explore(outcomes, move |seen| {
        let mut consumer = Consumer::new();
        let wakers: Vec<_> = places
            .iter()
            .map(|place| keep_waker(&mut consumer.ready, *place))
            .collect();
        for (place, waker) in places.iter().zip(wakers) {
            consumer.call(*place, waker);
        }
        let polled = [consumer.tick(), consumer.tick(), consumer.finish()];
        for (polled, tick) in polled.iter().zip(["first", "second", "in its sleep"]) {
            if !polled.is_empty() {
                seen.note(tick);
            }
        }
        let polls = polled.iter().map(Vec::len).sum::<usize>();
        seen.note(match polls {
            1 => "once",
            2 => "twice",
            _ => "more often",
        });
    });
}

#[test]
fn loom_wake_against_poll_two_threads() {
    wakes(&[0], ["first", "second", "in its sleep", "once"]);
}

#[test]
fn loom_two_wakes_of_one_place() {
    wakes(
        &[0, 0],
        ["first", "second", "in its sleep", "once", "twice"],
    );
}

#[test]
fn loom_wakes_of_two_places_on_one_page() {
    wakes(&[0, 1], ["first", "second", "in its sleep", "twice"]);
}

#[test]
fn loom_wakes_of_two_places_on_two_pages() {
    wakes(&[0, 2], ["first", "second", "in its sleep", "twice"]);
}

/// A child is woken while it is polled for the first time, when nobody knows its page yet.
#[test]
fn loom_wake_within_the_first_poll_two_threads() {
    explore(["first", "second", "in its sleep"], |seen| {
        let mut consumer = Consumer::new();
        let mut ready = core::mem::replace(&mut consumer.ready, Ready::new());
        poll(&mut ready, 0, |waker| consumer.call(0, waker.clone()));
        consumer.ready = ready;
        let polled = [consumer.tick(), consumer.tick(), consumer.finish()];
        assert_eq!(polled.concat(), [0]);
        for (polled, tick) in polled.iter().zip(["first", "second", "in its sleep"]) {
            if !polled.is_empty() {
                seen.note(tick);
            }
        }
    });
}

/// Who is woken while the consumer takes those who were woken before comes after them.
#[test]
fn loom_wakes_keep_their_order_two_threads() {
    explore(["together", "one by one"], |seen| {
        let mut consumer = Consumer::new();
        let early = [3, 1].map(|place| keep_waker(&mut consumer.ready, place));
        let late = [2, 0].map(|place| keep_waker(&mut consumer.ready, place));
        early.into_iter().for_each(Waker::wake);
        let turn = consumer.turn.clone();
        consumer.threads.push(thread::spawn(move || {
            for waker in late {
                turn.take();
                waker.wake();
            }
        }));
        let mut taken = Vec::new();
        for _ in 0..2 {
            taken.extend(super::take(&mut consumer.ready, &consumer.turn));
        }
        consumer.task.waker().wake();
        let left = consumer.finish();
        seen.note(match left.len() {
            1 => "one by one",
            _ => "together",
        });
        assert_eq!([taken, left].concat(), [3, 1, 2, 0]);
    });
}

/// A child is gone; its waker is used while the next child in its place is polled and woken.
#[test]
fn loom_stale_wake_of_a_reused_place() {
    let outcomes = ["before", "once for both", "once for each"];
    explore(outcomes, |seen| {
        let mut consumer = Consumer::new();
        let stale = keep_waker(&mut consumer.ready, 0);
        consumer.call(0, stale);
        consumer.ready.forget(0);
        let before = consumer.poll();
        let waker = keep_waker(&mut consumer.ready, 0);
        consumer.call(0, waker);
        let after = [consumer.tick(), consumer.finish()].concat();
        seen.note(match (before.len(), after.len()) {
            (1, 1) => "before",
            (0, 1) => "once for both",
            (0, 2) => "once for each",
            polls => unreachable!("{polls:?}"),
        });
    });
}

/// A child that is cancelled and woken at the same time: its place is told once or not at all, and harms nobody.
#[test]
fn loom_wake_against_cancel() {
    explore(["before", "after"], |seen| {
        let mut consumer = Consumer::new();
        let wakers = [0, 1].map(|place| keep_waker(&mut consumer.ready, place));
        for (place, waker) in (0..).zip(wakers) {
            consumer.call(place, waker);
        }
        let before = consumer.tick();
        consumer.ready.forget(0);
        let after = [consumer.tick(), consumer.finish()].concat();
        let mut polled = [before.clone(), after].concat();
        polled.sort_unstable();
        assert_eq!(polled, [0, 1]);
        seen.note(match before.contains(&0) {
            true => "before",
            false => "after",
        });
    });
}
