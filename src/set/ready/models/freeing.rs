//! Pages and heads: made by who comes first, freed by who goes last.

use super::*;
use core::ptr;

/// `borrowed`, for a thread that is joined before the borrow ends. (loom has no scoped threads.)
fn for_joined_thread<T>(borrowed: &T) -> &'static T {
    // SAFETY: by the callers, who join.
    unsafe { &*ptr::from_ref(borrowed) }
}

/// What a set has before a child is polled whose lent waker is cloned by two threads.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    /// A head, with the page of another place.
    Head,
    /// The page of the place.
    Page,
}

/// Two threads clone the waker that is lent for one poll, and wake the clones.
fn clones<const N: usize>(before: Before, outcomes: [&'static str; N]) {
    explore(outcomes, move |seen| {
        let mut consumer = Consumer::new();
        let place = match before {
            Before::Nothing => 0,
            Before::Head => {
                keep_waker(&mut consumer.ready, 0);
                2
            }
            Before::Page => {
                keep_waker(&mut consumer.ready, 0);
                1
            }
        };
        let turn = consumer.turn.clone();
        let (first, second) = poll(&mut consumer.ready, place, |waker| {
            let waker = for_joined_thread(waker);
            let before = census();
            let other = thread::spawn({
                let turn = turn.clone();
                move || {
                    turn.take();
                    let clone = waker.clone();
                    clone.wake_by_ref();
                    clone
                }
            });
            turn.take();
            let clones = (waker.clone(), other.join().unwrap());
            let after = census();
            seen.note(if after.made == before.made {
                "no page was made"
            } else if after.gone == before.gone {
                "one page was made"
            } else {
                "two pages were made, one was freed"
            });
            clones
        });
        assert!(first.will_wake(&second));
        assert_eq!(consumer.tick(), [place]);
        consumer.call(place, first);
        consumer.call(place, second);
        consumer.finish();
    });
}

const RACE: [&str; 2] = ["one page was made", "two pages were made, one was freed"];

#[test]
fn loom_clones_of_a_lent_waker_make_head_and_page() {
    clones(Before::Nothing, RACE);
}

#[test]
fn loom_clones_of_a_lent_waker_make_a_page() {
    clones(Before::Head, RACE);
}

#[test]
fn loom_clones_of_a_lent_waker_find_the_page() {
    clones(Before::Page, ["no page was made"]);
}

/// What a thread does with the waker of a child whose set is dropped meanwhile.
#[derive(Clone, Copy)]
enum Last {
    Drop,
    Wake,
    WakeByRef,
    CloneAndDrop,
}

impl Last {
    fn act(self, waker: Waker) {
        match self {
            Last::Drop => drop(waker),
            Last::Wake => waker.wake(),
            Last::WakeByRef => waker.wake_by_ref(),
            Last::CloneAndDrop => {
                let clone = waker.clone();
                drop(waker);
                drop(clone);
            }
        }
    }
}

/// The set is dropped, asleep, while threads do something with wakers of places: who goes last frees the page, and the head.
fn last<const N: usize>(acts: &'static [(u32, Last)], outcomes: [&'static str; N]) {
    explore(outcomes, move |seen| {
        let mut ready = Ready::new();
        let task = Task::new();
        let turn = Turn::new();
        // The head is part of the page of place 0, whoever uses that.
        keep_waker(&mut ready, 0);
        let wakers: Vec<_> = acts
            .iter()
            .map(|(place, _)| keep_waker(&mut ready, *place))
            .collect();
        assert!(ready.sleep(&task.waker()));
        let threads: Vec<_> = wakers
            .into_iter()
            .zip(acts)
            .map(|(waker, (_, act))| {
                let turn = turn.clone();
                thread::spawn(move || {
                    turn.take();
                    act.act(waker);
                })
            })
            .collect();
        turn.take();
        let before = census().gone;
        drop(ready);
        seen.note(match census().gone == before {
            true => "the set goes first",
            false => "the set goes last",
        });
        for thread in threads {
            thread.join().unwrap();
        }
        seen.note(match task.take_wakes() {
            0 => "not woken",
            1 => "woken",
            _ => "woken twice",
        });
        assert_eq!(Arc::strong_count(&task), 1, "a waker is left");
    });
}

const WOKEN_OR_NOT: [&str; 4] = [
    "not woken",
    "the set goes first",
    "the set goes last",
    "woken",
];

const NOT_WOKEN: [&str; 3] = ["not woken", "the set goes first", "the set goes last"];

#[test]
fn loom_wake_against_drop_of_the_set_two_threads() {
    last(&[(0, Last::Wake)], WOKEN_OR_NOT);
    last(&[(2, Last::Wake)], WOKEN_OR_NOT);
}

#[test]
fn loom_two_wakes_against_drop_of_the_set() {
    last(&[(0, Last::Wake), (0, Last::WakeByRef)], WOKEN_OR_NOT);
    last(&[(2, Last::Wake), (2, Last::WakeByRef)], WOKEN_OR_NOT);
}

#[test]
fn loom_last_waker_against_last_page_two_threads() {
    last(&[(0, Last::Drop)], NOT_WOKEN);
    last(&[(2, Last::CloneAndDrop)], NOT_WOKEN);
}

#[test]
fn loom_last_wakers_against_last_page() {
    last(&[(0, Last::Drop), (0, Last::CloneAndDrop)], NOT_WOKEN);
    last(&[(2, Last::Drop), (2, Last::CloneAndDrop)], NOT_WOKEN);
}

#[test]
fn loom_last_pages_against_the_head() {
    last(&[(0, Last::Wake), (2, Last::Wake)], WOKEN_OR_NOT);
}

/// A waker that outlives the set does not keep the task.
#[test]
fn loom_a_waker_that_outlives_the_set_two_threads() {
    explore(["not woken", "woken"], |seen| {
        let mut ready = Ready::new();
        let (task, turn) = (Task::new(), Turn::new());
        let waker = keep_waker(&mut ready, 0);
        assert!(ready.sleep(&task.waker()));
        let waking = thread::spawn({
            let (waker, turn) = (waker.clone(), turn.clone());
            move || {
                turn.take();
                waker.wake();
            }
        });
        turn.take();
        drop(ready);
        waking.join().unwrap();
        seen.note(match task.take_wakes() {
            0 => "not woken",
            _ => "woken",
        });
        assert_eq!(Arc::strong_count(&task), 1, "the task's waker is left");
        waker.wake();
        assert_eq!(task.take_wakes(), 0, "there is nobody to wake");
    });
}
