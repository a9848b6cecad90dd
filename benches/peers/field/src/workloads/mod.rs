//! What is measured. A workload makes children, plays the outside world, and knows its own floor.

pub mod batch;
pub mod limit;
pub mod mixed;
pub mod threads;
pub mod timers;
pub mod window;

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::children::{Child, External, Heavy, Ready, SelfWake};
use crate::contenders::{Contender, Role};
use crate::parent::{Delivery, Parent};
use crate::source;

/// One candidate in one cell of the table, ready to run.
pub struct Subject {
    pub name: &'static str,
    pub role: Role,
    /// By how many children a run's cost is divided.
    pub children: usize,
    /// Runs a whole life, from the making of the children to the drop of the last, and asserts its outputs.
    pub run: Box<dyn FnMut(&Parent)>,
}

impl Subject {
    /// `None` where the cell is not for this contender: see [`Contender::MOST`] and [`Contender::SCANS`].
    fn new<C: Contender>(
        children: usize,
        few_per_poll: bool,
        run: impl FnMut(&Parent) + 'static,
    ) -> Option<Self> {
        const MOST_SCANNED: usize = 1_000;
        let most = if C::SCANS && few_per_poll {
            MOST_SCANNED
        } else {
            C::MOST
        };
        (children <= most).then(|| Self {
            name: C::NAME,
            role: C::ROLE,
            children,
            run: Box::new(run),
        })
    }

    fn floor(children: usize, run: impl FnMut(&Parent) + 'static) -> Option<Self> {
        Some(Self {
            name: "floor",
            role: Role::Floor,
            children,
            run: Box::new(run),
        })
    }
}

/// Children of one type and the world around them.
pub trait Workload: 'static {
    type Child: Child<Output = usize>;

    /// Whether a poll of the whole finds few of its children woken.
    const FEW_PER_POLL: bool = false;

    /// For runs with at most `children` children.
    fn new(children: usize) -> Self;

    fn child(index: usize) -> Self::Child;

    /// Before each run.
    fn begin(&mut self) {}

    /// The world's next step, once the task is idle; `woken` is told which children it woke.
    fn outside(&mut self, woken: impl FnMut(usize)) -> Delivery {
        let _ = woken;
        Delivery::Nothing
    }

    /// Runs all `children`, which behave like [`Workload::Child`], to completion, each polled exactly once per readiness, with
    /// no bookkeeping: who is ready is known. Each output goes to `done`.
    fn floor<C: Child<Output = usize>>(&mut self, children: &mut [C], done: impl FnMut(usize));
}

/// A workload whose finished children can be replaced while the others run.
pub trait Refillable: Workload {
    /// As [`Workload::floor`], but where `next` has a child left, it takes the place of the finished one.
    fn floor_refilled<C: Child<Output = usize>>(
        &mut self,
        places: &mut [C],
        next: impl FnMut() -> Option<C>,
        done: impl FnMut(usize),
    );
}

/// A floor's context: using its waker is a call like any other, which does nothing.
#[inline]
fn idle_context() -> Context<'static> {
    Context::from_waker(black_box(Waker::noop()))
}

fn poll_pending(child: &mut impl Child<Output = usize>, cx: &mut Context<'_>) {
    assert!(Pin::new(child).poll(cx).is_pending());
}

fn poll_ready(child: &mut impl Child<Output = usize>, cx: &mut Context<'_>) -> usize {
    match Pin::new(child).poll(cx) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the floor knows when a child is ready"),
    }
}

/// All ready at their first poll.
pub struct AtFirstPoll;

impl Workload for AtFirstPoll {
    type Child = Ready;

    fn new(_: usize) -> Self {
        Self
    }

    #[inline]
    fn child(index: usize) -> Ready {
        Ready::new(index)
    }

    fn floor<C: Child<Output = usize>>(&mut self, children: &mut [C], mut done: impl FnMut(usize)) {
        let mut cx = idle_context();
        for child in children {
            done(poll_ready(child, &mut cx));
        }
    }
}

/// Each wakes itself `WAKES` times.
pub struct SelfWakes<const WAKES: u32>;

impl<const WAKES: u32> Workload for SelfWakes<WAKES> {
    type Child = SelfWake;

    fn new(_: usize) -> Self {
        Self
    }

    #[inline]
    fn child(index: usize) -> SelfWake {
        SelfWake::new(index, WAKES)
    }

    fn floor<C: Child<Output = usize>>(&mut self, children: &mut [C], mut done: impl FnMut(usize)) {
        let mut cx = idle_context();
        for _ in 0..WAKES {
            for child in &mut *children {
                poll_pending(child, &mut cx);
            }
        }
        for child in children {
            done(poll_ready(child, &mut cx));
        }
    }
}

impl<const WAKES: u32> Refillable for SelfWakes<WAKES> {
    fn floor_refilled<C: Child<Output = usize>>(
        &mut self,
        places: &mut [C],
        mut next: impl FnMut() -> Option<C>,
        mut done: impl FnMut(usize),
    ) {
        // All in a window finish in the same round.
        loop {
            self.floor(places, &mut done);
            for place in &mut *places {
                let Some(child) = next() else { return };
                *place = child;
            }
        }
    }
}

/// Stored wakers used in random order, `AT_ONCE` of them whenever the task is idle.
pub struct ExternalWakes<const AT_ONCE: usize> {
    children: usize,
    woken: Vec<usize>,
    /// The place of each child, by its index, where places are refilled.
    place: Vec<usize>,
}

impl<const AT_ONCE: usize> Workload for ExternalWakes<AT_ONCE> {
    type Child = External;

    const FEW_PER_POLL: bool = true;

    fn new(children: usize) -> Self {
        Self {
            children,
            woken: Vec::with_capacity(AT_ONCE),
            place: vec![0; children],
        }
    }

    #[inline]
    fn child(index: usize) -> External {
        External::new(index)
    }

    #[inline]
    fn begin(&mut self) {
        source::begin(self.children);
    }

    fn outside(&mut self, mut woken: impl FnMut(usize)) -> Delivery {
        let mut delivery = Delivery::Nothing;
        for _ in 0..AT_ONCE {
            let Some(index) = source::wake_one() else {
                break;
            };
            delivery = Delivery::Woke;
            woken(index);
        }
        delivery
    }

    fn floor<C: Child<Output = usize>>(&mut self, children: &mut [C], mut done: impl FnMut(usize)) {
        let mut cx = idle_context();
        for child in &mut *children {
            poll_pending(child, &mut cx);
        }
        let mut woken = std::mem::take(&mut self.woken);
        while self.outside(|index| woken.push(index)) == Delivery::Woke {
            for index in woken.drain(..) {
                done(poll_ready(&mut children[index], &mut cx));
            }
        }
        self.woken = woken;
    }
}

impl Refillable for ExternalWakes<1> {
    fn floor_refilled<C: Child<Output = usize>>(
        &mut self,
        places: &mut [C],
        mut next: impl FnMut() -> Option<C>,
        mut done: impl FnMut(usize),
    ) {
        let mut cx = idle_context();
        for (index, child) in places.iter_mut().enumerate() {
            self.place[index] = index;
            poll_pending(child, &mut cx);
        }
        let mut inserted = places.len();
        while let Some(index) = source::wake_one() {
            let place = self.place[index];
            done(poll_ready(&mut places[place], &mut cx));
            if let Some(child) = next() {
                places[place] = child;
                self.place[inserted] = place;
                inserted += 1;
                poll_pending(&mut places[place], &mut cx);
            }
        }
    }
}

/// The children of `W`, each larger by `WORDS` words.
pub struct Larger<W, const WORDS: usize>(W);

impl<W: Workload, const WORDS: usize> Workload for Larger<W, WORDS> {
    type Child = Heavy<W::Child, WORDS>;

    const FEW_PER_POLL: bool = W::FEW_PER_POLL;

    fn new(children: usize) -> Self {
        Self(W::new(children))
    }

    #[inline]
    fn child(index: usize) -> Self::Child {
        Heavy::new(W::child(index))
    }

    fn begin(&mut self) {
        self.0.begin();
    }

    fn outside(&mut self, woken: impl FnMut(usize)) -> Delivery {
        self.0.outside(woken)
    }

    fn floor<C: Child<Output = usize>>(&mut self, children: &mut [C], done: impl FnMut(usize)) {
        self.0.floor(children, done);
    }
}
