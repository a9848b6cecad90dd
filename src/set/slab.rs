//! Pinned places: storage whose values never move, addressed by small numbers.
//!
//! A place holds one *pinned* value of type `P`, or the *settled* value of type `V` that took over the place when the
//! pinned one was done, or nothing. Places come in chunks of up to 64. A chunk is allocated once, for as many places as
//! are asked for, and stays where it is until the slab is dropped.
//!
//! # Invariants
//!
//! 1. The slots of a chunk are one allocation of `capacity` slots, `STRIDE` bytes apart, aligned for `Slot<P, V>`. It is
//!    made in `Chunk::new`, freed in `Chunk::drop`, and moved nowhere in between.
//! 2. Only bits below `capacity` are ever set in `live`, `settled` and `free`, and no bit is set in two of them.
//! 3. A slot whose bit is set in `live` holds an initialised `P`; one whose bit is set in `settled` holds an initialised
//!    `V`. Every other slot is uninitialised memory.
//! 4. From its insertion until it has been dropped a `P` is reached as `Pin<&mut P>` only, and is dropped in place. The
//!    one exception, `extract`, asks for `P: Unpin`.
//! 5. A bit is cleared before the value behind it is dropped or read out, so that a value that panics while it is dropped
//!    is never touched again. While `visit` lasts, the bits of those that it has settled are still to be changed, and it
//!    looks at none of them twice; they are changed at its end, also after a panic.
//! 6. A chunk's index is on the list that starts at `open` if and only if its `free` is not zero.

mod chunk;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::Poll;

use chunk::{Chunk, Slots};

/// Places in a full chunk; also the bits of its words.
const CHUNK: usize = 64;

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
        let slot = self.chunk.slot(self.index);
        let settle = Settle {
            slot: slot.cast(),
            value: ManuallyDrop::new(value),
            bit,
            settled: &mut self.chunk.settled,
        };
        // SAFETY: the slot held a `P` (invariant 3), dropped in place (invariant 4) after its bit (invariant 5).
        unsafe { slot.cast::<P>().drop_in_place() };
        drop(settle);
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

/// Writes the settled value, also after a panic.
struct Settle<'a, V> {
    slot: *mut V,
    value: ManuallyDrop<V>,
    bit: u64,
    settled: &'a mut u64,
}
impl<V> Drop for Settle<'_, V> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: nothing takes the value but this, and this runs once.
        let value = unsafe { ManuallyDrop::take(&mut self.value) };
        // SAFETY: the slot is part of the allocation, and what it held was dropped.
        unsafe { self.slot.write(value) };
        *self.settled |= self.bit;
    }
}

pub(super) struct Slab<P, V> {
    /// The first chunk needs no directory.
    first: Chunk<P, V>,
    rest: Directory<P, V>,
    /// The first chunk with a free place.
    open: u32,
    /// How many insertions have been announced, as far as this number can tell.
    expected: u32,
}

/// The chunks behind the first.
#[allow(
    clippy::box_collection,
    reason = "small slabs need none, and are moved about"
)]
type Directory<P, V> = Option<Box<Vec<Chunk<P, V>>>>;

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
        let additional = additional.try_into().unwrap_or(u32::MAX);
        self.expected = self.expected.saturating_add(additional);
        // A directory that is larger than this grows as it is filled.
        if self.expected > CHUNK as u32 {
            let chunks = (self.expected as usize).div_ceil(CHUNK).min(1 << 14);
            match &mut self.rest {
                Some(rest) => rest.reserve(chunks - 1),
                None => self.rest = Some(Box::new(Vec::with_capacity(chunks - 1))),
            }
        }
    }

    /// Whether the next insertion allocates.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.open == NONE
    }

    /// The chunks behind the first.
    #[inline]
    fn rest(&self) -> &[Chunk<P, V>] {
        self.rest.as_ref().map_or(&[], |rest| rest)
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
            n => &mut rest.as_deref_mut().map_or(&mut [][..], |rest| rest)[n - 1],
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
            CHUNK.min(self.expected as usize)
        } else if index < CHUNK {
            // As many as there are.
            let chunks = core::iter::once(&self.first).chain(self.rest());
            chunks
                .map(|chunk| usize::from(chunk.capacity))
                .sum::<usize>()
                .clamp(8, CHUNK)
        } else {
            // Each has at least one place.
            CHUNK
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
            self.rest.get_or_insert_default().push(chunk);
        }
        self.expected = self.expected.saturating_sub(capacity as u32);
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

    /// Makes the first chunk, if so many values were announced that its size is known, and stores `values` in it until it is full or these
    /// run out; they are marked, and their ordinals count from 0. Tells how many there were, and whether there may be more.
    #[inline]
    pub(super) fn begin(&mut self, values: &mut impl Iterator<Item = P>) -> (u32, bool) {
        debug_assert_eq!(self.first.capacity, 0);
        let capacity = self.expected.min(CHUNK as u32);
        if capacity == 0 {
            return (0, true);
        }
        let chunk = Chunk::new(capacity as usize);
        // There was no chunk, so there is nothing to drop.
        core::mem::forget(core::mem::replace(&mut self.first, chunk));
        self.expected -= capacity;
        let chunk = &mut self.first;
        let slots = chunk.slots();
        // Of these bits `live` has more and more, so that a panic drops what is there.
        let free = core::mem::take(&mut chunk.free);
        let mut len = 0;
        while len < capacity {
            let Some(value) = values.next() else {
                chunk.free = free & !chunk.live;
                chunk.marks = chunk.live;
                self.open = 0;
                return (len, false);
            };
            // SAFETY: the slot is valid for writes and holds nothing (invariants 2, 3).
            unsafe { slots.at(len).cast::<P>().write(value) };
            len += 1;
            chunk.live = u64::MAX >> (CHUNK as u32 - len);
        }
        chunk.marks = chunk.live;
        (len, true)
    }

    /// Stores values in the free places of one chunk, which are one after the other, until these or the values run out. Tells
    /// `note` the first place and the number, also if the iterator panics; they are marked. `false` when there are no more values.
    #[inline]
    pub(super) fn fill(
        &mut self,
        values: &mut impl Iterator<Item = P>,
        ordinal: u64,
        mut note: impl FnMut(u32, u32),
    ) -> bool {
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
                if self.len == 0 {
                    return;
                }
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
        if self.open == NONE && self.expected > 0 {
            self.grow();
        }
        if self.open == NONE {
            // Not grown for nothing.
            let Some(value) = values.next() else {
                return false;
            };
            note(self.insert(value, ordinal), 1);
            return true;
        }
        let (chunk, open) = self.chunk_mut(self.open);
        let start = chunk.free.trailing_zeros();
        let end = start + (chunk.free >> start).trailing_ones();
        // The ordinals are those of the whole run: set for its first place, unless there is a table.
        let mut filled = Filled {
            slots: chunk.slots(),
            chunk,
            open,
            start,
            len: 0,
            note,
        };
        let Some(value) = values.next() else {
            return false;
        };
        filled.chunk.set_ordinal(start, ordinal);
        filled.put(value);
        let has_table = filled.chunk.ordinals.is_some();
        for index in start + 1..end {
            let Some(value) = values.next() else {
                return false;
            };
            if has_table {
                let ordinal = ordinal + u64::from(index - start);
                filled.chunk.set_ordinal(index, ordinal);
            }
            filled.put(value);
        }
        true
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

    /// Shows `visit` the pinned values in some places of one chunk, in order: where it gives a value, that one settles, also if the
    /// pinned value's destructor panics. `places` are bits, counted from `first`, the first place of the chunk; so is what `note` is told
    /// in the end, also after a panic, of those that have settled, and the bit that comes with each place.
    ///
    /// # Panics
    ///
    /// If there is no such chunk.
    #[inline(always)]
    pub(super) fn visit(
        &mut self,
        first: u32,
        places: u64,
        note: impl FnMut(u64),
        mut visit: impl FnMut(u32, u64, Pin<&mut P>) -> Poll<V>,
    ) {
        /// What is to be written to the words of the chunk at the end, also after a panic.
        struct Words<'a, P, V, N: FnMut(u64)> {
            chunk: &'a mut Chunk<P, V>,
            settled: u64,
            note: N,
        }
        impl<P, V, N: FnMut(u64)> Words<'_, P, V, N> {
            #[inline]
            fn write(&mut self) {
                self.chunk.live &= !self.settled;
                self.chunk.settled |= self.settled;
                (self.note)(self.settled);
            }
        }
        impl<P, V, N: FnMut(u64)> Drop for Words<'_, P, V, N> {
            #[cold]
            fn drop(&mut self) {
                self.write();
            }
        }
        let (chunk, _) = self.chunk_mut(first / CHUNK as u32);
        let slots = chunk.slots();
        let mut bits = places & chunk.live;
        let mut words = Words {
            chunk,
            settled: 0,
            note,
        };
        while bits != 0 {
            let index = bits.trailing_zeros();
            let bit = 1 << index;
            bits ^= bit;
            let slot = slots.at(index);
            // SAFETY: the slot holds a `P` (invariant 3), and each is visited once; the reference ends with the visit.
            let value = unsafe { &mut *slot.cast::<P>() };
            // SAFETY: the slot does not move (invariant 1), and the value is dropped in place (invariant 4).
            let pinned = unsafe { Pin::new_unchecked(value) };
            if let Poll::Ready(value) = visit(first + index, bit, pinned) {
                let settle = Settle {
                    slot: slot.cast(),
                    value: ManuallyDrop::new(value),
                    bit,
                    settled: &mut words.settled,
                };
                // SAFETY: the slot holds a `P` (invariant 3), dropped in place (invariant 4); `settle` notes that it is gone,
                // also after a panic.
                unsafe { slot.cast::<P>().drop_in_place() };
                drop(settle);
            }
        }
        words.write();
        core::mem::forget(words);
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
            while left != 0 {
                let index = left.trailing_zeros();
                left &= left - 1;
                // SAFETY: the slot holds a `V` (invariant 3), and nobody changes it while `self` is borrowed.
                let value = unsafe { &*chunk.slot(index).cast::<V>() };
                if !visit(first + index, value) {
                    return;
                }
            }
        }
    }

    /// Takes all settled values out, in the order of places, which are free afterwards, and appends what `map` makes of them.
    ///
    /// Values that `map` has not been given when it panics are leaked.
    pub(super) fn take_all<T>(&mut self, all: &mut Vec<T>, mut map: impl FnMut(V) -> T) {
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
            all.reserve(count);
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
