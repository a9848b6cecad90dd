//! Executors that poll at other times than most.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use futures_executor::block_on;
use rejoin::{FutureSet, Gather, as_completed, gather};

use super::support::{Child, Output, children, drops, poll, poll_with, set, task};

/// A task that is polled from inside its waker.
struct Inline {
    gathering: Mutex<Option<Gather<FutureSet<Child>>>>,
    outputs: Mutex<Option<Vec<Output>>>,
    /// Whether it is dropped instead.
    drops: AtomicBool,
}

impl Inline {
    fn new(gathering: Gather<FutureSet<Child>>) -> Arc<Self> {
        Arc::new(Self {
            gathering: Mutex::new(Some(gathering)),
            outputs: Mutex::new(None),
            drops: AtomicBool::new(false),
        })
    }

    fn poll(self: &Arc<Self>) {
        let mut gathering = self.gathering.lock().unwrap();
        if self.drops.load(SeqCst) {
            *gathering = None;
        }
        let Some(view) = &mut *gathering else { return };
        let waker = Waker::from(Arc::clone(self));
        if let Poll::Ready(outputs) = poll_with(view, &waker) {
            *gathering = None;
            *self.outputs.lock().unwrap() = Some(outputs);
        }
    }
}

impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        self.poll();
    }
}

#[test]
fn a_wake_may_poll_the_view() {
    let (handles, set) = set(3);
    let inline = Inline::new(gather(set));
    inline.poll();
    for handle in &handles {
        handle.wake();
        assert!(inline.outputs.lock().unwrap().is_none());
        handle.ready();
    }
    let outputs = inline.outputs.lock().unwrap().take();
    assert_eq!(outputs.map(|outputs| outputs.len()), Some(3));
    assert_eq!(drops(&handles), [1; 3]);
}

#[test]
fn a_wake_may_drop_the_view() {
    let (handles, set) = set(3);
    let inline = Inline::new(gather(set));
    inline.poll();
    inline.drops.store(true, SeqCst);
    handles[1].wake();
    assert!(inline.gathering.lock().unwrap().is_none());
    assert_eq!(drops(&handles), [1; 3]);
    handles.iter().for_each(|handle| handle.wake());
    assert_eq!(Arc::strong_count(&inline), 1);
}

#[test]
fn an_adder_may_poll_or_drop_the_view_by_waking_it() {
    for drop_it in [false, true] {
        let (handles, mut set) = set(1);
        let adder = set.adder();
        let inline = Inline::new(gather(set));
        inline.poll();
        inline.drops.store(drop_it, SeqCst);
        let (more, mut futures) = children(1);
        assert!(adder.insert(futures.remove(0)).is_ok());
        assert_eq!(more[0].polls(), usize::from(!drop_it));
        handles[0].ready();
        more[0].ready();
        let outputs = inline.outputs.lock().unwrap().take();
        assert_eq!(
            outputs.map_or(0, |outputs| outputs.len()),
            if drop_it { 0 } else { 2 }
        );
        assert_eq!((drops(&handles), drops(&more)), (vec![1], vec![1]));
    }
}

#[test]
fn needless_polls_of_a_view_poll_no_child() {
    let (handles, mut set) = set(100);
    let mut gathering = gather(&mut set);
    for _ in 0..10 {
        assert!(poll(&mut gathering).is_pending());
    }
    assert!(handles.iter().all(|handle| handle.polls() == 1));
}

#[test]
fn only_the_waker_of_the_last_poll_is_used() {
    let (handles, set) = set(2);
    let mut gathering = gather(set);
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (task, waker) = task();
            assert!(poll_with(&mut gathering, &waker).is_pending());
            task
        })
        .collect();
    handles[0].ready();
    handles[1].ready();
    let wakes: Vec<_> = tasks.iter().map(|task| task.wakes()).collect();
    assert_eq!(wakes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert!(poll(&mut gathering).is_ready());
}

#[test]
fn an_executor_that_shuts_down_drops_everything_once() {
    let (handles, futures) = children(64);
    let mut items = as_completed(futures);
    let (task, waker) = task();
    assert!(poll_with(&mut items.next(), &waker).is_pending());
    let wakers: Vec<_> = handles.iter().filter_map(|handle| handle.waker()).collect();
    thread::scope(|scope| {
        for waker in wakers {
            scope.spawn(move || waker.wake());
        }
        drop(items);
    });
    assert_eq!(drops(&handles), [1; 64]);
    assert!(task.wakes() <= 1);
    drop(waker);
    assert_eq!(
        Arc::strong_count(&task),
        1,
        "a set that is gone wakes nobody"
    );
}

#[test]
fn sixty_four_threads_wake_at_once() {
    const THREADS: usize = 64;
    const WAKES: usize = 50;
    let (handles, futures) = children(THREADS);
    let outputs = thread::scope(|scope| {
        for handle in &handles {
            scope.spawn(move || {
                for _ in 0..WAKES {
                    handle.wake();
                    thread::yield_now();
                }
                handle.ready();
            });
        }
        // A thread may be ready before its future is polled first, which it then sees.
        block_on(gather(futures))
    });
    assert_eq!(outputs.len(), THREADS);
    for (handle, output) in handles.iter().zip(&outputs) {
        assert!(handle.is_origin_of(output));
        assert!(handle.polls() <= WAKES + 2, "polled more often than woken");
    }
}

#[test]
fn a_view_may_move_between_threads_from_poll_to_poll() {
    let (handles, set) = set(8);
    let mut gathering = gather(set);
    for handle in &handles {
        gathering = thread::scope(|scope| {
            let polled = scope.spawn(move || {
                let mut cx = Context::from_waker(Waker::noop());
                assert!(
                    std::pin::Pin::new(&mut gathering)
                        .poll(&mut cx)
                        .is_pending()
                );
                gathering
            });
            polled.join().unwrap()
        });
        handle.ready();
    }
    assert!(poll(&mut gathering).is_ready());
}
