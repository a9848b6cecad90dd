//! `as_completed` under the model.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;
use rejoin::{
    Adder, AnySet, AsCompleted, Completed, FutureSet, IntoSet, Key, Keyed, Plain, TimedOut,
    Timeout, as_completed,
};

use super::oracle::{ChildId, SetId};
use super::program::{Kind, Op};
use super::run::{Manual, Ops, Run};
use super::world::{Child, Output, origin};

/// An item of any `as_completed`: what it is from, or that time was up.
type Item = Result<(Option<Key>, Output), TimedOut>;

/// What the model expects of a poll.
pub type Expected = Poll<Option<Result<ChildId, usize>>>;

/// All kinds of `AsCompleted`.
trait AnyStream {
    type Set;
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>>;
    fn put(&mut self, child: Child) -> Key;
    fn new_adder(&mut self) -> Adder<Child>;
    fn drive(&mut self, body: Manual) -> impl Future<Output = ()>;
    fn hint(&self) -> (usize, Option<usize>);
    fn into_inner(self) -> Self::Set;
}

macro_rules! any_stream {
    ($view:ty, |$item:ident| $map:expr) => {
        impl<S: AnySet<Future = Child, Output = Output>> AnyStream for $view {
            type Set = S;

            fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
                let polled = Pin::new(self).poll_next(cx);
                polled.map(|item| item.map(|$item| $map))
            }

            fn put(&mut self, child: Child) -> Key {
                self.insert(child)
            }

            fn new_adder(&mut self) -> Adder<Child> {
                self.adder()
            }

            fn drive(&mut self, body: Manual) -> impl Future<Output = ()> {
                self.drive_while(body)
            }

            fn hint(&self) -> (usize, Option<usize>) {
                self.size_hint()
            }

            fn into_inner(self) -> S {
                self.into_set()
            }
        }
    };
}

fn keyed(completed: Completed<Output>) -> (Option<Key>, Output) {
    (Some(completed.key), completed.output)
}

any_stream!(AsCompleted<S, Plain>, |item| Ok((None, item)));
any_stream!(AsCompleted<S, Keyed>, |item| Ok(keyed(item)));
any_stream!(Timeout<AsCompleted<S, Plain>, Manual>, |item| item
    .map(|output| (None, output)));
any_stream!(Timeout<AsCompleted<S, Keyed>, Manual>, |item| item
    .map(keyed));

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

/// Runs the stream. Gives the set back, if it is not dropped with the stream.
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
    let view = View {
        id,
        owned,
        fired: fired.clone(),
        state: State::Running,
    };
    let is_keyed = matches!(kind, Kind::Keyed);
    match (is_keyed, fired) {
        (false, None) => view.run(run, as_completed(set), ops),
        (true, None) => view.run(run, as_completed(set).keyed(), ops),
        (false, Some(fired)) => view.run(run, as_completed(set).timeout(Manual(fired)), ops),
        (true, Some(fired)) => {
            let stream = as_completed(set).timeout(Manual(fired)).keyed();
            view.run(run, stream, ops)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    /// Time was up: so many outputs are to be handed out, and an error that tells how many have finished.
    Expired(usize, Option<usize>),
    Ended,
}

struct View {
    id: SetId,
    owned: bool,
    fired: Option<Rc<Cell<bool>>>,
    state: State,
}

impl View {
    fn run<V: AnyStream>(
        mut self,
        run: &mut Run,
        mut stream: V,
        ops: &mut Ops<'_>,
    ) -> Option<V::Set> {
        let id = self.id;
        while let Some(op) = run.next(ops) {
            match op {
                Op::Poll => self.poll(run, &mut stream),
                Op::Insert(spec) => run.external(|run| {
                    let child = run.world.child(id, spec);
                    let number = child.id;
                    run.world.tell(|oracle| oracle.insert(number));
                    let key = stream.put(child);
                    run.name(number, key);
                }),
                Op::NewAdder => {
                    let adder = stream.new_adder();
                    run.world.keep_adder(id, adder);
                }
                Op::Drive => self.drive(run, &mut stream, ops),
                Op::Fire => {
                    if let Some(fired) = &self.fired {
                        fired.set(true);
                    }
                }
                Op::Close => return Some(stream.into_inner()),
                Op::DropSet => break,
                _ => run.outside(op),
            }
        }
        run.external(|run| {
            if self.owned {
                run.world.tell(|oracle| oracle.drop_set(id));
            }
            drop(stream);
        });
        None
    }

    /// Whether the timer is seen to have fired in this tick.
    fn expires(&self) -> bool {
        self.state == State::Running && self.fired.as_ref().is_some_and(|fired| fired.get())
    }

    fn expire(&mut self, run: &Run) {
        let id = self.id;
        self.state = run.world.with(|state| {
            let outputs = state.oracle.sets[id].unclaimed.len();
            let finished = state.oracle.sets[id].finished;
            let error = !state.oracle.is_exhausted(id);
            State::Expired(outputs, error.then_some(finished))
        });
    }

    fn poll<V: AnyStream>(&mut self, run: &mut Run, stream: &mut V) {
        let id = self.id;
        let is_running = self.state == State::Running;
        let has_round = is_running
            && run.world.with(|state| {
                self.fired.is_some()
                    || state.oracle.has_fresh(id)
                    || state.oracle.sets[id].unclaimed.is_empty()
            });
        self.compare_hint(run, stream.hint());
        let polled = run.tick(id, has_round, is_running, |cx| stream.poll_item(cx));
        let Some((polled, woken)) = polled else {
            return;
        };
        let at_once = run.world.tell(|oracle| oracle.end_round(id));
        if self.expires() {
            self.expire(run);
        }
        let expected = match &mut self.state {
            State::Running => hand_out(run, id, polled.is_pending(), self.owned),
            State::Expired(outputs, _) if *outputs > 0 => {
                *outputs -= 1;
                let child = run.world.with(|state| state.oracle.claim(id));
                Poll::Ready(child.map(Ok))
            }
            State::Expired(_, error) => Poll::Ready(error.take().map(Err)),
            _ => Poll::Ready(None),
        };
        if let Poll::Ready(None) = expected {
            self.state = State::Ended;
        }
        let polled = polled.map(|item| item.transpose());
        match polled {
            Poll::Ready(Err(late)) => run.world.tell(|oracle| {
                let is_right = expected == Poll::Ready(Some(Err(late.finished())));
                oracle.check(is_right, || {
                    format!("an item is {late:?}, not {expected:?}")
                });
            }),
            Poll::Ready(Ok(item)) => compare(run, expected, Poll::Ready(item)),
            Poll::Pending => compare(run, expected, Poll::Pending),
        }
        run.world
            .tell(|oracle| oracle.end_tick(id, expected.is_pending(), at_once, woken));
    }

    /// Before the end there are no more items than the hint says, and no fewer.
    fn compare_hint(&self, run: &Run, (lower, upper): (usize, Option<usize>)) {
        run.world.with(|state| {
            let set = &state.oracle.sets[self.id];
            let is_right = match self.state {
                State::Running if set.limit.is_some() => true,
                State::Running => {
                    let known = set.in_flight + set.unclaimed.len();
                    let added = state.oracle.has_added(self.id);
                    let least = if self.fired.is_some() {
                        known.min(1)
                    } else {
                        known
                    };
                    lower == least && upper.is_none_or(|upper| upper == known && !added)
                }
                State::Expired(outputs, error) => {
                    lower == outputs + usize::from(error.is_some()) && upper == Some(lower)
                        || (lower, upper) == (0, Some(0))
                }
                State::Ended => (lower, upper) == (0, Some(0)),
            };
            state
                .oracle
                .check(is_right, || format!("the hint is {lower}, {upper:?}"));
        });
    }

    fn drive<V: AnyStream>(&mut self, run: &mut Run, stream: &mut V, ops: &mut Ops<'_>) {
        let id = self.id;
        let body = Rc::new(Cell::new(false));
        let mut drive = Box::pin(stream.drive(Manual(Rc::clone(&body))));
        while let Some(op) = run.next(ops) {
            match op {
                Op::Poll => {
                    let is_running = self.state == State::Running;
                    let polled = run.tick(id, true, is_running, |cx| drive.as_mut().poll(cx));
                    let Some((polled, woken)) = polled else {
                        continue;
                    };
                    let is_over = body.get();
                    let at_once = run.world.tell(|oracle| oracle.end_round(id));
                    if self.expires() {
                        self.expire(run);
                    }
                    let at_once = at_once && self.state == State::Running;
                    run.world.tell(|oracle| {
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
                _ => run.outside(op),
            }
        }
    }
}

/// What a stream that is not over has to hand out after a tick; `is_pending` where both is right.
pub fn hand_out(run: &Run, id: SetId, is_pending: bool, closes: bool) -> Expected {
    run.world
        .tell(|oracle| {
            oracle.end_round(id);
            if oracle.has_fresh(id) && (is_pending || !oracle.has_only_ghosts(id)) {
                return Maybe(Poll::Pending);
            }
            if let Some(child) = oracle.claim(id) {
                return Maybe(Poll::Ready(Some(Ok(child))));
            }
            if !oracle.is_exhausted(id) {
                return Maybe(Poll::Pending);
            }
            if closes {
                oracle.close_adders(id);
            }
            Maybe(Poll::Ready(None))
        })
        .0
}

/// An expectation; none is needed after a failure.
struct Maybe(Expected);

impl Default for Maybe {
    fn default() -> Self {
        Self(Poll::Pending)
    }
}

pub fn compare(run: &mut Run, expected: Expected, polled: Poll<Option<(Option<Key>, Output)>>) {
    let given = match &polled {
        Poll::Pending => Poll::Pending,
        Poll::Ready(item) => Poll::Ready(item.as_ref().map(|(_, output)| Ok(origin(output)))),
    };
    if let Poll::Ready(Some((key, output))) = &polled {
        let child = origin(output);
        if let Some(key) = key {
            run.name(child, *key);
        }
        run.world.with(|state| {
            let is_dropped = state.oracle.children[child].future_dropped;
            state
                .oracle
                .check(is_dropped, || format!("child {child} outlives its future"));
        });
    }
    run.world.tell(|oracle| {
        oracle.check(given == expected, || {
            format!("the next item is {given:?}, not {expected:?}")
        });
    });
}
