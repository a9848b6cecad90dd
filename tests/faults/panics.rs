//! Children, destructors, iterators, conditions, bodies and callbacks that panic.

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::iter;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_core::FusedFuture;
use rejoin::{FutureSet, as_completed, gather, limit, try_gather, wait};

use super::support::{
    Child, Handle, Output, children, drops, fault, faults, output_drops, poll, poll_with, polls,
    set, task,
};

#[test]
fn a_child_that_panics_is_dropped_and_the_others_go_on() {
    let (handles, mut set) = set(3);
    handles.iter().for_each(|handle| handle.ready());
    handles[1].fault_in_poll();
    assert!(faults(|| drop(poll(&mut gather(&mut set)))));
    assert_eq!(drops(&handles), [1, 1, 0]);
    let Poll::Ready(outputs) = poll(&mut gather(&mut set)) else {
        panic!("the others are ready");
    };
    assert_eq!(outputs.len(), 2);
    assert!(handles[0].is_origin_of(&outputs[0]));
    assert!(handles[2].is_origin_of(&outputs[1]));
    assert_eq!(set.progress().total, 2);
}

#[test]
fn an_output_outlives_a_panic_in_the_drop_of_its_future() {
    let (handles, mut set) = set(2);
    handles[0].fault_in_drop();
    handles[0].ready();
    assert!(faults(|| drop(poll(&mut set.next()))));
    assert_eq!(drops(&handles), [1, 0]);
    let (done, _) = match poll(&mut wait(&mut set).return_when(rejoin::FirstCompleted)) {
        Poll::Ready(ended) => ended,
        Poll::Pending => panic!("one has completed"),
    };
    assert!(handles[0].is_origin_of(&done[0].output));
    assert_eq!(set.len(), 1);
}

#[test]
fn a_panic_at_the_first_poll_of_many_costs_nobody_an_output() {
    for count in [64, 65, 128, 129, 200] {
        for faulty in [0, 63, count / 2, count - 1] {
            for in_poll in [false, true] {
                let (handles, futures) = children(count);
                handles.iter().for_each(|handle| handle.ready());
                handles.iter().for_each(|handle| handle.keep_no_waker());
                if in_poll {
                    handles[faulty].fault_in_poll();
                } else {
                    handles[faulty].fault_in_drop();
                }
                let mut gathering = gather(futures);
                assert!(faults(|| drop(poll(&mut gathering))));
                let Poll::Ready(outputs) = poll(&mut gathering) else {
                    panic!("all others are ready");
                };
                let others = handles
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| !(in_poll && *place == faulty));
                assert_eq!(outputs.len(), count - usize::from(in_poll));
                for ((_, handle), output) in others.zip(&outputs) {
                    assert!(handle.is_origin_of(output));
                }
                assert_eq!(drops(&handles), vec![1; count]);
            }
        }
    }
}

#[test]
fn after_any_panic_all_others_have_their_turn() {
    type FaultIn = fn(&Handle);
    // A future whose destructor panics has an output all the same.
    let ways: [(FaultIn, usize); 2] = [(Handle::fault_in_drop, 3), (Handle::fault_in_poll, 2)];
    for (fault_in, completed) in ways {
        for case in 0..6 {
            let (faulty, at_once) = (case % 3, case < 3);
            let (handles, children) = children(3);
            let mut set = FutureSet::new();
            if at_once {
                set.extend(children);
            } else {
                children.into_iter().for_each(|child| {
                    set.insert(child);
                });
            }
            for handle in &handles {
                handle.keep_no_waker();
                handle.ready();
            }
            fault_in(&handles[faulty]);
            assert!(faults(|| drop(poll(&mut gather(&mut set)))));
            let Poll::Ready(outputs) = poll(&mut gather(&mut set)) else {
                panic!("all are ready");
            };
            assert_eq!(polls(&handles), [1; 3]);
            assert_eq!(drops(&handles), [1; 3]);
            assert_eq!(outputs.len(), completed);
            assert_eq!(set.progress().total, completed);
        }
    }
}

#[test]
fn cancelling_may_panic_and_is_done_all_the_same() {
    let (handles, mut set) = set(1);
    let (more, futures) = children(2);
    let keys: Vec<_> = futures.into_iter().map(|child| set.insert(child)).collect();
    assert!(poll(&mut set.next()).is_pending());
    more[0].fault_in_drop();
    assert!(faults(|| _ = set.cancel(keys[0])));
    assert!(!set.contains(keys[0]));
    assert_eq!((set.len(), drops(&more)), (2, vec![1, 0]));
    let (third, future) = children(1);
    set.extend(future);
    for handle in [&handles[0], &more[1], &third[0]] {
        handle.ready();
    }
    assert!(poll(&mut gather(&mut set)).is_ready());
    assert_eq!(drops(&more), [1, 1]);
}

#[test]
fn dropping_a_set_drops_everything_once_whatever_panics() {
    let (handles, mut set) = set(70);
    handles[3].ready();
    handles[3].fault_in_output();
    assert!(poll(&mut gather(&mut set)).is_pending());
    assert!(faults(|| drop(set)));
    assert_eq!(drops(&handles), [1; 70]);
    assert_eq!(handles[3].output_drops(), 1);

    let (handles, mut set) = super::support::set(70);
    handles[69].ready();
    assert!(poll(&mut gather(&mut set)).is_pending());
    handles[2].fault_in_drop();
    assert!(faults(|| drop(set)));
    assert_eq!(drops(&handles), [1; 70]);
    assert_eq!(handles[69].output_drops(), 1);

    // Never polled.
    let (handles, set) = super::support::set(3);
    handles[0].fault_in_drop();
    assert!(faults(|| drop(set)));
    assert_eq!(drops(&handles), [1; 3]);
}

#[test]
fn what_was_added_and_not_taken_in_is_dropped_whatever_panics() {
    let (handles, mut set) = set(1);
    let adder = set.adder();
    let (added, futures) = children(3);
    for child in futures {
        assert!(adder.insert(child).is_ok());
    }
    added[0].fault_in_drop();
    assert!(faults(|| drop(set)));
    assert_eq!((drops(&handles), drops(&added)), (vec![1], vec![1; 3]));
}

#[test]
fn clearing_may_panic_and_wakes_the_task_all_the_same() {
    let (handles, mut set) = set(3);
    let (task, waker) = task();
    assert!(poll_with(&mut set.next(), &waker).is_pending());
    handles[0].fault_in_drop();
    assert!(faults(|| set.clear()));
    assert_eq!((drops(&handles), set.len()), (vec![1; 3], 0));
    assert_eq!(task.wakes(), 1, "nothing is left to wait for");
    let (more, futures) = children(2);
    set.extend(futures);
    more.iter().for_each(|handle| handle.ready());
    assert!(poll(&mut gather(&mut set)).is_ready());
}

#[test]
fn an_ended_try_gather_drops_what_it_owns_once_whatever_panics() {
    let (handles, futures) = children(4);
    handles.iter().take(3).for_each(|handle| handle.ready());
    handles[0].fault_in_output();
    let failing = 2;
    let futures = futures
        .into_iter()
        .enumerate()
        .map(|(place, child)| async move {
            let output = child.await;
            if place == failing {
                Err(output)
            } else {
                Ok(output)
            }
        });
    let mut gathering = try_gather(futures.map(Box::pin));
    assert!(faults(|| drop(poll(&mut gathering))));
    drop(gathering);
    assert_eq!(drops(&handles), [1; 4]);
    assert_eq!(output_drops(&handles), [1, 1, 1, 0]);
}

#[test]
fn results_that_are_unwrapped_where_they_are_are_dropped_once_whatever_panics() {
    for (count, failing, faulty) in [(3, 1, 0), (3, 1, 2), (1, 0, 0), (70, 69, 3), (70, 3, 69)] {
        let (handles, futures) = children(count);
        handles.iter().for_each(|handle| handle.ready());
        handles[faulty].fault_in_output();
        let results = futures.into_iter().enumerate().map(|(place, mut child)| {
            let Poll::Ready(output) = poll(&mut child) else {
                panic!("it is ready");
            };
            ready(if place == failing {
                Err(output)
            } else {
                Ok(output)
            })
        });
        let mut gathering = try_gather(results);
        assert!(faults(|| drop(poll(&mut gathering))));
        assert!(gathering.is_terminated(), "it does not succeed after all");
        drop(gathering);
        assert_eq!(
            output_drops(&handles),
            vec![1; count],
            "{failing}, {faulty}"
        );
    }
}

#[test]
fn those_given_up_beside_one_that_panics_leave_their_places_once() {
    let (handles, futures) = children(6);
    let mut set = FutureSet::new();
    let keys: Vec<_> = futures.into_iter().map(|child| set.insert(child)).collect();
    assert!(set.cancel(keys[1]) && set.cancel(keys[4]));
    handles[2].fault_in_poll();
    assert!(faults(|| drop(poll(&mut set.next()))));
    assert_eq!(polls(&handles), [1, 0, 1, 0, 0, 0]);

    let (more, futures) = children(6);
    set.extend(futures);
    assert!(poll(&mut set.next()).is_pending(), "the rest of the round");
    assert_eq!(polls(&handles), [1, 0, 1, 1, 0, 1]);
    assert!(poll(&mut set.next()).is_pending());
    assert_eq!(polls(&more), [1; 6]);
    handles
        .iter()
        .chain(&more)
        .for_each(|handle| handle.ready());
    let Poll::Ready(outputs) = poll(&mut gather(set)) else {
        panic!("all are ready");
    };
    assert_eq!(outputs.len(), 9);
    drop(outputs);
    assert_eq!(drops(&handles), [1; 6]);
    assert_eq!(output_drops(&more), [1; 6]);
}

#[test]
fn a_waker_that_outlives_its_child_wakes_nobody_after_a_panic_beside_it() {
    type Boxed = Pin<Box<dyn Future<Output = ()>>>;
    let kept = Rc::new(Cell::new(None::<Waker>));
    let late = Rc::clone(&kept);
    let mut set = FutureSet::<Boxed>::new();
    set.insert(Box::pin(poll_fn(move |cx| {
        late.set(Some(cx.waker().clone()));
        Poll::Ready(())
    })));
    set.insert(Box::pin(poll_fn(|_| fault())));
    set.insert(Box::pin(pending()));
    assert!(faults(|| assert!(poll(&mut set.next()).is_pending())));
    assert!(poll(&mut set.next()).is_ready());
    assert!(poll(&mut set.next()).is_pending());
    kept.take().expect("it was polled").wake();
    assert!(poll(&mut set.next()).is_pending());
    assert_eq!(set.len(), 1);
}

#[test]
fn an_input_iterator_that_panics_leaves_nothing_behind() {
    /// Notes, when its iterator is dropped, how many futures were dropped before.
    struct Part(Vec<Handle>, Rc<Cell<Option<usize>>>);
    impl Drop for Part {
        fn drop(&mut self) {
            self.1.set(Some(drops(&self.0).iter().sum()));
        }
    }
    for count in [3, 64, 70] {
        let (handles, futures) = children(count);
        let before = Rc::new(Cell::new(None));
        let part = Part(handles.clone(), Rc::clone(&before));
        let futures = futures.into_iter().chain(iter::once_with(|| fault()));
        let futures = futures.inspect(move |_| {
            let _part = &part;
        });
        assert!(faults(|| drop(gather(futures))));
        assert_eq!(drops(&handles), vec![1; count]);
        assert_eq!(before.get(), Some(0), "the iterator first");
    }
}

#[test]
fn an_input_iterator_that_panics_when_it_is_dropped_leaves_nothing_behind() {
    /// Has announced more than it has, or as many.
    struct Part(std::vec::IntoIter<Child>, usize);
    impl Iterator for Part {
        type Item = Child;

        fn next(&mut self) -> Option<Child> {
            self.0.next()
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            (self.1, None)
        }
    }
    impl Drop for Part {
        fn drop(&mut self) {
            fault();
        }
    }
    for (count, announced) in [(0, 7), (5, 7), (7, 7), (8, 7), (64, 70), (70, 64), (70, 0)] {
        let (handles, futures) = children(count);
        let part = Part(futures.into_iter(), announced);
        assert!(faults(|| drop(gather(part))));
        assert_eq!(drops(&handles), vec![1; count]);
    }
}

#[test]
fn what_an_empty_set_has_taken_from_an_iterator_that_panics_is_in_it() {
    let (handles, futures) = children(70);
    let futures = futures.into_iter().chain(iter::once_with(|| fault()));
    let mut set = FutureSet::new();
    assert!(faults(|| set.extend(futures)));
    assert_eq!(set.len(), 70);
    handles.iter().for_each(|handle| handle.ready());
    assert!(poll(&mut gather(set)).is_ready());
    assert_eq!(drops(&handles), [1; 70]);
}

#[test]
fn what_was_taken_from_an_iterator_that_panics_is_woken() {
    let (mut handles, mut set) = set(1);
    let (task, waker) = task();
    assert!(poll_with(&mut set.next(), &waker).is_pending());
    let (more, futures) = children(2);
    handles.extend(more);
    let futures = futures.into_iter().chain(iter::once_with(|| fault()));
    assert!(faults(|| set.extend(futures)));
    assert_eq!((set.len(), task.wakes()), (3, 1));
    handles.iter().for_each(|handle| handle.ready());
    let Poll::Ready(outputs) = poll(&mut gather(&mut set)) else {
        panic!("all are ready");
    };
    assert_eq!(outputs.len(), 3);
}

#[test]
fn the_iterator_of_a_limit_may_panic_between_two_children() {
    let (handles, futures) = children(4);
    handles.iter().for_each(|handle| handle.ready());
    let mut place = 0;
    let mut futures = futures.into_iter();
    let faulty = iter::from_fn(move || {
        place += 1;
        if place == 3 {
            fault();
        }
        futures.next()
    });
    let mut gathering = gather(limit(2, faulty));
    assert!(faults(|| drop(poll(&mut gathering))));
    let Poll::Ready(outputs) = poll(&mut gathering) else {
        panic!("all are ready");
    };
    let origins: Vec<_> = handles
        .iter()
        .zip(&outputs)
        .map(|(handle, output)| handle.is_origin_of(output))
        .collect();
    assert_eq!(origins, [true; 4]);
}

#[test]
fn a_condition_that_panics_loses_no_output() {
    for keeps_waker in [false, true] {
        let (handles, futures) = children(6);
        handles.iter().take(5).for_each(|handle| handle.ready());
        if !keeps_waker {
            handles.iter().for_each(Handle::keep_no_waker);
        }
        let mut asked = vec![];
        let mut waiting = wait(futures).return_when(|output: &Output| {
            asked.push(handles.iter().position(|one| one.is_origin_of(output)));
            if asked.len() < 3 {
                fault();
            }
            asked.len() == 4
        });
        assert!(faults(|| drop(poll(&mut waiting))));
        assert!(faults(|| drop(poll(&mut waiting))));
        let Poll::Ready((done, pending)) = poll(&mut waiting) else {
            panic!("the fourth output meets the condition");
        };
        drop(waiting);
        assert!(asked.into_iter().flatten().eq(0..4), "about each once");
        assert_eq!((done.len(), pending.len()), (5, 1));
    }
}

#[test]
fn a_body_that_panics_loses_no_output_but_its_own() {
    let (handles, mut set) = set(3);
    handles.iter().for_each(|handle| handle.ready());
    let mut calls = 0;
    let mut each = pin!(as_completed(&mut set).for_each(|_| {
        calls += 1;
        if calls == 2 {
            fault();
        }
        async {}
    }));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(faults(|| _ = each.as_mut().poll(&mut cx)));
    assert!(each.as_mut().poll(&mut cx).is_ready());
    assert_eq!(calls, 3);
    assert_eq!(output_drops(&handles), [1; 3]);
}

#[test]
fn a_driving_body_that_panics_leaves_the_outputs_in_the_set() {
    let (handles, mut set) = set(2);
    handles[1].ready();
    let body = pin!(poll_fn(|_| -> Poll<()> { fault() }));
    let mut driving = pin!(set.drive_while(body));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(faults(|| _ = driving.as_mut().poll(&mut cx)));
    let Poll::Ready(Some(completed)) = poll(&mut set.next()) else {
        panic!("one has completed");
    };
    assert!(handles[1].is_origin_of(&completed.output));
    let mut driving = pin!(set.drive_while(pending::<()>()));
    assert!(driving.as_mut().poll(&mut cx).is_pending());
}

#[test]
fn a_report_that_panics_is_not_repeated() {
    let (handles, futures) = children(3);
    handles.iter().for_each(|handle| handle.ready());
    let reported = Cell::new(0);
    let mut gathering = gather(futures).on_progress(|progress| {
        assert_eq!(progress.finished, reported.get() + 1);
        reported.set(progress.finished);
        if reported.get() == 2 {
            fault();
        }
    });
    assert!(faults(|| drop(poll(&mut gathering))));
    let Poll::Ready(outputs) = poll(&mut gathering) else {
        panic!("all are ready");
    };
    assert_eq!((outputs.len(), reported.get()), (3, 3));
}

#[test]
fn a_panic_between_woken_children_costs_none_of_them_its_turn() {
    let (handles, mut set) = set(130);
    assert!(poll(&mut set.next()).is_pending());
    for handle in handles.iter().rev() {
        handle.wake();
    }
    handles[100].fault_in_poll();
    assert!(faults(|| drop(poll(&mut set.next()))));
    assert!(poll(&mut set.next()).is_pending());
    assert_eq!(polls(&handles), [2; 130]);
}

#[test]
fn a_set_of_panicking_children_ends_up_empty() {
    let mut set: FutureSet<Child> = FutureSet::new();
    let (handles, futures) = children(5);
    set.extend(futures);
    for handle in &handles {
        handle.fault_in_poll();
    }
    for left in (0..5).rev() {
        assert!(faults(|| drop(poll(&mut set.next()))));
        assert_eq!(set.len(), left);
    }
    assert!(matches!(poll(&mut set.next()), Poll::Ready(None)));
    assert_eq!(drops(&handles), [1; 5]);
}
