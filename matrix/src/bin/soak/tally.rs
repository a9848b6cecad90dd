use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What became of all children, and of their outputs.
#[derive(Default)]
pub struct Tally {
    started: AtomicU64,
    finished: AtomicU64,
    cancelled: AtomicU64,
    panicked: AtomicU64,
    dropped: AtomicU64,
    claimed: AtomicU64,
    unclaimed: AtomicU64,
    /// How often `cancel` said that it did.
    cancels: AtomicU64,
    /// How many panics came out of views and tasks.
    caught: AtomicU64,
}

/// One way to end, or another thing to count.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    Started,
    Finished,
    Cancelled,
    Panicked,
    Dropped,
    Claimed,
    Unclaimed,
    Cancel,
    Caught,
}

thread_local! {
    /// How a child ends that is dropped now.
    static END: Cell<Event> = const { Cell::new(Event::Dropped) };
}

/// How a child ends that is dropped now.
pub fn end_of_the_dropped() -> Event {
    END.get()
}

impl Tally {
    pub fn count(&self, event: Event) {
        let counter = match event {
            Event::Started => &self.started,
            Event::Finished => &self.finished,
            Event::Cancelled => &self.cancelled,
            Event::Panicked => &self.panicked,
            Event::Dropped => &self.dropped,
            Event::Claimed => &self.claimed,
            Event::Unclaimed => &self.unclaimed,
            Event::Cancel => &self.cancels,
            Event::Caught => &self.caught,
        };
        counter.fetch_add(1, Ordering::AcqRel);
    }

    /// Calls `cancel`; children that are dropped meanwhile are cancelled ones.
    pub fn cancelling(&self, cancel: impl FnOnce() -> bool) {
        END.set(Event::Cancelled);
        if cancel() {
            self.count(Event::Cancel);
        }
        END.set(Event::Dropped);
    }

    pub fn started(&self) -> u64 {
        get(&self.started)
    }

    /// Whether every child has ended in one way, and each way was also seen from outside.
    pub fn is_balanced(&self) -> bool {
        let ended = [
            &self.finished,
            &self.cancelled,
            &self.panicked,
            &self.dropped,
        ];
        get(&self.started) != 0
            && get(&self.started) == ended.into_iter().map(get).sum()
            && get(&self.finished) == get(&self.claimed) + get(&self.unclaimed)
            && get(&self.cancelled) == get(&self.cancels)
            && get(&self.panicked) == get(&self.caught)
    }
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Acquire)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} started = {} finished + {} cancelled + {} panicked + {} dropped; {} finished = {} claimed + {} unclaimed",
            get(&self.started),
            get(&self.finished),
            get(&self.cancelled),
            get(&self.panicked),
            get(&self.dropped),
            get(&self.finished),
            get(&self.claimed),
            get(&self.unclaimed),
        )
    }
}
