//! The waker of the task that polls: who has it, and who is woken.

use super::*;
use core::task::Poll;
use loom::sync::Mutex;

/// What the consumer does when its task sleeps already.
#[derive(Clone, Copy)]
enum Then {
    /// It is polled by another task, and sleeps again.
    SleepElsewhere,
    /// A future is inserted.
    Rouse,
    /// The view ends.
    Awake,
}

/// The consumer sleeps, then does something, while a child is woken.
fn asleep<const N: usize>(then: Then, outcomes: [&'static str; N]) {
    explore(outcomes, move |seen| {
        let mut ready = Ready::new();
        let turn = Turn::new();
        let [task, other] = [Task::new(), Task::new()];
        let waker = keep_waker(&mut ready, 0);
        assert!(ready.sleep(&task.waker()));
        let waking = thread::spawn({
            let turn = turn.clone();
            move || {
                turn.take();
                waker.wake();
            }
        });
        turn.take();
        let is_asleep = match then {
            Then::SleepElsewhere => ready.sleep(&other.waker()),
            Then::Rouse => {
                ready.rouse();
                false
            }
            Then::Awake => {
                ready.awake();
                false
            }
        };
        waking.join().unwrap();
        let wakes = (task.take_wakes(), other.take_wakes());
        match (then, is_asleep, wakes) {
            (Then::SleepElsewhere, true, (0, 1)) => seen.note("the other is woken"),
            (Then::SleepElsewhere, false, (1, 0)) => seen.note("the first is woken"),
            (Then::SleepElsewhere, false, (0, 0)) => seen.note("nobody slept"),
            (Then::Rouse, _, (1, 0)) => seen.note("woken once"),
            (Then::Awake, _, (1, 0)) => seen.note("woken"),
            (Then::Awake, _, (0, 0)) => seen.note("not woken"),
            (_, is_asleep, wakes) => panic!("asleep: {is_asleep}, wakes: {wakes:?}"),
        }
        assert_eq!(take(&mut ready, &turn), [0]);
        ready.awake();
        assert!(ready.sleep(&other.waker()), "it cannot sleep");
        assert_eq!(Arc::strong_count(&task), 1, "a waker is left");
        drop(ready);
        assert_eq!(Arc::strong_count(&other), 1, "a waker is left");
    });
}

#[test]
fn loom_wake_against_change_of_the_task_two_threads() {
    let outcomes = ["the other is woken", "the first is woken", "nobody slept"];
    asleep(Then::SleepElsewhere, outcomes);
}

#[test]
fn loom_wake_against_insertion_two_threads() {
    asleep(Then::Rouse, ["woken once"]);
}

#[test]
fn loom_wake_against_end_of_the_view_two_threads() {
    asleep(Then::Awake, ["woken", "not woken"]);
}

/// Each tick is by another task, while children are woken one after the other.
#[test]
fn loom_two_wakes_against_two_changes_of_the_task() {
    explore(["woken", "kept awake"], |seen| {
        let mut ready = Ready::new();
        let turn = Turn::new();
        let wakers = [0, 2].map(|place| keep_waker(&mut ready, place));
        let tasks = [Task::new(), Task::new(), Task::new()];
        assert!(ready.sleep(&tasks[0].waker()));
        let waking = wakers.map(|waker| {
            let turn = turn.clone();
            thread::spawn(move || {
                turn.take();
                waker.wake();
            })
        });
        let mut taken = 0;
        let mut is_asleep = true;
        for task in &tasks[1..] {
            taken += take(&mut ready, &turn).len();
            is_asleep = ready.sleep(&task.waker());
        }
        for thread in waking {
            thread.join().unwrap();
        }
        let is_woken = tasks[2].take_wakes() != 0;
        let late = take(&mut ready, &turn).len();
        assert_eq!(taken + late, 2, "a wake was lost");
        if is_asleep && taken < 2 {
            assert!(is_woken, "the task sleeps on");
            seen.note("woken");
        }
        if !is_asleep {
            seen.note("kept awake");
        }
        drop(ready);
        for task in &tasks {
            assert_eq!(Arc::strong_count(task), 1, "a waker is left");
        }
    });
}

/// A task that polls its set, or drops it, when it is woken: from inside the wake.
struct Inline {
    ready: Mutex<Option<Ready>>,
    turn: Turn,
    is_dropping: bool,
    taken: AtomicUsize,
}

impl Inline {
    fn poll(self: &Arc<Self>) -> Poll<()> {
        let mut ready = self.ready.lock().unwrap();
        let Some(ready) = &mut *ready else {
            return Poll::Ready(());
        };
        let taken = take(ready, &self.turn).len();
        self.taken.fetch_add(taken, Relaxed);
        if ready.sleep(&Waker::from(Arc::clone(self))) {
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        if self.is_dropping {
            let ready = self.ready.lock().unwrap().take();
            drop(ready);
        } else {
            let _ = self.poll();
        }
    }
}

/// Two children are woken; the task that sleeps on them does something from inside the wake.
fn woken_inline<const N: usize>(is_dropping: bool, outcomes: [&'static str; N]) {
    explore(outcomes, move |seen| {
        let mut ready = Ready::new();
        let wakers = [0, 2].map(|place| keep_waker(&mut ready, place));
        let task = Arc::new(Inline {
            ready: Mutex::new(Some(ready)),
            turn: Turn::new(),
            is_dropping,
            taken: AtomicUsize::new(0),
        });
        assert!(task.poll().is_pending());
        let threads = wakers.map(|waker| thread::spawn(move || waker.wake()));
        for thread in threads {
            thread.join().unwrap();
        }
        match &mut *task.ready.lock().unwrap() {
            None => seen.note("dropped"),
            Some(ready) => {
                let polled = task.taken.load(Relaxed);
                let left = take(ready, &task.turn).len();
                assert_eq!(polled + left, 2, "a wake was lost");
                seen.note(match left {
                    0 => "both polled",
                    _ => "one polled, then kept awake",
                });
            }
        }
        // The set may have the task's waker, and the task has the set.
        let ready = task.ready.lock().unwrap().take();
        drop(ready);
        assert_eq!(Arc::strong_count(&task), 1, "a waker is left");
    });
}

#[test]
fn loom_a_task_that_polls_from_inside_the_wake() {
    woken_inline(false, ["both polled", "one polled, then kept awake"]);
}

#[test]
fn loom_a_task_that_drops_its_set_from_inside_the_wake() {
    woken_inline(true, ["dropped"]);
}
