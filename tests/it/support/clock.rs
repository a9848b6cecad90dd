use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::Probe;

/// A clock that stands still until it is moved by hand.
#[derive(Clone, Default)]
pub struct Clock(Arc<Mutex<Dial>>);

#[derive(Default)]
struct Dial {
    now: u64,
    /// Who is to be woken, by time and then in the order of registration.
    alarms: BTreeMap<(u64, usize), Waker>,
    registered: usize,
}

impl Clock {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn now(&self) -> u64 {
        self.0.lock().unwrap().now
    }

    /// Ready at `time`.
    pub fn at(&self, time: u64) -> Timer {
        Timer {
            clock: self.clone(),
            time,
            alarm: None,
        }
    }

    /// How many timers wait for their time.
    pub fn alarms(&self) -> usize {
        self.0.lock().unwrap().alarms.len()
    }

    /// Moves on to the next moment at which a timer fires, and wakes all that wait for it. Nought if nobody waits.
    pub fn advance(&self) -> usize {
        let mut due = Vec::new();
        {
            let mut dial = self.0.lock().unwrap();
            if let Some((&(time, _), _)) = dial.alarms.first_key_value() {
                dial.now = time;
                let later = dial.alarms.split_off(&(time + 1, 0));
                due.extend(std::mem::replace(&mut dial.alarms, later).into_values());
            }
        }
        let count = due.len();
        due.into_iter().for_each(Waker::wake);
        count
    }

    /// Polls `view` now and whenever time has moved on, until it is ready.
    pub fn run<V: Future>(&self, view: V) -> V::Output {
        let mut probe = Probe::new(view);
        loop {
            let wakes = probe.wakes();
            if let Poll::Ready(output) = probe.poll() {
                return output;
            }
            if probe.wakes() == wakes {
                assert_ne!(self.advance(), 0, "pending, and nothing left to wait for");
                assert_ne!(
                    probe.wakes(),
                    wakes,
                    "a timer fired and the task was not woken"
                );
            }
        }
    }
}

/// A future that is ready at its time.
pub struct Timer {
    clock: Clock,
    time: u64,
    alarm: Option<(u64, usize)>,
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut dial = self.clock.0.lock().unwrap();
        if dial.now >= self.time {
            return Poll::Ready(());
        }
        let alarm = self.alarm.unwrap_or((self.time, dial.registered));
        dial.registered += 1;
        dial.alarms.insert(alarm, cx.waker().clone());
        drop(dial);
        self.alarm = Some(alarm);
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(alarm) = self.alarm {
            self.clock.0.lock().unwrap().alarms.remove(&alarm);
        }
    }
}
