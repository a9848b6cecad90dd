//! What the model, or its making, has found: programs that once failed, and what programs cannot say.

use std::cell::RefCell;
use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_core::{FusedStream, Stream};
use rejoin::{FutureSet, as_completed, limit};

use super::program::{Act, Child, Condition, End, How, Kind, Leaf, Op, Over, Program, Step};
use super::run::run;
use super::strategy::after;

/// A child that ends so at its first poll.
fn at_once(end: End) -> Child {
    steps([(Vec::new(), end)])
}

fn steps<const N: usize>(steps: [(Vec<Act>, End); N]) -> Child {
    let steps = steps.into_iter().map(|(acts, end)| Step { acts, end });
    Child::Steps(steps.collect())
}

fn view(kind: Kind, over: Over) -> Op {
    Op::View {
        kind,
        over,
        timer: false,
    }
}

fn check(ops: impl Into<Vec<Op>>) {
    let ops = ops.into();
    assert_eq!(run(&Program { ops: ops.clone() }), ops.len());
}

/// The entry of a claimed output hid the one behind it.
#[test]
fn an_error_in_the_middle_hides_no_output() {
    check([
        Op::Insert(at_once(End::Err)),
        Op::Insert(at_once(End::Panic)),
        Op::Insert(at_once(End::Ok)),
        Op::Poll,
        view(Kind::TryGather, Over::Borrowed),
        Op::Poll,
        Op::Poll,
        Op::Poll,
    ]);
}

/// Errors are claimed one by one out of three rows of outputs, at their beginnings, middles and ends.
#[test]
fn errors_are_claimed_out_of_rows_of_outputs() {
    let mut ops = vec![Op::Insert(Child::Steps(Vec::new()))];
    let ends = [
        End::Ok,
        End::Err,
        End::Ok,
        End::Err,
        End::Err,
        End::Ok,
        End::Ok,
    ];
    for rounds in [3, 2, 1] {
        let ends = [&[End::Err], &ends[..], &[End::Err]].concat();
        ops.extend(ends.into_iter().map(|end| Op::Insert(after(rounds, end))));
    }
    ops.push(view(Kind::Gather, Over::Borrowed));
    ops.extend([const { Op::Poll }; 4]);
    ops.push(Op::Close);
    for _ in 0..16 {
        ops.extend([view(Kind::TryGather, Over::Borrowed), Op::Poll, Op::Close]);
    }
    ops.extend([const { Op::Poll }; 13]);
    check(ops);
}

/// Outputs that are no neighbours are not taken for such, though the place of one is the product of the others' place and number.
#[test]
fn only_neighbours_share_an_entry() {
    let children = (0..10).map(|n| match n {
        8 => at_once(End::Ok),
        3 | 4 | 6 => after(1, End::Ok),
        9 => Child::Steps(Vec::new()),
        _ => after(2, End::Ok),
    });
    let mut ops = vec![
        Op::Collect {
            children: children.collect(),
            counted: true,
        },
        view(Kind::Gather, Over::Borrowed),
    ];
    ops.extend([const { Op::Poll }; 4]);
    ops.push(Op::Close);
    ops.extend([const { Op::Poll }; 10]);
    check(ops);
}

/// A child that was added by one whose turn came before that of the adders was polled in the same round.
#[test]
fn who_is_added_in_a_round_is_polled_in_the_next() {
    let quiet = Leaf {
        keeps: false,
        wakes: false,
        end: End::Pending,
    };
    let adds = Act::Add(0, quiet);
    check([
        Op::NewAdder,
        Op::Insert(steps([
            (vec![Act::WakeSelfByClone], End::Pending),
            (vec![adds.clone()], End::Pending),
        ])),
        Op::Insert(steps([(vec![adds], End::Pending)])),
        Op::Add(0, Child::Steps(Vec::new())),
        Op::Poll,
        Op::Poll,
    ]);
}

/// A waker of a finished child polled the one that waited in its place, beyond the limit.
#[test]
fn a_stale_waker_starts_nobody_who_waits_for_a_place() {
    check([
        view(
            Kind::AsCompleted,
            Over::Limit {
                n: 0,
                children: vec![Child::Steps(Vec::new())],
            },
        ),
        Op::Poll,
        Op::Ripen {
            child: 0,
            end: End::Ok,
            wake: true,
        },
        Op::Insert(Child::Steps(Vec::new())),
        Op::Poll,
        Op::Insert(Child::Steps(Vec::new())),
        Op::Poll,
        Op::Wake(0, How::Ref),
        Op::Poll,
    ]);
}

/// The adders of a view that had ended were the last that its set ever had.
#[test]
fn a_set_gets_new_adders_after_the_end_of_a_view() {
    check([
        Op::NewAdder,
        view(Kind::AsCompleted, Over::Owned),
        Op::Poll,
        Op::NewAdder,
        Op::Add(1, at_once(End::Ok)),
        Op::Add(0, at_once(End::Ok)),
        Op::Close,
        Op::Poll,
    ]);
}

/// The places of children that were gone kept an empty set from saying so.
#[test]
fn a_cleared_set_is_empty_after_a_panic() {
    check([
        Op::Insert(at_once(End::Panic)),
        Op::Insert(Child::Steps(Vec::new())),
        Op::Poll,
        Op::Insert(Child::Steps(Vec::new())),
        Op::Clear,
        Op::Poll,
    ]);
}

/// A child that a limit started was polled before one that had been woken in the tick before.
#[test]
fn whom_a_limit_starts_comes_after_who_was_woken() {
    check([
        view(
            Kind::AsCompleted,
            Over::Limit {
                n: 2,
                children: vec![
                    at_once(End::Ok),
                    steps([(vec![Act::WakeSelfByClone], End::Pending)]),
                    at_once(End::Panic),
                    steps([(vec![Act::WakeSelf], End::Pending)]),
                ],
            },
        ),
        Op::Poll,
        Op::Poll,
        Op::Poll,
        Op::Poll,
    ]);
}

/// A round is cut when so many are polled in vain, and goes on in the next tick.
#[test]
fn a_round_of_many_is_cut() {
    let leaf = Leaf {
        keeps: true,
        wakes: true,
        end: End::Pending,
    };
    check([
        Op::Extend(leaf, 200),
        Op::Poll,
        Op::Poll,
        Op::Wake(7, How::Ref),
        Op::Cancel(150),
        Op::Poll,
        Op::Poll,
        Op::Ripen {
            child: 199,
            end: End::Ok,
            wake: false,
        },
        Op::Poll,
        Op::Poll,
        Op::Poll,
    ]);
}

/// A round is cut within a block as well as at its end, and where children complete the count begins anew.
#[test]
fn rounds_of_a_row_are_cut() {
    for kind in [Kind::Gather, Kind::AsCompleted, Kind::Wait(Condition::All)] {
        let children = (0..600).map(|n| match n {
            5 | 260 => after(1, End::Ok),
            300 | 301 => after(2, End::Err),
            590 => after(3, End::Panic),
            _ if n % 3 == 0 => at_once(End::Ok),
            _ => after(5, End::Ok),
        });
        let mut ops = vec![Op::Collect {
            children: children.collect(),
            counted: true,
        }];
        ops.push(view(kind, Over::Owned));
        ops.extend([const { Op::Poll }; 650]);
        check(ops);
    }
}

/// A row is left when hardly anybody is left in it.
#[test]
fn one_of_many_goes_on_alone() {
    let mut children = vec![at_once(End::Ok); 1200];
    children[700] = after(6, End::Ok);
    let ops = [
        Op::Collect {
            children,
            counted: false,
        },
        view(Kind::Gather, Over::Owned),
    ];
    check([ops.to_vec(), vec![Op::Poll; 9]].concat());
}

/// Children of one group, one of which panics, take the group with them and nobody else.
#[test]
fn a_panic_in_a_group_drops_the_group_alone() {
    let leaf = |end| Leaf {
        keeps: true,
        wakes: false,
        end,
    };
    check([
        Op::Insert(Child::Group(vec![
            leaf(End::Ok),
            leaf(End::Panic),
            leaf(End::Ok),
        ])),
        Op::Insert(at_once(End::Ok)),
        Op::Poll,
        Op::Wake(1, How::Ref),
        Op::Poll,
    ]);
}

/// Bodies that ended at once freed places that nobody filled.
#[test]
fn for_each_over_a_limit_comes_to_its_end() {
    let seen = RefCell::new(Vec::new());
    let items = as_completed(limit(2, (0..5).map(ready)));
    let mut each = pin!(items.for_each(async |n| seen.borrow_mut().push(n)));
    let mut cx = Context::from_waker(Waker::noop());
    let polls = (1..10).find(|_| each.as_mut().poll(&mut cx).is_ready());
    assert!(polls.is_some(), "it never ends");
    assert_eq!(*seen.borrow(), [0, 1, 2, 3, 4]);
}

/// What was added through an adder that is gone was not counted on.
#[test]
fn a_set_with_an_addition_to_come_is_not_terminated() {
    let mut set = FutureSet::new();
    let adder = set.adder();
    assert!(adder.insert(ready(1)).is_ok());
    drop(adder);
    assert_eq!((set.size_hint(), set.is_terminated()), ((0, None), false));
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Some(completed)) = Pin::new(&mut set).poll_next(&mut cx) else {
        panic!("it was added");
    };
    assert_eq!(completed.output, 1);
    assert!(set.is_terminated());
}

/// The first item came out when a budget was spent, not when the places were filled.
#[test]
fn all_places_of_a_limit_are_filled_before_the_first_item() {
    let mut items = as_completed(limit(200, (0..300).map(ready)));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(pin!(items.next()).poll(&mut cx), Poll::Ready(Some(0)));
    assert_eq!(items.progress().finished, 200);
}
