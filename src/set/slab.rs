//! Pinned places: storage whose values never move, addressed by small numbers.
//!
//! A place holds one *pinned* value of type `P`, or the *settled* value of type `V` that took over the place when the
//! pinned one was done, or nothing. Places come in chunks of up to 64. A chunk is allocated once, for as many places as
//! are asked for, alone or with others, and stays where it is until the slab is dropped.
//!
//! # Invariants
//!
//! 1. The `capacity` slots of a chunk lie `STRIDE` bytes apart and are aligned for `Slot<P, V>`. Either they are an allocation of the
//!    chunk's own (`Memory::Own`), or they are part of the slab's *arena*. An arena is one allocation for the
//!    slots of the chunks with which a slab begins: those of chunk `n` start at its slot `64 * n`, and all chunks but the last have 64.
//!    (An allocation of no bytes is none.) Memory comes from `Slots::allocate` or `Slots::allocate_arena`, is freed in `Chunk::drop` or
//!    `Arena::drop`, or given away in `take_whole`, and moved nowhere in between. An arena is dropped after its chunks, or what was in
//!    them: it is behind `chunks` in `Directory`, which is behind `first` in `Slab`, and at the end of `take_whole` and `drop_undivided`.
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
//! 7. If `first` says so (`Memory::BeforePinned`, `Memory::BeforeSettled`), the slab's arena is *undivided*: there is no directory, `expected`
//!    is the number of its slots, and all of these but the first chunk's hold what `first` says. Until there are chunks for them, these
//!    are read as that only, or left to the caller of `whole`. While there are `Visits`, `first` is the chunk of another number: the slots
//!    before those hold settled values, and those behind pinned ones, and there is a chunk for one of them before it is visited or
//!    dropped. `Visits` that are forgotten leave a chunk of an arena that nobody frees, and a directory without an arena, if any.

mod beginning;
mod chunk;
mod undivided;
mod visit;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::pin::Pin;
use core::task::Poll;

use chunk::{Arena, Chunk, Memory, Slots};
use visit::settle;

pub(super) use beginning::Beginning;
pub(super) use undivided::Visits;
pub(super) use visit::Visited;

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

    /// Marks the place.
    #[inline]
    pub(super) fn mark(&mut self) {
        self.chunk.marks |= 1 << self.index;
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
        let is_settled = self.chunk.settled & 1 << self.index != 0;
        is_settled.then(|| SettledMut(self).take())
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
        self.chunk.set_free(1 << self.index, self.number, self.open);
    }
}

/// One place that has a settled value.
pub(super) struct SettledMut<'a, P, V>(SlotMut<'a, P, V>);

impl<P, V> SettledMut<'_, P, V> {
    #[inline]
    pub(super) fn place(&self) -> u32 {
        self.0.place()
    }

    /// The ordinal with which the value was inserted.
    #[inline]
    pub(super) fn ordinal(&self) -> u64 {
        self.0.ordinal()
    }

    /// Takes the value out. The place is then free.
    #[inline]
    pub(super) fn take(self) -> V {
        let Self(slot) = self;
        slot.chunk.settled &= !(1 << slot.index);
        // SAFETY: the slot holds a `V` (invariant 3), as this was made when its bit was set; it is not read again as the bit is
        // cleared (invariant 5).
        let value = unsafe { slot.chunk.slot(slot.index).cast::<V>().read() };
        slot.set_free();
        value
    }

    /// Takes the value, the first of its chunk, out. The place is then empty, and is free only after [`Slab::release_empty`].
    #[inline]
    pub(super) fn take_unreleased(self) -> V {
        let Self(slot) = self;
        debug_assert_eq!(slot.index, slot.chunk.settled.trailing_zeros());
        // As above, but who takes one after the other does not wait for the index.
        slot.chunk.settled &= slot.chunk.settled.wrapping_sub(1);
        // SAFETY: as above.
        unsafe { slot.chunk.slot(slot.index).cast::<V>().read() }
    }
}

pub(super) struct Slab<P, V> {
    /// The first chunk needs no directory. It is dropped before `rest`, whose arena it may lie in.
    first: Chunk<P, V>,
    rest: Option<Box<Directory<P, V>>>,
    /// The first chunk with a free place.
    open: u32,
    /// How many insertions have been announced, as far as this number can tell; of an arena that is not divided, how many places it has.
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

impl<P, V> Directory<P, V> {
    /// A directory with room for as many chunks.
    fn with_capacity(chunks: usize) -> Box<Self> {
        Box::new(Self {
            chunks: Vec::with_capacity(chunks),
            arena: None,
        })
    }

    /// The slots of all chunks of an arena, if the slab's are no others, and those behind the first are full of settled values.
    #[cold]
    fn whole(&self) -> Option<Slots<P, V>> {
        let slots = self.arena.as_ref()?.slots();
        let is_full = |chunk: &Chunk<P, V>| chunk.memory == Memory::Arena && chunk.is_settled();
        let is_whole = self.chunks.len() + 1 == slots.chunks() as usize;
        (is_whole && self.chunks.iter().all(is_full)).then_some(slots)
    }

    /// Leaves what is in these slots, and their memory, to the caller.
    #[cold]
    fn forget(&mut self) {
        for chunk in &mut self.chunks {
            chunk.settled = 0;
        }
        core::mem::forget(self.arena.take());
    }
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
        // Until then the number has another meaning.
        self.divide();
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
        self.divide();
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
            let rest = self
                .rest
                .get_or_insert_with(|| Directory::with_capacity(expected));
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

    /// Makes all empty places available to insertions, but for those that are marked. Chunks that had no free place before are then taken
    /// from first, the lowest of them first.
    pub(super) fn release_empty(&mut self) {
        for number in (0..=self.rest().len() as u32).rev() {
            self.release_empty_in(number);
        }
    }

    /// The same, of the chunk of that number.
    fn release_empty_in(&mut self, number: u32) {
        let (chunk, open) = self.chunk_mut(number);
        chunk.set_free(chunk.empty() & !chunk.marks, number, open);
    }

    /// How many chunks there are.
    #[inline]
    pub(super) fn chunks(&self) -> u32 {
        if self.is_undivided() {
            return self.expected.div_ceil(CHUNK as u32);
        }
        self.rest().len() as u32 + 1
    }

    /// Whether there is no chunk but the first: neither a directory nor an arena that is not divided.
    #[inline]
    pub(super) fn is_one_chunk(&self) -> bool {
        self.rest.is_none() && !self.is_undivided()
    }

    /// Who is marked of the places of the chunk of that number, a bit each.
    #[inline]
    pub(super) fn marks_mut(&mut self, number: u32) -> &mut u64 {
        &mut self.chunk_mut(number).0.marks
    }

    /// How many places are marked.
    pub(super) fn marked(&self) -> usize {
        let chunks = core::iter::once(&self.first).chain(self.rest());
        let marked: usize = chunks.map(|chunk| chunk.marks.count_ones() as usize).sum();
        match self.first.memory {
            Memory::BeforePinned => marked + self.expected as usize - CHUNK,
            _ => marked,
        }
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

    /// As [`Chunk::visit`], of the chunk whose first place is `first`.
    ///
    /// # Panics
    ///
    /// If there is no such chunk.
    #[inline(always)]
    pub(super) fn visit(
        &mut self,
        first: u32,
        among: u64,
        note: impl FnMut(u64),
        visit: impl FnMut(u32, Pin<&mut P>) -> (Poll<V>, bool),
    ) -> Visited {
        let (chunk, _) = self.chunk_mut(first / CHUNK as u32);
        chunk.visit(among, note, visit)
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

    /// The first place in the chunk of that number, or in those behind it, that has a settled value.
    #[inline]
    pub(super) fn first_settled_mut(&mut self, number: u32) -> Option<SettledMut<'_, P, V>> {
        let first = number * CHUNK as u32;
        if self.chunk(first).settled == 0 {
            return self.first_settled_behind(number);
        }
        // Found with one look at the chunk, which a stream of ready children notices.
        let mut slot = self.at(first);
        slot.index = slot.chunk.settled.trailing_zeros();
        Some(SettledMut(slot))
    }

    /// The first place in the chunks behind that of this number that has a settled value.
    fn first_settled_behind(&mut self, number: u32) -> Option<SettledMut<'_, P, V>> {
        self.divide();
        let rest = self.rest().get(number as usize..)?;
        let (number, chunk) = (number + 1..)
            .zip(rest)
            .find(|(_, chunk)| chunk.settled != 0)?;
        let place = number * CHUNK as u32 + chunk.settled.trailing_zeros();
        Some(SettledMut(self.at(place)))
    }

    /// Shows `visit` the settled values from place `start` on, in order, until it says no.
    #[inline]
    pub(super) fn visit_settled(&self, start: u32, mut visit: impl FnMut(u32, &V) -> bool) {
        let mut places = u64::MAX << (start % CHUNK as u32);
        for number in start / CHUNK as u32..self.rest().len() as u32 + 1 {
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
        self.visit_undivided(start, visit);
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
        self.divide();
        let mut all = Vec::with_capacity(count);
        for number in 0..=self.rest().len() as u32 {
            let (chunk, open) = self.chunk_mut(number);
            let mut taken = core::mem::take(&mut chunk.settled);
            chunk.set_free(taken, number, open);
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

    /// The slots of a slab that is full of settled values, if they are one allocation.
    #[inline]
    fn whole(&self) -> Option<Slots<P, V>> {
        if !self.first.is_settled() {
            return None;
        }
        match (self.first.memory, &self.rest) {
            (Memory::BeforePinned, _) => None,
            (Memory::BeforeSettled, _) => Some(self.first.slots().of_arena(self.expected)),
            (_, Some(rest)) => rest.whole(),
            (Memory::Own, None) => Some(self.first.slots()),
            // Of `Visits` that were forgotten.
            (Memory::Arena, None) => None,
        }
    }

    /// Leaves what is in these slots, those of `whole`, and their memory, to the caller. The slab is then without a chunk.
    #[inline]
    fn forget_whole(&mut self) {
        if let Some(mut rest) = self.rest.take() {
            rest.forget();
        }
        self.expected = 0;
        // All of the chunk's but the slots.
        self.first.ordinals = None;
        core::mem::forget(core::mem::replace(&mut self.first, Chunk::EMPTY));
    }

    /// Takes out the settled values of a slab that is full of them, in the order of places and in the memory where they are, if that is one
    /// allocation, and a vector's would be just like it. The slab is then without a chunk, and nobody may come back to its places.
    #[inline]
    pub(super) fn take_in_place(&mut self) -> Option<Vec<V>> {
        if !Chunk::<P, V>::IS_LIKE_VEC {
            return None;
        }
        self.take_whole()
    }

    /// The same, also where a vector's memory would not be like it: of no more than a chunk still there, if exactly half of it is then left
    /// unused, else in memory of their own.
    #[inline]
    pub(super) fn take_whole(&mut self) -> Option<Vec<V>> {
        let slots = self.whole()?;
        let is_small = slots.capacity() as usize <= CHUNK;
        let in_place = match Chunk::<P, V>::VALUES_PER_SLOT {
            1 => true,
            2 => is_small,
            _ => false,
        };
        if in_place {
            self.forget_whole();
            // SAFETY: the memory was allocated for these slots (invariant 1) and is freed by nobody else, as it is left to us. A slot is
            // as large as one value or two, and all hold a `V` (invariants 3, 7), whose bits are gone (invariant 5).
            return Some(unsafe { slots.to_vec() });
        }
        let count = slots.capacity() as usize;
        // First, as it may panic.
        let mut all = Vec::with_capacity(count);
        self.forget_whole();
        for (index, room) in (0..).zip(&mut all.spare_capacity_mut()[..count]) {
            // SAFETY: the slot holds a `V` (invariants 3, 7), and is not read again as its bit is gone (invariant 5).
            room.write(unsafe { slots.at(index).cast::<V>().read() });
        }
        // SAFETY: as many were written.
        unsafe { all.set_len(count) };
        // Freed, as it was left to us.
        drop(Arena::new(&slots));
        Some(all)
    }

    /// Drops everything, in the order of places, also if a destructor panics. All places are free afterwards, but for those
    /// that are marked.
    pub(super) fn clear(&mut self) {
        struct Rest<'a, P, V> {
            slab: &'a mut Slab<P, V>,
            number: u32,
        }
        impl<P, V> Rest<'_, P, V> {
            fn run(&mut self) {
                while self.number as usize <= self.slab.rest().len() {
                    self.slab.chunk_mut(self.number).0.clear();
                    self.slab.release_empty_in(self.number);
                    self.number += 1;
                }
            }
        }
        impl<P, V> Drop for Rest<'_, P, V> {
            fn drop(&mut self) {
                // Does nothing, but after a panic in the first run.
                self.run();
            }
        }
        self.divide();
        let mut rest = Rest {
            slab: self,
            number: 0,
        };
        rest.run();
    }
}

impl<P, V> Drop for Slab<P, V> {
    #[inline]
    fn drop(&mut self) {
        if self.is_undivided() {
            self.drop_undivided();
        }
    }
}

#[cfg(test)]
mod tests;
