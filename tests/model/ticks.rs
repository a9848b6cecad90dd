//! Ticks, as the model sees them: rounds, the filling of a limit, and what is left to do.

use super::oracle::{ChildId, Entry, Oracle, SetId, Sleep, Status, Tick};
use super::program::{Condition, End};

/// A round is cut after this many polls in a row, first polls aside, that completed nothing.
const FRUITLESS_POLLS: usize = 128;
/// A limit starts no more children in a tick after this many have completed.
const COMPLETIONS_PER_TICK: usize = 128;

impl Oracle {
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
}
