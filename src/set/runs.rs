//! Places in a row: a queue in which neighbours that come one after the other share an entry.
//!
//! A set that was just filled, whose children all wake themselves, or complete in order, is an entry or two, however many
//! they are.

use alloc::collections::VecDeque;

/// `len` places from `start` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) len: u32,
    /// Whether they wait for their first poll.
    pub(super) fresh: bool,
}

impl Run {
    const EMPTY: Self = Self {
        start: 0,
        len: 0,
        fresh: false,
    };

    /// One place.
    #[inline]
    pub(super) fn of(place: u32, fresh: bool) -> Self {
        Self {
            start: place,
            len: 1,
            fresh,
        }
    }

    /// The first place of the block of 64 that the places are in.
    #[inline]
    pub(super) fn block(&self) -> u32 {
        self.start & !63
    }

    /// The places as bits of the block of 64 that they are in. There is at least one.
    #[inline]
    pub(super) fn bits(&self) -> u64 {
        u64::MAX >> (64 - self.len) << (self.start % 64)
    }

    /// The runs, as long as can be, that the places are in whose bits, counted from `first`, are set.
    #[inline]
    pub(super) fn of_bits(first: u32, mut bits: u64, fresh: bool) -> impl Iterator<Item = Self> {
        core::iter::from_fn(move || {
            if bits == 0 {
                return None;
            }
            let start = bits.trailing_zeros();
            let len = (bits >> start).trailing_ones();
            bits &= !(u64::MAX >> (64 - len) << start);
            let start = first + start;
            Some(Self { start, len, fresh })
        })
    }

    /// The places from `place` on, which is one of them or the one behind.
    #[inline]
    pub(super) fn from(&self, place: u32) -> Option<Self> {
        let len = self.start + self.len - place;
        (len != 0).then_some(Self {
            start: place,
            len,
            ..*self
        })
    }

    /// Takes the first `n` places off.
    #[inline]
    fn split_off_front(&mut self, n: u32) -> Self {
        let front = Self { len: n, ..*self };
        self.start += n;
        self.len -= n;
        front
    }
}

/// How many bits are set: most often they are in a row, which is counted with less than processors need who cannot count.
#[inline]
pub(super) fn count_ones(bits: u64) -> u32 {
    if bits == 0 {
        return 0;
    }
    let run = bits >> bits.trailing_zeros();
    if run & run.wrapping_add(1) == 0 {
        u64::BITS - run.leading_zeros()
    } else {
        bits.count_ones()
    }
}

pub(super) struct Runs {
    /// All but the last. None of them is empty.
    front: VecDeque<Run>,
    /// The run that places are pushed to. Most queues have no other, and need no memory.
    last: Run,
}

/// A position among the places that are queued: the number of the run, and of the place in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    run: usize,
    offset: u32,
}

impl Position {
    pub(super) const FRONT: Self = Self { run: 0, offset: 0 };
}

impl Runs {
    pub(super) const fn new() -> Self {
        Self {
            front: VecDeque::new(),
            last: Run::EMPTY,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, run: Run) {
        let last = &mut self.last;
        if last.start + last.len == run.start && last.fresh == run.fresh {
            last.len += run.len;
            return;
        }
        if last.len != 0 {
            self.front.push_back(*last);
        }
        self.last = run;
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.front.clear();
        self.last = Run::EMPTY;
    }

    /// Puts back what was popped last.
    pub(super) fn unpop(&mut self, run: Run) {
        self.front.push_front(run);
    }

    /// Takes at most `n` places, which lie in a row and in one block of 64.
    #[inline]
    pub(super) fn pop(&mut self, n: usize) -> Option<Run> {
        let (run, is_last) = match self.front.front_mut() {
            Some(run) => (run, false),
            None => (&mut self.last, true),
        };
        let block = 64 - run.start % 64;
        let n = n.min(run.len.min(block) as usize) as u32;
        let popped = run.split_off_front(n);
        if run.len == 0 && !is_last {
            self.front.pop_front();
        }
        (n != 0).then_some(popped)
    }

    /// Takes one place.
    #[inline]
    pub(super) fn pop_one(&mut self) -> Option<u32> {
        let (run, is_last) = match self.front.front_mut() {
            Some(run) => (run, false),
            None => (&mut self.last, true),
        };
        if run.len == 0 {
            return None;
        }
        let place = run.split_off_front(1).start;
        if run.len == 0 && !is_last {
            self.front.pop_front();
        }
        Some(place)
    }

    fn run_mut(&mut self, number: usize) -> &mut Run {
        self.front.get_mut(number).unwrap_or(&mut self.last)
    }

    /// The place at `position`, which moves on. For as long as nothing is popped.
    pub(super) fn next(&mut self, position: &mut Position) -> Option<u32> {
        loop {
            let run = *self.run_mut(position.run);
            if position.offset < run.len {
                position.offset += 1;
                return Some(run.start + position.offset - 1);
            }
            if position.run >= self.front.len() {
                return None;
            }
            *position = Position {
                run: position.run + 1,
                offset: 0,
            };
        }
    }

    /// Removes the place before `position`, which [`next`](Self::next) has just given. O(entries).
    pub(super) fn remove_before(&mut self, position: Position) {
        let Position {
            run: number,
            offset,
        } = position;
        let run = self.run_mut(number);
        let before = Run {
            len: offset - 1,
            ..*run
        };
        match run.from(run.start + offset) {
            Some(behind) => {
                *run = behind;
                if before.len != 0 {
                    self.front.insert(number, before);
                }
            }
            None => {
                *run = before;
                if before.len == 0 {
                    // If it is the last, it stays and is empty.
                    self.front.remove(number);
                }
            }
        }
    }
}
