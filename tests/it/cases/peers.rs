//! What other crates of this kind stumble over, as far as no other module tells it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Ready, poll_fn, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use rejoin::{FirstCompleted, FirstSuccess, FutureSet, as_completed, gather, try_gather, wait};

use crate::support::{LocalBoxFuture, Manual, Probe, Runtime, group, manual, yield_with_clone};

cases! {
    nothing_changes_above_thirty_inputs,
    one_wake_polls_one_child_of_few,
    a_refilled_place_does_not_starve_the_others,
    ready_refills_do_not_starve_the_others,
    a_thousand_leaked_wakers_keep_no_future,
    cancelling_a_timer_frees_its_place_at_once,
    an_unpinned_child_does_not_move_before_its_drop,
    every_error_is_kept_when_nobody_succeeds,
    the_rest_keeps_its_order,
    a_cooperative_budget_costs_no_quadratic_polls,
    a_lock_that_children_hand_on_in_turn,
}

async fn nothing_changes_above_thirty_inputs<R: Runtime>() {
    for count in 1..=66 {
        let (children, futures) = group::<Result<usize, usize>>(count);
        let mut probe = Probe::new(try_gather(futures));
        probe.pending();
        for (place, child) in children.iter().enumerate().skip(1).rev() {
            child.complete(Ok(place));
            probe.pending();
        }
        children[0].complete(Ok(0));
        assert_eq!(probe.ready(), Ok((0..count).collect()));
        assert_eq!(probe.wakes(), count);
        assert_eq!(children.polls(), vec![2; count]);
    }
}

async fn one_wake_polls_one_child_of_few<R: Runtime>() {
    let (children, futures) = group::<u8>(8);
    let mut probe = Probe::new(gather(futures));
    probe.pending();
    for _ in 0..5 {
        children[6].wake();
        probe.pending();
    }
    assert_eq!(children.polls(), [1, 1, 1, 1, 1, 1, 6, 1]);
}

async fn a_refilled_place_does_not_starve_the_others<R: Runtime>() {
    let (mut children, futures) = group(3);
    let mut set: FutureSet<_> = futures.into_iter().collect();
    Probe::new(set.next()).pending();
    let mut first = 0;
    for turn in 0..50 {
        children[first].complete("refilled");
        if turn == 10 {
            children[2].complete("patient");
        }
        let mut taken = Vec::new();
        while let Poll::Ready(Some(completed)) = Probe::new(set.next()).poll() {
            taken.push(completed.output);
        }
        let expected: &[_] = if turn == 10 {
            &["refilled", "patient"]
        } else {
            &["refilled"]
        };
        assert_eq!(taken, expected);
        first = set.insert(children.add()).index();
        Probe::new(set.next()).pending();
    }
    assert_eq!(children[2].polls(), 2);
}

async fn ready_refills_do_not_starve_the_others<R: Runtime>() {
    let (child, future) = manual();
    let mut set: FutureSet<LocalBoxFuture<&str>> = FutureSet::new();
    set.insert(Box::pin(ready("filler")));
    set.insert(Box::pin(future));
    let mut before = 0;
    loop {
        let completed = set.next().await.unwrap();
        if completed.output == "patient" {
            break;
        }
        before += 1;
        set.insert(Box::pin(ready("filler")));
        if before == 10 {
            child.complete("patient");
        }
    }
    assert!(before <= 12, "{before} turns");
}

async fn a_thousand_leaked_wakers_keep_no_future<R: Runtime>() {
    let alive = Arc::new(());
    let wakers = Rc::new(RefCell::new(Vec::<Waker>::new()));
    let futures = (0..1000).map(|_| {
        let content = ([0_u8; 4096], Arc::clone(&alive));
        let wakers = Rc::clone(&wakers);
        let mut polled = false;
        poll_fn(move |cx| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(content.0.len());
            }
            wakers.borrow_mut().push(cx.waker().clone());
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    });
    let mut view = as_completed(futures);
    let mut finished = 0;
    while let Some(length) = view.next().await {
        assert_eq!(length, 4096);
        finished += 1;
    }
    assert_eq!(finished, 1000);
    assert_eq!(wakers.borrow().len(), 1000);
    assert_eq!(Arc::strong_count(&alive), 1);
    drop(view);
    wakers.borrow_mut().drain(..).for_each(Waker::wake);
}

async fn cancelling_a_timer_frees_its_place_at_once<R: Runtime>() {
    let hour = std::time::Duration::from_secs(3600);
    let mut set = FutureSet::new();
    for _ in 0..100 {
        let keys = [(); 8].map(|()| set.insert(R::sleep(hour)));
        assert!(Probe::new(set.next()).poll().is_pending());
        assert!(keys.into_iter().all(|key| set.cancel(key)));
        assert!(set.is_empty());
    }
    assert!(set.next().await.is_none());
}

async fn an_unpinned_child_does_not_move_before_its_drop<R: Runtime>() {
    let (children, futures) = group::<u8>(3);
    let mut set: FutureSet<Manual<u8>> = FutureSet::new();
    let keys: Vec<_> = futures
        .into_iter()
        .map(|future| set.insert(future))
        .collect();
    Probe::new(set.next()).pending();
    set.cancel(keys[1]);
    set.clear();
    for child in children.iter() {
        let addresses = child.addresses();
        assert_eq!(addresses.len(), 2);
        assert_eq!(addresses[0], addresses[1]);
    }
}

async fn every_error_is_kept_when_nobody_succeeds<R: Runtime>() {
    let errors = ["a", "b", "c"].map(|error| ready(Err::<u8, _>(error)));
    let (done, rest) = wait(errors).return_when(FirstSuccess).await;
    let errors: Vec<_> = done
        .into_iter()
        .map(|completed| completed.output.unwrap_err())
        .collect();
    assert_eq!(errors, ["a", "b", "c"]);
    assert!(rest.is_empty());
    let none: [Ready<Result<u8, u8>>; 0] = [];
    let (done, _) = wait(none).return_when(FirstSuccess).await;
    assert!(done.is_empty());
}

async fn the_rest_keeps_its_order<R: Runtime>() {
    let (children, futures) = group(6);
    let mut probe = Probe::new(wait(futures).return_when(FirstCompleted));
    probe.pending();
    children[0].complete(0);
    let (_, rest) = probe.ready();
    let mut probe = Probe::new(wait(rest).return_when(FirstCompleted));
    probe.pending();
    children[3].complete(3);
    let (_, rest) = probe.ready();
    for place in [5, 1, 4, 2] {
        children[place].complete(place);
    }
    assert_eq!(gather(rest).await, [1, 2, 4, 5]);
}

/// Lets 100 children pass in each tick and sends the others away, woken, as tokio's cooperative budget does it.
async fn budgeted(budget: Rc<Cell<u32>>, polls: Rc<Cell<u32>>) {
    loop {
        polls.set(polls.get() + 1);
        if let Some(left) = budget.get().checked_sub(1) {
            budget.set(left);
            return;
        }
        yield_with_clone().await;
    }
}

async fn a_cooperative_budget_costs_no_quadratic_polls<R: Runtime>() {
    let count = 5_000;
    let (budget, polls) = (Rc::<Cell<u32>>::default(), Rc::<Cell<u32>>::default());
    let children = (0..count).map(|_| budgeted(Rc::clone(&budget), Rc::clone(&polls)));
    let mut probe = Probe::new(gather(children));
    for tick in 1.. {
        budget.set(100);
        if probe.poll().is_ready() {
            assert_eq!(tick, count / 100);
            break;
        }
        assert_eq!(probe.wakes(), tick as usize);
    }
    // The first tick polls everybody; each later one lets a hundred pass and then tries 128 in vain.
    assert!(
        polls.get() <= count + (count / 100) * (100 + 128),
        "{} polls",
        polls.get()
    );
}

/// A lock that is handed to whoever waits for it longest: who is let in and not polled keeps all others out.
#[derive(Clone, Default)]
struct FairLock(Rc<RefCell<Queue>>);

#[derive(Default)]
struct Queue {
    served: usize,
    next: usize,
    wakers: BTreeMap<usize, Waker>,
}

impl FairLock {
    async fn lock(&self) -> FairGuard<'_> {
        let ticket = {
            let mut queue = self.0.borrow_mut();
            queue.next += 1;
            queue.next - 1
        };
        poll_fn(|cx| {
            let mut queue = self.0.borrow_mut();
            if queue.served == ticket {
                return Poll::Ready(());
            }
            queue.wakers.insert(ticket, cx.waker().clone());
            Poll::Pending
        })
        .await;
        FairGuard(self)
    }
}

struct FairGuard<'a>(&'a FairLock);

impl Drop for FairGuard<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.0.borrow_mut();
        queue.served += 1;
        let served = queue.served;
        if let Some(waker) = queue.wakers.remove(&served) {
            waker.wake();
        }
    }
}

async fn a_lock_that_children_hand_on_in_turn<R: Runtime>() {
    let lock = FairLock::default();
    let order = Rc::new(RefCell::new(Vec::new()));
    let children = (0..20).map(|place| {
        let (lock, order) = (lock.clone(), Rc::clone(&order));
        async move {
            let _guard = lock.lock().await;
            yield_with_clone().await;
            order.borrow_mut().push(place);
        }
    });
    gather(children).await;
    assert_eq!(*order.borrow(), (0..20).collect::<Vec<_>>());
}
