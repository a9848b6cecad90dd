//! When `wait` returns.

use std::cell::RefCell;
use std::future::{Ready, pending, ready};
use std::rc::Rc;

use rejoin::{
    AllCompleted, AtLeast, FirstCompleted, FirstError, FirstSuccess, FutureSet, ReturnWhen, gather,
    wait,
};

use crate::support::{Probe, Runtime, group, outputs};

cases! {
    errors_do_not_end_all_completed,
    first_completed_with_one_really_pending,
    first_error,
    first_error_after_a_success,
    first_error_without_one_waits_for_all,
    first_success,
    at_least,
    a_predicate_on_the_output,
    return_when_is_asked_once_per_output_in_completion_order,
    a_condition_that_returns_at_once,
    unclaimed_outputs_count_at_once,
    empty_returns_at_once_in_every_mode,
}

async fn errors_do_not_end_all_completed<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(3);
    let mut probe = Probe::new(wait(futures));
    probe.pending();
    children[1].complete(Err("bad"));
    probe.pending();
    children[2].complete(Ok(2));
    probe.pending();
    children[0].complete(Err("worse"));
    let (done, pending) = probe.ready();
    assert_eq!(outputs(done), [Err("bad"), Ok(2), Err("worse")]);
    assert!(pending.is_empty());
}

async fn first_completed_with_one_really_pending<R: Runtime>() {
    let (children, futures) = group(2);
    children[1].complete_silently(1);
    let (done, pending) = Probe::new(wait(futures).return_when(FirstCompleted)).ready();
    assert_eq!(outputs(done), [1]);
    assert_eq!(pending.len(), 1);
    assert_eq!(children.polls(), [1, 1]);
    let mut probe = Probe::new(wait(pending).return_when(FirstCompleted));
    probe.pending();
    assert_eq!(children.polls(), [1, 1]);
    children[0].complete(0);
    assert_eq!(outputs(probe.ready().0), [0]);
}

async fn first_error<R: Runtime>() {
    let at_first_poll = [Ok(0), Err("bad"), Ok(2)].map(ready);
    let (done, pending) = wait(at_first_poll).return_when(FirstError).await;
    assert_eq!(outputs(done), [Ok(0), Err("bad"), Ok(2)]);
    assert!(pending.is_empty());

    let (children, futures) = group::<Result<u8, &str>>(3);
    let mut probe = Probe::new(wait(futures).return_when(FirstError));
    probe.pending();
    children[2].complete(Err("bad"));
    let (done, pending) = probe.ready();
    assert_eq!(outputs(done), [Err("bad")]);
    assert_eq!(pending.len(), 2);
}

async fn first_error_after_a_success<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(3);
    let mut probe = Probe::new(wait(futures).return_when(FirstError));
    probe.pending();
    children[1].complete(Ok(1));
    probe.pending();
    children[0].complete(Err("bad"));
    let (done, pending) = probe.ready();
    assert_eq!(outputs(done), [Ok(1), Err("bad")]);
    assert_eq!(pending.len(), 1);
    assert_eq!(children[2].polls(), 1);
}

async fn first_error_without_one_waits_for_all<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(2);
    let mut probe = Probe::new(wait(futures).return_when(FirstError));
    probe.pending();
    children[1].complete(Ok(1));
    probe.pending();
    children[0].complete(Ok(0));
    let (done, pending) = probe.ready();
    assert_eq!(outputs(done), [Ok(1), Ok(0)]);
    assert!(pending.is_empty());
}

async fn first_success<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(3);
    let mut probe = Probe::new(wait(futures).return_when(FirstSuccess));
    probe.pending();
    children[0].complete(Err("bad"));
    probe.pending();
    children[2].complete(Ok(2));
    let (done, pending) = probe.ready();
    assert_eq!(outputs(done), [Err("bad"), Ok(2)]);
    assert_eq!(pending.len(), 1);

    let (children, futures) = group::<Result<u8, &str>>(2);
    let mut probe = Probe::new(wait(futures).return_when(FirstSuccess));
    probe.pending();
    children[0].complete(Err("bad"));
    probe.pending();
    children[1].complete(Err("worse"));
    assert_eq!(
        outputs(probe.ready().0),
        [Err("bad"), Err("worse")],
        "none, so all"
    );
}

async fn at_least<R: Runtime>() {
    let (children, futures) = group::<Result<u8, &str>>(5);
    let mut probe = Probe::new(wait(futures).return_when(AtLeast(3)));
    probe.pending();
    children[4].complete(Ok(4));
    children[0].complete(Err("bad"));
    probe.pending();
    children[2].complete(Ok(2));
    let (done, pending) = probe.ready();
    assert_eq!(outputs(done), [Ok(4), Err("bad"), Ok(2)]);
    assert_eq!(pending.len(), 2);

    let (done, pending) = wait((0..2).map(ready)).return_when(AtLeast(3)).await;
    assert_eq!(outputs(done), [0, 1], "all, if there are fewer");
    assert!(pending.is_empty());

    let (children, futures) = group(3);
    children[1].complete_silently(1);
    let (done, pending) = Probe::new(wait(futures).return_when(AtLeast(0))).ready();
    assert_eq!(outputs(done), [1], "one pass");
    assert_eq!(children.polls(), [1; 3]);
    assert_eq!(pending.len(), 2);
    let (done, pending) = Probe::new(wait(pending).return_when(AtLeast(0))).ready();
    assert!(done.is_empty());
    assert_eq!(pending.len(), 2);
}

async fn a_predicate_on_the_output<R: Runtime>() {
    let (children, futures) = group(4);
    let mut probe = Probe::new(wait(futures).return_when(|number: &u32| *number > 10));
    probe.pending();
    children[0].complete(3);
    probe.pending();
    children[3].complete(11);
    children[2].complete(12);
    let (done, pending) = probe.ready();
    assert_eq!(outputs(done), [3, 11, 12]);
    assert_eq!(pending.len(), 1);

    let (done, pending) = wait([1, 2].map(ready)).return_when(|_: &u32| false).await;
    assert_eq!(outputs(done), [1, 2], "none, so all");
    assert!(pending.is_empty());
}

async fn return_when_is_asked_once_per_output_in_completion_order<R: Runtime>() {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let (children, futures) = group(5);
    let mut probe = Probe::new(wait(futures).return_when(|output: &usize| {
        asked.borrow_mut().push(*output);
        *output == 1
    }));
    probe.pending();
    children[4].complete(4);
    children[2].complete(2);
    probe.pending();
    assert_eq!(*asked.borrow(), [4, 2]);
    children[0].complete(0);
    children[1].complete(1);
    children[3].complete(3);
    let (done, _) = probe.ready();
    assert_eq!(*asked.borrow(), [4, 2, 0, 1], "never after it said yes");
    assert_eq!(outputs(done), [4, 2, 0, 1, 3]);
}

/// Returns after one pass, whatever completed.
struct OnePass(Rc<RefCell<Vec<u32>>>);

impl ReturnWhen<u32> for OnePass {
    fn completed(&mut self, output: &u32) -> bool {
        self.0.borrow_mut().push(*output);
        false
    }

    fn at_once(&self) -> bool {
        true
    }
}

async fn a_condition_that_returns_at_once<R: Runtime>() {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let (children, futures) = group(3);
    children[2].complete_silently(2);
    let (done, pending) = Probe::new(wait(futures).return_when(OnePass(Rc::clone(&asked)))).ready();
    assert_eq!(outputs(done), [2]);
    assert_eq!(*asked.borrow(), [2]);
    assert_eq!(pending.len(), 2);
    assert_eq!(children.polls(), [1; 3]);
}

async fn unclaimed_outputs_count_at_once<R: Runtime>() {
    for mode in 0..5 {
        let (children, futures) = group::<Result<u8, u8>>(5);
        let mut set: FutureSet<_> = futures.into_iter().collect();
        let mut probe = Probe::new(gather(&mut set));
        probe.pending();
        children[3].complete(Ok(3));
        children[1].complete(Err(1));
        probe.pending();
        drop(probe);

        children[0].wake();
        children[4].complete(Ok(4));
        let view = wait(&mut set);
        let (done, pending) = match mode {
            0 => Probe::new(view.return_when(FirstCompleted)).ready(),
            1 => Probe::new(view.return_when(FirstError)).ready(),
            2 => Probe::new(view.return_when(FirstSuccess)).ready(),
            3 => Probe::new(view.return_when(AtLeast(2))).ready(),
            _ => Probe::new(view.return_when(|output: &Result<u8, u8>| *output == Err(1))).ready(),
        };
        assert_eq!(outputs(done), [Ok(3), Err(1), Ok(4)], "mode {mode}");
        assert_eq!(pending.len(), 2);
        assert_eq!(
            children.polls(),
            [2, 2, 1, 2, 2],
            "what was woken was polled once"
        );
    }
}

async fn empty_returns_at_once_in_every_mode<R: Runtime>() {
    type Child = Ready<Result<u8, u8>>;
    fn check<C: ReturnWhen<Result<u8, u8>>>(condition: impl Fn() -> C) {
        let none = Vec::<Child>::new;
        let (done, rest) = Probe::new(wait(none()).return_when(condition())).ready();
        assert!(done.is_empty() && rest.is_empty());
        let (done, rest) =
            Probe::new(wait(none()).return_when(condition()).timeout(ready(()))).ready();
        assert!(done.is_empty() && rest.is_empty());
        let (done, rest) = Probe::new(
            wait(none())
                .return_when(condition())
                .timeout(pending::<()>()),
        )
        .ready();
        assert!(done.is_empty() && rest.is_empty());
        let mut set = FutureSet::<Child>::new();
        let (done, rest) = Probe::new(wait(&mut set).return_when(condition())).ready();
        assert!(done.is_empty() && rest.is_empty());
    }
    check(|| AllCompleted);
    check(|| FirstCompleted);
    check(|| FirstError);
    check(|| FirstSuccess);
    check(|| AtLeast(3));
    check(|| |_: &Result<u8, u8>| false);
    let (done, rest) = wait(Vec::<Child>::new()).await;
    assert!(done.is_empty() && rest.is_empty());
}
