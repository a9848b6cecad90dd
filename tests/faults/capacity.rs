//! Sizes that no machine has room for.

use std::future::ready;
use std::iter;
use std::task::Poll;

use rejoin::{FutureSet, as_completed, gather, limit};

use super::support::poll;

#[test]
fn more_room_may_be_asked_for_than_there_is() {
    let mut set = FutureSet::with_capacity(usize::MAX);
    let key = set.insert(ready(1));
    assert!(set.contains(key));
    assert_eq!(poll(&mut gather(set)), Poll::Ready(vec![1]));
}

#[test]
fn a_limit_may_be_as_large_as_a_number() {
    let mut items = as_completed(limit(usize::MAX, [ready(1), ready(2)]));
    assert_eq!(poll(&mut items.next()), Poll::Ready(Some(1)));

    // An endless iterator is not started when the limit is made.
    let endless = limit(usize::MAX, iter::repeat_with(|| ready(1)));
    let items = as_completed(endless);
    assert_eq!(items.progress().finished, 0);
}

#[test]
fn an_iterator_may_promise_more_than_it_has() {
    struct Boastful {
        left: u8,
        ended: bool,
    }
    impl Boastful {
        fn of(left: u8) -> Self {
            let ended = false;
            Self { left, ended }
        }
    }
    impl Iterator for Boastful {
        type Item = std::future::Ready<u8>;

        fn next(&mut self) -> Option<Self::Item> {
            assert!(!self.ended, "it is not asked again");
            self.ended = self.left == 0;
            self.left = self.left.checked_sub(1)?;
            Some(ready(self.left))
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            (usize::MAX, None)
        }
    }
    assert_eq!(poll(&mut gather(Boastful::of(2))), Poll::Ready(vec![1, 0]));
    assert_eq!(
        poll(&mut gather(limit(2, Boastful::of(2)))),
        Poll::Ready(vec![1, 0])
    );

    for count in [0, 63, 64, 65] {
        let mut set: FutureSet<_> = Boastful::of(count).collect();
        // There is room left for it.
        set.insert(ready(count));
        let all = (0..count).rev().chain([count]).collect();
        assert_eq!(poll(&mut gather(set)), Poll::Ready(all));
    }
}

#[test]
#[should_panic(expected = "`n` must be at least 1")]
fn a_limit_of_nothing_is_refused() {
    drop(limit(0, [ready(1)]));
}
