//! Wakes, as the model sees them: whose turn comes when, and who is to be woken for it.

use super::oracle::{ChildId, Due, Entry, Oracle, SetId, Sleep, Status};

impl Oracle {
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

    pub fn enqueue(&mut self, child: ChildId, must: bool) {
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

    pub fn rouse(&mut self, id: SetId, due: Due) {
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
}
