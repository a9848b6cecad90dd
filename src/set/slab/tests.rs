//! What the floors above never ask for, but would be unsound if it were answered wrongly.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::task::Poll;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Slab;

/// Whoever has this number panics when it is dropped.
const BAD: u32 = 1000;

/// The numbers of those that were dropped.
type Dropped = Rc<RefCell<Vec<u32>>>;

/// Notes its number when it is dropped.
struct Noted(u32, Dropped);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
        assert_ne!(self.0, BAD, "a destructor that panics");
    }
}

/// A slab with the numbers of `0..n`, whose ordinals are the same, and the list of those that were dropped.
fn filled(n: u32) -> (Slab<Noted, Box<u32>>, Dropped) {
    let dropped = Rc::new(RefCell::new(Vec::new()));
    let mut slab = Slab::new();
    slab.expect(n as usize);
    for number in 0..n {
        let noted = Noted(number, dropped.clone());
        assert_eq!(slab.insert(noted, number.into()), number);
    }
    (slab, dropped)
}

#[test]
fn an_empty_place_gives_nothing() {
    let (mut slab, dropped) = filled(3);
    slab.at(1).vacate();
    slab.at(1).vacate();
    assert!(slab.at(1).pinned().is_none());
    assert!(slab.at(1).take().is_none());
    assert!(slab.settled(1).is_none());
    assert!(slab.settled(0).is_none(), "it is pinned");
    assert!(slab.at(0).take().is_none(), "it is pinned");
    assert_eq!(slab.ordinal(1), None);
    assert_eq!(*dropped.borrow(), [1], "once");

    slab.at(2).settle(Box::new(7));
    assert_eq!(slab.settled(2).map(|n| **n), Some(7));
    slab.at(2).vacate();
    assert_eq!(slab.at(2).take().as_deref(), Some(&7));
    assert!(slab.at(2).take().is_none(), "it was taken");
    assert_eq!(*dropped.borrow(), [1, 2]);
}

#[test]
fn a_value_is_extracted_once() {
    let mut slab: Slab<Box<u32>, Box<u32>> = Slab::new();
    slab.insert(Box::new(1), 0);
    slab.insert(Box::new(2), 1);
    assert_eq!(slab.at(0).extract().as_deref(), Some(&1));
    assert!(slab.at(0).extract().is_none());
    slab.at(1).settle(Box::new(3));
    assert!(slab.at(1).extract().is_none(), "it has settled");
    assert_eq!(slab.at(1).take().as_deref(), Some(&3));
}

#[test]
#[should_panic(expected = "only an empty place is released")]
fn a_place_in_use_is_not_released() {
    let (mut slab, _) = filled(1);
    slab.at(0).release();
}

#[test]
#[should_panic(expected = "only a pinned value settles")]
fn a_settled_value_does_not_settle_again() {
    let (mut slab, _) = filled(1);
    slab.at(0).settle(Box::new(1));
    slab.at(0).settle(Box::new(2));
}

/// Also where places were freed in the middle, and the ordinals are not those of a row any more.
#[test]
fn places_in_the_middle_are_filled_in_order() {
    let (mut slab, dropped) = filled(8);
    for place in 2..5 {
        slab.at(place).vacate();
        slab.at(place).release();
    }
    let mut rows = Vec::new();
    let mut numbers = (20..26).map(|number| Noted(number, dropped.clone()));
    while slab.fill(
        &mut numbers,
        20 + rows.iter().map(|(_, len)| u64::from(*len)).sum::<u64>(),
        |start, len| {
            rows.push((start, len));
        },
    ) {}
    assert_eq!(rows[0], (2, 3));
    assert_eq!(rows.iter().map(|(_, len)| len).sum::<u32>(), 6);
    let ordinals = (0..8).map(|place| slab.ordinal(place));
    let expected = [0, 1, 20, 21, 22, 5, 6, 7];
    assert!(ordinals.eq(expected.map(Some)));
    for place in 2..5 {
        assert_eq!(
            slab.at(place).pinned().map(|noted| noted.0),
            Some(18 + place)
        );
    }
}

#[test]
fn all_is_cleared_and_free_again_after_a_panic() {
    let (mut slab, dropped) = filled(70);
    slab.at(5).settle(Box::new(5));
    slab.at(66).settle(Box::new(66));
    dropped.borrow_mut().clear();
    slab.at(13).pinned().expect("it is pinned").0 = BAD;
    *slab.marks_mut(0) = 1 << 8;
    *slab.marks_mut(1) = 0;
    let cleared = catch_unwind(AssertUnwindSafe(|| slab.clear()));
    assert!(cleared.is_err());
    let pinned = (0..70).filter(|n| ![5, 66].contains(n));
    let expected = pinned.map(|n| if n == 13 { BAD } else { n });
    assert!(dropped.borrow().iter().copied().eq(expected), "in order");
    assert!((0..70).all(|place| slab.ordinal(place).is_none()));
    // All places are used again, but for the one that was held back.
    let mut places: Vec<u32> = (100..169)
        .map(|number| slab.insert(Noted(number, dropped.clone()), number.into()))
        .collect();
    places.sort_unstable();
    assert!(places.into_iter().eq((0..70).filter(|place| *place != 8)));
}

/// The first `n` places from `start` on that have an output.
fn outputs(slab: &Slab<Noted, Box<u32>>, start: u32, n: usize) -> Vec<u32> {
    let mut places = vec![];
    slab.visit_settled(start, |place, _| {
        places.push(place);
        places.len() < n
    });
    places
}

#[test]
fn outputs_are_found_across_chunks() {
    let (mut slab, _) = filled(200);
    for place in [3, 63, 64, 130, 199] {
        slab.at(place).settle(Box::new(place));
    }
    for (start, found) in [
        (0, Some(3)),
        (3, Some(3)),
        (4, Some(63)),
        (64, Some(64)),
        (65, Some(130)),
        (131, Some(199)),
        (199, Some(199)),
    ] {
        let slot = slab.next_settled_mut(start);
        assert_eq!(slot.map(|slot| slot.place()), found);
        assert_eq!(outputs(&slab, start, 1).first().copied(), found);
    }
    assert_eq!(outputs(&slab, 4, 3), [63, 64, 130]);
    assert_eq!(slab.at(199).take().as_deref(), Some(&199));
    assert!(slab.next_settled_mut(131).is_none());
    assert_eq!(outputs(&slab, 131, 9), []);
    slab.visit_settled(63, |place, output| {
        assert_eq!(place, **output);
        true
    });
    let mut all = vec![0];
    slab.take_all(&mut all, |value| *value);
    assert_eq!(all, [0, 3, 63, 64, 130]);
    assert_eq!(outputs(&slab, 0, 9), []);
}

#[test]
fn a_visit_changes_what_it_is_told_to() {
    let (mut slab, dropped) = filled(66);
    slab.at(65).vacate();
    let mut settled = 0;
    slab.visit(
        64,
        0b111,
        |bits| settled = bits,
        |place, bit, noted| {
            assert_eq!((place, bit, noted.0), (64, 1, 64), "the only one left");
            Poll::Ready(Box::new(7))
        },
    );
    assert_eq!(settled, 1);
    assert_eq!(*dropped.borrow(), [65, 64]);
    assert_eq!((slab.pinned_in(1), outputs(&slab, 0, 9)), (0, vec![64]));
}

#[test]
fn marks_are_those_of_what_was_filled() {
    let mut slab: Slab<u32, ()> = Slab::new();
    let mut numbers = (0..70).filter(|_| true);
    let mut filled = 0;
    while slab.fill(&mut numbers, filled, |_, len| filled += u64::from(len)) {}
    assert_eq!(slab.marked(), 70);
    assert_eq!(*slab.marks_mut(0), 0xff);
    slab.at(3).unmark();
    assert_eq!((*slab.marks_mut(0), slab.marked()), (0xf7, 69));
    slab.insert(70, filled);
    assert_eq!(slab.marked(), 70, "also what is inserted");
}
