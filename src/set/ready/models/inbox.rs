//! Adders against the consumer that takes out what they put in, and against the end.

use super::*;
use crate::set::ready::{INBOX, Receiver, Sender};
use loom::cell::UnsafeCell;

/// What is sent: loom sees who fills and opens it.
struct Parcel {
    contents: UnsafeCell<u32>,
    /// A parcel may keep its own inbox open.
    _sender: Option<Sender<Parcel>>,
    /// Counts the parcels.
    _alive: Arc<()>,
}

impl Parcel {
    fn new(contents: u32, alive: &Arc<()>) -> Self {
        let parcel = Self {
            contents: UnsafeCell::new(0),
            _sender: None,
            _alive: Arc::clone(alive),
        };
        // SAFETY: nobody else knows it.
        parcel.contents.with_mut(|cell| unsafe { *cell = contents });
        parcel
    }

    fn open(self) -> u32 {
        // SAFETY: owned; if the memory model does not agree, loom says so.
        self.contents.with_mut(|cell| unsafe { *cell })
    }
}

fn open(parcels: impl Iterator<Item = Parcel>) -> impl Iterator<Item = u32> {
    parcels.map(Parcel::open)
}

/// Each of `senders` threads sends one parcel, while the consumer takes out what is in until it can end.
fn ends<const N: usize>(senders: u32, outcomes: [&'static str; N]) {
    explore(outcomes, move |seen| {
        let mut ready = Ready::new();
        let mut receiver = ready.inbox::<Parcel>();
        let alive = Arc::new(());
        let turn = Turn::new();
        let is_over = loom::sync::Arc::new(UnsafeCell::new(false));
        // SAFETY: read only by who knows that the end has come, after the write.
        let read = |is_over: &UnsafeCell<bool>| is_over.with(|cell| unsafe { *cell });
        let threads: Vec<_> = (0..senders)
            .map(|n| {
                let (sender, turn, alive) = (receiver.sender(), turn.clone(), Arc::clone(&alive));
                let is_over = loom::sync::Arc::clone(&is_over);
                thread::spawn(move || {
                    turn.take();
                    if sender.is_closed() {
                        assert!(read(&is_over));
                    }
                    match sender.send(Parcel::new(n, &alive)) {
                        Ok(()) => None,
                        Err(parcel) => {
                            assert!(read(&is_over));
                            Some(parcel.open())
                        }
                    }
                })
            })
            .collect();
        let mut received = Vec::new();
        loop {
            turn.take();
            received.extend(open(receiver.take()));
            // SAFETY: nobody reads it before the end.
            is_over.with_mut(|cell| unsafe { *cell = true });
            if receiver.close_if_empty() {
                break;
            }
        }
        let mut all = received.clone();
        all.extend(
            threads
                .into_iter()
                .filter_map(|thread| thread.join().unwrap()),
        );
        all.sort_unstable();
        assert!(all.into_iter().eq(0..senders), "each arrives or comes back");
        seen.note(match received.len() {
            0 => "none in time",
            1 => "one in time",
            _ => "two in time",
        });
        assert!(receiver.is_alone());
        assert_eq!(Arc::strong_count(&alive), 1, "a parcel is left");
    });
}

#[test]
fn loom_adder_against_end_two_threads() {
    ends(1, ["none in time", "one in time"]);
}

#[test]
fn loom_two_adders_against_end() {
    ends(2, ["none in time", "one in time", "two in time"]);
}

/// Threads send parcels, one after the other, to a task that sleeps between its ticks. Each list is one thread's.
fn sends<const N: usize>(lists: &'static [&'static [u32]], outcomes: [&'static str; N]) {
    explore(outcomes, move |seen| {
        let mut ready = Ready::new();
        let mut receiver = ready.inbox::<Parcel>();
        let alive = Arc::new(());
        let (task, turn) = (Task::new(), Turn::new());
        let threads: Vec<_> = lists
            .iter()
            .map(|list| {
                let (sender, turn, alive) = (receiver.sender(), turn.clone(), Arc::clone(&alive));
                thread::spawn(move || {
                    for contents in *list {
                        turn.take();
                        assert!(sender.send(Parcel::new(*contents, &alive)).is_ok());
                    }
                })
            })
            .collect();
        let receive = |ready: &mut Ready, receiver: &mut Receiver<Parcel>| {
            let numbers = take(ready, &turn);
            assert!(numbers.iter().all(|number| *number == INBOX));
            let parcels: Vec<_> = numbers.iter().flat_map(|_| open(receiver.take())).collect();
            parcels
        };
        let mut received = Vec::new();
        for tick in ["first", "second"] {
            task.take_wakes();
            let parcels = receive(&mut ready, &mut receiver);
            if !parcels.is_empty() {
                seen.note(tick);
            }
            received.extend(parcels);
            if !ready.sleep(&task.waker()) {
                task.waker().wake();
            }
        }
        for thread in threads {
            thread.join().unwrap();
        }
        let is_awake = task.take_wakes() != 0;
        let late = receive(&mut ready, &mut receiver);
        if !late.is_empty() {
            assert!(is_awake, "the task sleeps on");
            seen.note("in its sleep");
        }
        assert!(receiver.is_empty(), "nobody was told");
        received.extend(late);
        for list in lists {
            let in_order = received.iter().filter(|parcel| list.contains(parcel));
            assert!(in_order.eq(*list));
        }
        drop(receiver);
        drop(ready);
        assert_eq!(Arc::strong_count(&task), 1, "a waker is left");
        assert_eq!(Arc::strong_count(&alive), 1, "a parcel is left");
    });
}

#[test]
fn loom_adder_against_sleep_two_threads() {
    sends(&[&[0]], ["first", "second", "in its sleep"]);
}

#[test]
fn loom_adder_that_adds_twice_against_sleep() {
    sends(&[&[0, 1]], ["first", "second", "in its sleep"]);
}

#[test]
fn loom_two_adders_against_sleep() {
    sends(&[&[0], &[1]], ["first", "second", "in its sleep"]);
}

/// A parcel that holds a sender of its own inbox is sent while the inbox is closed and the set dropped.
#[test]
fn loom_adder_against_drop_of_the_set_two_threads() {
    explore(["in time", "too late"], |seen| {
        let mut ready = Ready::new();
        let mut receiver = ready.inbox::<Parcel>();
        let (alive, turn) = (Arc::new(()), Turn::new());
        let is_over = loom::sync::Arc::new(UnsafeCell::new(false));
        let sending = thread::spawn({
            let (sender, turn, alive) = (receiver.sender(), turn.clone(), Arc::clone(&alive));
            let is_over = loom::sync::Arc::clone(&is_over);
            move || {
                turn.take();
                let mut parcel = Parcel::new(0, &alive);
                parcel._sender = Some(sender.clone());
                let is_sent = sender.send(parcel).is_ok();
                // SAFETY: read only by who was told of the end, after the write.
                assert!(is_sent || is_over.with(|cell| unsafe { *cell }));
                is_sent
            }
        });
        turn.take();
        // SAFETY: nobody reads it before the end.
        is_over.with_mut(|cell| unsafe { *cell = true });
        let arrived = open(receiver.close()).count();
        drop(receiver);
        drop(ready);
        let is_sent = sending.join().unwrap();
        assert_eq!(arrived, usize::from(is_sent));
        seen.note(match is_sent {
            true => "in time",
            false => "too late",
        });
        assert_eq!(Arc::strong_count(&alive), 1, "a parcel is left");
    });
}
