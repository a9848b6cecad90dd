//! Visits to the values of a chunk, which may settle. The invariants are those of `slab.rs`.

use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::Poll;

use super::chunk::Chunk;
use crate::set::rare;

/// What came of visits to places of a chunk, all as bits of its words.
pub(crate) struct Visited {
    /// Who was visited.
    pub(crate) visited: u64,
    /// Who of them has settled.
    pub(crate) settled: u64,
    /// Who is marked now, of all places of the chunk.
    pub(crate) marks: u64,
}

impl<P, V> Chunk<P, V> {
    /// Shows `visit` the pinned values in those of the places `among` that are marked, in order, and takes their marks off. Where it gives
    /// a value, that one settles, also if the pinned value's destructor panics; where it gives none, it says whether to mark the place
    /// again. The places are bits of the chunk's words. Those that have settled, if there are any, are told to `note`.
    ///
    /// All that holds after a panic, too: those that were not visited, or whose visit has panicked, are still marked. `note` does not panic.
    #[inline(always)]
    pub(super) fn visit(
        &mut self,
        among: u64,
        mut note: impl FnMut(u64),
        mut visit: impl FnMut(u32, Pin<&mut P>) -> (Poll<V>, bool),
    ) -> Visited {
        /// What is to be written to the words of the chunk at the end, also after a panic.
        struct Words<'a, P, V, N: FnMut(u64)> {
            chunk: &'a mut Chunk<P, V>,
            places: u64,
            /// Those of them that have not been visited, or are being visited.
            left: u64,
            /// Those that were visited, have not settled, and are to be marked again.
            again: u64,
            /// Those that are not.
            pending: u64,
            note: &'a mut N,
        }
        impl<P, V, N: FnMut(u64)> Drop for Words<'_, P, V, N> {
            // So small that it is inlined: nobody asks then where the words are, and they can be in registers.
            #[inline(always)]
            fn drop(&mut self) {
                let pending = self.again | self.pending;
                write_late(
                    self.chunk,
                    self.places ^ self.left,
                    pending,
                    self.again,
                    self.note,
                );
            }
        }
        /// Writes what came of the visits.
        #[inline(always)]
        fn write<P, V>(
            chunk: &mut Chunk<P, V>,
            visited: u64,
            pending: u64,
            again: u64,
            note: &mut impl FnMut(u64),
        ) {
            chunk.marks = chunk.marks & !visited | again;
            let settled = visited & !pending;
            if settled != 0 {
                chunk.live &= !settled;
                chunk.settled |= settled;
                note(settled);
            }
        }
        #[cold]
        #[inline(never)]
        fn write_late<P, V>(
            chunk: &mut Chunk<P, V>,
            visited: u64,
            pending: u64,
            again: u64,
            note: &mut impl FnMut(u64),
        ) {
            write(chunk, visited, pending, again, note);
        }
        let slots = self.slots();
        let places = among & self.marks & self.live;
        let mut words = Words {
            chunk: self,
            places,
            left: places,
            again: 0,
            pending: 0,
            note: &mut note,
        };
        while words.left != 0 {
            let index = words.left.trailing_zeros();
            let slot = slots.at(index);
            // SAFETY: the slot holds a `P` (invariant 3), and each is visited once; the reference ends with the visit.
            let value = unsafe { &mut *slot.cast::<P>() };
            // SAFETY: the slot does not move (invariant 1), and the value is dropped in place (invariant 4).
            let pinned = unsafe { Pin::new_unchecked(value) };
            let (visited, again) = visit(index, pinned);
            let left = words.left;
            words.left &= left - 1;
            match visited {
                // SAFETY: the slot holds a `P` (invariant 3), which is not visited again, as it is not left (invariant 5).
                Poll::Ready(value) => unsafe { settle::<P, V>(slot, value) },
                Poll::Pending if again => words.again |= 1 << index,
                Poll::Pending => {
                    // Who has kept a waker has spent more than the jump; who has not is not woken again. So it is `left` and `again` that
                    // are to be in registers, and this is not the bit of the line above, which would then be made for all.
                    rare();
                    words.pending |= left ^ words.left;
                }
            }
        }
        let pending = words.again | words.pending;
        write(words.chunk, places, pending, words.again, words.note);
        let marks = words.chunk.marks;
        core::mem::forget(words);
        Visited {
            visited: places,
            settled: places & !pending,
            marks,
        }
    }
}

/// Drops the pinned value in `slot` and puts `value` in its place, also if the destructor panics.
///
/// # Safety
///
/// The slot, which has room for either, holds a `P` that nobody reaches any more.
#[inline(always)]
pub(super) unsafe fn settle<P, V>(slot: *mut u8, value: V) {
    /// Writes the value.
    struct Settle<V> {
        slot: *mut V,
        value: ManuallyDrop<V>,
    }
    impl<V> Drop for Settle<V> {
        #[inline]
        fn drop(&mut self) {
            // SAFETY: nothing takes the value but this, and this runs once.
            let value = unsafe { ManuallyDrop::take(&mut self.value) };
            // SAFETY: the slot has room for it, and what it held was dropped.
            unsafe { self.slot.write(value) };
        }
    }
    let _settle = Settle {
        slot: slot.cast(),
        value: ManuallyDrop::new(value),
    };
    // SAFETY: by the contract of this function; dropped in place (invariant 4).
    unsafe { slot.cast::<P>().drop_in_place() };
}
