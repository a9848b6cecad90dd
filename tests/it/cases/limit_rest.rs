//! What a limit has not pulled.

use std::cell::Cell;
use std::future::ready;
use std::rc::Rc;

use futures_core::Stream;
use rejoin::{AtLeast, FirstCompleted, FirstError, as_completed, gather, limit, try_gather, wait};

use crate::support::{Probe, Runtime, counted, manual};

cases! {
    an_error_ends_the_pulling,
    a_condition_ends_the_pulling,
    a_timeout_gives_the_unpulled_rest_back,
    wait_gives_the_unpulled_rest_back,
    as_completed_gives_the_unpulled_rest_back,
    size_hint_counts_the_unpulled,
}

async fn an_error_ends_the_pulling<R: Runtime>() {
    let pulled = Rc::<Cell<usize>>::default();
    let inputs = || {
        pulled.set(0);
        let pulled = &pulled;
        limit(
            3,
            (0..100).map(move |place| {
                pulled.set(pulled.get() + 1);
                ready(if place == 10 { Err(place) } else { Ok(place) })
            }),
        )
    };
    assert_eq!(Probe::new(try_gather(inputs())).ready(), Err(10));
    assert!((11..=13).contains(&pulled.get()), "{} pulled", pulled.get());
    let (done, _) = Probe::new(wait(inputs()).return_when(FirstError)).ready();
    assert!((11..=13).contains(&done.len()));
    assert_eq!(pulled.get(), done.len(), "nothing more is pulled");
}

async fn a_condition_ends_the_pulling<R: Runtime>() {
    let (children, pulled, futures) = counted(10);
    let mut probe = Probe::new(wait(limit(3, futures)).return_when(FirstCompleted));
    probe.pending();
    children[1].complete(1);
    let (done, rest) = probe.ready();
    assert_eq!(done[0].output, 1);
    assert_eq!(pulled.get(), 3);
    let mut probe = Probe::new(wait(rest).return_when(AtLeast(2)));
    probe.pending();
    assert_eq!(pulled.get(), 4, "the next view fills the free place");
    children[3].complete(3);
    probe.pending();
    assert_eq!(pulled.get(), 5);
}

async fn a_timeout_gives_the_unpulled_rest_back<R: Runtime>() {
    let (children, pulled, futures) = counted(6);
    let (timer, deadline) = manual::<()>();
    let mut probe = Probe::new(gather(limit(2, futures)).timeout(deadline));
    probe.pending();
    children[0].complete(0);
    probe.pending();
    assert_eq!(pulled.get(), 3);
    timer.complete(());
    let late = probe.ready().unwrap_err();
    assert_eq!(late.finished(), 1);
    let mut probe = Probe::new(gather(late.into_set()));
    probe.pending();
    assert_eq!(pulled.get(), 3, "the limit holds on");
    for (place, child) in children.iter().enumerate().skip(1) {
        child.complete(place);
    }
    assert_eq!(probe.ready(), [0, 1, 2, 3, 4, 5]);
}

async fn wait_gives_the_unpulled_rest_back<R: Runtime>() {
    let (children, pulled, futures) = counted(6);
    let mut rest = limit(2, futures);
    let mut order = Vec::new();
    loop {
        let mut probe = Probe::new(wait(rest).return_when(FirstCompleted));
        if let Some(last) = (0..6)
            .rev()
            .find(|place| *place < pulled.get().max(2) && children[*place].drops() == 0)
        {
            probe.pending();
            children[last].complete(last);
        }
        let (done, back) = probe.ready();
        if done.is_empty() {
            break;
        }
        order.extend(done.into_iter().map(|completed| completed.output));
        rest = back;
    }
    order.sort_unstable();
    assert_eq!(order, [0, 1, 2, 3, 4, 5]);
    assert_eq!(children.drops(), [1; 6]);
}

async fn as_completed_gives_the_unpulled_rest_back<R: Runtime>() {
    let (children, pulled, futures) = counted(5);
    let mut probe = Probe::new(as_completed(limit(2, futures)));
    probe.next_pending();
    children[1].complete(1);
    assert_eq!(probe.next_ready(), Some(1));
    let rest = probe.into_view().into_set();
    assert_eq!(pulled.get(), 2);
    let mut probe = Probe::new(gather(rest));
    probe.pending();
    assert_eq!(pulled.get(), 3);
    for place in [0, 2, 3, 4] {
        children[place].complete(place);
    }
    assert_eq!(probe.ready(), [0, 2, 3, 4]);
}

async fn size_hint_counts_the_unpulled<R: Runtime>() {
    let (children, _, futures) = counted(5);
    let mut probe = Probe::new(as_completed(limit(2, futures)));
    assert_eq!(probe.view().size_hint(), (5, Some(5)));
    probe.next_pending();
    assert_eq!(probe.view().size_hint(), (5, Some(5)));
    children[0].complete(0);
    assert_eq!(probe.next_ready(), Some(0));
    assert_eq!(probe.view().size_hint(), (4, Some(4)));
    let unknown = std::iter::from_fn(|| Some(ready(1)));
    assert_eq!(
        as_completed(limit(2, unknown)).size_hint(),
        (0, None),
        "its iterator has no upper bound"
    );
}
