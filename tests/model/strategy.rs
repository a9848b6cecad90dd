//! Random programs.

use proptest::collection::vec;
use proptest::prelude::*;

use super::program::{Act, Child, Condition, End, How, Kind, Leaf, Op, Over, Program, Step};

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        6 => Just(End::Pending),
        6 => Just(End::Ok),
        2 => Just(End::Err),
        1 => Just(End::Panic),
    ]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![Just(How::Ref), Just(How::Value), Just(How::Clone)]
}

fn number() -> impl Strategy<Value = u8> {
    0..12_u8
}

fn leaf() -> impl Strategy<Value = Leaf> {
    let wakes = proptest::bool::weighted(0.2);
    (any::<bool>(), wakes, end()).prop_map(|(keeps, wakes, end)| Leaf { keeps, wakes, end })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Keep),
        2 => Just(Act::WakeSelf),
        2 => Just(Act::WakeSelfByClone),
        4 => (number(), how()).prop_map(|(child, how)| Act::Wake(child, how)),
        1 => number().prop_map(Act::Forget),
        2 => (number(), leaf()).prop_map(|(adder, leaf)| Act::Add(adder, leaf)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (vec(act(), 0..4), end()).prop_map(|(acts, end)| Step { acts, end })
}

fn child() -> impl Strategy<Value = Child> {
    prop_oneof![
        5 => vec(step(), 0..4).prop_map(Child::Steps),
        1 => vec(leaf(), 0..4).prop_map(Child::Group),
    ]
}

/// A child that wakes itself so often, and then ends so.
pub fn after(yields: usize, end: End) -> Child {
    let yielding = Step {
        acts: vec![Act::WakeSelf],
        end: End::Pending,
    };
    let last = Step {
        acts: Vec::new(),
        end,
    };
    Child::Steps([vec![yielding; yields], vec![last]].concat())
}

/// Who wakes itself a few times, keeps no waker, and mostly completes.
fn quiet_child() -> impl Strategy<Value = Child> {
    let end = prop_oneof![9 => Just(End::Ok), 2 => Just(End::Err), 1 => Just(End::Panic)];
    (0..4_usize, end).prop_map(|(yields, end)| after(yields, end))
}

fn children() -> impl Strategy<Value = Vec<Child>> {
    let some = prop_oneof![18 => 0..6_usize, 1 => 62..67_usize, 1 => 120..270_usize];
    prop_oneof![
        2 => some.clone().prop_flat_map(|count| vec(quiet_child(), count)),
        2 => some.prop_flat_map(|count| vec(prop_oneof![4 => quiet_child(), 1 => child()], count)),
        1 => vec(child(), 0..6),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        Just(Condition::All),
        Just(Condition::First),
        Just(Condition::Error),
        Just(Condition::Success),
        (0..4_u8).prop_map(Condition::AtLeast),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        2 => Just(Kind::Gather),
        1 => Just(Kind::TryGather),
        2 => Just(Kind::AsCompleted),
        1 => Just(Kind::Keyed),
        2 => condition().prop_map(Kind::Wait),
    ]
}

fn over() -> impl Strategy<Value = Over> {
    prop_oneof![
        3 => Just(Over::Borrowed),
        2 => Just(Over::Owned),
        2 => (0..4_u8, vec(child(), 0..6)).prop_map(|(n, children)| Over::Limit { n, children }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => Just(Op::Poll),
        12 => (number(), how()).prop_map(|(child, how)| Op::Wake(child, how)),
        1 => number().prop_map(Op::Forget),
        8 => (number(), end(), any::<bool>())
            .prop_map(|(child, end, wake)| Op::Ripen { child, end, wake }),
        12 => child().prop_map(Op::Insert),
        1 => (leaf(), prop_oneof![9 => 0..6_u8, 1 => 60..200_u8])
            .prop_map(|(leaf, count)| Op::Extend(leaf, count)),
        4 => number().prop_map(Op::Cancel),
        2 => number().prop_map(Op::Remove),
        1 => Just(Op::Clear),
        2 => Just(Op::NewAdder),
        1 => number().prop_map(Op::DropAdder),
        3 => (number(), child()).prop_map(|(adder, child)| Op::Add(adder, child)),
        2 => Just(Op::ChangeWaker),
        4 => (kind(), over(), any::<bool>())
            .prop_map(|(kind, over, timer)| Op::View { kind, over, timer }),
        2 => Just(Op::Fire),
        1 => Just(Op::Drive),
        2 => Just(Op::Close),
        1 => Just(Op::DropSet),
        2 => (children(), any::<bool>())
            .prop_map(|(children, counted)| Op::Collect { children, counted }),
    ]
}

/// Programs of so many operations at most.
pub fn program(len: usize) -> impl Strategy<Value = Program> {
    vec(op(), 0..len).prop_map(|ops| Program { ops })
}
