//! Pinned places: storage whose values never move, addressed by small numbers.
//!
//! A place holds one *pinned* value of type `P`, or the *settled* value of type `V` that took over the place when the
//! pinned one was done, or nothing. Places come in chunks of up to 64. A chunk is allocated once, for as many places as
//! are asked for, alone or with others, and stays where it is until the slab is dropped.
//!
//! # Invariants
//!
//! 1. The `capacity` slots of a chunk lie `STRIDE` bytes apart and are aligned for `Slot<P, V>`. Either they are an allocation of the
//!    chunk's own, and `owned` is `capacity`, or they are part of the slab's *arena*, and `owned` is 0. An arena is one allocation for the
//!    slots of the chunks with which a slab begins: those of chunk `n` start at its slot `64 * n`, and all chunks but the last have 64.
//!    (An allocation of no bytes is none.) Memory comes from `Slots::allocate` or `Slots::allocate_arena`, is freed in `Chunk::drop` or
//!    `Arena::drop`, or given away in `take_in_place`, and moved nowhere in between. An arena is dropped after its chunks: it is behind
//!    `chunks` in `Directory`, which is behind `first` in `Slab`.
//! 2. Only bits below `capacity` are ever set in `live`, `settled` and `free`, and no bit is set in two of them.
//! 3. A slot whose bit is set in `live` holds an initialised `P`; one whose bit is set in `settled` holds an initialised
//!    `V`. Every other slot is uninitialised memory.
//! 4. From its insertion until it has been dropped a `P` is reached as `Pin<&mut P>` only, and is dropped in place. The
//!    one exception, `extract`, asks for `P: Unpin`.
//! 5. A bit is cleared before the value behind it is dropped or read out, so that a value that panics while it is dropped
//!    is never touched again. When a value settles, the bit of the settled one is set before it is written, which happens before
//!    anybody can look, also if the pinned one's destructor panics. While `visit` lasts, the bits of those that have settled are
//!    still to be changed, and it looks at none of them twice; they are changed at its end, also after a panic.
//! 6. A chunk's index is on the list that starts at `open` if and only if its `free` is not zero.

mod chunk;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::Poll;

use chunk::{Arena, Chunk, Slots};

/// Places in a full chunk; also the bits of its words.
pub(super) const CHUNK: usize = 64;

/// The end of the list of chunks that have a free place.
const NONE: u32 = u32::MAX;

/// One past the largest place: the numbers above have other meanings to those who count in places.
pub(super) const MAX_PLACES: u32 = u32::MAX - 63;

/// One place.
pub(super) struct SlotMut<'a, P, V> {
    chunk: &'a mut Chunk<P, V>,
    open: &'a mut u32,
    number: u32,
    index: u32,
}

impl<P, V> SlotMut<'_, P, V> {
    /// The pinned value.
    #[inline]
    pub(super) fn pinned(&mut self) -> Option<Pin<&mut P>> {
        self.chunk.pinned(self.index)
    }

    /// Takes the mark off.
    #[inline]
    pub(super) fn unmark(&mut self) {
        self.chunk.marks &= !(1 << self.index);
    }

    #[inline]
    pub(super) fn place(&self) -> u32 {
        self.number * CHUNK as u32 + self.index
    }

    /// The ordinal with which the value was inserted, if there is one.
    #[inline]
    pub(super) fn ordinal(&self) -> u64 {
        self.chunk.ordinal(self.index)
    }

    /// Takes the settled value out. The place is then free.
    #[inline]
    pub(super) fn take(self) -> Option<V> {
        let bit = 1 << self.index;
        if self.chunk.settled & bit == 0 {
            return None;
        }
        self.chunk.settled &= !bit;
        // SAFETY: the slot holds a `V` (invariant 3), and is not read again as its bit is cleared (invariant 5).
        let value = unsafe { self.chunk.slot(self.index).cast::<V>().read() };
        self.set_free();
        Some(value)
    }

    /// Drops the pinned value and puts `value` in its place, also if the destructor panics.
    ///
    /// # Panics
    ///
    /// If there is no pinned value.
    #[inline]
    pub(super) fn settle(self, value: V) {
        let bit = 1 << self.index;
        assert!(self.chunk.live & bit != 0, "only a pinned value settles");
        self.chunk.live &= !bit;
        self.chunk.settled |= bit;
        // SAFETY: the slot held a `P` (invariant 3), whose bit was cleared, and now holds a `V` (invariant 5).
        unsafe { settle::<P, V>(self.chunk.slot(self.index), value) };
    }

    /// Drops the pinned value, if there is one, in place. The place is free only after [`release`](Self::release).
    pub(super) fn vacate(&mut self) {
        let bit = 1 << self.index;
        if self.chunk.live & bit == 0 {
            return;
        }
        self.chunk.live &= !bit;
        // SAFETY: the slot held a `P` (invariant 3), dropped in place (invariant 4) after its bit (invariant 5).
        unsafe {
            self.chunk.slot(self.index).cast::<P>().drop_in_place();
        }
    }

    /// Moves the pinned value out. The place is free only after [`release`](Self::release).
    pub(super) fn extract(&mut self) -> Option<P>
    where
        P: Unpin,
    {
        let bit = 1 << self.index;
        if self.chunk.live & bit == 0 {
            return None;
        }
        self.chunk.live &= !bit;
        // SAFETY: the slot held a `P` (invariant 3), which may move since it is `Unpin` (invariant 4).
        Some(unsafe { self.chunk.slot(self.index).cast::<P>().read() })
    }

    /// Makes the place, which is empty, available to insertions.
    #[inline]
    pub(super) fn release(self) {
        let chunk = &self.chunk;
        // In the first floor's hands, but what would come of a mistake is our concern.
        assert!(
            self.index < u32::from(chunk.capacity)
                && (chunk.live | chunk.settled | chunk.free) & 1 << self.index == 0,
            "only an empty place is released"
        );
        self.set_free();
    }

    /// The same, of a place that is known to be empty.
    #[inline]
    fn set_free(self) {
        let Self { chunk, open, .. } = self;
        if chunk.free == 0 {
            chunk.next_open = core::mem::replace(open, self.number);
        }
        chunk.free |= 1 << self.index;
    }
}

/// Drops the pinned value in `slot` and puts `value` in its place, also if the destructor panics.
///
/// # Safety
///
/// The slot, which has room for either, holds a `P` that nobody reaches any more.
#[inline(always)]
unsafe fn settle<P, V>(slot: *mut u8, value: V) {
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

/// What came of visits to places of a chunk, all as bits of its words.
pub(super) struct Visited {
    /// Who was visited.
    pub(super) visited: u64,
    /// Who of them has settled.
    pub(super) settled: u64,
    /// Who is marked now, of all places of the chunk.
    pub(super) marks: u64,
}

/// What a slab begins with: a chunk to be, or several in an arena, whose first places are filled. Drops what is in them, too.
pub(super) struct Beginning<P, V> {
    slots: Slots<P, V>,
    len: u32,
    /// As of the slab.
    expected: u32,
    /// If the slots are those of an arena: this, with room for all of its chunks, so that nothing is allocated once there are values.
    rest: Option<Box<Directory<P, V>>>,
}

impl<P, V> Beginning<P, V> {
    /// Room for as many values: in an arena, if they are more than a chunk, and there is such memory. (The number may be no more than a
    /// boast.)
    pub(super) fn new(announced: usize) -> Self {
        let arena = if announced > CHUNK {
            Self::in_arena(self::announced(announced))
        } else {
            None
        };
        arena.unwrap_or_else(|| Self::in_chunk(announced))
    }

    /// Room for as many values, a full chunk at most.
    #[inline(always)]
    pub(super) fn in_chunk(announced: usize) -> Self {
        let announced = self::announced(announced);
        let capacity = announced.min(CHUNK as u32);
        Self {
            slots: Slots::allocate(capacity),
            len: 0,
            expected: announced - capacity,
            rest: None,
        }
    }

    /// Room for as many values, more than a chunk, in an arena, if there is such memory.
    fn in_arena(announced: u32) -> Option<Self> {
        if announced > MAX_PLACES {
            return None;
        }
        let slots = Slots::allocate_arena(announced)?;
        let arena = Arena::new(&slots);
        let mut chunks = Vec::new();
        chunks.try_reserve_exact(arena.chunks() as usize - 1).ok()?;
        Some(Self {
            slots,
            len: 0,
            expected: 0,
            rest: Some(Box::new(Directory {
                chunks,
                arena: Some(arena),
            })),
        })
    }

    /// Takes in `values`, as many as there is room for, where there are none yet. Gives the next one, if there is one, with those behind it.
    #[inline(always)]
    pub(super) fn fill<I: Iterator<Item = P>>(self, values: I) -> (Self, Option<(P, I)>) {
        let mut beginning = self;
        let capacity = beginning.slots.capacity();
        // After a panic it goes first.
        let mut values = values;
        while beginning.len < capacity {
            let Some(value) = values.next() else {
                // Here, as what is to be returned would be leaked if this panics.
                drop(values);
                return (beginning, None);
            };
            let slot = beginning.slots.at(beginning.len);
            // SAFETY: the slot is valid for writes and holds nothing (invariants 2, 3).
            unsafe { slot.cast::<P>().write(value) };
            beginning.len += 1;
        }
        let next = values.next();
        (beginning, next.map(|next| (next, values)))
    }

    /// How many values there are.
    #[inline]
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// Whether it is no more than one chunk.
    #[inline]
    fn is_chunk(&self) -> bool {
        self.slots.capacity() <= CHUNK as u32
    }

    /// The slab. The values are marked, and their ordinals count from 0.
    #[inline(always)]
    pub(super) fn into_slab(self) -> Slab<P, V> {
        ManuallyDrop::new(self).take_slab()
    }

    /// The same. Done once; there is nothing left to drop then.
    #[inline(always)]
    fn take_slab(&mut self) -> Slab<P, V> {
        if !self.is_chunk() {
            return self.take_slab_of_many();
        }
        Slab {
            first: Chunk::of(&self.slots, self.len),
            rest: None,
            open: if self.len == self.slots.capacity() {
                NONE
            } else {
                0
            },
            expected: self.expected,
        }
    }

    /// The same, if it is more than one chunk. If fewer values have come than were announced, memory behind the last chunk that has one
    /// is left unused.
    fn take_slab_of_many(&mut self) -> Slab<P, V> {
        let last = self.len.saturating_sub(1) / CHUNK as u32;
        let chunk = |number| Chunk::in_arena(&self.slots, number, self.len);
        let rest = self.rest.take();
        let mut rest = rest.expect("an arena has a directory, which is taken once");
        rest.chunks.extend((1..=last).map(chunk));
        let first = chunk(0);
        // All chunks before the last are full.
        let is_full = rest.chunks.last().unwrap_or(&first).free == 0;
        Slab {
            first,
            rest: Some(rest),
            open: if is_full { NONE } else { last },
            expected: self.expected,
        }
    }
}

impl<P, V> Drop for Beginning<P, V> {
    #[inline]
    fn drop(&mut self) {
        drop(self.take_slab());
    }
}

pub(super) struct Slab<P, V> {
    /// The first chunk needs no directory. It is dropped before `rest`, whose arena it may lie in.
    first: Chunk<P, V>,
    rest: Option<Box<Directory<P, V>>>,
    /// The first chunk with a free place.
    open: u32,
    /// How many insertions have been announced, as far as this number can tell.
    expected: u32,
}

/// The number of announced insertions, as far as this number can tell.
#[inline]
fn announced(insertions: usize) -> u32 {
    insertions.try_into().unwrap_or(u32::MAX)
}

/// The chunks behind the first.
struct Directory<P, V> {
    chunks: Vec<Chunk<P, V>>,
    /// The memory of the slab's first chunk and of the first of these, if it is not their own. Dropped after them.
    arena: Option<Arena<P, V>>,
}

impl<P, V> Slab<P, V> {
    pub(super) const fn new() -> Self {
        Self {
            first: Chunk::EMPTY,
            rest: None,
            open: NONE,
            expected: 0,
        }
    }

    /// Announces `additional` insertions, so that the chunks made for them are as large as needed and no larger.
    #[inline]
    pub(super) fn expect(&mut self, additional: usize) {
        self.expected = self.expected.saturating_add(announced(additional));
    }

    /// Whether the next insertion allocates.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.open == NONE
    }

    /// The chunks behind the first.
    #[inline]
    fn rest(&self) -> &[Chunk<P, V>] {
        self.rest.as_ref().map_or(&[], |rest| &rest.chunks)
    }

    #[inline]
    fn chunk(&self, place: u32) -> &Chunk<P, V> {
        match place as usize / CHUNK {
            0 => &self.first,
            n => &self.rest()[n - 1],
        }
    }

    /// The chunk of that number, and where the list of those with a free place begins.
    #[inline]
    fn chunk_mut(&mut self, number: u32) -> (&mut Chunk<P, V>, &mut u32) {
        let Self {
            first, rest, open, ..
        } = self;
        let chunk = match number as usize {
            0 => first,
            n => {
                let rest = rest.as_mut();
                &mut rest.map_or(&mut [][..], |rest| &mut rest.chunks)[n - 1]
            }
        };
        (chunk, open)
    }

    /// Splits a place into its bit in a chunk's words, and its index there.
    #[inline]
    const fn split(place: u32) -> (u32, u64) {
        let index = place % CHUNK as u32;
        (index, 1 << index)
    }

    #[inline]
    fn grow(&mut self) {
        let index = match self.first.capacity {
            0 => 0,
            _ => self.rest().len() + 1,
        };
        let capacity = if self.expected > 0 {
            self.expected.min(CHUNK as u32)
        } else if index < CHUNK {
            // As many as there are.
            let chunks = core::iter::once(&self.first).chain(self.rest());
            chunks
                .map(|chunk| u32::from(chunk.capacity))
                .sum::<u32>()
                .clamp(8, CHUNK as u32)
        } else {
            // Each has at least one place.
            CHUNK as u32
        };
        assert!(
            index < MAX_PLACES as usize / CHUNK,
            "a FutureSet holds at most 2^32 - 64 futures"
        );
        let chunk = Chunk::new(capacity);
        if index == 0 {
            // There was no chunk, so there is nothing to drop.
            core::mem::forget(core::mem::replace(&mut self.first, chunk));
        } else {
            // A directory that is larger than this grows as it is filled.
            let expected = (self.expected as usize).div_ceil(CHUNK).min(1 << 14);
            let rest = self.rest.get_or_insert_with(|| {
                Box::new(Directory {
                    chunks: Vec::with_capacity(expected),
                    arena: None,
                })
            });
            rest.chunks.push(chunk);
        }
        self.expected = self.expected.saturating_sub(capacity);
        self.open = index as u32;
    }

    /// Stores `value` in a free place, the lowest of its chunk, and marks it.
    #[inline]
    pub(super) fn insert(&mut self, value: P, ordinal: u64) -> u32 {
        if self.open == NONE {
            self.grow();
        }
        let first = self.open * CHUNK as u32;
        let (chunk, open) = self.chunk_mut(self.open);
        let index = chunk.free.trailing_zeros();
        chunk.set_ordinal(index, ordinal);
        // SAFETY: `free` is not zero (invariant 6), so the slot is valid for writes and holds nothing (invariants 2, 3).
        unsafe { chunk.slot(index).cast::<P>().write(value) };
        chunk.free &= chunk.free - 1;
        chunk.live |= 1 << index;
        chunk.marks |= 1 << index;
        if chunk.free == 0 {
            *open = core::mem::replace(&mut chunk.next_open, NONE);
        }
        first + index
    }

    /// Stores `value` in a free place of a chunk, and those that follow in `values` in the free places that are one after the other from
    /// there, until these or the values run out. They are marked. Tells `note` the first place and the number, also if the
    /// iterator panics, and gives the next value.
    #[inline]
    pub(super) fn fill(
        &mut self,
        value: P,
        values: &mut impl Iterator<Item = P>,
        ordinal: u64,
        note: impl FnMut(u32, u32),
    ) -> Option<P> {
        struct Filled<'a, P, V, N: FnMut(u32, u32)> {
            slots: Slots<P, V>,
            chunk: &'a mut Chunk<P, V>,
            open: &'a mut u32,
            start: u32,
            len: u32,
            note: N,
        }
        impl<P, V, N: FnMut(u32, u32)> Filled<'_, P, V, N> {
            /// Stores `value` in the next place, which the caller has seen to be free.
            #[inline]
            fn put(&mut self, value: P) {
                let slot = self.slots.at(self.start + self.len);
                // SAFETY: the place is free, so the slot is valid for writes and holds nothing (invariants 2, 3). Its bit
                // is in no other word until `self` is dropped.
                unsafe { slot.cast::<P>().write(value) };
                self.len += 1;
            }
        }
        impl<P, V, N: FnMut(u32, u32)> Drop for Filled<'_, P, V, N> {
            #[inline]
            fn drop(&mut self) {
                let filled = u64::MAX >> (CHUNK as u32 - self.len) << self.start;
                self.chunk.free &= !filled;
                self.chunk.live |= filled;
                self.chunk.marks |= filled;
                let first = *self.open * CHUNK as u32;
                if self.chunk.free == 0 {
                    *self.open = core::mem::replace(&mut self.chunk.next_open, NONE);
                }
                (self.note)(first + self.start, self.len);
            }
        }
        if self.open == NONE {
            self.grow();
        }
        let (chunk, open) = self.chunk_mut(self.open);
        let start = chunk.free.trailing_zeros();
        let end = start + (chunk.free >> start).trailing_ones();
        // The ordinals are those of the whole run: set for its first place, unless there is a table.
        chunk.set_ordinal(start, ordinal);
        let has_table = chunk.ordinals.is_some();
        let mut filled = Filled {
            slots: chunk.slots(),
            chunk,
            open,
            start,
            len: 0,
            note,
        };
        filled.put(value);
        for index in start + 1..end {
            let value = values.next()?;
            if has_table {
                let ordinal = ordinal + u64::from(index - start);
                filled.chunk.set_ordinal(index, ordinal);
            }
            filled.put(value);
        }
        drop(filled);
        values.next()
    }

    /// How many chunks there are.
    #[inline]
    pub(super) fn chunks(&self) -> u32 {
        self.rest().len() as u32 + 1
    }

    /// Who is marked of the places of the chunk of that number, a bit each.
    #[inline]
    pub(super) fn marks_mut(&mut self, number: u32) -> &mut u64 {
        &mut self.chunk_mut(number).0.marks
    }

    /// How many places are marked.
    pub(super) fn marked(&self) -> usize {
        let chunks = core::iter::once(&self.first).chain(self.rest());
        chunks.map(|chunk| chunk.marks.count_ones() as usize).sum()
    }

    /// The ordinal with which the value in `place` was inserted, if there is one.
    #[inline]
    pub(super) fn ordinal(&self, place: u32) -> Option<u64> {
        if place as usize / CHUNK > self.rest().len() {
            return None;
        }
        let chunk = self.chunk(place);
        let (index, bit) = Self::split(place);
        ((chunk.live | chunk.settled) & bit != 0).then(|| chunk.ordinal(index))
    }

    /// Whether `place` holds a pinned value.
    #[inline]
    pub(super) fn is_pinned(&self, place: u32) -> bool {
        self.chunk(place).live & Self::split(place).1 != 0
    }

    /// The places of the chunk of that number that hold a pinned value, as bits.
    pub(super) fn pinned_in(&self, number: u32) -> u64 {
        self.chunk(number * CHUNK as u32).live
    }

    /// Shows `visit` the pinned values in those of some places of one chunk that are marked, in order, and takes their marks off. Where it
    /// gives a value, that one settles, also if the pinned value's destructor panics; where it gives none, it says whether to mark the place
    /// again. `among` are the places, as bits, counted from `first`, the first place of the chunk; so is the index that comes with each
    /// value. Those that have settled, if there are any, are told to `note`.
    ///
    /// All that holds after a panic, too: those that were not visited, or whose visit has panicked, are still marked. `note` does not panic.
    ///
    /// # Panics
    ///
    /// If there is no such chunk.
    #[inline(always)]
    pub(super) fn visit(
        &mut self,
        first: u32,
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
        let (chunk, _) = self.chunk_mut(first / CHUNK as u32);
        let slots = chunk.slots();
        let places = among & chunk.marks & chunk.live;
        let mut words = Words {
            chunk,
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
            words.left &= words.left - 1;
            match visited {
                // SAFETY: the slot holds a `P` (invariant 3), which is not visited again, as it is not left (invariant 5).
                Poll::Ready(value) => unsafe { settle::<P, V>(slot, value) },
                Poll::Pending if again => words.again |= 1 << index,
                Poll::Pending => words.pending |= 1 << index,
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

    /// The pinned value in `place`.
    pub(super) fn pinned(&mut self, place: u32) -> Option<Pin<&mut P>> {
        let (chunk, _) = self.chunk_mut(place / CHUNK as u32);
        chunk.pinned(place % CHUNK as u32)
    }

    /// One place.
    #[inline]
    pub(super) fn at(&mut self, place: u32) -> SlotMut<'_, P, V> {
        let number = place / CHUNK as u32;
        let (chunk, open) = self.chunk_mut(number);
        SlotMut {
            chunk,
            open,
            number,
            index: place % CHUNK as u32,
        }
    }

    /// The settled value in `place`.
    #[inline]
    pub(super) fn settled(&self, place: u32) -> Option<&V> {
        let chunk = self.chunk(place);
        let (index, bit) = Self::split(place);
        if chunk.settled & bit == 0 {
            return None;
        }
        // SAFETY: the slot holds a `V` (invariant 3), and nobody changes it while `self` is borrowed.
        Some(unsafe { &*chunk.slot(index).cast::<V>() })
    }

    /// The first place from `start` on that has a settled value, to be taken: with one look at the chunk, which a stream of ready
    /// children notices.
    #[inline]
    pub(super) fn next_settled_mut(&mut self, start: u32) -> Option<SlotMut<'_, P, V>> {
        if self.chunk(start).settled >> (start % CHUNK as u32) == 0 {
            let place = self.next_settled_behind(start)?;
            return Some(self.at(place));
        }
        let mut slot = self.at(start);
        slot.index += (slot.chunk.settled >> slot.index).trailing_zeros();
        Some(slot)
    }

    /// The first place in the chunks behind that of `start` that has a settled value.
    fn next_settled_behind(&self, start: u32) -> Option<u32> {
        let behind = start as usize / CHUNK;
        let rest = self.rest().get(behind..)?;
        let (number, chunk) = (behind + 1..)
            .zip(rest)
            .find(|(_, chunk)| chunk.settled != 0)?;
        Some((number * CHUNK) as u32 + chunk.settled.trailing_zeros())
    }

    /// Shows `visit` the settled values from place `start` on, in order, until it says no.
    #[inline]
    pub(super) fn visit_settled(&self, start: u32, mut visit: impl FnMut(u32, &V) -> bool) {
        let mut places = u64::MAX << (start % CHUNK as u32);
        for number in start / CHUNK as u32..self.chunks() {
            let first = number * CHUNK as u32;
            let chunk = self.chunk(first);
            let mut left = chunk.settled & places;
            places = u64::MAX;
            // Run by run, as most often there is one.
            while left != 0 {
                let start = left.trailing_zeros();
                let end = start + (left >> start).trailing_ones();
                left &= left.wrapping_add(1 << start);
                for index in start..end {
                    // SAFETY: the slot holds a `V` (invariant 3), and nobody changes it while `self` is borrowed.
                    let value = unsafe { &*chunk.slot(index).cast::<V>() };
                    if !visit(first + index, value) {
                        return;
                    }
                }
            }
        }
    }

    /// Takes all settled values out, in the order of places, which are free afterwards, and gives what `map` makes of them. `count` is how
    /// many there are.
    ///
    /// Values that `map` has not been given when it panics are leaked.
    ///
    /// # Panics
    ///
    /// If there are more than the vector has room for.
    pub(super) fn take_all<T>(&mut self, count: usize, mut map: impl FnMut(V) -> T) -> Vec<T> {
        let mut all = Vec::with_capacity(count);
        for number in 0..=self.rest().len() as u32 {
            let (chunk, open) = self.chunk_mut(number);
            let mut taken = core::mem::take(&mut chunk.settled);
            if taken != 0 && chunk.free == 0 {
                chunk.next_open = core::mem::replace(open, number);
            }
            chunk.free |= taken;
            let slots = chunk.slots();
            // Most often these are the first places, all in a row, which are counted with less.
            let is_row = taken & taken.wrapping_add(1) == 0;
            let count = if is_row {
                taken.trailing_ones() as usize
            } else {
                taken.count_ones() as usize
            };
            let len = all.len() + count;
            for (index, room) in (0..).zip(&mut all.spare_capacity_mut()[..count]) {
                let index = if is_row {
                    index
                } else {
                    taken.trailing_zeros()
                };
                taken &= taken.wrapping_sub(1);
                // SAFETY: the slot holds a `V` (invariant 3), and is not read again as its bit is cleared (invariant 5).
                let value = unsafe { slots.at(index).cast::<V>().read() };
                room.write(map(value));
            }
            // SAFETY: one was written for each bit, as many as were counted.
            unsafe { all.set_len(len) };
        }
        all
    }

    /// Whether dropping this would do nothing.
    #[inline]
    pub(super) fn owns_nothing(&self) -> bool {
        // There is a table, and there are other chunks, only beside a first chunk.
        self.first.capacity == 0
    }

    /// Takes out the settled values of a slab that is full of them, in the order of places and in the memory where they are, if that is one
    /// allocation, and a vector's would be just like it. The slab is then without a chunk, and nobody may come back to its places.
    #[inline]
    pub(super) fn take_in_place(&mut self) -> Option<Vec<V>> {
        if !Chunk::<P, V>::IS_LIKE_VEC || !self.first.is_settled() {
            return None;
        }
        let slots = match self.rest {
            None => self.first.slots(),
            Some(_) => self.take_rest()?,
        };
        // All of the chunk's but the slots.
        self.first.ordinals = None;
        core::mem::forget(core::mem::replace(&mut self.first, Chunk::EMPTY));
        // SAFETY: the memory was allocated for these slots (invariant 1) and is freed by nobody else, as the chunk was forgotten, and the
        // arena gave it away. It is laid out like a vector's, and all slots hold a `V` (invariant 3), whose bits are gone (invariant 5).
        Some(unsafe { slots.to_vec() })
    }

    /// Forgets the chunks behind the first, if they are full of settled values and, with it, are all of an arena, whose memory is given.
    #[cold]
    fn take_rest(&mut self) -> Option<Slots<P, V>> {
        let Directory { chunks, arena } = &mut **self.rest.as_mut()?;
        let in_arena = arena.as_ref()?.chunks();
        let is_full = |chunk: &Chunk<P, V>| chunk.is_in_arena() && chunk.is_settled();
        if chunks.len() + 1 != in_arena as usize || !chunks.iter().all(is_full) {
            return None;
        }
        for chunk in chunks {
            chunk.settled = 0;
        }
        self.rest.take()?.arena.map(Arena::into_slots)
    }

    /// Drops everything, in the order of places, also if a destructor panics. All places are free afterwards, but for those
    /// that are marked.
    pub(super) fn clear(&mut self) {
        struct Rest<'a, P, V> {
            slab: &'a mut Slab<P, V>,
            chunk: u32,
            emptied: u64,
        }
        impl<P, V> Rest<'_, P, V> {
            fn run(&mut self) {
                while self.chunk as usize <= self.slab.rest().len() {
                    let first = self.chunk * CHUNK as u32;
                    let (chunk, _) = self.slab.chunk_mut(self.chunk);
                    self.emptied |= (chunk.live | chunk.settled) & !chunk.marks;
                    chunk.clear();
                    while self.emptied != 0 {
                        let place = first + self.emptied.trailing_zeros();
                        self.emptied &= self.emptied - 1;
                        self.slab.at(place).release();
                    }
                    self.chunk += 1;
                }
            }
        }
        impl<P, V> Drop for Rest<'_, P, V> {
            fn drop(&mut self) {
                // Does nothing, but after a panic in the first run.
                self.run();
            }
        }
        let mut rest = Rest {
            slab: self,
            chunk: 0,
            emptied: 0,
        };
        rest.run();
    }
}

#[cfg(test)]
mod tests;
