//! Runs a program against the crate and the model at once, and compares them after every step.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::slice::Iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use rejoin::{FutureSet, Key};

use super::joins;
use super::oracle::{ChildId, SetId, Status};
use super::program::{self, Op, Over, Program};
use super::streams;
use super::world::{Boom, Child, Event, Task, World};

pub type Ops<'a> = Iter<'a, Op>;

/// A timer, or a body, that the program lets complete.
pub struct Manual(pub Rc<Cell<bool>>);

impl Future for Manual {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.0.get() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

pub struct Run {
    pub world: World,
    wakes: Arc<AtomicUsize>,
    waker: Waker,
    pub steps: usize,
}

/// Runs a program. Gives the number of steps.
///
/// # Panics
///
/// If the crate and the model differ.
pub fn run(program: &Program) -> usize {
    let wakes = Arc::new(AtomicUsize::new(0));
    let mut run = Run {
        world: World::default(),
        waker: Waker::from(Task::new(&wakes)),
        wakes,
        steps: 0,
    };
    run.main(program.ops.iter());
    run.world.with(|state| state.adders.clear());
    for child in 0..run.world.children() {
        run.world.forget(child);
    }
    run.audit();
    let held = Arc::strong_count(&run.wakes);
    assert_eq!(held, 2, "somebody still holds a waker of the task");
    run.steps
}

impl Run {
    // ---- what is done to a set that no view borrows

    fn main(&mut self, mut ops: Ops<'_>) {
        let mut id = self.world.with(|state| state.oracle.new_set(None));
        let mut set = FutureSet::new();
        while let Some(op) = self.next(&mut ops) {
            match op {
                Op::Poll => self.poll_set(id, &mut set),
                Op::Insert(spec) => self.external(|run| {
                    let child = run.world.child(id, spec);
                    let number = child.id;
                    run.world.tell(|oracle| oracle.insert(number));
                    let key = set.insert(child);
                    run.name(number, key);
                }),
                Op::Extend(leaf, count) => self.external(|run| {
                    let children: Vec<_> = (0..*count)
                        .map(|_| run.world.leaf_child(id, *leaf))
                        .collect();
                    for child in &children {
                        run.world.tell(|oracle| oracle.insert(child.id));
                    }
                    // The set looks at what was woken even if nothing is put in.
                    run.world.tell(|oracle| oracle.extend(id));
                    set.extend(children);
                }),
                Op::Cancel(number) => self.cancel(id, &mut set, *number),
                Op::Remove(number) => self.remove(id, &mut set, *number),
                Op::Clear => self.external(|run| {
                    run.world.tell(|oracle| oracle.clear(id));
                    run.in_order_of_insertion(id, || set.clear());
                }),
                Op::NewAdder => {
                    let adder = set.adder();
                    self.world.keep_adder(id, adder);
                }
                Op::Drive => {
                    let body = Rc::new(Cell::new(false));
                    let future = set.drive_while(Manual(Rc::clone(&body)));
                    self.drive(id, future, false, &body, &mut ops);
                }
                Op::View { kind, over, timer } => match over {
                    Over::Borrowed => {
                        if kind.is_stream() {
                            streams::borrowed(self, id, &mut set, *kind, *timer, &mut ops);
                        } else {
                            joins::borrowed(self, id, &mut set, *kind, *timer, &mut ops);
                        }
                    }
                    Over::Owned => {
                        let back = if kind.is_stream() {
                            streams::owned(self, id, set, *kind, *timer, &mut ops)
                        } else {
                            joins::owned(self, id, set, *kind, *timer, &mut ops)
                        };
                        set = back.unwrap_or_else(|| {
                            id = self.world.with(|state| state.oracle.new_set(None));
                            FutureSet::new()
                        });
                    }
                    Over::Limit { n, children } => {
                        super::limits::run(self, *n, children.clone(), *kind, *timer, &mut ops);
                    }
                },
                Op::DropSet => {
                    self.drop_set(id, set);
                    id = self.world.with(|state| state.oracle.new_set(None));
                    set = FutureSet::new();
                }
                Op::Collect { children, counted } => {
                    self.drop_set(id, set);
                    id = self.world.with(|state| state.oracle.new_set(None));
                    set = self.collect(id, children, *counted);
                }
                _ => self.outside(op),
            }
            self.compare(id, &set);
            self.audit();
        }
        self.drop_set(id, set);
        self.audit();
    }

    fn drop_set(&mut self, id: SetId, set: FutureSet<Child>) {
        self.external(|run| {
            run.world.tell(|oracle| oracle.drop_set(id));
            run.in_order_of_insertion(id, || drop(set));
        });
    }

    fn collect(&mut self, id: SetId, specs: &[program::Child], counted: bool) -> FutureSet<Child> {
        let world = self.world.clone();
        let children = specs.iter().map(|spec| {
            let child = world.child(id, spec);
            world.tell(|oracle| oracle.insert(child.id));
            child
        });
        if counted {
            children.collect()
        } else {
            children.filter(|_| true).collect()
        }
    }

    /// Children are dropped in the order of insertion, if no place was reused.
    fn in_order_of_insertion(&mut self, id: SetId, act: impl FnOnce()) {
        self.world.with(|state| state.dropped.clear());
        act();
        self.world.with(|state| {
            if state.oracle.sets[id].is_reused {
                return;
            }
            let ordinals: Vec<_> = state
                .dropped
                .iter()
                .map(|child| &state.oracle.children[*child])
                .filter(|child| child.set == id)
                .map(|child| child.ordinal)
                .collect();
            let sorted = ordinals.is_sorted();
            state
                .oracle
                .check(sorted, || format!("dropped in the order {ordinals:?}"));
        });
    }

    /// Notes the key of a child.
    pub fn name(&mut self, child: ChildId, key: Key) {
        self.world.with(|state| {
            let ordinal = state.oracle.children[child].ordinal;
            let before = state.keys[child].replace(key);
            state.oracle.check(
                key.index() == ordinal && before.is_none_or(|before| before == key),
                || format!("child {child} has key {key:?}, ordinal {ordinal}, before {before:?}"),
            );
        });
    }

    fn key_of(&self, number: u8) -> Option<(ChildId, Key)> {
        let child = self.world.pick(number)?;
        let key = self.world.with(|state| state.keys[child])?;
        Some((child, key))
    }

    fn is_in_flight(&self, id: SetId, child: ChildId) -> bool {
        self.world.with(|state| {
            let child = &state.oracle.children[child];
            child.set == id && child.status == Status::InFlight
        })
    }

    fn cancel(&mut self, id: SetId, set: &mut FutureSet<Child>, number: u8) {
        let Some((child, key)) = self.key_of(number) else {
            return;
        };
        let is_in_flight = self.is_in_flight(id, child);
        self.external(|run| {
            if is_in_flight {
                run.world.tell(|oracle| oracle.cancel(child));
            }
            let cancelled = set.cancel(key);
            run.world.tell(|oracle| {
                oracle.check(cancelled == is_in_flight, || {
                    format!("cancelling child {child} gave {cancelled}")
                });
            });
        });
    }

    fn remove(&mut self, id: SetId, set: &mut FutureSet<Child>, number: u8) {
        let Some((child, key)) = self.key_of(number) else {
            return;
        };
        let is_in_flight = self.is_in_flight(id, child);
        self.external(|run| {
            if is_in_flight {
                run.world.tell(|oracle| {
                    oracle.cancel(child);
                    oracle.children[child].status = Status::Removed;
                });
            }
            let removed = set.remove(key).map(|child| child.id);
            run.world.tell(|oracle| {
                oracle.check(removed == is_in_flight.then_some(child), || {
                    format!("removing child {child} gave {removed:?}")
                });
            });
        });
    }

    fn poll_set(&mut self, id: SetId, set: &mut FutureSet<Child>) {
        let has_round = self
            .world
            .with(|state| state.oracle.has_fresh(id) || state.oracle.sets[id].unclaimed.is_empty());
        let Some((polled, woken)) = self.tick(id, has_round, false, |cx| {
            set.poll_next(cx)
                .map(|item| item.map(|completed| (completed.key, completed.output)))
        }) else {
            return;
        };
        let polled = polled.map(|item| item.map(|(key, output)| (Some(key), output)));
        let expected = streams::hand_out(self, id, polled.is_pending(), false);
        streams::compare(self, expected, polled);
        self.world
            .tell(|oracle| oracle.end_tick(id, expected.is_pending(), false, woken));
    }

    // ---- what the stages have in common

    /// The next operation, while nothing has gone wrong.
    pub fn next<'a>(&mut self, ops: &mut Ops<'a>) -> Option<&'a Op> {
        self.audit();
        let op = ops.next()?;
        self.steps += 1;
        self.world.note(Event::Op(format!("{op:?}")));
        Some(op)
    }

    /// Does what can be done whatever view there is.
    pub fn outside(&mut self, op: &Op) {
        match op {
            Op::Wake(number, how) => {
                if let Some(child) = self.world.pick(*number) {
                    self.external(|run| run.world.wake(child, *how));
                }
            }
            Op::Forget(number) => {
                if let Some(child) = self.world.pick(*number) {
                    self.external(|run| run.world.forget(child));
                }
            }
            Op::Ripen { child, end, wake } => {
                if let Some(child) = self.world.pick(*child) {
                    self.world.ripen(child, *end);
                    if *wake {
                        self.external(|run| run.world.wake(child, program::How::Ref));
                    }
                }
            }
            Op::Add(number, spec) => self.external(|run| {
                let world = run.world.clone();
                run.world.add(*number, |set| world.child(set, spec));
            }),
            Op::DropAdder(number) => {
                let adder = self.world.with(|state| {
                    let count = state.adders.len();
                    (count > 0).then(|| state.adders.remove(usize::from(*number) % count))
                });
                self.external(|_| drop(adder));
            }
            Op::ChangeWaker => self.waker = Waker::from(Task::new(&self.wakes)),
            _ => {}
        }
    }

    /// Does something outside a poll, and looks whether the task is woken as it should be.
    pub fn external(&mut self, act: impl FnOnce(&mut Self)) {
        let before = self.wakes.load(Ordering::Relaxed);
        act(self);
        let woken = self.wakes.load(Ordering::Relaxed) - before;
        self.world.tell(|oracle| oracle.settle(woken));
    }

    /// Polls something that polls a set. Gives what came of it, and how often the task was woken; `None` if it panicked, and
    /// the tick is over.
    pub fn tick<R>(
        &mut self,
        id: SetId,
        has_round: bool,
        refills: bool,
        poll: impl FnOnce(&mut Context<'_>) -> R,
    ) -> Option<(R, usize)> {
        self.world
            .tell(|oracle| oracle.begin_tick(id, has_round, refills));
        let before = self.wakes.load(Ordering::Relaxed);
        let waker = self.waker.clone();
        let polled = catch_unwind(AssertUnwindSafe(|| poll(&mut Context::from_waker(&waker))));
        let woken = self.wakes.load(Ordering::Relaxed) - before;
        match polled {
            Ok(polled) => Some((polled, woken)),
            Err(payload) if payload.is::<Boom>() => {
                self.world.tell(|oracle| {
                    oracle.end_round(id);
                    oracle.end_tick(id, false, false, woken);
                });
                None
            }
            Err(payload) => {
                self.audit();
                resume_unwind(payload)
            }
        }
    }

    /// Lets children go on while a body runs.
    pub fn drive<D: Future<Output = ()>>(
        &mut self,
        id: SetId,
        drive: D,
        refills: bool,
        body: &Cell<bool>,
        ops: &mut Ops<'_>,
    ) {
        let mut drive = Box::pin(drive);
        while let Some(op) = self.next(ops) {
            match op {
                Op::Poll => {
                    let polled = self.tick(id, true, refills, |cx| drive.as_mut().poll(cx));
                    let Some((polled, woken)) = polled else {
                        continue;
                    };
                    let is_over = body.get();
                    self.world.tell(|oracle| {
                        let at_once = oracle.end_round(id);
                        oracle.end_tick(id, !is_over, at_once, woken);
                        oracle.check(polled.is_ready() == is_over, || {
                            format!("a body that was over: {is_over}, gave {polled:?}")
                        });
                    });
                    if polled.is_ready() {
                        return;
                    }
                }
                Op::Fire => body.set(true),
                Op::Close | Op::DropSet => return,
                _ => self.outside(op),
            }
        }
    }

    /// Compares what can be asked of a set.
    fn compare(&mut self, id: SetId, set: &FutureSet<Child>) {
        self.world.with(|state| {
            let model = &state.oracle.sets[id];
            let len = model.in_flight + model.unclaimed.len();
            let progress = (model.finished, model.inserted - model.given_up);
            let asked = set.progress();
            let mut problems = Vec::new();
            if set.len() != len || set.is_empty() != (len == 0) {
                problems.push(format!("{} are in the set, not {len}", set.len()));
            }
            if (asked.finished, asked.total) != progress {
                problems.push(format!("the progress is {asked:?}, not {progress:?}"));
            }
            for (child, key) in state.keys.iter().enumerate() {
                let Some(key) = key else { continue };
                let child_model = &state.oracle.children[child];
                let is_in = child_model.set == id
                    && matches!(child_model.status, Status::InFlight | Status::Unclaimed);
                if set.contains(*key) != is_in {
                    problems.push(format!("the set contains child {child}: {}", !is_in));
                }
            }
            if let Some(problem) = problems.pop() {
                state.oracle.fail(problem);
            }
        });
    }

    /// Stops if anything has gone wrong.
    fn audit(&mut self) {
        let failure = self.world.with(|state| {
            if state.oracle.failure().is_none() {
                state.oracle.audit();
            }
            let failure = state.oracle.failure()?;
            let mut message = format!("{failure}\nafter:");
            for event in &state.trace {
                message.push_str(&format!("\n  {event:?}"));
            }
            Some(message)
        });
        if let Some(message) = failure {
            panic!("{message}");
        }
    }
}
