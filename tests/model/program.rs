//! Programs: what a test does with a set, its views, its children and their wakers.
//!
//! Every number in a program is taken modulo what there is at that moment, so that every program means something.

#[cfg(fuzzing)]
use arbitrary::Arbitrary;

/// How a poll of a child ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub enum End {
    Pending,
    Ok,
    Err,
    Panic,
}

/// How a waker is used.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub enum How {
    Ref,
    Value,
    Clone,
}

/// What a child does while it is polled.
#[derive(Clone, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub enum Act {
    /// Keeps a clone of its waker where everybody finds it.
    Keep,
    /// Wakes itself with the waker that it was given.
    WakeSelf,
    /// Wakes itself with a clone of that waker.
    WakeSelfByClone,
    /// Wakes any child.
    Wake(u8, How),
    /// Drops the wakers that a child has kept.
    Forget(u8),
    /// Adds a child through an adder.
    Add(u8, Leaf),
}

/// One poll of a child.
#[derive(Clone, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub struct Step {
    pub acts: Vec<Act>,
    pub end: End,
}

/// A child that does the same at every poll.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub struct Leaf {
    /// Whether it keeps its waker.
    pub keeps: bool,
    /// Whether it wakes itself.
    pub wakes: bool,
    pub end: End,
}

/// A child.
#[derive(Clone, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub enum Child {
    /// Goes through its steps, a poll each, and is pending after them until it is made ready from outside.
    Steps(Vec<Step>),
    /// A `Gather` of children.
    Group(Vec<Leaf>),
}

/// When a `Wait` returns.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub enum Condition {
    All,
    First,
    Error,
    Success,
    AtLeast(u8),
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub enum Kind {
    Gather,
    TryGather,
    AsCompleted,
    Keyed,
    Wait(Condition),
}

impl Kind {
    pub fn is_stream(self) -> bool {
        matches!(self, Self::AsCompleted | Self::Keyed)
    }
}

/// What a view looks at.
#[derive(Clone, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub enum Over {
    Borrowed,
    Owned,
    /// A limit of its own, over these children. The set stays aside.
    Limit {
        n: u8,
        children: Vec<Child>,
    },
}

#[derive(Clone, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub enum Op {
    /// Polls the view, or, where there is none, the set.
    Poll,
    Wake(u8, How),
    Forget(u8),
    /// Decides how a child's next poll ends, and perhaps wakes it.
    Ripen {
        child: u8,
        end: End,
        wake: bool,
    },
    /// Puts a child in: into the set, or into an `AsCompleted`.
    Insert(Child),
    /// Puts many of one kind in.
    Extend(Leaf, u8),
    Cancel(u8),
    Remove(u8),
    Clear,
    NewAdder,
    DropAdder(u8),
    Add(u8, Child),
    /// The next poll comes with another waker of the task.
    ChangeWaker,
    View {
        kind: Kind,
        over: Over,
        timer: bool,
    },
    /// Lets the body that runs, or else the timer of the view, complete at the next poll.
    Fire,
    /// Lets the children of the set, or of an `AsCompleted`, go on while a body runs.
    Drive,
    /// Ends the view: drops it, or takes the set out of it.
    Close,
    /// Drops the set, and begins with a new one.
    DropSet,
    /// The same, and the new one is made of these children, by an iterator that knows their number or does not.
    Collect {
        children: Vec<Child>,
        counted: bool,
    },
}

#[derive(Clone, Debug)]
#[cfg_attr(fuzzing, derive(Arbitrary))]
pub struct Program {
    pub ops: Vec<Op>,
}
