//! A fixed number of children, all known at the start: outputs taken one by one, or all joined.

use std::pin::pin;
use std::task::Poll;

use futures_util::Stream;

use super::{Subject, Workload};
use crate::children::{Failure, Fallible};
use crate::contenders::{Joined, Streamed, TryJoined};
use crate::parent::Parent;

/// Adds up outputs, to check that each index came once.
#[derive(Default)]
struct Sum {
    count: usize,
    sum: usize,
}

impl Sum {
    fn add(&mut self, output: usize) {
        self.count += 1;
        self.sum += output;
    }

    fn check(&self, children: usize) {
        check_sum((self.count, self.sum), children);
    }
}

pub fn check_sum(sum: (usize, usize), children: usize) {
    assert_eq!(sum, (children, children * (children - 1) / 2));
}

fn check_order(outputs: &[usize], children: usize) {
    assert_eq!(outputs.len(), children);
    assert!(outputs.iter().enumerate().all(|(i, &output)| i == output));
}

/// Checks what a join gave, as strictly as its contract is.
pub fn check_outputs(outputs: &[usize], ordered: bool, children: usize) {
    if ordered {
        check_order(outputs, children);
    } else {
        let mut sum = Sum::default();
        outputs.iter().for_each(|&output| sum.add(output));
        sum.check(children);
    }
}

pub fn streamed<S: Streamed, W: Workload>(children: usize) -> Option<Subject> {
    let mut world = W::new(children);
    Subject::new::<S>(children, W::FEW_PER_POLL, move |parent: &Parent| {
        world.begin();
        let mut sum = Sum::default();
        let mut stream = pin!(S::start((0..children).map(W::child)));
        parent.drive(
            S::HOST,
            || world.outside(|_| ()),
            |cx| {
                while let Some(output) = std::task::ready!(stream.as_mut().poll_next(cx)) {
                    sum.add(output);
                }
                Poll::Ready(())
            },
        );
        sum.check(children);
    })
}

pub fn joined<J: Joined, W: Workload>(children: usize) -> Option<Subject> {
    let mut world = W::new(children);
    Subject::new::<J>(children, W::FEW_PER_POLL, move |parent: &Parent| {
        world.begin();
        let mut join = pin!(J::join((0..children).map(W::child)));
        let outside = || world.outside(|_| ());
        let outputs = parent.drive(J::HOST, outside, |cx| join.as_mut().poll(cx));
        check_outputs(&outputs, J::ORDERED, children);
    })
}

pub fn try_joined<J: TryJoined, W: Workload>(children: usize) -> Option<Subject> {
    let mut world = W::new(children);
    Subject::new::<J>(children, W::FEW_PER_POLL, move |parent: &Parent| {
        world.begin();
        let fallible = (0..children).map(|index| Fallible(W::child(index)));
        let mut join = pin!(J::try_join(fallible));
        let outside = || world.outside(|_| ());
        let outputs = parent.drive(J::HOST, outside, |cx| join.as_mut().poll(cx));
        match outputs {
            Ok(outputs) => check_order(&outputs, children),
            Err(Failure) => panic!("no child fails"),
        }
    })
}

pub fn streamed_floor<W: Workload>(children: usize) -> Option<Subject> {
    let mut world = W::new(children);
    Subject::floor(children, move |_: &Parent| {
        world.begin();
        let mut sum = Sum::default();
        let mut places: Vec<W::Child> = (0..children).map(W::child).collect();
        world.floor(&mut places, |output| sum.add(output));
        sum.check(children);
    })
}

/// Also the floor of a join of `Result`s.
pub fn joined_floor<W: Workload>(children: usize) -> Option<Subject> {
    let mut world = W::new(children);
    Subject::floor(children, move |_: &Parent| {
        world.begin();
        let mut places: Vec<W::Child> = (0..children).map(W::child).collect();
        let mut outputs = vec![0; children];
        world.floor(&mut places, |output| outputs[output] = output);
        check_order(&outputs, children);
    })
}
