//! `gather`, `try_gather` and `wait`, under the model.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use rejoin::{
    AllCompleted, AnySet, AtLeast, Completed, FirstCompleted, FirstError, FirstSuccess, FutureSet,
    IntoSet, Progress, ReturnWhen, gather, try_gather, wait,
};

use super::oracle::{ChildId, SetId};
use super::program::{Condition, Kind, Op};
use super::run::{Manual, Ops, Run};
use super::world::{Child, Output, in_order, origin};

impl ReturnWhen<Output> for Condition {
    fn completed(&mut self, output: &Output) -> bool {
        match self {
            Condition::All => ReturnWhen::completed(&mut AllCompleted, output),
            Condition::First => FirstCompleted.completed(output),
            Condition::Error => FirstError.completed(output),
            Condition::Success => FirstSuccess.completed(output),
            Condition::AtLeast(n) => {
                let mut left = AtLeast(usize::from(*n));
                let is_met = left.completed(output);
                *n = left.0 as u8;
                is_met
            }
        }
    }

    fn at_once(&self) -> bool {
        matches!(self, Condition::AtLeast(0))
    }
}

/// How a view ended.
pub enum End<S> {
    /// All outputs, in the order of insertion.
    Gathered(Vec<Output>),
    /// The first error.
    Failed(Output),
    /// Outputs in the order of completion, and the set.
    Waited(Vec<Completed<Output>>, S),
    /// The set, after the deadline.
    Late(S),
    /// It was dropped.
    Dropped,
}

/// What is known of the view.
struct View {
    id: SetId,
    kind: Kind,
    owned: bool,
    /// Whether the timer has fired, if there is one.
    fired: Option<Rc<Cell<bool>>>,
    /// What was reported to `on_progress`.
    reported: Rc<Cell<usize>>,
}

pub fn borrowed(
    run: &mut Run,
    id: SetId,
    set: &mut FutureSet<Child>,
    kind: Kind,
    timer: bool,
    ops: &mut Ops<'_>,
) {
    open(run, id, set, kind, timer, false, ops);
}

pub fn owned(
    run: &mut Run,
    id: SetId,
    set: FutureSet<Child>,
    kind: Kind,
    timer: bool,
    ops: &mut Ops<'_>,
) -> Option<FutureSet<Child>> {
    open(run, id, set, kind, timer, true, ops)
}

/// Runs the view to its end. Gives the set back, if there is one then.
pub fn open<S>(
    run: &mut Run,
    id: SetId,
    set: S,
    kind: Kind,
    timer: bool,
    owned: bool,
    ops: &mut Ops<'_>,
) -> Option<S>
where
    S: IntoSet<Set = S, Future = Child> + AnySet<Future = Child, Output = Output>,
{
    let fired = timer.then(|| Rc::new(Cell::new(false)));
    let finished = run.world.with(|state| state.oracle.sets[id].finished);
    let reported = Rc::new(Cell::new(finished));
    let view = View {
        id,
        kind,
        owned,
        fired: fired.clone(),
        reported: Rc::clone(&reported),
    };
    let report = move |progress: Progress| {
        assert_eq!(
            progress.finished,
            reported.get() + 1,
            "a completion was not reported"
        );
        reported.set(progress.finished);
    };
    let end = match (kind, fired) {
        (Kind::Gather, None) => {
            let gather = gather(set).on_progress(report);
            view.run(run, gather, End::Gathered, ops)
        }
        (Kind::Gather, Some(fired)) => {
            let gather = gather(set).timeout(Manual(fired)).on_progress(report);
            let map = |result: Result<_, rejoin::TimedOut<S>>| match result {
                Ok(outputs) => End::Gathered(outputs),
                Err(late) => End::Late(late.into_set()),
            };
            view.run(run, gather, map, ops)
        }
        (Kind::TryGather, None) => {
            let gather = try_gather(set).on_progress(report);
            view.run(run, gather, tried, ops)
        }
        (Kind::TryGather, Some(fired)) => {
            let gather = try_gather(set).on_progress(report).timeout(Manual(fired));
            let map = |result: Result<_, rejoin::TimedOut<S>>| match result {
                Ok(result) => tried(result),
                Err(late) => End::Late(late.into_set()),
            };
            view.run(run, gather, map, ops)
        }
        (Kind::Wait(condition), None) => {
            let wait = wait(set).return_when(condition);
            view.run(run, wait, |(done, set)| End::Waited(done, set), ops)
        }
        (Kind::Wait(condition), Some(fired)) => {
            let wait = wait(set).timeout(Manual(fired)).return_when(condition);
            view.run(run, wait, |(done, set)| End::Waited(done, set), ops)
        }
        (Kind::AsCompleted | Kind::Keyed, _) => return Some(set),
    };
    view.settle(run, end)
}

fn tried<S>(result: Result<Vec<super::world::Token>, super::world::Token>) -> End<S> {
    match result {
        Ok(outputs) => End::Gathered(outputs.into_iter().map(Ok).collect()),
        Err(error) => End::Failed(Err(error)),
    }
}

impl View {
    /// Runs operations until the view has ended.
    fn run<V: Future + Unpin, S>(
        &self,
        run: &mut Run,
        mut view: V,
        map: impl FnOnce(V::Output) -> End<S>,
        ops: &mut Ops<'_>,
    ) -> End<S> {
        while let Some(op) = run.next(ops) {
            match op {
                Op::Poll => {
                    let polled = run.tick(self.id, true, true, |cx| Pin::new(&mut view).poll(cx));
                    let Some((polled, woken)) = polled else {
                        continue;
                    };
                    let (is_over, at_once) = self.is_over(run);
                    run.world.tell(|oracle| {
                        oracle.check(polled.is_ready() == is_over, || {
                            format!("{:?} is over: {}", self.kind, polled.is_ready())
                        });
                        oracle.end_tick(self.id, !is_over, at_once, woken);
                    });
                    self.compare_reports(run);
                    if let std::task::Poll::Ready(output) = polled {
                        return map(output);
                    }
                }
                Op::Fire => {
                    if let Some(fired) = &self.fired {
                        fired.set(true);
                    }
                }
                Op::Close | Op::DropSet => break,
                _ => run.outside(op),
            }
        }
        run.external(|run| {
            if self.owned {
                run.world.tell(|oracle| oracle.drop_set(self.id));
            }
            drop(view);
        });
        End::Dropped
    }

    /// Whether the tick ended the view, and whether there is more to do at once.
    fn is_over(&self, run: &Run) -> (bool, bool) {
        let id = self.id;
        let has_fired = self.fired.as_ref().is_some_and(|fired| fired.get());
        run.world.tell(|oracle| {
            let at_once = oracle.end_round(id);
            let is_met = match self.kind {
                Kind::TryGather => oracle.is_met(id, Condition::Error),
                Kind::Wait(Condition::AtLeast(0)) => true,
                Kind::Wait(condition) => oracle.is_met(id, condition),
                _ => false,
            };
            (is_met || oracle.is_exhausted(id) || has_fired, at_once)
        })
    }

    fn compare_reports(&self, run: &Run) {
        if matches!(self.kind, Kind::Wait(_)) {
            return;
        }
        run.world.tell(|oracle| {
            let (finished, reported) = (oracle.sets[self.id].finished, self.reported.get());
            oracle.check(finished == reported, || {
                format!("{reported} of {finished} were reported")
            });
        });
    }

    /// Compares what the view ended with.
    fn settle<S>(&self, run: &mut Run, end: End<S>) -> Option<S> {
        let id = self.id;
        let mut back = None;
        let (given, expected): (Vec<ChildId>, _) = match end {
            End::Dropped => return None,
            End::Late(set) => return Some(set),
            End::Gathered(outputs) => {
                let expected = run.world.with(|state| in_order(&state.oracle, id));
                run.world
                    .with(|state| while state.oracle.claim(id).is_some() {});
                (outputs.iter().map(origin).collect(), expected)
            }
            End::Failed(error) => {
                let expected = run.world.with(|state| state.oracle.claim_error(id));
                (vec![origin(&error)], expected.into_iter().collect())
            }
            End::Waited(done, set) => {
                for completed in &done {
                    run.name(origin(&completed.output), completed.key);
                }
                back = Some(set);
                let expected = run.world.with(|state| {
                    std::iter::from_fn(|| state.oracle.claim(id)).collect::<Vec<_>>()
                });
                let given = done.iter().map(|done| origin(&done.output)).collect();
                (given, expected)
            }
        };
        run.world.tell(|oracle| {
            oracle.check(given == expected, || {
                format!("{:?} gave {given:?}, not {expected:?}", self.kind)
            });
            if self.owned && back.is_none() {
                oracle.drop_set(id);
            }
        });
        back
    }
}
