//! The real side: children that do what their program says and tell the model of it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use rejoin::{Adder, FutureSet, Gather, Key, gather};

use super::oracle::{ChildId, Oracle, SetId, Status};
use super::program::{self, Act, End, How, Leaf, Step};

/// What a child panics with.
pub struct Boom;

/// A task that counts how often it is woken.
pub struct Task(Arc<AtomicUsize>);

impl Task {
    pub fn new(wakes: &Arc<AtomicUsize>) -> Arc<Self> {
        Arc::new(Self(Arc::clone(wakes)))
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What happened, for who reads why a program failed.
#[derive(Debug)]
#[allow(dead_code, reason = "read in the output of a failure")]
pub enum Event {
    Op(String),
    Polled(ChildId),
    Woken(ChildId, How),
    SelfWoken(ChildId),
    Added(ChildId),
    Ended(ChildId, End),
    Dropped(ChildId),
}

/// What a child does next.
struct Script {
    steps: VecDeque<Step>,
    /// What it does when the steps are over.
    rest: Step,
    ripe: Option<End>,
}

#[derive(Default)]
pub struct State {
    pub oracle: Oracle,
    scripts: Vec<Script>,
    wakers: Vec<Vec<Waker>>,
    pub keys: Vec<Option<Key>>,
    pub adders: Vec<(SetId, usize, Adder<Child>)>,
    pub trace: Vec<Event>,
    pub dropped: Vec<ChildId>,
}

#[derive(Clone, Default)]
pub struct World(Rc<RefCell<State>>);

impl World {
    pub fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.0.borrow_mut())
    }

    /// Tells the model, unless it has failed already: what follows a failure means nothing.
    pub fn tell<R: Default>(&self, f: impl FnOnce(&mut Oracle) -> R) -> R {
        self.with(|state| match state.oracle.failure() {
            None => f(&mut state.oracle),
            Some(_) => R::default(),
        })
    }

    pub fn note(&self, event: Event) {
        self.with(|state| state.trace.push(event));
    }

    fn register(&self, set: SetId, script: Script) -> ChildId {
        self.with(|state| {
            state.scripts.push(script);
            state.wakers.push(Vec::new());
            state.keys.push(None);
            state.oracle.new_child(set)
        })
    }

    fn leaf(&self, set: SetId, leaf: Leaf) -> Child {
        let mut acts = Vec::new();
        acts.extend(leaf.keeps.then_some(Act::Keep));
        acts.extend(leaf.wakes.then_some(Act::WakeSelf));
        let rest = Step {
            acts,
            end: leaf.end,
        };
        let script = Script {
            steps: VecDeque::new(),
            rest,
            ripe: None,
        };
        Child {
            id: self.register(set, script),
            world: self.clone(),
            group: None,
        }
    }

    /// Makes a child for a set.
    pub fn child(&self, set: SetId, spec: &program::Child) -> Child {
        let kept = Leaf {
            keeps: true,
            wakes: false,
            end: End::Pending,
        };
        let mut child = self.leaf(set, kept);
        match spec {
            program::Child::Steps(steps) => self.with(|state| {
                state.scripts[child.id].steps = steps.iter().cloned().collect();
            }),
            program::Child::Group(leaves) => {
                let inner = self.with(|state| state.oracle.new_set(Some(child.id)));
                let leaves: Vec<_> = leaves.iter().map(|leaf| self.leaf(inner, *leaf)).collect();
                for leaf in &leaves {
                    self.tell(|oracle| oracle.insert(leaf.id));
                }
                child.group = Some((inner, gather(leaves)));
            }
        }
        child
    }

    pub fn leaf_child(&self, set: SetId, leaf: Leaf) -> Child {
        self.leaf(set, leaf)
    }

    /// Decides how the child's next poll ends.
    pub fn ripen(&self, child: ChildId, end: End) {
        self.with(|state| state.scripts[child].ripe = Some(end));
    }

    pub fn children(&self) -> usize {
        self.with(|state| state.scripts.len())
    }

    /// Any child; `None` if there is none.
    pub fn pick(&self, number: u8) -> Option<ChildId> {
        let count = self.children();
        (count > 0).then(|| usize::from(number) % count)
    }

    /// Uses a waker that the child has kept, if there is one.
    pub fn wake(&self, child: ChildId, how: How) {
        let Some(waker) = self.with(|state| state.wakers[child].pop()) else {
            return;
        };
        self.note(Event::Woken(child, how));
        self.tell(|oracle| oracle.wake(child));
        match how {
            How::Value => waker.wake(),
            How::Ref => {
                waker.wake_by_ref();
                self.with(|state| state.wakers[child].push(waker));
            }
            How::Clone => {
                let clone = waker.clone();
                clone.wake();
                self.with(|state| state.wakers[child].push(waker));
            }
        }
    }

    /// Drops all wakers that the child has kept.
    pub fn forget(&self, child: ChildId) {
        let wakers = self.with(|state| std::mem::take(&mut state.wakers[child]));
        drop(wakers);
    }

    pub fn keep_adder(&self, set: SetId, adder: Adder<Child>) {
        self.with(|state| {
            state.oracle.open_adders(set);
            let epoch = state.oracle.sets[set].epoch;
            state.adders.push((set, epoch, adder));
        });
    }

    /// Puts a child in through an adder, if there is one.
    pub fn add(&self, number: u8, make: impl FnOnce(SetId) -> Child) {
        let adder = self.with(|state| {
            let count = state.adders.len();
            (count > 0).then(|| state.adders[usize::from(number) % count].clone())
        });
        let Some((set, epoch, adder)) = adder else {
            return;
        };
        let child = make(set);
        let id = child.id;
        self.note(Event::Added(id));
        let is_open = self.tell(|oracle| {
            let is_open = oracle.sets[set].alive && oracle.sets[set].epoch == epoch;
            if is_open {
                oracle.add(id);
            }
            is_open
        });
        let result = adder.insert(child);
        self.tell(|oracle| {
            oracle.check(result.is_ok() == is_open, || {
                format!("child {id} was added to set {set}: {result:?}")
            });
        });
    }

    fn act(&self, child: ChildId, act: &Act, cx: &Context<'_>) {
        match act {
            Act::Keep => self.with(|state| {
                let wakers = &mut state.wakers[child];
                if wakers.len() < 2 {
                    wakers.push(cx.waker().clone());
                }
            }),
            Act::WakeSelf => {
                self.note(Event::SelfWoken(child));
                self.tell(|oracle| oracle.wake(child));
                cx.waker().wake_by_ref();
            }
            Act::WakeSelfByClone => {
                self.note(Event::SelfWoken(child));
                self.tell(|oracle| oracle.wake(child));
                let clone = cx.waker().clone();
                clone.wake();
            }
            Act::Wake(number, how) => {
                if let Some(other) = self.pick(*number) {
                    self.wake(other, *how);
                }
            }
            Act::Forget(number) => {
                if let Some(other) = self.pick(*number) {
                    self.forget(other);
                }
            }
            Act::Add(number, leaf) => self.add(*number, |set| self.leaf(set, *leaf)),
        }
    }
}

/// The output of a child, which knows when it is dropped.
pub struct Token {
    pub child: ChildId,
    world: World,
}

impl Drop for Token {
    fn drop(&mut self) {
        self.world.with(|state| {
            let child = &mut state.oracle.children[self.child];
            if std::mem::replace(&mut child.output_dropped, true) {
                let message = format!("the output of child {} was dropped twice", self.child);
                state.oracle.fail(message);
            }
        });
    }
}

pub type Output = Result<Token, Token>;

/// Which child an output is from.
pub fn origin(output: &Output) -> ChildId {
    match output {
        Ok(token) | Err(token) => token.child,
    }
}

/// A child. It is `Unpin`, so that it can be removed, and looks after its address itself.
pub struct Child {
    pub id: ChildId,
    world: World,
    group: Option<(SetId, Gather<FutureSet<Child>>)>,
}

impl Child {
    /// Notes what has come of a poll.
    fn end(&self, end: End) {
        self.world.note(Event::Ended(self.id, end));
        self.world.tell(|oracle| oracle.end_poll(self.id, end));
    }

    fn poll_group(&mut self, cx: &mut Context<'_>) -> End {
        /// Notes a panic of a grandchild.
        struct Unwinding<'a>(&'a World, SetId);
        impl Drop for Unwinding<'_> {
            fn drop(&mut self) {
                self.0.tell(|oracle| oracle.unwind_tick(self.1));
            }
        }
        let Some((set, group)) = &mut self.group else {
            return End::Pending;
        };
        let (world, set) = (&self.world, *set);
        world.tell(|oracle| oracle.begin_tick(set, true, false));
        let guard = Unwinding(world, set);
        let polled = Pin::new(group).poll(cx);
        std::mem::forget(guard);
        let expected = world.tell(|oracle| {
            oracle.end_round(set);
            let is_done = oracle.is_drained(set);
            oracle.end_tick(set, !is_done, false, 0);
            is_done.then(|| in_order(oracle, set))
        });
        let outputs = match &polled {
            Poll::Pending => None,
            Poll::Ready(outputs) => Some(outputs.iter().map(origin).collect()),
        };
        world.tell(|oracle| {
            oracle.check(outputs == expected, || {
                format!("group {set} gave {outputs:?}, not {expected:?}")
            });
            if expected.is_some() {
                oracle.drop_set(set);
            }
        });
        match polled {
            Poll::Pending => End::Pending,
            Poll::Ready(_) => End::Ok,
        }
    }
}

/// The unclaimed outputs in the order of insertion.
pub fn in_order(oracle: &Oracle, set: SetId) -> Vec<ChildId> {
    let mut children: Vec<_> = oracle.sets[set].unclaimed.iter().copied().collect();
    children.sort_by_key(|child| oracle.children[*child].ordinal);
    children
}

impl Future for Child {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        /// Notes a panic.
        struct Unwinding<'a>(&'a World, ChildId);
        impl Drop for Unwinding<'_> {
            fn drop(&mut self) {
                self.0.note(Event::Ended(self.1, End::Panic));
                self.0.tell(|oracle| oracle.end_poll(self.1, End::Panic));
            }
        }
        let this = &mut *self;
        let (world, id) = (this.world.clone(), this.id);
        let address = std::ptr::from_ref(this).addr();
        world.note(Event::Polled(id));
        world.tell(|oracle| oracle.begin_poll(id, address));
        let step = world.with(|state| {
            let keeps_its_waker = match state.wakers[id].last() {
                Some(waker) => waker.will_wake(cx.waker()),
                None => true,
            };
            state.oracle.check(keeps_its_waker, || {
                format!("child {id} was polled with another waker than before")
            });
            let script = &mut state.scripts[id];
            let mut step = script.steps.pop_front().unwrap_or(script.rest.clone());
            if let Some(end) = script.ripe {
                step.end = end;
            }
            step
        });
        let guard = Unwinding(&world, id);
        for act in &step.acts {
            world.act(id, act, cx);
        }
        let end = match step.end {
            End::Panic => resume_unwind(Box::new(Boom)),
            _ if this.group.is_some() => this.poll_group(cx),
            end => end,
        };
        std::mem::forget(guard);
        this.end(end);
        let token = || Token {
            child: id,
            world: world.clone(),
        };
        match end {
            End::Ok => Poll::Ready(Ok(token())),
            End::Err => Poll::Ready(Err(token())),
            _ => Poll::Pending,
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let address = std::ptr::from_ref(self).addr();
        let (id, group) = (self.id, self.group.as_ref().map(|(set, _)| *set));
        self.world.with(|state| {
            state.trace.push(Event::Dropped(id));
            state.dropped.push(id);
            if let Some(group) = group {
                state.oracle.drop_set(group);
            }
            let child = &mut state.oracle.children[id];
            let twice = std::mem::replace(&mut child.future_dropped, true);
            // Who was removed may go where he likes.
            let moved = child.address.is_some_and(|polled| polled != address)
                && child.status != Status::Removed;
            state.oracle.check(!twice && !moved, || {
                format!("child {id} was dropped: twice {twice}, moved {moved}")
            });
        });
    }
}
