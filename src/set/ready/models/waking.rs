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
