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
    struct Boastful(u8);
    impl Iterator for Boastful {
        type Item = std::future::Ready<u8>;

        fn next(&mut self) -> Option<Self::Item> {
            self.0 = self.0.checked_sub(1)?;
            Some(ready(self.0))
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            (usize::MAX, None)
        }
    }
    assert_eq!(poll(&mut gather(Boastful(2))), Poll::Ready(vec![1, 0]));
    assert_eq!(
        poll(&mut gather(limit(2, Boastful(2)))),
        Poll::Ready(vec![1, 0])
    );
}

#[test]
#[should_panic(expected = "`n` must be at least 1")]
fn a_limit_of_nothing_is_refused() {
    drop(limit(0, [ready(1)]));
}
