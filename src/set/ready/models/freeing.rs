//! Pages and heads: made by who comes first, freed by who goes last.

use super::*;
use core::mem::size_of;
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
        let made = census().made;
        let ((first, second), _) = consumer.ready.poller(place).poll(place, |cx| {
            let waker = for_joined_thread(cx.waker());
            let other = thread::spawn(move || {
                let clone = waker.clone();
                clone.wake_by_ref();
                clone
            });
            (waker.clone(), other.join().unwrap())
        });
        let made = census().made - made;
        assert!(first.will_wake(&second));
        seen.note(match made / size_of::<[u8; 1]>() {
            0 => "no page was made",
            1..=7 => "one page was made",
            _ => "two pages were made",
        });
        assert_eq!(consumer.tick(), [place]);
        consumer.call(place, first);
        consumer.call(place, second);
        consumer.finish();
    });
}

#[test]
fn loom_clones_of_a_lent_waker_two_threads() {
    clones(
        Before::Nothing,
        ["one page was made", "two pages were made"],
    );
}
