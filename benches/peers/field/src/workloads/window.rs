//! A window of children in flight: whenever one is done, the next is inserted into the running set.

use std::task::{Poll, ready};

use futures_util::Stream;

use super::batch::check_sum;
use super::{Refillable, Subject};
use crate::contenders::Growing;
use crate::parent::Parent;

/// How many children pass through a window of `window` places.
pub fn total(window: usize) -> usize {
    window * (16_384 / window).max(8)
}

pub fn refilled<G: Growing, W: Refillable>(window: usize) -> Option<Subject> {
    let children = total(window);
    let mut world = W::new(children);
    let subject = Subject::new::<G>(window, W::FEW_PER_POLL, move |parent: &Parent| {
        world.begin();
        let mut rest = (0..children).map(W::child);
        let mut set = G::with_room(window);
        for child in rest.by_ref().take(window) {
            G::insert(&mut set, child);
        }
        let (mut count, mut sum) = (0, 0);
        parent.drive(
            G::HOST,
            || world.outside(|_| ()),
            |cx| {
                while let Some(output) = ready!(std::pin::Pin::new(&mut set).poll_next(cx)) {
                    count += 1;
                    sum += output;
                    if let Some(child) = rest.next() {
                        G::insert(&mut set, child);
                    }
                }
                Poll::Ready(())
            },
        );
        check_sum((count, sum), children);
    })?;
    Some(Subject {
        children,
        ..subject
    })
}

pub fn refilled_floor<W: Refillable>(window: usize) -> Option<Subject> {
    let children = total(window);
    let mut world = W::new(children);
    Subject::floor(children, move |_: &Parent| {
        world.begin();
        let mut rest = (0..children).map(W::child);
        let mut places: Vec<W::Child> = rest.by_ref().take(window).collect();
        let (mut count, mut sum) = (0, 0);
        world.floor_refilled(
            &mut places,
            || rest.next(),
            |output| {
                count += 1;
                sum += output;
            },
        );
        check_sum((count, sum), children);
    })
}
