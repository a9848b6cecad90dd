//! How a slab begins that is filled at once. The invariants are those of `slab.rs`.

use core::mem::ManuallyDrop;

use super::chunk::{Arena, Chunk, Slots};
use super::{CHUNK, Directory, MAX_PLACES, NONE, Slab, announced};

/// What a slab begins with: a chunk to be, or several in an arena, whose first places are filled. Drops what is in them, too.
pub(crate) struct Beginning<P, V> {
    slots: Slots<P, V>,
    len: u32,
    /// As of the slab.
    expected: u32,
}

impl<P, V> Beginning<P, V> {
    /// Room for as many values: in an arena, if they are more than a chunk, and there is such memory. (The number may be no more than a
    /// boast.)
    pub(crate) fn new(announced: usize) -> Self {
        let arena = if announced > CHUNK {
            Self::in_arena(self::announced(announced))
        } else {
            None
        };
        arena.unwrap_or_else(|| Self::in_chunk(announced))
    }

    /// Room for as many values, a full chunk at most.
    #[inline(always)]
    pub(crate) fn in_chunk(announced: usize) -> Self {
        let announced = self::announced(announced);
        let capacity = announced.min(CHUNK as u32);
        Self {
            slots: Slots::allocate(capacity),
            len: 0,
            expected: announced - capacity,
        }
    }

    /// Room for as many values, more than a chunk, in an arena, if there is such memory.
    fn in_arena(announced: u32) -> Option<Self> {
        if announced > MAX_PLACES {
            return None;
        }
        Some(Self {
            slots: Slots::allocate_arena(announced)?,
            len: 0,
            expected: 0,
        })
    }

    /// Takes in `values`, as many as there is room for, where there are none yet. Gives the next one, if there is one, with those behind it.
    #[inline(always)]
    pub(crate) fn fill<I: Iterator<Item = P>>(self, values: I) -> (Self, Option<(P, I)>) {
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
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// Whether it is no more than one chunk.
    #[inline]
    pub(super) fn is_chunk(&self) -> bool {
        self.slots.capacity() <= CHUNK as u32
    }

    /// The slab. The values are marked, and their ordinals count from 0.
    #[inline(always)]
    pub(crate) fn into_slab(self) -> Slab<P, V> {
        ManuallyDrop::new(self).take_slab()
    }

    /// The same. Done once; there is nothing left to drop then.
    #[inline(always)]
    fn take_slab(&mut self) -> Slab<P, V> {
        if !self.is_chunk() {
            // Two ways out, so that this one is put together where it is to be.
            if self.len == self.slots.capacity() {
                return Slab::undivided(&self.slots);
            }
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

    /// The same, if it is more than one chunk, and fewer values have come than were announced: memory behind the last chunk that has one is
    /// left unused.
    #[cold]
    fn take_slab_of_many(&mut self) -> Slab<P, V> {
        let Self { slots, len, .. } = self;
        let last = len.saturating_sub(1) / CHUNK as u32;
        let mut rest = Directory::with_capacity(last as usize);
        let chunk = |number| Chunk::filled_in_arena(slots, number, *len);
        rest.chunks.extend((1..=last).map(chunk));
        rest.arena = Some(Arena::new(slots));
        let first = chunk(0);
        // All chunks before the last are full.
        let is_full = rest.chunks.last().unwrap_or(&first).free == 0;
        Slab {
            first,
            rest: Some(rest),
            open: if is_full { NONE } else { last },
            expected: 0,
        }
    }
}

impl<P, V> Drop for Beginning<P, V> {
    #[inline]
    fn drop(&mut self) {
        drop(self.take_slab());
    }
}
