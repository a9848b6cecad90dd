//! Whose turn it is: the places to be polled, in order, each at most once, in rounds.
//!
//! A round is everybody who is queued when it begins. Who is queued while it lasts belongs to the next.
//!
//! Neighbouring places that are queued one after the other share an entry, so that a set that was just filled, or whose
//! children all wake themselves, is one entry however many they are.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// `len` places from `start` on.
#[derive(Clone, Copy)]
struct Run {
    start: u32,
    len: u32,
    /// Whether these are first polls.
    fresh: bool,
}

impl Run {
    const EMPTY: Self = Self {
        start: 0,
        len: 0,
        fresh: false,
    };
}

/// A bit per place.
struct Marks {
    /// The first 64 places need no allocation.
    first: u64,
    rest: Vec<u64>,
}

impl Marks {
    #[inline]
    fn word(&mut self, place: u32) -> &mut u64 {
        match place as usize / 64 {
            0 => &mut self.first,
            n => {
                if n > self.rest.len() {
                    self.rest.resize(n, 0);
                }
                &mut self.rest[n - 1]
            }
        }
    }

    #[inline]
    fn get(&self, place: u32) -> bool {
        let word = match place as usize / 64 {
            0 => self.first,
            n => self.rest.get(n - 1).copied().unwrap_or(0),
        };
        word & 1 << (place % 64) != 0
    }
}

pub(super) struct Queue {
    /// The run that places are popped from, then those in the middle, then the one that places are pushed to.
    head: Run,
    middle: VecDeque<Run>,
    tail: Run,
    /// The places that are in the queue.
    marks: Marks,
    len: usize,
    fresh: usize,
    /// How many, from the front, belong to the round under way.
    round: usize,
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self {
            head: Run::EMPTY,
            middle: VecDeque::new(),
            tail: Run::EMPTY,
            marks: Marks {
                first: 0,
                rest: Vec::new(),
            },
            len: 0,
            fresh: 0,
            round: 0,
        }
    }

    /// Begins a round, if none is under way.
    #[inline]
    pub(super) fn begin_round(&mut self) {
        if self.round == 0 {
            self.round = self.len;
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many of them are queued for their first poll.
    #[inline]
    pub(super) fn fresh(&self) -> usize {
        self.fresh
    }

    #[inline]
    pub(super) fn contains(&self, place: u32) -> bool {
        self.marks.get(place)
    }

    /// Queues `place`, if it is not queued yet.
    #[inline]
    pub(super) fn push(&mut self, place: u32, fresh: bool) {
        let word = self.marks.word(place);
        let bit = 1 << (place % 64);
        if *word & bit != 0 {
            return;
        }
        *word |= bit;
        self.len += 1;
        self.fresh += usize::from(fresh);
        self.append(place, fresh);
    }

    #[inline]
    fn append(&mut self, place: u32, fresh: bool) {
        let tail = &mut self.tail;
        if tail.len != 0 && tail.start + tail.len == place && tail.fresh == fresh {
            tail.len += 1;
            return;
        }
        if tail.len != 0 {
            self.middle.push_back(*tail);
        }
        *tail = Run {
            start: place,
            len: 1,
            fresh,
        };
    }

    /// Takes the place whose turn it is in this round, and whether this is its first poll.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(u32, bool)> {
        if self.round == 0 {
            return None;
        }
        self.round -= 1;
        self.pop_front()
    }

    #[inline]
    fn pop_front(&mut self) -> Option<(u32, bool)> {
        if self.head.len == 0 {
            self.head = match self.middle.pop_front() {
                Some(run) => run,
                None => core::mem::replace(&mut self.tail, Run::EMPTY),
            };
            if self.head.len == 0 {
                return None;
            }
        }
        let Run { start, fresh, .. } = self.head;
        self.head.start += 1;
        self.head.len -= 1;
        *self.marks.word(start) &= !(1 << (start % 64));
        self.len -= 1;
        self.fresh -= usize::from(fresh);
        Some((start, fresh))
    }

    /// Removes the places that `keep` does not want, and tells `removed` each of them.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool, mut removed: impl FnMut(u32)) {
        let mut old = core::mem::replace(self, Self::new());
        let mut position = 0;
        while let Some((place, fresh)) = old.pop_front() {
            if keep(place) {
                self.push(place, fresh);
                self.round += usize::from(position < old.round);
            } else {
                removed(place);
            }
            position += 1;
        }
    }
}
