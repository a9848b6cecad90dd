//! An arena that is not divided into chunks yet. The invariants are those of `slab.rs`.

use core::mem::replace;
use core::pin::Pin;
use core::task::Poll;

use super::chunk::{Arena, Chunk, Memory, Slots};
use super::visit::Visited;
use super::{CHUNK, Directory, NONE, Slab};

impl<P, V> Slab<P, V> {
    /// A slab of a full arena. Its values are marked, and their ordinals count from 0.
    #[inline]
    pub(super) fn undivided(arena: &Slots<P, V>) -> Self {
        let mut first = Chunk::in_arena(arena, 0);
        first.memory = Memory::BeforePinned;
        Self {
            first,
            rest: None,
            open: NONE,
            expected: arena.capacity(),
        }
    }

    /// Whether there is an arena that is not divided.
    #[inline]
    pub(super) fn is_undivided(&self) -> bool {
        matches!(
            self.first.memory,
            Memory::BeforePinned | Memory::BeforeSettled
        )
    }

    /// Makes chunks for all of an arena that is not divided, so that its places can be reached one by one.
    #[inline]
    pub(crate) fn divide(&mut self) {
        if self.is_undivided() {
            self.divide_undivided();
        }
    }

    #[cold]
    fn divide_undivided(&mut self) {
        let arena = self.first.slots().of_arena(self.expected);
        let is_settled = self.first.memory == Memory::BeforeSettled;
        self.divide_at(&arena, 0, is_settled);
    }

    /// Makes chunks for all of an arena, when `first` is the one of this number: all values before it have settled, and those behind it have
    /// if `is_settled`.
    fn divide_at(&mut self, arena: &Slots<P, V>, number: u32, is_settled: bool) {
        let chunks = arena.chunks();
        // First, as it may panic.
        let mut rest = Directory::with_capacity(chunks as usize - 1);
        let mut first = Some(replace(&mut self.first, Chunk::EMPTY));
        let mut all = (0..chunks).map(|other| match first.take_if(|_| other == number) {
            Some(mut chunk) => {
                chunk.memory = Memory::Arena;
                chunk
            }
            None if other < number || is_settled => Chunk::settled_in_arena(arena, other),
            None => Chunk::in_arena(arena, other),
        });
        if let Some(first) = all.next() {
            self.first = first;
        }
        rest.chunks.extend(all);
        rest.arena = Some(Arena::new(arena));
        self.rest = Some(rest);
        self.expected = 0;
    }

    /// Drops all values of an arena that is not divided, in order, also if a destructor panics, and its memory.
    #[cold]
    pub(super) fn drop_undivided(&mut self) {
        struct Rest<P, V> {
            number: u32,
            is_settled: bool,
            /// Dropped after the chunks.
            memory: Arena<P, V>,
        }
        impl<P, V> Rest<P, V> {
            fn run(&mut self) {
                let arena = self.memory.slots();
                while self.number < arena.chunks() {
                    let chunk = if self.is_settled {
                        Chunk::settled_in_arena(&arena, self.number)
                    } else {
                        Chunk::in_arena(&arena, self.number)
                    };
                    self.number += 1;
                    drop(chunk);
                }
            }
        }
        impl<P, V> Drop for Rest<P, V> {
            fn drop(&mut self) {
                // Does nothing, but after a panic.
                self.run();
            }
        }
        let mut rest = Rest {
            number: 1,
            is_settled: self.first.memory == Memory::BeforeSettled,
            memory: Arena::new(&self.first.slots().of_arena(self.expected)),
        };
        self.first = Chunk::EMPTY;
        rest.run();
    }

    /// Shows `visit` the settled values behind the first chunk of an arena that is not divided, from place `start` on, until it says no.
    #[inline]
    pub(super) fn visit_undivided(&self, start: u32, mut visit: impl FnMut(u32, &V) -> bool) {
        if self.first.memory != Memory::BeforeSettled {
            return;
        }
        let arena = self.first.slots().of_arena(self.expected);
        for place in start.max(CHUNK as u32)..arena.capacity() {
            // SAFETY: the slot holds a `V` (invariant 7), and nobody changes it while `self` is borrowed.
            let value = unsafe { &*arena.at(place).cast::<V>() };
            if !visit(place, value) {
                return;
            }
        }
    }

    /// Visits to the values of an arena that is not divided, if there is one, and they have not settled.
    #[inline]
    pub(crate) fn visits(&mut self) -> Option<Visits<'_, P, V>> {
        if self.first.memory != Memory::BeforePinned {
            return None;
        }
        self.first.memory = Memory::Arena;
        Some(Visits {
            arena: self.first.slots().of_arena(self.expected),
            slab: self,
            number: 0,
        })
    }
}

/// Visits to the values of an arena that is not divided. It is divided in the end, unless all have settled.
pub(crate) struct Visits<'a, P, V> {
    /// Its first chunk is the one that is visited.
    slab: &'a mut Slab<P, V>,
    arena: Slots<P, V>,
    /// The number of that chunk. All values before it have settled, and those behind it were not visited.
    number: u32,
}

impl<P, V> Visits<'_, P, V> {
    /// The first place of the chunk.
    #[inline]
    pub(crate) fn first(&self) -> u32 {
        self.number * CHUNK as u32
    }

    /// As [`Chunk::visit`], of all places of the chunk.
    #[inline(always)]
    pub(crate) fn visit(
        &mut self,
        note: impl FnMut(u64),
        visit: impl FnMut(u32, Pin<&mut P>) -> (Poll<V>, bool),
    ) -> Visited {
        self.slab.first.visit(u64::MAX, note, visit)
    }

    /// Goes on with the next chunk, if there is one, and all values of this one have settled.
    #[inline]
    pub(crate) fn advance(&mut self) -> bool {
        let next = self.number + 1;
        if next == self.arena.chunks() || !self.slab.first.is_settled() {
            return false;
        }
        self.number = next;
        self.set_first(Chunk::in_arena(&self.arena, next));
        true
    }

    /// Exchanges the chunk that is visited, whose values have all settled, and stay where they are, for another.
    #[inline]
    fn set_first(&mut self, chunk: Chunk<P, V>) {
        self.slab.first.settled = 0;
        self.slab.first = chunk;
    }
}

impl<P, V> Drop for Visits<'_, P, V> {
    #[inline]
    fn drop(&mut self) {
        let is_last = self.number + 1 == self.arena.chunks();
        if is_last && self.slab.first.is_settled() {
            let mut first = Chunk::settled_in_arena(&self.arena, 0);
            first.memory = Memory::BeforeSettled;
            self.set_first(first);
        } else {
            self.slab.divide_at(&self.arena, self.number, false);
        }
    }
}
