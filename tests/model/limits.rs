//! Views over a `limit`, which hands itself on from one to the next.

use rejoin::limit;

use super::oracle::{Limit, SetId};
use super::program::{self, Condition, Kind, Op};
use super::run::{Ops, Run};
use super::world::{Child, World};
use super::{joins, streams};

/// Makes children when it is asked for them.
pub struct Inputs {
    world: World,
    set: SetId,
    specs: std::vec::IntoIter<program::Child>,
}

impl Iterator for Inputs {
    type Item = Child;

    fn next(&mut self) -> Option<Child> {
        let spec = self.specs.next();
        let child = spec.map(|spec| self.world.child(self.set, &spec));
        let id = child.as_ref().map(|child| child.id);
        self.world.tell(|oracle| oracle.pull(self.set, id));
        child
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.specs.size_hint()
    }
}

/// Runs one view after another over a limit, until one of them ends it.
pub fn run(
    run: &mut Run,
    n: u8,
    children: Vec<program::Child>,
    mut kind: Kind,
    mut timer: bool,
    ops: &mut Ops<'_>,
) {
    let n = usize::from(n % 4) + 1;
    let id = run.world.with(|state| {
        let id = state.oracle.new_set(None);
        state.oracle.sets[id].limit = Some(Limit {
            n,
            until_claimed: false,
            waiting: Default::default(),
            exhausted: false,
            condition: None,
        });
        id
    });
    let inputs = Inputs {
        world: run.world.clone(),
        set: id,
        specs: children.into_iter(),
    };
    let mut limit = limit(n, inputs);
    loop {
        run.world.with(|state| {
            if let Some(limit) = &mut state.oracle.sets[id].limit {
                limit.until_claimed = kind.is_stream();
                limit.condition = match kind {
                    Kind::TryGather => Some(Condition::Error),
                    Kind::Wait(condition) => Some(condition),
                    _ => None,
                };
            }
        });
        let back = if kind.is_stream() {
            streams::open(run, id, limit, kind, timer, true, ops)
        } else {
            joins::open(run, id, limit, kind, timer, true, ops)
        };
        let Some(back) = back else { return };
        limit = back;
        loop {
            match run.next(ops) {
                Some(Op::View {
                    kind: next,
                    timer: next_timer,
                    ..
                }) => {
                    (kind, timer) = (*next, *next_timer);
                    break;
                }
                Some(Op::Close | Op::DropSet) | None => {
                    run.external(|run| {
                        run.world.tell(|oracle| oracle.drop_set(id));
                        drop(limit);
                    });
                    return;
                }
                Some(op) => run.outside(op),
            }
        }
    }
}
