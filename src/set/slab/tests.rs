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
    let mut next = numbers.next();
    while let Some(noted) = next {
        let ordinal = noted.0.into();
        next = slab.fill(noted, &mut numbers, ordinal, |start, len| {
            rows.push((start, len));
        });
    }
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
        |place, index, noted| {
            assert_eq!((place, index, noted.0), (64, 0, 64), "the only one left");
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
    let mut next = numbers.next();
    while let Some(number) = next {
        next = slab.fill(number, &mut numbers, number.into(), |_, _| ());
    }
    assert_eq!(slab.marked(), 70);
    assert_eq!(*slab.marks_mut(0), 0xff);
    slab.at(3).unmark();
    assert_eq!((*slab.marks_mut(0), slab.marked()), (0xf7, 69));
    slab.insert(70, 70);
    assert_eq!(slab.marked(), 70, "also what is inserted");
}

#[test]
fn a_slab_begins_with_as_many_as_were_announced() {
    for (n, first) in [(0, 0), (1, 1), (63, 63), (64, 64), (65, 64), (200, 64)] {
        let (beginning, next) = Slab::<u32, ()>::begin(0..n);
        assert_eq!(beginning.len(), first);
        let next = next.map(|(next, rest)| (next, rest.count()));
        let behind = n.checked_sub(65).map(|behind| (64, behind as usize));
        assert_eq!(next, behind, "the next one, and those behind it");
        let mut slab = beginning.into_slab();
        assert!(slab.is_full());
        assert_eq!(slab.marked(), first as usize);
        assert_eq!(slab.pinned_in(0), *slab.marks_mut(0));
        for place in 0..first {
            assert_eq!(slab.ordinal(place), Some(place.into()));
            assert_eq!(slab.at(place).pinned().as_deref(), Some(&place));
        }
        let place = if first == 0 { 0 } else { 64 };
        assert_eq!(slab.insert(9, first.into()), place, "in the next chunk");
    }
}

/// Says that it has more values than it has.
struct Boasting(core::ops::Range<u32>);

impl Iterator for Boasting {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (70, None)
    }
}

#[test]
fn places_of_those_who_were_announced_and_did_not_come_are_free() {
    let (beginning, next) = Slab::<u32, ()>::begin(Boasting(0..3));
    assert!(next.is_none());
    let mut slab = beginning.into_slab();
    assert!(!slab.is_full());
    for place in 3..64 {
        assert_eq!(slab.insert(place, place.into()), place);
    }
    assert!(slab.is_full());
}

/// A slab whose chunk is full of outputs.
fn settled(n: u32) -> Slab<u64, u64> {
    let (beginning, _) = Slab::begin((0..u64::from(n)).map(|number| number * 2));
    let mut slab = beginning.into_slab();
    *slab.marks_mut(0) = 0;
    for place in 0..n {
        slab.at(place).settle(u64::from(place) * 3);
    }
    slab
}

#[test]
fn a_chunk_that_is_full_of_outputs_is_a_vector() {
    let mut slab = settled(3);
    assert_eq!(slab.take_chunk(), Some(vec![0, 3, 6]));
    assert_eq!(slab.take_chunk(), None, "there is no chunk");
    assert_eq!((slab.ordinal(0), slab.is_full()), (None, true));
    assert_eq!([10, 11, 12].map(|n| slab.insert(n, n)), [0, 1, 2]);
    assert_eq!(slab.ordinal(2), Some(12));

    let mut full = settled(64);
    let outputs = full.take_chunk().expect("it is full of outputs");
    assert_eq!((outputs.len(), outputs.capacity()), (64, 64));
    assert!((0..64).map(|n| n * 3).eq(outputs));
}

#[test]
fn other_chunks_are_none() {
    let mut marked = settled(3);
    *marked.marks_mut(0) = 0b10;
    assert_eq!(marked.take_chunk(), None, "somebody comes back to a place");

    let mut pinned = settled(3);
    assert_eq!(pinned.at(1).take(), Some(3));
    assert_eq!(pinned.take_chunk(), None, "a place is free");
    assert_eq!(pinned.insert(1, 1), 1);
    assert_eq!(pinned.take_chunk(), None, "a place is pinned");

    let mut longer = settled(64);
    assert_eq!(longer.insert(1, 1), 64);
    longer.at(64).settle(1);
    assert_eq!(longer.take_chunk(), None, "there are two chunks");
    assert_eq!(Slab::<u64, u64>::new().take_chunk(), None);

    let mut larger: Slab<[u64; 2], u64> = Slab::new();
    larger.expect(1);
    larger.insert([0; 2], 0);
    larger.at(0).unmark();
    larger.at(0).settle(7);
    assert_eq!(larger.take_chunk(), None, "the slots are larger");
    assert_eq!(larger.at(0).take(), Some(7));
}
