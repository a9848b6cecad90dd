//! A chunk of places, and the memory that they are in. The invariants are those of `slab.rs`.

use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr::NonNull;

use super::{CHUNK, NONE};

/// Memory that is larger, in bytes, is often got from the system, and given back to it, each time; what comes piece by piece is used again.
const LARGE: usize = 1 << 20;

const TOO_LARGE: &str = "the futures of one chunk exceed the address space";

/// The memory of one place. Which field is initialised, the bits of the chunk tell (invariant 3).
union Slot<P, V> {
    _pinned: ManuallyDrop<P>,
    _settled: ManuallyDrop<V>,
}

/// Whose the memory of a chunk is (invariant 1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// The chunk's own.
    Own,
    /// A part of an arena.
    Arena,
    /// The same, of an arena that is not divided: behind the chunk all slots hold pinned values, which are marked.
    BeforePinned,
    /// The same, but they hold settled values.
    BeforeSettled,
}

pub(super) struct Chunk<P, V> {
    slots: NonNull<u8>,
    /// Places with a pinned value.
    pub(super) live: u64,
    /// Places with a settled value.
    pub(super) settled: u64,
    /// Places that an insertion may take.
    pub(super) free: u64,
    /// Places that were filled, or that the owner of the slab has marked, since their mark was taken off last.
    pub(super) marks: u64,
    /// The ordinal of place `i` is `base + i`, as long as there is no table.
    base: u64,
    /// The ordinals of all places, made when a place is taken out of order for the first time.
    pub(super) ordinals: Option<Box<[u64; CHUNK]>>,
    /// The next chunk with a free place.
    pub(super) next_open: u32,
    pub(super) capacity: u8,
    pub(super) memory: Memory,
    values: PhantomData<Slot<P, V>>,
}

/// The lowest `n` of 64 bits.
#[inline]
fn lowest(n: u32) -> u64 {
    u64::MAX.checked_shr(64 - n).unwrap_or(0)
}

/// The addresses of the slots of one chunk, or of an arena, for as long as they are there.
pub(super) struct Slots<P, V> {
    first: NonNull<u8>,
    capacity: u32,
    values: PhantomData<Slot<P, V>>,
}

impl<P, V> Slots<P, V> {
    /// Memory for as many slots, a full chunk at most: none if there are none.
    #[inline]
    pub(super) fn allocate(capacity: u32) -> Self {
        debug_assert!(capacity as usize <= CHUNK);
        let layout = Chunk::<P, V>::layout(capacity).expect(TOO_LARGE);
        Self::of_layout(layout, capacity).unwrap_or_else(|| handle_alloc_error(layout))
    }

    /// Memory for the slots of an arena, if it is to be had, and worth it.
    pub(super) fn allocate_arena(capacity: u32) -> Option<Self> {
        let layout = Chunk::<P, V>::layout(capacity)?;
        // A vector of all outputs would be as large.
        let is_worth_it = Chunk::<P, V>::IS_LIKE_VEC || layout.size() <= LARGE;
        is_worth_it.then(|| Self::of_layout(layout, capacity))?
    }

    /// Memory of this layout, that of as many slots.
    #[inline]
    fn of_layout(layout: Layout, capacity: u32) -> Option<Self> {
        let first = if layout.size() == 0 {
            NonNull::<Slot<P, V>>::dangling().cast()
        } else {
            // SAFETY: the layout's size is not zero.
            NonNull::new(unsafe { alloc(layout) })?
        };
        Some(Self {
            first,
            capacity,
            values: PhantomData,
        })
    }

    #[inline]
    pub(super) fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many chunks there is room for.
    pub(super) fn chunks(&self) -> u32 {
        self.capacity.div_ceil(CHUNK as u32)
    }

    /// Of the slots of the first chunk of an arena, those of all, as many as `capacity`.
    pub(super) fn of_arena(&self, capacity: u32) -> Self {
        Self { capacity, ..*self }
    }

    /// The address of slot `index`.
    #[inline]
    pub(super) fn at(&self, index: u32) -> *mut u8 {
        debug_assert!(index < self.capacity);
        let offset = index as usize * Chunk::<P, V>::STRIDE;
        // SAFETY: every caller has found the bit `index` in one of the words of the chunk (invariant 2), or has counted up to the
        // capacity, and the memory is still there: the offset is within the allocation (invariant 1).
        unsafe { self.first.as_ptr().add(offset) }
    }

    /// Frees the memory.
    ///
    /// # Safety
    ///
    /// It was allocated for as many slots, or there are none, and is not used any more.
    #[inline]
    unsafe fn free(&self) {
        let layout = Chunk::<P, V>::layout(self.capacity).expect(TOO_LARGE);
        if layout.size() != 0 {
            // SAFETY: by the contract of this function, memory was allocated with this layout.
            unsafe { dealloc(self.first.as_ptr(), layout) };
        }
    }

    /// The memory as a vector of what is in it, which frees it.
    ///
    /// # Safety
    ///
    /// It was allocated for as many slots, each as large as a settled value or two (`Chunk::VALUES_PER_SLOT`). All slots hold one, and
    /// nobody else reaches them any more.
    #[inline]
    pub(super) unsafe fn to_vec(&self) -> Vec<V> {
        let len = self.capacity as usize;
        let values = self.first.as_ptr().cast::<V>();
        if !Chunk::<P, V>::IS_LIKE_VEC {
            // The first is there already.
            for index in 1..self.capacity {
                let slot = self.at(index).cast::<V>();
                let place = values.wrapping_add(index as usize);
                // SAFETY: the slot holds a value, which is not read again. The place is behind the values that were moved before, and
                // ends before the slot, which starts twice as far from the first.
                unsafe { slot.copy_to_nonoverlapping(place, 1) };
            }
        }
        let capacity = len * Chunk::<P, V>::VALUES_PER_SLOT;
        // SAFETY: by the contract of this function. The memory comes from the global allocator, and starts with as many values.
        unsafe { Vec::from_raw_parts(values, len, capacity) }
    }
}

/// The memory of an arena, or of slots that have left their slab, to be dropped after its chunks.
pub(super) struct Arena<P, V>(Slots<P, V>);

impl<P, V> Arena<P, V> {
    /// Takes over the memory of these slots: there is only one of the same.
    pub(super) fn new(slots: &Slots<P, V>) -> Self {
        Self(Slots { ..*slots })
    }

    pub(super) fn slots(&self) -> Slots<P, V> {
        Slots { ..self.0 }
    }
}

impl<P, V> Drop for Arena<P, V> {
    fn drop(&mut self) {
        // SAFETY: the memory was allocated for as many slots, and its chunks are gone (invariant 1).
        unsafe { self.0.free() };
    }
}

// SAFETY: an arena owns memory, not what is in it.
unsafe impl<P, V> Send for Arena<P, V> {}
// SAFETY: as above.
unsafe impl<P, V> Sync for Arena<P, V> {}

impl<P, V> Chunk<P, V> {
    /// The distance of two slots. Futures whose size is a large power of two would all start in the same few cache sets.
    const STRIDE: usize = {
        let size = size_of::<Slot<P, V>>();
        let align = align_of::<Slot<P, V>>();
        if size >= 512 && size % 512 == 0 {
            size + if align > 8 { align } else { 8 }
        } else {
            size
        }
    };

    /// As how many settled values a slot is laid out: one or two, or 0 if it is not.
    pub(super) const VALUES_PER_SLOT: usize = {
        let size = size_of::<V>();
        if size == 0 || align_of::<Slot<P, V>>() != align_of::<V>() {
            0
        } else if Self::STRIDE == size {
            1
        } else if Self::STRIDE == 2 * size {
            2
        } else {
            0
        }
    };

    /// Whether the slots of a chunk that is full of settled values are laid out like a vector of them.
    pub(super) const IS_LIKE_VEC: bool = Self::VALUES_PER_SLOT == 1;

    /// A chunk without places, which owns no memory.
    pub(super) const EMPTY: Self = Self {
        slots: NonNull::<Slot<P, V>>::dangling().cast(),
        live: 0,
        settled: 0,
        free: 0,
        marks: 0,
        base: 0,
        ordinals: None,
        next_open: NONE,
        capacity: 0,
        memory: Memory::Own,
        values: PhantomData,
    };

    /// The layout of the memory of as many slots. `None` if they exceed the address space.
    #[inline]
    fn layout(capacity: u32) -> Option<Layout> {
        let size = Self::STRIDE.checked_mul(capacity as usize)?;
        Layout::from_size_align(size, align_of::<Slot<P, V>>()).ok()
    }

    /// A chunk of as many places, all of them free.
    #[inline]
    pub(super) fn new(capacity: u32) -> Self {
        debug_assert_ne!(capacity, 0);
        Self::of(&Slots::allocate(capacity), 0)
    }

    /// The chunk of these slots, the first `len` of which hold pinned values, and are marked. There is only one of the same slots, and it
    /// owns their memory.
    #[inline]
    pub(super) fn of(slots: &Slots<P, V>, len: u32) -> Self {
        let filled = lowest(len);
        Self {
            slots: slots.first,
            live: filled,
            settled: 0,
            free: lowest(slots.capacity) ^ filled,
            marks: filled,
            base: 0,
            ordinals: None,
            next_open: NONE,
            capacity: slots.capacity as u8,
            memory: Memory::Own,
            values: PhantomData,
        }
    }

    /// The chunk of that number of an arena, which has as many, and all of whose slots hold pinned values, which are marked. There is only
    /// one of the same number.
    #[inline]
    pub(super) fn in_arena(arena: &Slots<P, V>, number: u32) -> Self {
        let start = number * CHUNK as u32;
        let slots = Slots {
            first: NonNull::new(arena.at(start)).expect("no slot is at address zero"),
            capacity: (arena.capacity - start).min(CHUNK as u32),
            values: PhantomData,
        };
        let mut chunk = Self::of(&slots, slots.capacity);
        chunk.base = start.into();
        chunk.memory = Memory::Arena;
        chunk
    }

    /// The same, but all slots hold settled values.
    #[inline]
    pub(super) fn settled_in_arena(arena: &Slots<P, V>, number: u32) -> Self {
        let mut chunk = Self::in_arena(arena, number);
        chunk.settled = core::mem::take(&mut chunk.live);
        chunk.marks = 0;
        chunk
    }

    /// The same, but only the first `len` slots of the arena hold pinned values, which are marked, and the others none.
    pub(super) fn filled_in_arena(arena: &Slots<P, V>, number: u32, len: u32) -> Self {
        let mut chunk = Self::in_arena(arena, number);
        let len = len.saturating_sub(number * CHUNK as u32).min(CHUNK as u32);
        let filled = lowest(len);
        chunk.free = chunk.live & !filled;
        chunk.live &= filled;
        chunk.marks &= filled;
        chunk
    }

    /// The address of slot `index`.
    #[inline]
    pub(super) fn slot(&self, index: u32) -> *mut u8 {
        self.slots().at(index)
    }

    #[inline]
    pub(super) fn slots(&self) -> Slots<P, V> {
        Slots {
            first: self.slots,
            capacity: self.capacity.into(),
            values: PhantomData,
        }
    }

    /// Whether all places have settled values, there are some, and none is marked.
    #[inline]
    pub(super) fn is_settled(&self) -> bool {
        self.capacity != 0 && self.settled == lowest(self.capacity.into()) && self.marks == 0
    }

    /// Makes these places, which are empty, available to insertions. The chunk's number, and where the list of those with a free place
    /// begins, are the slab's.
    #[inline]
    pub(super) fn set_free(&mut self, places: u64, number: u32, open: &mut u32) {
        if places != 0 && self.free == 0 {
            self.next_open = core::mem::replace(open, number);
        }
        self.free |= places;
    }

    /// The places that hold nothing.
    pub(super) fn empty(&self) -> u64 {
        lowest(self.capacity.into()) & !(self.live | self.settled)
    }

    /// The pinned value in slot `index`.
    #[inline]
    pub(super) fn pinned(&mut self, index: u32) -> Option<Pin<&mut P>> {
        if self.live & 1 << index == 0 {
            return None;
        }
        // SAFETY: the slot holds a `P` (invariant 3); the borrow makes the reference the only one.
        let value = unsafe { &mut *self.slot(index).cast::<P>() };
        // SAFETY: the slot does not move (invariant 1), and the value is dropped in place (invariant 4).
        Some(unsafe { Pin::new_unchecked(value) })
    }

    #[inline]
    pub(super) fn ordinal(&self, index: u32) -> u64 {
        match &self.ordinals {
            None => self.base.wrapping_add(u64::from(index)),
            Some(table) => table[index as usize],
        }
    }

    #[inline]
    pub(super) fn set_ordinal(&mut self, index: u32, ordinal: u64) {
        if let Some(table) = &mut self.ordinals {
            table[index as usize] = ordinal;
        } else if self.live | self.settled == 0 {
            self.base = ordinal.wrapping_sub(u64::from(index));
        } else if self.ordinal(index) != ordinal {
            self.make_table(index, ordinal);
        }
    }

    #[cold]
    fn make_table(&mut self, index: u32, ordinal: u64) {
        let base = self.base;
        let mut table = Box::new(core::array::from_fn(|i| base.wrapping_add(i as u64)));
        table[index as usize] = ordinal;
        self.ordinals = Some(table);
    }

    /// Drops everything that the chunk holds, in the order of places, also if a destructor panics.
    pub(super) fn clear(&mut self) {
        struct Rest<'a, P, V>(&'a mut Chunk<P, V>);
        impl<P, V> Rest<'_, P, V> {
            fn run(&mut self) {
                let chunk = &mut *self.0;
                while chunk.live | chunk.settled != 0 {
                    let index = (chunk.live | chunk.settled).trailing_zeros();
                    let bit = 1 << index;
                    let slot = chunk.slot(index);
                    // Invariant 5: cleared first.
                    if chunk.live & bit != 0 {
                        chunk.live &= !bit;
                        // SAFETY: the bit was set in `live`, so the slot holds a `P` (invariant 3), dropped in place.
                        unsafe { slot.cast::<P>().drop_in_place() };
                    } else {
                        chunk.settled &= !bit;
                        // SAFETY: the bit was set in `settled`, so the slot holds a `V` (invariant 3).
                        unsafe { slot.cast::<V>().drop_in_place() };
                    }
                }
            }
        }
        impl<P, V> Drop for Rest<'_, P, V> {
            fn drop(&mut self) {
                // Does nothing, but after a panic in the first run.
                self.run();
            }
        }
        Rest(self).run();
    }
}

impl<P, V> Drop for Chunk<P, V> {
    #[inline]
    fn drop(&mut self) {
        struct Free<'a, P, V>(&'a mut Chunk<P, V>);
        impl<P, V> Drop for Free<'_, P, V> {
            #[inline]
            fn drop(&mut self) {
                if self.0.memory == Memory::Own {
                    // SAFETY: the memory was allocated for as many slots (invariant 1) and is not used any more.
                    unsafe { self.0.slots().free() };
                }
            }
        }
        let chunk = Free(self);
        if chunk.0.live | chunk.0.settled != 0 {
            chunk.0.clear();
        }
    }
}

// SAFETY: a chunk owns its values and hands them out by the rules of `&` and `&mut`; the pointer is its own.
unsafe impl<P: Send, V: Send> Send for Chunk<P, V> {}
// SAFETY: as above; nothing is changed through a shared reference.
unsafe impl<P: Sync, V: Sync> Sync for Chunk<P, V> {}

// The values are pinned in their chunks, not in this struct.
impl<P, V> Unpin for Chunk<P, V> {}
