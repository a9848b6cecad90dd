//! The model: who is in which set, whose turn it is, who must be woken. Slow, and written from the rules alone.
//!
//! It is told of everything in the moment in which it happens, also from inside a poll, and notes the first thing that must not
//! happen. Where the rules leave freedom it keeps an interval: a queued child takes its turn as if it had been woken at
//! some moment between `earliest` and `latest`.

use std::collections::{HashMap, VecDeque};

use super::program::Condition;

pub type ChildId = usize;
pub type SetId = usize;

/// Whether the task is to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    No,
    Maybe,
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Made, and not in a set yet.
    Outside,
    /// Put in by an adder, and not yet taken.
    Added,
    InFlight,
    Unclaimed,
    /// Taken out before it completed.
    Removed,
    Gone,
}

#[derive(Debug)]
pub struct Child {
    pub set: SetId,
    pub status: Status,
    /// Its number in the order of insertion.
    pub ordinal: usize,
    /// Where it was at its first poll.
    pub address: Option<usize>,
    /// Whether it has completed.
    pub completed: bool,
    /// Whether its output is an `Ok`.
    pub ok: bool,
    pub future_dropped: bool,
    pub output_dropped: bool,
}

/// A place in the queue.
#[derive(Debug)]
pub struct Entry {
    pub child: ChildId,
    /// Whether the child must be polled; if not, it may be.
    pub must: bool,
    /// Whether it is the first poll.
    pub first: bool,
    /// Whether the child is gone: its place waits for its turn all the same.
    pub ghost: bool,
    /// Whether the set has seen it.
    pub taken: bool,
    pub in_round: bool,
    /// Whether it may be all that is left of a round.
    pub rest: bool,
    pub earliest: u64,
    pub latest: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sleep {
    /// Nobody is to be woken.
    Awake,
    /// The task may be woken once, and need not be.
    Dozing,
    /// The task is to be woken once.
    Asleep,
}

#[derive(Debug)]
pub struct Limit {
    pub n: usize,
    pub until_claimed: bool,
    pub waiting: VecDeque<ChildId>,
    pub exhausted: bool,
    /// Ends the pulling.
    pub condition: Option<Condition>,
}

#[derive(Debug)]
pub struct Set {
    /// The child that polls it; without one, the task does.
    pub parent: Option<ChildId>,
    pub alive: bool,
    /// How often adders were made and closed: only those that were made since the last closing are open.
    pub epoch: usize,
    /// Whether there are any of this epoch.
    pub has_adders: bool,
    /// Whether a child may have come to the place of another.
    pub is_reused: bool,
    pub in_flight: usize,
    pub unclaimed: VecDeque<ChildId>,
    pub inserted: usize,
    pub finished: usize,
    pub given_up: usize,
    pub limit: Option<Limit>,
    pub queue: Vec<Entry>,
    pub sleep: Sleep,
    /// When the set looked last at what was woken and added.
    pub looked: u64,
    /// When the first of those was added that the set has not seen.
    pub first_added: Option<u64>,
    /// The addresses of children that are gone and were woken since the set looked last.
    pub stale: HashMap<usize, u64>,
}

pub struct Tick {
    pub set: SetId,
    pub has_round: bool,
    /// Whether free places of a limit are filled.
    pub refills: bool,
    /// Whether the round may be an empty rest of one.
    pub lenient: bool,
    pub cut: bool,
    pub fruitless: usize,
    pub refilling: bool,
    pub completions: usize,
    pub unwound: bool,
    pub sleep: Sleep,
}

#[derive(Default)]
pub struct Oracle {
    pub children: Vec<Child>,
    pub sets: Vec<Set>,
    pub ticks: Vec<Tick>,
    /// Who is being polled, the outermost first.
    pub polling: Vec<(ChildId, bool)>,
    pub now: u64,
    /// What the events mean for the task, and which set it sleeps on.
    pub due: Option<(Due, SetId)>,
    /// How often a tick of one set has, and may have, woken a task that sleeps on another.
    pub foreign: (usize, usize),
    pub failure: Option<String>,
}

impl Oracle {
    pub fn fail(&mut self, message: String) {
        self.failure.get_or_insert(message);
    }

    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    pub fn check(&mut self, holds: bool, message: impl FnOnce() -> String) {
        if !holds {
            self.fail(message());
        }
    }

    /// Compares what an event from outside means for the task with how often it was woken.
    pub fn settle(&mut self, woken: usize) {
        let (due, set) = self.due.take().unwrap_or((Due::No, 0));
        let allowed = match due {
            Due::No => 0..=0,
            Due::Maybe => 0..=1,
            Due::Yes => 1..=1,
        };
        self.check(allowed.contains(&woken), || {
            format!("the task was woken {woken} times, not {allowed:?}")
        });
        if woken > 0 {
            self.sets[set].sleep = Sleep::Awake;
        }
    }

    pub fn new_set(&mut self, parent: Option<ChildId>) -> SetId {
        self.sets.push(Set {
            parent,
            alive: true,
            epoch: 0,
            has_adders: false,
            is_reused: false,
            in_flight: 0,
            unclaimed: VecDeque::new(),
            inserted: 0,
            finished: 0,
            given_up: 0,
            limit: None,
            queue: Vec::new(),
            sleep: Sleep::Awake,
            looked: 0,
            first_added: None,
            stale: HashMap::new(),
        });
        self.sets.len() - 1
    }

    pub fn new_child(&mut self, set: SetId) -> ChildId {
        self.children.push(Child {
            set,
            status: Status::Outside,
            ordinal: usize::MAX,
            address: None,
            completed: false,
            ok: false,
            future_dropped: false,
            output_dropped: false,
        });
        self.children.len() - 1
    }

    pub fn admit(&mut self, child: ChildId) {
        let set = &mut self.sets[self.children[child].set];
        self.children[child].ordinal = set.inserted;
        self.children[child].status = Status::InFlight;
        set.is_reused |= set.inserted != set.in_flight + set.unclaimed.len();
        set.inserted += 1;
        set.in_flight += 1;
    }

    /// The set looks at what was woken and added.
    pub fn take(&mut self, set: SetId) {
        let mut admitted = Vec::new();
        let set = &mut self.sets[set];
        set.first_added = None;
        set.looked = self.now;
        set.stale.clear();
        for entry in &mut set.queue {
            let was_added = self.children[entry.child].status == Status::Added;
            if !std::mem::replace(&mut entry.taken, true) && was_added {
                admitted.push(entry.child);
            }
        }
        if let Some(limit) = &mut set.limit {
            set.queue.retain(|entry| !admitted.contains(&entry.child));
            limit.waiting.extend(&admitted);
        }
        for child in admitted {
            self.admit(child);
        }
    }

    /// A child is put in through the set.
    pub fn insert(&mut self, child: ChildId) {
        self.now += 1;
        let id = self.children[child].set;
        self.take(id);
        self.admit(child);
        let now = self.now;
        let set = &mut self.sets[id];
        match &mut set.limit {
            Some(limit) => limit.waiting.push_back(child),
            None => set.queue.push(Entry {
                child,
                must: true,
                first: true,
                ghost: false,
                taken: true,
                in_round: false,
                rest: false,
                earliest: now,
                latest: now,
            }),
        }
        self.rouse(id, Due::Yes);
    }

    /// Any number of children were put in.
    pub fn extend(&mut self, id: SetId) {
        self.take(id);
        self.rouse(id, Due::Yes);
    }

    /// A child is put in through an adder, which is open.
    pub fn add(&mut self, child: ChildId) {
        self.now += 1;
        let now = self.now;
        let id = self.children[child].set;
        self.children[child].status = Status::Added;
        let set = &mut self.sets[id];
        let earliest = *set.first_added.get_or_insert(now);
        set.queue.push(Entry {
            child,
            must: true,
            first: true,
            ghost: false,
            taken: false,
            in_round: false,
            rest: false,
            earliest,
            latest: now,
        });
        self.rouse(id, Due::Yes);
    }

    pub fn has_added(&self, set: SetId) -> bool {
        self.children
            .iter()
            .any(|child| child.set == set && child.status == Status::Added)
    }

    /// Gives a child in flight up.
    pub fn cancel(&mut self, child: ChildId) {
        self.give_up(child);
        let id = self.children[child].set;
        if self.sets[id].in_flight == 0 {
            self.rouse(id, Due::Yes);
        }
    }

    pub fn give_up(&mut self, child: ChildId) {
        self.children[child].status = Status::Gone;
        let address = self.children[child].address;
        let now = self.now;
        let set = &mut self.sets[self.children[child].set];
        set.in_flight -= 1;
        set.given_up += 1;
        if let Some(limit) = &mut set.limit {
            limit.waiting.retain(|waiting| *waiting != child);
        }
        for entry in &mut set.queue {
            if entry.child == child {
                entry.ghost = true;
                entry.must = false;
            }
        }
        let before = set.queue.len();
        // A child that woke itself may have been queued at once.
        set.queue
            .retain(|entry| !entry.ghost || entry.taken || entry.earliest < entry.latest);
        if let (Some(address), true) = (address, set.queue.len() != before) {
            set.stale.insert(address, now);
        }
    }

    pub fn clear(&mut self, id: SetId) {
        for child in 0..self.children.len() {
            if self.children[child].set != id {
                continue;
            }
            match self.children[child].status {
                Status::InFlight => self.give_up(child),
                Status::Unclaimed => self.children[child].status = Status::Gone,
                _ => {}
            }
        }
        self.sets[id].unclaimed.clear();
        self.rouse(id, Due::Yes);
    }

    /// The set is dropped with all that it holds.
    pub fn drop_set(&mut self, id: SetId) {
        for child in &mut self.children {
            if child.set == id && child.status != Status::Outside {
                child.status = Status::Gone;
            }
        }
        self.sets[id].alive = false;
        self.sets[id].unclaimed.clear();
        self.sets[id].sleep = Sleep::Awake;
    }

    /// The output that was completed first leaves the set.
    pub fn claim(&mut self, set: SetId) -> Option<ChildId> {
        let child = self.sets[set].unclaimed.pop_front()?;
        self.children[child].status = Status::Gone;
        Some(child)
    }

    /// Whether nothing is in flight and nothing waits to be added; what was added is seen by that.
    pub fn is_drained(&mut self, id: SetId) -> bool {
        if self.sets[id].in_flight != 0 {
            return false;
        }
        if !self.has_added(id) {
            return true;
        }
        let first_added = self.sets[id].first_added;
        self.take(id);
        self.sets[id].first_added = first_added;
        false
    }

    /// Whether nothing more can come but from an adder.
    pub fn is_exhausted(&mut self, id: SetId) -> bool {
        let limit = self.sets[id].limit.as_ref();
        limit.is_none_or(|limit| limit.exhausted) && self.is_drained(id)
    }

    /// The first error leaves the set.
    pub fn claim_error(&mut self, id: SetId) -> Option<ChildId> {
        let children = &mut self.children;
        let unclaimed = &mut self.sets[id].unclaimed;
        let first = unclaimed.iter().position(|child| !children[*child].ok)?;
        let child = unclaimed.remove(first)?;
        children[child].status = Status::Gone;
        Some(child)
    }

    /// An adder is made.
    pub fn open_adders(&mut self, id: SetId) {
        self.sets[id].has_adders = true;
    }

    /// An owning view has ended, and with it the adders that there were.
    pub fn close_adders(&mut self, id: SetId) {
        let set = &mut self.sets[id];
        set.epoch += usize::from(std::mem::take(&mut set.has_adders));
    }

    /// Between two operations: everything that is to be dropped was dropped, and nothing else.
    pub fn audit(&mut self) {
        let problem = self.children.iter().enumerate().find_map(|(id, child)| {
            let lives = matches!(child.status, Status::Added | Status::InFlight);
            if child.future_dropped == lives {
                return Some(format!("child {id}: {child:?}"));
            }
            let is_kept = child.status == Status::Unclaimed;
            (child.completed && child.output_dropped == is_kept)
                .then(|| format!("output {id}: {child:?}"))
        });
        if let Some(problem) = problem {
            self.fail(problem);
        }
        self.check(self.ticks.is_empty() && self.polling.is_empty(), || {
            "a poll has not ended".into()
        });
    }
}
