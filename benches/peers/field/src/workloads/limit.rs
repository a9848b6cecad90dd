//! Adapters that run at most `window` children at a time and take the next from an iterator themselves.

use std::pin::pin;

use super::batch::{check_outputs, check_sum};
use super::window::total;
use super::{Refillable, Subject};
use crate::contenders::{Limited, LimitedJoined};
use crate::parent::Parent;

pub fn streamed<L: Limited, W: Refillable>(window: usize) -> Option<Subject> {
    let children = total(window);
    let mut world = W::new(children);
    let subject = Subject::new::<L>(window, W::FEW_PER_POLL, move |parent: &Parent| {
        world.begin();
        let mut all = pin!(L::sum(window, (0..children).map(W::child)));
        let outside = || world.outside(|_| ());
        let sum = parent.drive(L::HOST, outside, |cx| all.as_mut().poll(cx));
        check_sum(sum, children);
    })?;
    Some(Subject {
        children,
        ..subject
    })
}

pub fn joined<L: LimitedJoined, W: Refillable>(window: usize) -> Option<Subject> {
    let children = total(window);
    let mut world = W::new(children);
    let subject = Subject::new::<L>(window, W::FEW_PER_POLL, move |parent: &Parent| {
        world.begin();
        let mut all = pin!(L::join(window, (0..children).map(W::child)));
        let outside = || world.outside(|_| ());
        let outputs = parent.drive(L::HOST, outside, |cx| all.as_mut().poll(cx));
        check_outputs(&outputs, true, children);
    })?;
    Some(Subject {
        children,
        ..subject
    })
}

pub fn joined_floor<W: Refillable>(window: usize) -> Option<Subject> {
    let children = total(window);
    let mut world = W::new(children);
    Subject::floor(children, move |_: &Parent| {
        world.begin();
        let mut rest = (0..children).map(W::child);
        let mut places: Vec<W::Child> = rest.by_ref().take(window).collect();
        let mut outputs = vec![0; children];
        world.floor_refilled(
            &mut places,
            || rest.next(),
            |output| outputs[output] = output,
        );
        check_outputs(&outputs, true, children);
    })
}
