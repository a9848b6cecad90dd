use std::cell::Cell;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use rejoin::{FirstError, FutureSet, as_completed, gather, try_gather, wait};

use crate::support::{Probe, Runtime, group, panic_message};

cases! {
    a_panic_unwinds_through_gather_and_the_rest_goes_on,
    a_panic_at_the_first_poll_leaves_the_unpolled_to_be_polled,
    woken_children_that_were_not_reached_are_polled_next,
    a_panic_unwinds_through_as_completed,
    a_panic_unwinds_through_try_gather,
    a_panic_unwinds_through_wait,
    a_borrowed_set_stays_complete_without_it,
    its_place_is_free_again,
    every_child_panics,
    a_panic_after_outputs_of_the_same_tick_loses_none,
    a_panic_in_return_when_loses_no_output,
    a_panic_in_the_drop_of_a_child,
    a_panic_reaches_the_caller_of_the_runtime,
}

async fn a_panic_unwinds_through_gather_and_the_rest_goes_on<R: Runtime>() {
    let (children, futures) = group(3);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    children[1].panic("bang");
    assert_eq!(probe.wakes(), 1);
    assert_eq!(probe.panics(), "bang");
    assert_eq!(children.drops(), [0, 1, 0]);
    children[2].complete(2);
    probe.pending();
    children[0].complete(0);
    assert_eq!(probe.ready(), [0, 2]);
    assert_eq!(children.drops(), [1; 3]);
    assert_eq!(children.polls(), [2; 3]);
}

async fn a_panic_at_the_first_poll_leaves_the_unpolled_to_be_polled<R: Runtime>() {
    for count in [2, 5, 70, 200] {
        let (children, futures) = group::<usize>(count);
        children[1].panic("at once");
        let mut probe = Probe::new(as_completed(futures));
        assert_eq!(probe.next_panics(), "at once");
        assert_eq!(children.drops()[1], 1);
        for (place, child) in children.iter().enumerate() {
            if place != 1 {
                child.complete(place);
            }
        }
        let mut items = Vec::new();
        while let Some(item) = probe.next_ready() {
            items.push(item);
        }
        items.sort_unstable();
        assert_eq!(
            items,
            (0..count).filter(|place| *place != 1).collect::<Vec<_>>()
        );
        assert_eq!(children.drops(), vec![1; count]);
    }
}

async fn woken_children_that_were_not_reached_are_polled_next<R: Runtime>() {
    let (children, futures) = group(100);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    children.take_polled();
    for place in [80, 3, 50, 7] {
        if place == 3 {
            children[place].panic("bang");
        } else {
            children[place].complete(place);
        }
    }
    assert_eq!(probe.panics(), "bang");
    assert_eq!(children.take_polled(), [80, 3]);
    probe.pending();
    assert_eq!(
        children.take_polled(),
        [50, 7],
        "in the order of their wakes"
    );
    for (place, child) in children.iter().enumerate() {
        if ![80, 3, 50, 7].contains(&place) {
            child.complete(place);
        }
    }
    assert_eq!(
        probe.ready(),
        (0..100).filter(|place| *place != 3).collect::<Vec<_>>()
    );
    assert_eq!(children.drops(), [1; 100]);
}

async fn a_panic_unwinds_through_as_completed<R: Runtime>() {
    let (children, futures) = group(3);
    let mut probe = Probe::new(as_completed(futures));
    probe.next_pending();
    children[0].panic("bang");
    children[2].complete(2);
    assert_eq!(probe.next_panics(), "bang");
    assert_eq!(probe.next_ready(), Some(2));
    probe.next_pending();
    children[1].complete(1);
    assert_eq!(probe.next_ready(), Some(1));
    assert_eq!(probe.next_ready(), None);
}

async fn a_panic_unwinds_through_try_gather<R: Runtime>() {
    let (children, futures) = group::<Result<u8, u8>>(4);
    let mut probe = Probe::new(try_gather(futures));
    probe.pending();
    children[3].panic("bang");
    children[1].complete(Ok(1));
    assert_eq!(probe.panics(), "bang");
    probe.pending();
    children[0].complete(Ok(0));
    children[2].complete(Ok(2));
    assert_eq!(probe.ready(), Ok(vec![0, 1, 2]));
}

async fn a_panic_unwinds_through_wait<R: Runtime>() {
    let (children, futures) = group::<Result<u8, u8>>(4);
    let mut probe = Probe::new(wait(futures).return_when(FirstError));
    probe.pending();
    children[0].complete(Ok(0));
    children[3].panic("bang");
    assert_eq!(probe.panics(), "bang");
    probe.pending();
    children[1].complete(Err(1));
    let (done, rest) = probe.ready();
    let outputs: Vec<_> = done.into_iter().map(|completed| completed.output).collect();
    assert_eq!(
        outputs,
        [Ok(0), Err(1)],
        "what completed before the panic is there"
    );
    assert_eq!(rest.len(), 1);
}

async fn a_borrowed_set_stays_complete_without_it<R: Runtime>() {
    let (children, futures) = group(4);
    let mut set = FutureSet::new();
    let keys: Vec<_> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    let mut probe = Probe::new(gather(&mut set));
    probe.pending();
    children[2].complete(2);
    children[0].panic("bang");
    assert_eq!(probe.panics(), "bang");
    drop(probe);
    assert!(!set.contains(keys[0]));
    assert!(!set.cancel(keys[0]));
    assert_eq!(set.len(), 3);
    let progress = set.progress();
    assert_eq!(
        (progress.finished, progress.total),
        (1, 3),
        "a panicked child is in neither number"
    );
    children[1].complete(1);
    children[3].complete(3);
    assert_eq!(gather(&mut set).await, [1, 2, 3]);
    assert!(set.is_empty());
}

async fn its_place_is_free_again<R: Runtime>() {
    let (mut children, futures) = group(2);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(set.next());
    probe.pending();
    children[0].panic("bang");
    assert_eq!(probe.panics(), "bang");
    drop(probe);
    let key = set.insert(children.add());
    assert_eq!(key.index(), 2);
    children[0].wake();
    children[2].complete(2);
    let mut probe = Probe::new(set.next());
    let completed = probe.ready().unwrap();
    assert_eq!((completed.key, completed.output), (key, 2));
    assert_eq!(children.polls(), [2, 1, 1]);
}

async fn every_child_panics<R: Runtime>() {
    let (children, futures) = group::<u8>(70);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    for child in children.iter() {
        child.panic("bang");
    }
    for _ in 0..70 {
        assert_eq!(probe.panics(), "bang");
    }
    assert!(probe.ready().is_empty());
    assert_eq!(children.drops(), [1; 70]);
    assert_eq!(children.polls(), [2; 70]);
}

async fn a_panic_after_outputs_of_the_same_tick_loses_none<R: Runtime>() {
    let (children, futures) = group(5);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let mut probe = Probe::new(wait(&mut set));
    probe.pending();
    children[4].complete(4);
    children[1].complete(1);
    children[3].panic("bang");
    children[0].complete(0);
    assert_eq!(probe.panics(), "bang");
    drop(probe);
    let mut rest = Probe::new(as_completed(&mut set));
    for expected in [4, 1, 0] {
        assert_eq!(rest.next_ready(), Some(expected));
    }
    rest.next_pending();
}

async fn a_panic_in_return_when_loses_no_output<R: Runtime>() {
    let (children, futures) = group(4);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    let asked = Rc::<Cell<u32>>::default();
    let mut probe = Probe::new(wait(&mut set).return_when(|output: &usize| {
        asked.set(asked.get() + 1);
        assert_ne!(*output, 2, "no twos");
        false
    }));
    probe.pending();
    for place in [3, 2, 0] {
        children[place].complete(place);
    }
    assert!(probe.panics().contains("no twos"));
    assert!((2..=3).contains(&asked.get()));
    drop(probe);
    assert_eq!(set.len(), 4);
    children[1].complete(1);
    assert_eq!(gather(&mut set).await, [0, 1, 2, 3]);
}

/// Panics when it is dropped, once.
struct DropBomb(Rc<Cell<bool>>);

impl Drop for DropBomb {
    fn drop(&mut self) {
        if self.0.replace(false) {
            panic!("drop bomb");
        }
    }
}

async fn a_panic_in_the_drop_of_a_child<R: Runtime>() {
    let armed = Rc::new(Cell::new(true));
    let (children, futures) = group::<u8>(3);
    let bombs = futures.into_iter().enumerate().map(|(place, future)| {
        let bomb = DropBomb(Rc::new(Cell::new(false)));
        let bomb = if place == 1 {
            DropBomb(Rc::clone(&armed))
        } else {
            bomb
        };
        async move {
            let _bomb = bomb;
            future.await
        }
    });
    let set: FutureSet<_> = bombs.collect();
    let mut view = Box::new(gather(set));
    Probe::new(&mut *view).pending();
    let caught = catch_unwind(AssertUnwindSafe(|| drop(view))).unwrap_err();
    assert_eq!(panic_message(&*caught), "drop bomb");
    assert_eq!(
        children.drops(),
        [1; 3],
        "the others are dropped all the same, once"
    );
    assert!(!armed.get());
}

async fn a_panic_reaches_the_caller_of_the_runtime<R: Runtime>() {
    let (children, futures) = group::<u8>(2);
    let mut view = gather(futures);
    for child in children.iter() {
        let child = child.clone();
        R::later(move || child.panic("bang"));
        let mut probe = Probe::new(&mut view);
        let caught = std::future::poll_fn(|cx| {
            match catch_unwind(AssertUnwindSafe(|| {
                std::pin::Pin::new(&mut probe).poll(cx).is_ready()
            })) {
                Ok(ready) => {
                    assert!(!ready);
                    std::task::Poll::Pending
                }
                Err(payload) => std::task::Poll::Ready(payload),
            }
        })
        .await;
        assert_eq!(panic_message(&*caught), "bang");
    }
    assert!(view.await.is_empty());
    assert_eq!(gather([ready(1)]).await, [1]);
}
