//! What the floors above never ask for, but would be unsound if it were answered wrongly.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::pin::Pin;
use core::task::Poll;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::chunk::Arena;
use super::{Beginning, Slab};

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
    for place in [5, 64, 66] {
        slab.at(place).settle(Box::new(place));
    }
    let first = slab.first_settled_mut(1).expect("there are two");
    assert_eq!(*first.take_unreleased(), 64);
    dropped.borrow_mut().clear();
    slab.at(13).pinned().expect("it is pinned").0 = BAD;
    *slab.marks_mut(0) = 1 << 8;
    *slab.marks_mut(1) = 0;
    let cleared = catch_unwind(AssertUnwindSafe(|| slab.clear()));
    assert!(cleared.is_err());
    let pinned = (0..70).filter(|n| ![5, 64, 66].contains(n));
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
        if start % 64 == 0 {
            let slot = slab.first_settled_mut(start / 64);
            assert_eq!(slot.map(|slot| slot.place()), found);
        }
        assert_eq!(outputs(&slab, start, 1).first().copied(), found);
    }
    let behind = slab.first_settled_mut(3);
    assert_eq!(behind.map(|slot| slot.place()), Some(199));
    assert_eq!(outputs(&slab, 4, 3), [63, 64, 130]);
    assert_eq!(slab.at(199).take().as_deref(), Some(&199));
    assert!(slab.first_settled_mut(3).is_none());
    assert_eq!(outputs(&slab, 131, 9), []);
    slab.visit_settled(63, |place, output| {
        assert_eq!(place, **output);
        true
    });
    let all = slab.take_all(4, |value| *value);
    assert_eq!(all, [3, 63, 64, 130]);
    assert_eq!(outputs(&slab, 0, 9), []);
}

#[test]
fn places_of_outputs_that_were_taken_one_by_one_are_free_once_they_are_released() {
    let (mut slab, dropped) = filled(130);
    let settled = [3, 63, 64, 65, 129];
    for place in settled {
        slab.at(place).unmark();
        slab.at(place).settle(Box::new(place));
    }
    slab.at(7).vacate();
    slab.at(7).release();
    let mut number = 0;
    for place in settled {
        let first = slab.first_settled_mut(number).expect("there are more");
        assert_eq!((first.place(), first.ordinal()), (place, place.into()));
        number = place / 64;
        assert_eq!(*first.take_unreleased(), place);
        assert!(slab.settled(place).is_none() && slab.ordinal(place).is_none());
    }
    assert!(slab.first_settled_mut(0).is_none());
    let insert = |slab: &mut Slab<_, _>, number| slab.insert(Noted(number, dropped.clone()), 0);
    assert_eq!(insert(&mut slab, 200), 7, "the one place that is free");
    assert!(slab.is_full());
    for _ in 0..2 {
        slab.release_empty();
        let used = settled.map(|_| insert(&mut slab, 201));
        assert_eq!(used, settled, "the lowest first");
        assert!(slab.is_full());
        for place in settled {
            slab.at(place).unmark();
            slab.at(place).vacate();
        }
    }
    *slab.marks_mut(0) |= 1 << 63;
    slab.release_empty();
    assert_eq!(
        [3, 64, 65, 129].map(|_| insert(&mut slab, 202)),
        [3, 64, 65, 129]
    );
    assert!(
        slab.is_full(),
        "whoever comes back to the place releases it"
    );
    slab.at(63).unmark();
    slab.at(63).release();
    assert_eq!(insert(&mut slab, 203), 63);
    drop(slab);
    assert_eq!(dropped.borrow().len(), 130 + 1 + 10 + 5, "each once");
}

/// What a visit makes of the values of a chunk: odd numbers settle, every other even one is to be marked again.
fn settle_odd(index: u32, noted: Pin<&mut Noted>) -> (Poll<Box<u32>>, bool) {
    match noted.0 % 4 {
        1 | 3 => (Poll::Ready(Box::new(index)), true),
        even => (Poll::Pending, even == 0),
    }
}

#[test]
fn a_visit_changes_what_it_is_told_to() {
    let (mut slab, dropped) = filled(72);
    slab.at(65).vacate();
    slab.at(67).unmark();
    let mut settled = 0;
    let visited = slab.visit(64, 0b11_1111, |bits| settled = bits, settle_odd);
    assert_eq!(visited.visited, 0b11_0101, "neither 65 nor 67");
    assert_eq!((settled, visited.settled), (0b10_0000, settled));
    assert_eq!(
        visited.marks, 0b1101_0011,
        "those of 65, 70, and 71 as before"
    );
    assert_eq!(*slab.marks_mut(1), visited.marks);
    assert_eq!(*slab.marks_mut(0), u64::MAX);
    assert_eq!(*dropped.borrow(), [65, 69]);
    assert_eq!(slab.pinned_in(1), 0b1101_1101);
    assert_eq!(outputs(&slab, 0, 9), [69]);
    assert_eq!(slab.settled(69).map(|index| **index), Some(5));
    let visited = slab.visit(64, 0b10, |_| unreachable!("nobody"), settle_odd);
    assert_eq!((visited.visited, visited.settled), (0, 0));
}

#[test]
fn a_visit_that_panics_is_none() {
    let (mut slab, dropped) = filled(8);
    let visit = |slab: &mut Slab<Noted, Box<u32>>, bad_destructor: bool| {
        let mut settled = 0;
        let visit = |index: u32, mut noted: Pin<&mut Noted>| {
            if index == 3 {
                assert!(bad_destructor, "a visit that panics");
                noted.0 = BAD;
                return (Poll::Ready(Box::new(33)), false);
            }
            settle_odd(index, noted)
        };
        let visit = AssertUnwindSafe(|| {
            slab.visit(0, u64::MAX, |bits| settled = bits, visit)
                .visited
        });
        assert!(catch_unwind(visit).is_err());
        settled
    };
    assert_eq!(visit(&mut slab, false), 0b10);
    assert_eq!(*slab.marks_mut(0), 0b1111_1001, "0 again, 3 still");
    assert_eq!(
        (slab.pinned_in(0), outputs(&slab, 0, 9)),
        (0b1111_1101, vec![1])
    );
    assert_eq!(visit(&mut slab, true), 0b1000, "it has settled");
    assert_eq!(*slab.marks_mut(0), 0b1111_0001);
    assert_eq!(
        (slab.pinned_in(0), outputs(&slab, 0, 9)),
        (0b1111_0101, vec![1, 3])
    );
    assert_eq!(slab.at(3).take().as_deref(), Some(&33));
    assert_eq!(*dropped.borrow(), [1, BAD]);
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

/// What a slab of `values` begins with, and the next one, if there is one, with those behind it.
fn begin<P, V, I: Iterator<Item = P>>(values: I) -> (Beginning<P, V>, Option<(P, I)>) {
    Beginning::new(values.size_hint().0).fill(values)
}

#[test]
fn a_slab_begins_with_as_many_as_were_announced() {
    for n in [0, 1, 63, 64, 65, 128, 129, 200] {
        let (beginning, next) = begin::<u32, (), _>(0..n);
        assert_eq!(beginning.len(), n);
        assert_eq!(beginning.is_chunk(), n <= 64);
        assert!(next.is_none());
        let mut slab = beginning.into_slab();
        for is_divided in [false, true] {
            assert!(slab.is_full());
            assert_eq!(slab.marked(), n as usize);
            assert_eq!(slab.chunks(), n.div_ceil(64).max(1));
            assert_eq!(slab.is_one_chunk(), n <= 64);
            assert_eq!(slab.is_undivided(), n > 64 && !is_divided);
            slab.divide();
        }
        for number in 0..slab.chunks() {
            assert_eq!(slab.pinned_in(number), *slab.marks_mut(number));
        }
        for place in 0..n {
            assert_eq!(slab.ordinal(place), Some(place.into()));
            assert_eq!(slab.at(place).pinned().as_deref(), Some(&place));
        }
        let place = n.next_multiple_of(64);
        assert_eq!(slab.insert(9, n.into()), place, "in the next chunk");
    }
}

/// Allocators do not like pieces of more than a mebibyte.
#[test]
fn a_slab_of_a_mebibyte_begins_in_one_piece() {
    type Cell = [u64; 8];
    let cells = |n| (0..n).map(|n| [n; 8]);
    let (beginning, next) = begin::<Cell, (), _>(cells(1 << 14));
    assert!(next.is_none());
    assert_eq!(beginning.len(), 1 << 14);
    let (beginning, next) = begin::<Cell, (), _>(cells((1 << 14) + 1));
    assert!(beginning.is_chunk());
    assert_eq!(beginning.len(), 64);
    let (next, rest) = next.expect("there are more");
    assert_eq!((next[0], rest.count()), (64, (1 << 14) - 64));
    // But if a vector of their outputs is as large.
    let (beginning, next) = begin::<Cell, Cell, _>(cells(1 << 15));
    assert!(next.is_none());
    let mut slab = beginning.into_slab();
    slab.divide();
    assert_eq!(slab.at((1 << 15) - 1).pinned().unwrap()[0], (1 << 15) - 1);
}

/// Says that it has more values than it has: as many as the second number.
struct Boasting(core::ops::Range<u32>, usize);

impl Iterator for Boasting {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.1, None)
    }
}

#[test]
fn places_of_those_who_were_announced_and_did_not_come_are_free() {
    for (n, announced, chunks) in [
        (0, 5, 1),
        (3, 64, 1),
        (0, 65, 1),
        (3, 70, 1),
        (64, 65, 1),
        (65, 200, 2),
        (70, 74, 2),
        (128, 200, 2),
        (199, 200, 4),
    ] {
        let (beginning, next) = begin::<u32, u32, _>(Boasting(0..n, announced as usize));
        assert!(next.is_none());
        let mut slab = beginning.into_slab();
        assert_eq!((slab.chunks(), slab.marked()), (chunks, n as usize));
        let places = announced.min(chunks * 64);
        for place in n..places {
            assert!(!slab.is_full());
            assert_eq!(slab.insert(place, place.into()), place);
        }
        assert!(slab.is_full());
        // Another chunk is no part of the arena, also if it is where one would have been.
        let last = slab.insert(chunks * 64, places.into());
        assert_eq!(last, chunks * 64);
        for (place, ordinal) in (0..places).chain([last]).zip(0..) {
            assert_eq!(slab.ordinal(place), Some(ordinal));
            assert_eq!(slab.at(place).pinned().as_deref(), Some(&place));
            slab.at(place).unmark();
            slab.at(place).settle(place);
        }
        while !slab.is_full() || slab.chunks() < announced.div_ceil(64) {
            let place = slab.insert(0, 0);
            slab.at(place).unmark();
            slab.at(place).settle(place);
        }
        assert_eq!(slab.take_in_place(), None);
    }
}

#[test]
fn more_than_can_be_numbered_are_not_announced() {
    // Without a size, so that there would be memory for as many.
    let values = Boasting(0..66, usize::MAX).map(drop);
    let (beginning, next) = begin::<(), (), _>(values);
    assert!(beginning.is_chunk());
    let ((), rest) = next.expect("there are more");
    assert_eq!((beginning.len(), rest.count()), (64, 1));
}

#[test]
fn what_a_slab_was_to_begin_with_is_dropped_after_a_panic() {
    for n in [3, 64, 65, 200_u32] {
        let dropped: Dropped = Rc::new(RefCell::new(Vec::new()));
        let values = (0..n + 10).map(|number| {
            assert_ne!(number, n, "an iterator that panics");
            Noted(number, dropped.clone())
        });
        let begun = catch_unwind(AssertUnwindSafe(|| begin::<_, Box<u32>, _>(values).0.len()));
        assert!(begun.is_err());
        assert!(dropped.borrow().iter().copied().eq(0..n), "in order");
    }
}

/// Also the memory that chunks share, which tools look at that run this test.
#[test]
fn all_is_dropped_if_a_destructor_panics() {
    for bad in [0, 63, 64, 199] {
        let dropped: Dropped = Rc::new(RefCell::new(Vec::new()));
        let numbers = (0..200).map(|n| if n == bad { BAD } else { n });
        let values = numbers.clone().map(|n| Noted(n, dropped.clone()));
        let mut slab = begin::<_, Box<u32>, _>(values).0.into_slab();
        if bad % 2 == 0 {
            slab.divide();
        }
        slab.at(7).settle(Box::new(7));
        dropped.borrow_mut().clear();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(slab))).is_err());
        let expected = numbers.filter(|n| *n != 7);
        assert!(dropped.borrow().iter().copied().eq(expected), "in order");
    }
}

/// A slab that is full of outputs, all of which lie in a row.
fn settled(n: u32) -> Slab<u64, u64> {
    let (beginning, _) = begin((0..u64::from(n)).map(|number| number * 2));
    let mut slab = beginning.into_slab();
    slab.divide();
    for place in 0..n {
        slab.at(place).unmark();
        slab.at(place).settle(u64::from(place) * 3);
    }
    slab
}

#[test]
fn a_slab_that_is_full_of_outputs_is_a_vector() {
    for n in [1, 3, 64, 65, 128, 129, 200] {
        let mut slab = settled(n);
        let outputs = slab.take_in_place().expect("it is full of outputs");
        assert_eq!(
            (outputs.len(), outputs.capacity()),
            (n as usize, n as usize)
        );
        assert!((0..u64::from(n)).map(|number| number * 3).eq(outputs));
        assert!(slab.owns_nothing());
        assert_eq!(slab.take_in_place(), None, "there is no chunk");
        assert_eq!((slab.ordinal(0), slab.is_full()), (None, true));
        assert_eq!([10, 11, 12].map(|n| slab.insert(n, n)), [0, 1, 2]);
        assert_eq!(slab.ordinal(2), Some(12));
    }
}

#[test]
fn outputs_half_as_large_as_their_places_stay_there_unless_they_are_many() {
    for (n, capacity) in [(1, 2), (3, 6), (64, 128), (65, 65), (200, 200)] {
        let (beginning, _) = begin((0..u64::from(n)).map(|number| [number; 2]));
        let mut slab: Slab<_, u64> = beginning.into_slab();
        slab.divide();
        for place in 0..n {
            slab.at(place).unmark();
            slab.at(place).settle(u64::from(place) * 3);
        }
        assert_eq!(slab.take_in_place(), None, "it is not just like a vector");
        let outputs = slab.take_whole().expect("it is full of outputs");
        assert_eq!((outputs.len(), outputs.capacity()), (n as usize, capacity));
        assert!(
            outputs
                .iter()
                .copied()
                .eq((0..u64::from(n)).map(|number| number * 3))
        );
        assert!(slab.owns_nothing());
        assert_eq!(slab.take_whole(), None, "there is no chunk");
    }
    let (beginning, _) = begin((0..3_u64).map(|number| [number; 3]));
    let mut slab: Slab<_, u64> = beginning.into_slab();
    for place in 0..3 {
        slab.at(place).unmark();
        slab.at(place).settle(place.into());
    }
    let outputs = slab.take_whole().expect("it is full of outputs");
    assert_eq!((&outputs[..], outputs.capacity()), (&[0, 1, 2][..], 3));
}

/// Aligned to 16 bytes, and as large as that.
#[repr(align(16))]
struct Aligned(u64);

#[test]
fn a_vector_has_no_memory_that_is_aligned_otherwise() {
    for n in [1, 3, 64, 200] {
        let (beginning, _) = begin((0..u64::from(n)).map(Aligned));
        let mut slab: Slab<_, [u64; 2]> = beginning.into_slab();
        slab.divide();
        for place in 0..n {
            let number = slab.at(place).pinned().map(|aligned| aligned.0);
            slab.at(place).unmark();
            slab.at(place).settle([number.expect("it is pinned"), 7]);
        }
        assert_eq!(slab.take_in_place(), None);
        let outputs = slab.take_whole().expect("it is full of outputs");
        assert_eq!(outputs.capacity(), n as usize);
        assert!(
            outputs
                .into_iter()
                .eq((0..u64::from(n)).map(|number| [number, 7]))
        );
    }
}

#[test]
fn other_slabs_are_none() {
    for (n, place) in [(3, 1), (200, 1), (200, 70), (200, 199)] {
        let mut marked = settled(n);
        assert!(marked.marks_mut(place / 64).count_zeros() == 64);
        *marked.marks_mut(place / 64) = 1 << (place % 64);
        assert_eq!(
            marked.take_in_place(),
            None,
            "somebody comes back to a place"
        );

        let mut pinned = settled(n);
        assert_eq!(pinned.at(place).take(), Some(u64::from(place) * 3));
        assert_eq!(pinned.take_in_place(), None, "a place is free");
        assert_eq!(pinned.insert(1, 1), place);
        pinned.at(place).unmark();
        assert_eq!(pinned.take_in_place(), None, "a place is pinned");
        pinned.at(place).settle(2);
        assert!(pinned.take_in_place().is_some(), "all places have outputs");
    }
    for n in [64, 128, 200_u32] {
        let mut longer = settled(n);
        let place = longer.insert(1, n.into());
        assert_eq!(place, n.next_multiple_of(64));
        longer.at(place).unmark();
        longer.at(place).settle(1);
        assert_eq!(longer.take_in_place(), None, "a chunk lies elsewhere");
        let all = longer.take_all(n as usize + 1, |output| output);
        assert!(
            (0..u64::from(n))
                .map(|number| number * 3)
                .chain([1])
                .eq(all)
        );
    }
    assert_eq!(Slab::<u64, u64>::new().take_in_place(), None);

    let mut larger: Slab<[u64; 2], u64> = Slab::new();
    larger.expect(1);
    larger.insert([0; 2], 0);
    larger.at(0).unmark();
    larger.at(0).settle(7);
    assert_eq!(larger.take_in_place(), None, "the slots are larger");
    assert_eq!(larger.at(0).take(), Some(7));
}

/// A slab of so many numbers, in an arena that is not divided if they are more than 64, after visits in which all settle that are below
/// the second number.
fn visited(n: u32, settling: u32) -> (Slab<Noted, Box<u32>>, Dropped) {
    let dropped: Dropped = Rc::new(RefCell::new(Vec::new()));
    let values = (0..n).map(|number| Noted(number, dropped.clone()));
    let mut slab = begin(values).0.into_slab();
    if n <= 64 {
        let visit = |index: u32, _: Pin<&mut Noted>| match index < settling {
            true => (Poll::Ready(Box::new(index * 2)), false),
            false => (Poll::Pending, false),
        };
        assert!(slab.visits().is_none(), "it is not in an arena");
        slab.visit(0, u64::MAX, |_| (), visit);
        return (slab, dropped);
    }
    let mut visits = slab.visits().expect("nothing was visited");
    let mut next = 0;
    loop {
        let first = visits.first();
        assert_eq!(first, next, "chunk by chunk");
        let mut settled = 0;
        let visited = visits.visit(
            |bits| settled = bits,
            |index, noted| {
                assert_eq!(noted.0, first + index);
                let is_ready = noted.0 < settling;
                let value = is_ready.then(|| Box::new(noted.0 * 2));
                (value.map_or(Poll::Pending, Poll::Ready), noted.0 % 2 == 0)
            },
        );
        next += visited.visited.count_ones();
        let settling_here = (settling - first).min(64);
        assert_eq!(visited.settled.count_ones(), settling_here);
        assert_eq!(visited.settled, settled);
        if !visits.advance() {
            assert!(!visits.advance());
            break;
        }
    }
    assert_eq!(
        next,
        n.min((settling / 64 + 1) * 64),
        "until one does not settle"
    );
    drop(visits);
    assert!(dropped.borrow().iter().copied().eq(0..settling));
    assert!(slab.visits().is_none(), "once");
    (slab, dropped)
}

#[test]
fn an_arena_is_divided_unless_all_its_values_settle() {
    for (n, settling) in [
        (65, 65),
        (65, 64),
        (65, 0),
        (128, 128),
        (200, 199),
        (200, 100),
        (200, 64),
    ] {
        let (mut slab, _) = visited(n, settling);
        assert_eq!(slab.is_undivided(), n == settling);
        assert_eq!(slab.chunks(), n.div_ceil(64));
        let visited = n.min((settling / 64 + 1) * 64);
        let again = (settling..visited).filter(|number| number % 2 == 0).count();
        assert_eq!(slab.marked(), again + (n - visited) as usize);
        slab.divide();
        for place in 0..n {
            let value = slab.settled(place).map(|value| **value);
            assert_eq!(value, (place < settling).then_some(place * 2));
            assert_eq!(slab.is_pinned(place), place >= settling);
            assert_eq!(slab.ordinal(place), Some(place.into()));
        }
        assert!(slab.is_full());
        assert_eq!(
            slab.insert(Noted(7, Dropped::default()), 7),
            n.next_multiple_of(64)
        );
        let all = slab.take_all(settling as usize, |value| *value);
        assert!((0..settling).map(|number| number * 2).eq(all));
    }
}

#[test]
fn an_arena_is_dropped_as_it_is() {
    for (n, settling) in [(65, 65), (200, 200), (200, 130), (200, 0)] {
        let (mut slab, dropped) = visited(n, settling);
        if n % 2 == 0 {
            slab.clear();
            assert_eq!(dropped.borrow().len(), n as usize);
        }
        drop(slab);
        assert!(
            dropped.borrow().iter().copied().eq(0..n),
            "in order, and once"
        );
    }
}

#[test]
fn an_arena_is_divided_after_a_panic() {
    for bad in [0, 63, 64, 150] {
        let dropped: Dropped = Rc::new(RefCell::new(Vec::new()));
        let values = (0..200).map(|number| Noted(number, dropped.clone()));
        let mut slab = begin::<_, Box<u32>, _>(values).0.into_slab();
        let visits = AssertUnwindSafe(|| {
            let mut visits = slab.visits().expect("nothing was visited");
            loop {
                visits.visit(
                    |_| (),
                    |_, noted| {
                        assert_ne!(noted.0, bad, "a visit that panics");
                        (Poll::Ready(Box::new(noted.0)), false)
                    },
                );
                assert!(visits.advance());
            }
        });
        assert!(catch_unwind(visits).is_err());
        assert_eq!((slab.is_undivided(), slab.chunks()), (false, 4));
        assert_eq!(slab.marked() as u32, 200 - bad);
        assert!(outputs(&slab, 0, 200).into_iter().eq(0..bad));
        drop(slab);
        assert!(dropped.borrow().iter().copied().eq(0..200));
    }
}

#[test]
fn a_slab_of_an_arena_grows_as_any_other() {
    let mut slab: Slab<u32, u32> = begin(0..65).0.into_slab();
    assert_eq!(slab.insert(7, 65), 128, "in a chunk of its own");
    assert!(!slab.is_undivided());
    assert_eq!(slab.at(64).pinned().as_deref(), Some(&64));
    let mut slab: Slab<u32, u32> = begin(0..65).0.into_slab();
    slab.expect(1);
    assert_eq!((slab.insert(7, 65), slab.insert(8, 66)), (128, 192));
    let mut slab: Slab<u64, u64> = begin(0..65).0.into_slab();
    assert_eq!(slab.take_in_place(), None, "nothing has settled");
    let mut visits = slab.visits().expect("nothing was visited");
    visits.visit(|_| (), |_, value| (Poll::Ready(*value), false));
    assert!(visits.advance());
    visits.visit(|_| (), |_, value| (Poll::Ready(*value), false));
    drop(visits);
    assert!(
        slab.take_in_place()
            .expect("all have settled")
            .into_iter()
            .eq(0..65)
    );
    assert!(slab.owns_nothing());
    assert_eq!(slab.insert(7, 65), 0);
    assert_eq!(slab.chunks(), 1);
}

#[test]
fn a_slab_that_is_full_of_outputs_is_emptied_at_once() {
    // In a chunk of its own, in chunks of an arena, and in one that is not divided.
    for (n, is_divided) in [
        (1, false),
        (64, false),
        (65, true),
        (200, true),
        (65, false),
        (200, false),
    ] {
        let (mut slab, dropped) = visited(n, n);
        if is_divided {
            slab.divide();
        }
        assert_eq!(slab.is_undivided(), n > 64 && !is_divided);
        assert!(slab.take_in_place().is_none(), "the slots are larger");
        let outputs = slab.take_whole().expect("it is full of outputs");
        let is_small = n <= 64;
        assert_eq!(
            outputs.capacity(),
            n as usize * if is_small { 2 } else { 1 }
        );
        assert!(
            outputs
                .into_iter()
                .map(|output| *output)
                .eq((0..n).map(|number| number * 2))
        );
        assert!(slab.owns_nothing());
        assert!(slab.take_whole().is_none());
        assert_eq!(slab.insert(Noted(n, dropped.clone()), 0), 0);
        drop(slab);
        assert!(dropped.borrow().iter().copied().eq(0..=n), "once");
    }
    for (n, settling) in [(64, 63), (200, 199), (200, 0)] {
        let (mut slab, dropped) = visited(n, settling);
        assert!(slab.take_whole().is_none(), "not all have settled");
        drop(slab);
        assert!(dropped.borrow().iter().copied().eq(0..n));
    }
    let (mut slab, _) = visited(200, 200);
    slab.divide();
    assert_eq!(slab.at(70).take().as_deref(), Some(&140));
    assert!(slab.take_whole().is_none(), "one was taken");
    // Outputs without a size.
    let mut slab: Slab<u64, ()> = begin(0..65).0.into_slab();
    slab.divide();
    for place in 0..65 {
        slab.at(place).unmark();
        slab.at(place).settle(());
    }
    assert_eq!(slab.take_whole().map(|outputs| outputs.len()), Some(65));
}

#[test]
fn visits_that_are_forgotten_leave_no_vector() {
    for chunks in 1..=4 {
        let mut slab: Slab<u64, u64> = begin(0..200).0.into_slab();
        // What nobody frees then.
        let memory = Arena::new(&slab.first.slots().of_arena(200));
        let mut visits = slab.visits().expect("nothing was visited");
        for number in 0..chunks {
            visits.visit(|_| (), |_, value| (Poll::Ready(*value), false));
            assert!(number + 1 == chunks || visits.advance());
        }
        core::mem::forget(visits);
        assert_eq!(slab.take_in_place(), None);
        drop(slab);
        drop(memory);
    }
    let mut slab: Slab<[u64; 2], u64> = begin((0..200).map(|n| [n; 2])).0.into_slab();
    let memory = Arena::new(&slab.first.slots().of_arena(200));
    let mut visits = slab.visits().expect("nothing was visited");
    visits.visit(|_| (), |_, value| (Poll::Ready(value[0]), false));
    core::mem::forget(visits);
    assert_eq!(slab.take_whole(), None);
    drop(slab);
    drop(memory);
}
