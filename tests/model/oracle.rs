//! The model: who is in which set, whose turn it is, who must be woken. Slow, and written from the rules alone.
//!
//! It is told of everything in the moment in which it happens, also from inside a poll, and notes the first thing that must not
//! happen. Where the rules leave freedom it keeps an interval: a queued child takes its turn as if it had been woken at
//! some moment between `earliest` and `latest`.

use std::collections::{HashMap, VecDeque};

use super::program::{Condition, End};

pub type ChildId = usize;
pub type SetId = usize;

/// A round is cut after this many polls in a row, first polls aside, that completed nothing.
const FRUITLESS_POLLS: usize = 128;
/// A limit starts no more children in a tick after this many have completed.
const COMPLETIONS_PER_TICK: usize = 128;

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
struct Entry {
    child: ChildId,
    /// Whether the child must be polled; if not, it may be.
    must: bool,
    /// Whether it is the first poll.
    first: bool,
    /// Whether the child is gone: its place waits for its turn all the same.
    ghost: bool,
    /// Whether the set has seen it.
    taken: bool,
    in_round: bool,
    /// Whether it may be all that is left of a round.
    rest: bool,
    earliest: u64,
    latest: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sleep {
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
    parent: Option<ChildId>,
    pub alive: bool,
    /// How often adders were made and closed: only those that were made since the last closing are open.
    pub epoch: usize,
    /// Whether there are any of this epoch.
    has_adders: bool,
    /// Whether a child may have come to the place of another.
    pub is_reused: bool,
    pub in_flight: usize,
    pub unclaimed: VecDeque<ChildId>,
    pub inserted: usize,
    pub finished: usize,
    pub given_up: usize,
    pub limit: Option<Limit>,
    queue: Vec<Entry>,
    sleep: Sleep,
    /// When the set looked last at what was woken and added.
    looked: u64,
    /// When the first of those was added that the set has not seen.
    first_added: Option<u64>,
    /// The addresses of children that are gone and were woken since the set looked last.
    stale: HashMap<usize, u64>,
}

struct Tick {
    set: SetId,
    has_round: bool,
    /// Whether free places of a limit are filled.
    refills: bool,
    /// Whether the round may be an empty rest of one.
    lenient: bool,
    cut: bool,
    fruitless: usize,
    refilling: bool,
    completions: usize,
    unwound: bool,
    sleep: Sleep,
}

#[derive(Default)]
pub struct Oracle {
    pub children: Vec<Child>,
    pub sets: Vec<Set>,
    ticks: Vec<Tick>,
    /// Who is being polled, the outermost first.
    polling: Vec<(ChildId, bool)>,
    now: u64,
    /// What the events mean for the task, and which set it sleeps on.
    due: Option<(Due, SetId)>,
    /// How often a tick of one set has, and may have, woken a task that sleeps on another.
    foreign: (usize, usize),
    failure: Option<String>,
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

    // ---- who comes and goes

    fn admit(&mut self, child: ChildId) {
        let set = &mut self.sets[self.children[child].set];
        self.children[child].ordinal = set.inserted;
        self.children[child].status = Status::InFlight;
        set.is_reused |= set.inserted != set.in_flight + set.unclaimed.len();
        set.inserted += 1;
        set.in_flight += 1;
    }

    /// The set looks at what was woken and added.
    fn take(&mut self, set: SetId) {
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

    fn give_up(&mut self, child: ChildId) {
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

    // ---- wakes

    /// A waker of the child is used.
    pub fn wake(&mut self, child: ChildId) {
        self.now += 1;
        let now = self.now;
        let id = self.children[child].set;
        if !self.sets[id].alive {
            return;
        }
        if self.children[child].status == Status::InFlight {
            self.enqueue(child, true);
            self.rouse(id, Due::Yes);
            return;
        }
        let Some(address) = self.children[child].address else {
            return;
        };
        let tenant = self.children.iter().position(|other| {
            other.set == id && other.status == Status::InFlight && other.address == Some(address)
        });
        match tenant {
            Some(tenant) => self.enqueue(tenant, false),
            None => {
                self.sets[id].stale.insert(address, now);
            }
        }
        self.rouse(id, Due::Maybe);
    }

    fn enqueue(&mut self, child: ChildId, must: bool) {
        let now = self.now;
        let id = self.children[child].set;
        let tick = self.ticks.iter().find(|tick| tick.set == id);
        let is_own = self.polling.iter().any(|(polled, _)| *polled == child);
        let (earliest, latest) = match tick {
            // A limit may start children in a tick that has no round: they wake themselves before the set has looked.
            Some(_) if is_own => (self.sets[id].looked, u64::MAX),
            _ => (now, now),
        };
        let queue = &mut self.sets[id].queue;
        let mut must = must;
        let in_round = queue
            .iter()
            .find(|entry| entry.child == child && entry.in_round);
        if let Some(entry) = in_round {
            if tick.is_none() && entry.must {
                return;
            }
            // Its turn in this round is yet to come: that poll may be enough.
            must = false;
        }
        let next = queue
            .iter_mut()
            .find(|entry| entry.child == child && !entry.in_round);
        match next {
            Some(entry) => {
                entry.latest = match (entry.must, must) {
                    (true, true) => entry.latest.min(latest),
                    (false, true) => latest,
                    _ => entry.latest,
                };
                entry.earliest = entry.earliest.min(earliest);
                entry.must |= must;
            }
            None => queue.push(Entry {
                child,
                must,
                first: false,
                ghost: false,
                taken: false,
                in_round: false,
                rest: false,
                earliest,
                latest,
            }),
        }
    }

    fn rouse(&mut self, id: SetId, due: Due) {
        let set = &mut self.sets[id];
        let due = match set.sleep {
            Sleep::Awake => return,
            Sleep::Dozing => Due::Maybe,
            Sleep::Asleep => due,
        };
        match set.parent {
            None => {
                if due == Due::Yes {
                    set.sleep = Sleep::Awake;
                }
                let is_foreign = self.ticks.first().is_some_and(|tick| tick.set != id);
                if is_foreign && due != Due::No {
                    self.foreign.0 += usize::from(due == Due::Yes);
                    self.foreign.1 += 1;
                    set.sleep = match due {
                        Due::Yes => Sleep::Awake,
                        _ => Sleep::Dozing,
                    };
                }
                self.due = self.due.max(Some((due, id)));
            }
            Some(parent) => {
                if due == Due::Yes {
                    set.sleep = Sleep::Awake;
                }
                if self.children[parent].status != Status::InFlight {
                    return;
                }
                self.now += 1;
                self.enqueue(parent, due == Due::Yes);
                self.rouse(self.children[parent].set, due);
            }
        }
    }

    // ---- ticks

    /// Whether somebody the set knows of waits for the first poll.
    pub fn has_fresh(&self, set: SetId) -> bool {
        let set = &self.sets[set];
        set.queue
            .iter()
            .any(|entry| entry.first && entry.taken && (!entry.ghost || set.in_flight > 0))
    }

    /// Whether that is only the place of somebody who is gone.
    pub fn has_only_ghosts(&self, set: SetId) -> bool {
        self.sets[set]
            .queue
            .iter()
            .all(|entry| !(entry.first && entry.taken) || entry.ghost)
    }

    pub fn begin_tick(&mut self, id: SetId, has_round: bool, refills: bool) {
        self.now += 1;
        if self.ticks.is_empty() {
            self.foreign = (0, 0);
        }
        let mut tick = Tick {
            set: id,
            has_round,
            refills,
            lenient: false,
            cut: false,
            fruitless: 0,
            refilling: false,
            completions: 0,
            unwound: false,
            sleep: self.sets[id].sleep,
        };
        if has_round {
            self.take(id);
            let queue = &mut self.sets[id].queue;
            let rest = queue.iter().filter(|entry| entry.in_round).count();
            let ghosts = queue.iter().filter(|entry| entry.ghost).count();
            let must = queue
                .iter()
                .any(|entry| entry.in_round && entry.must && !entry.rest);
            tick.lenient = ghosts > 64 || (rest > 0 && !must);
            for entry in queue {
                entry.rest = tick.lenient && entry.in_round;
                entry.in_round |= rest == 0 || tick.lenient;
            }
        }
        self.ticks.push(tick);
    }

    fn places_taken(&self, id: SetId) -> usize {
        let set = &self.sets[id];
        let Some(limit) = &set.limit else { return 0 };
        let unclaimed = if limit.until_claimed {
            set.unclaimed.len()
        } else {
            0
        };
        set.in_flight - limit.waiting.len() + unclaimed
    }

    /// Whether an output is there that ends the view.
    pub fn is_met(&self, id: SetId, condition: Condition) -> bool {
        let set = &self.sets[id];
        let is_ok = |child: &ChildId| self.children[*child].ok;
        match condition {
            Condition::All => false,
            Condition::First => !set.unclaimed.is_empty(),
            Condition::Error => !set.unclaimed.iter().all(is_ok),
            Condition::Success => set.unclaimed.iter().any(is_ok),
            Condition::AtLeast(n) => set.unclaimed.len() >= usize::from(n.max(1)),
        }
    }

    /// A limit starts another child.
    fn start(&mut self, id: SetId) {
        self.take(id);
        let free = self.sets[id].limit.as_ref().map_or(0, |limit| limit.n);
        let taken = self.places_taken(id);
        self.check(taken < free, || format!("set {id}: the limit is exceeded"));
        let is_over = self.sets[id]
            .limit
            .as_ref()
            .and_then(|limit| limit.condition)
            .is_some_and(|condition| self.is_met(id, condition));
        self.check(!is_over, || {
            format!("set {id}: a child was started after the end")
        });
        let Some(tick) = self.ticks.iter_mut().rev().find(|tick| tick.set == id) else {
            return self.fail(format!("set {id}: started outside a tick"));
        };
        let is_first = !std::mem::replace(&mut tick.refilling, true);
        let (is_after_round, refills) = (is_first && tick.has_round && !tick.cut, tick.refills);
        if is_after_round {
            self.check_round(id);
        }
        self.check(refills, || format!("set {id}: started after the end"));
    }

    /// An iterator is advanced. Gives a child to a set that pulls.
    pub fn pull(&mut self, id: SetId, child: Option<ChildId>) {
        self.start(id);
        let waiting = self.sets[id]
            .limit
            .as_ref()
            .is_some_and(|limit| !limit.waiting.is_empty());
        self.check(!waiting, || {
            format!("set {id}: pulled although somebody waits")
        });
        match (child, &mut self.sets[id].limit) {
            (Some(child), _) => {
                self.admit(child);
                if let Some(limit) = &mut self.sets[id].limit {
                    limit.waiting.push_back(child);
                }
            }
            (None, Some(limit)) => limit.exhausted = true,
            (None, None) => {}
        }
    }

    /// A child is polled.
    pub fn begin_poll(&mut self, child: ChildId, address: usize) {
        self.now += 1;
        let now = self.now;
        let id = self.children[child].set;
        if self.children[child].status == Status::Added && self.sets[id].limit.is_some() {
            // A limit looks at what was added before it starts anybody.
            self.take(id);
        }
        let status = self.children[child].status;
        self.check(status == Status::InFlight, || {
            format!("child {child} is polled though it is {status:?}")
        });
        let is_waiting = self.sets[id]
            .limit
            .as_ref()
            .is_some_and(|limit| limit.waiting.contains(&child));
        let first = if is_waiting {
            self.start(id);
            let limit = self.sets[id].limit.as_mut();
            let next = limit.and_then(|limit| limit.waiting.pop_front());
            self.check(next == Some(child), || {
                format!("child {child} is started before {next:?}")
            });
            false
        } else {
            self.take_turn(child)
        };
        self.polling.push((child, first || is_waiting));
        match self.children[child].address {
            Some(before) => self.check(before == address, || {
                format!("child {child} was moved between two polls")
            }),
            None => {
                self.children[child].address = Some(address);
                if self.sets[id].stale.remove(&address).is_some() {
                    self.sets[id].queue.push(Entry {
                        child,
                        must: false,
                        first: false,
                        ghost: false,
                        taken: false,
                        in_round: false,
                        rest: false,
                        earliest: 0,
                        latest: now,
                    });
                }
            }
        }
    }

    /// A child is polled in a round. Tells whether for the first time.
    fn take_turn(&mut self, child: ChildId) -> bool {
        let id = self.children[child].set;
        let tick = self.ticks.iter().rev().find(|tick| tick.set == id);
        let problem = match tick {
            None => Some("outside a tick"),
            Some(tick) if !tick.has_round => Some("though an output was to be handed out"),
            Some(tick) if tick.cut => Some("though the round was cut"),
            Some(tick) if tick.refilling => Some("after the limit was filled"),
            Some(_) => None,
        };
        if let Some(problem) = problem {
            self.fail(format!("child {child} is polled {problem}"));
        }
        let queue = &mut self.sets[id].queue;
        let turn = queue
            .iter()
            .position(|entry| entry.child == child && entry.in_round && !entry.ghost);
        let Some(turn) = turn else {
            self.fail(format!("child {child} is polled without a wake"));
            return false;
        };
        let entry = queue.remove(turn);
        if let Some(tick) = self.ticks.iter_mut().rev().find(|tick| tick.set == id) {
            if tick.lenient && !entry.rest {
                // This is a whole round after all.
                tick.lenient = false;
                queue.retain(|other| !other.rest || other.must);
            }
        }
        // The places of those who are gone had their turn, too.
        queue.retain(|other| !(other.ghost && other.in_round && other.latest < entry.earliest));
        let before = queue
            .iter()
            .find(|other| other.in_round && other.must && other.latest < entry.earliest)
            .map(|other| other.child);
        self.check(before.is_none(), || {
            format!("child {child} is polled before {before:?}, which was woken before it")
        });
        entry.first
    }

    /// The poll of a child ends.
    pub fn end_poll(&mut self, child: ChildId, end: End) {
        self.now += 1;
        let now = self.now;
        let Some((polled, first)) = self.polling.pop() else {
            return self.fail("a poll ends that did not begin".into());
        };
        self.check(polled == child, || "polls end in disorder".into());
        let id = self.children[child].set;
        match end {
            End::Pending => {}
            End::Panic => {
                if self.children[child].status == Status::InFlight {
                    self.give_up(child);
                }
            }
            End::Ok | End::Err => {
                self.children[child].completed = true;
                self.children[child].ok = end == End::Ok;
                self.children[child].status = Status::Unclaimed;
                let address = self.children[child].address;
                let set = &mut self.sets[id];
                set.in_flight -= 1;
                set.finished += 1;
                set.unclaimed.push_back(child);
                let before = set.queue.len();
                set.queue.retain(|entry| entry.child != child);
                if let (Some(address), true) = (address, set.queue.len() != before) {
                    set.stale.insert(address, now);
                }
            }
        }
        let Some(tick) = self.ticks.iter_mut().rev().find(|tick| tick.set == id) else {
            return;
        };
        match end {
            End::Panic => tick.unwound = true,
            End::Pending if first || tick.refilling => {}
            End::Pending => {
                tick.fruitless += 1;
                tick.cut |= tick.fruitless == FRUITLESS_POLLS;
            }
            End::Ok | End::Err => {
                tick.fruitless = 0;
                tick.completions += usize::from(tick.refilling);
            }
        }
    }

    /// Everybody in the round who must be polled was.
    fn check_round(&mut self, id: SetId) {
        let lenient = self.ticks.iter().any(|tick| tick.set == id && tick.lenient);
        let left = self.sets[id]
            .queue
            .iter()
            .find(|entry| entry.in_round && entry.must && (!lenient || entry.rest))
            .map(|entry| entry.child);
        self.check(left.is_none(), || {
            format!("child {left:?} was not polled in its round")
        });
    }

    /// The children of a tick were polled. Tells whether the set has more to do at once.
    pub fn end_round(&mut self, id: SetId) -> bool {
        let Some(tick) = self.ticks.last() else {
            self.fail("a tick ends that did not begin".into());
            return false;
        };
        let (done, lenient) = (tick.has_round && !tick.cut && !tick.unwound, tick.lenient);
        let is_to_fill = tick.refills && !tick.unwound;
        let completions = tick.completions;
        if done {
            self.check_round(id);
            let queue = &mut self.sets[id].queue;
            queue.retain(|entry| !(entry.in_round && (!lenient || entry.rest)));
            queue.iter_mut().for_each(|entry| entry.in_round = false);
        } else if lenient {
            // Whether these belong to the round stays unknown.
            let queue = &mut self.sets[id].queue;
            queue
                .iter_mut()
                .for_each(|entry| entry.rest = entry.in_round);
        }
        let taken = self.places_taken(id);
        let condition = self.sets[id]
            .limit
            .as_ref()
            .and_then(|limit| limit.condition);
        let is_over = condition.is_some_and(|condition| self.is_met(id, condition));
        let has_place = self.sets[id]
            .limit
            .as_ref()
            .is_some_and(|limit| taken < limit.n);
        if has_place && is_to_fill && !is_over {
            self.take(id);
        }
        let Some(limit) = &self.sets[id].limit else {
            return false;
        };
        let has_more = has_place && (!limit.waiting.is_empty() || !limit.exhausted);
        let more = has_more && !is_over && is_to_fill;
        self.check(!more || completions == COMPLETIONS_PER_TICK, || {
            format!("set {id}: a free place was not filled")
        });
        more
    }

    /// The tick ends after the task was woken so often in it.
    pub fn end_tick(&mut self, id: SetId, pending: bool, at_once: bool, woken: usize) {
        self.now += 1;
        let now = self.now;
        let Some(tick) = self.ticks.pop() else {
            return self.fail("a tick ends that did not begin".into());
        };
        self.check(tick.set == id, || "ticks end in disorder".into());
        if self.ticks.is_empty() {
            self.due = None;
        }
        let set = &mut self.sets[id];
        for entry in &mut set.queue {
            entry.latest = entry.latest.min(now);
        }
        let must = at_once || set.queue.iter().any(|entry| entry.must);
        let may = must || !set.queue.is_empty() || !set.stale.is_empty();
        let Some(parent) = set.parent else {
            let asleep = usize::from(tick.sleep != Sleep::Awake);
            let own = usize::from(pending && may) + asleep;
            let least = usize::from(pending && must) + self.foreign.0;
            let most = own + self.foreign.1;
            // The wakes of this set: at least, and at most.
            let known = woken.saturating_sub(self.foreign.1);
            let possible = woken.saturating_sub(self.foreign.0).min(own);
            set.sleep = match (pending, known, possible) {
                (true, _, 0) => Sleep::Asleep,
                (true, 0, _) => Sleep::Dozing,
                _ if asleep > known => Sleep::Dozing,
                _ if pending && asleep != 0 => Sleep::Dozing,
                _ => Sleep::Awake,
            };
            return self.check((least..=most).contains(&woken), || {
                format!(
                    "set {id}: in a tick the task was woken {woken} times, not {least} to {most}"
                )
            });
        };
        if !pending {
            return;
        }
        set.sleep = Sleep::Asleep;
        if may {
            self.enqueue(parent, must);
            if must {
                self.sets[id].sleep = Sleep::Awake;
            }
        }
    }

    /// A tick ends by a panic, of a set that is dropped by it.
    pub fn unwind_tick(&mut self, id: SetId) {
        self.ticks.retain(|tick| tick.set != id);
        self.drop_set(id);
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
