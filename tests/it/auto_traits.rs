//! Everything is `Send` and `Sync` exactly when its futures and outputs are, and `Unpin` always.

use std::cell::Cell;
use std::future::{Ready, pending, ready};
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use rejoin::{
    Adder, AllCompleted, AtLeast, Closed, Completed, FirstCompleted, FirstError, FirstSuccess,
    FutureSet, Key, Progress, Task, TaskError, TimedOut, as_completed, create_task, gather, limit,
    try_gather, wait,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};

use crate::support::Manual;

/// `Send` and not `Sync`, as many futures are.
type SendOnly = Ready<Cell<u8>>;
/// Neither `Send` nor `Sync`.
type Local = Ready<Rc<u8>>;

assert_impl_all!(FutureSet<Ready<u8>>: Send, Sync, Unpin);
assert_impl_all!(FutureSet<SendOnly>: Send, Unpin);
assert_not_impl_any!(FutureSet<SendOnly>: Sync);
assert_impl_all!(FutureSet<Local>: Unpin);
assert_not_impl_any!(FutureSet<Local>: Send, Sync);
assert_impl_all!(FutureSet<Manual<u8>>: Send, Sync, Unpin);

assert_impl_all!(Adder<Ready<u8>>: Clone, Send, Sync, Unpin);
assert_impl_all!(Adder<SendOnly>: Clone, Send, Sync);
assert_not_impl_any!(Adder<Local>: Send, Sync);

assert_impl_all!(Key: Copy, Ord, std::hash::Hash, std::fmt::Debug, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Progress: Copy, std::fmt::Debug, Send, Sync);
assert_impl_all!(Completed<u8>: Send, Sync);
assert_not_impl_any!(Completed<Rc<u8>>: Send, Sync);
assert_impl_all!(Closed<u8>: std::error::Error, Send, Sync);
assert_impl_all!(TimedOut: std::error::Error, Send, Sync, Unpin);
assert_impl_all!(TimedOut<FutureSet<Manual<u8>>>: std::error::Error, Send, Sync, Unpin);
assert_not_impl_any!(TimedOut<FutureSet<Local>>: Send, Sync);
assert_impl_all!(TaskError: std::error::Error, Send, Sync, Unpin);
assert_impl_all!(Task<u8>: Send, Sync, Unpin);
assert_not_impl_any!(Task<Rc<u8>>: Send, Sync);
assert_impl_all!(AllCompleted: Copy, Send, Sync);
assert_impl_all!(FirstCompleted: Copy, Send, Sync);
assert_impl_all!(FirstError: Copy, Send, Sync);
assert_impl_all!(FirstSuccess: Copy, Send, Sync);
assert_impl_all!(AtLeast: Copy, Send, Sync);

/// Neither iterators, nor clones of what is in flight.
mod never {
    use super::{FutureSet, Ready, Task, assert_not_impl_any};

    assert_not_impl_any!(FutureSet<Ready<u8>>: IntoIterator, Clone);
    assert_not_impl_any!(&mut FutureSet<Ready<u8>>: IntoIterator);
    assert_not_impl_any!(Task<u8>: Clone);
}

fn everywhere<T: Send + Sync + Unpin>(_: T) {}

fn send<T: Send + Unpin>(_: T) {}

fn unpin<T: Unpin>(value: T) -> T {
    value
}

/// Asks whether a value is `Send`: the inherent method, for those that are, goes before the trait's.
struct Question<T>(PhantomData<T>);

impl<T: Send> Question<T> {
    fn is_send(&self) -> bool {
        true
    }
}

trait NotSend {
    fn is_send(&self) -> bool;
}

impl<T> NotSend for Question<T> {
    fn is_send(&self) -> bool {
        false
    }
}

fn question<T>(_: &T) -> Question<T> {
    Question(PhantomData)
}

macro_rules! is_send {
    ($value:expr) => {
        question(&$value).is_send()
    };
}

#[test]
fn views_of_shared_futures_go_everywhere() {
    let ok = || [ready(Ok::<u8, u8>(1))];
    everywhere(gather(ok()));
    everywhere(try_gather(ok()));
    everywhere(as_completed(ok()));
    everywhere(as_completed(ok()).keyed());
    everywhere(wait(ok()));
    everywhere(wait(ok()).return_when(FirstError));
    let mut set: FutureSet<_> = ok().into_iter().collect();
    everywhere(gather(&mut set));
    everywhere(set.next());
    everywhere(limit(2, ok()));
    everywhere(gather(limit(2, ok())));
    everywhere(gather(ok()).on_progress(|_| ()));
}

#[test]
fn views_of_send_futures_are_send() {
    let one = || [ready(Cell::new(1))];
    send(gather(one()));
    send(as_completed(one()).keyed());
    send(wait(one()).return_when(|_: &Cell<u8>| true));
    send(gather(one()).timeout(pending::<()>()));
    send(as_completed(one()).timeout(pending::<()>()));
    send(wait(one()).timeout(pending::<()>()));
    send(gather(limit(2, one())));
    let mut set: FutureSet<_> = one().into_iter().collect();
    send(set.next());
    assert!(is_send!(set.drive_while(ready(Cell::new(1)))));
    assert!(is_send!(as_completed(one()).for_each(async |_| ())));
    assert!(is_send!(create_task(ready(Cell::new(1)), drop)));
}

#[test]
fn views_of_local_futures_are_unpin_and_stay_here() {
    let one = || [ready(Rc::new(1))];
    assert!(!is_send!(unpin(gather(one()))));
    assert!(!is_send!(unpin(as_completed(one()))));
    assert!(!is_send!(unpin(as_completed(one()).keyed())));
    assert!(!is_send!(unpin(wait(one()))));
    assert!(!is_send!(unpin(wait(one()).return_when(FirstCompleted))));
    assert!(!is_send!(unpin(gather(one()).timeout(ready(())))));
    assert!(!is_send!(unpin(wait(one()).timeout(ready(())))));
    assert!(!is_send!(unpin(as_completed(one()).timeout(ready(())))));
    assert!(!is_send!(unpin(gather(limit(1, one())))));
    let mut set: FutureSet<_> = one().into_iter().collect();
    assert!(!is_send!(unpin(set.next())));
    assert!(!is_send!(set.drive_while(ready(1))));
    assert!(!is_send!(as_completed(one()).for_each(async |_| ())));
}

#[test]
fn a_timer_that_stays_here_keeps_its_view_here() {
    let timer = || ready(Rc::new(1));
    assert!(is_send!(gather([ready(1)])));
    assert!(!is_send!(gather([ready(1)]).timeout(timer())));
    assert!(!is_send!(as_completed([ready(1)]).timeout(timer())));
    assert!(!is_send!(wait([ready(1)]).timeout(timer())));
}
