//! Places in a row: a queue in which neighbours that come one after the other share an entry.
//!
//! A set that was just filled, whose children all wake themselves, or complete in order, is an entry or two, however many
//! they are.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// `len` places from `start` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) len: u32,
    /// What the owner of the queue distinguishes.
    pub(super) mark: bool,
}

impl Run {
    const EMPTY: Self = Self {
        start: 0,
        len: 0,
        mark: false,
    };

    /// One place.
    #[inline]
    pub(super) fn of(place: u32, mark: bool) -> Self {
        Self {
            start: place,
            len: 1,
            mark,
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
    pub(super) fn of_bits(first: u32, mut bits: u64, mark: bool) -> impl Iterator<Item = Self> {
        core::iter::from_fn(move || {
            if bits == 0 {
                return None;
            }
            let start = bits.trailing_zeros();
            let len = (bits >> start).trailing_ones();
            bits &= !(u64::MAX >> (64 - len) << start);
            let start = first + start;
            Some(Self { start, len, mark })
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

    /// Drops the first place.
    #[inline]
    fn advance(&mut self) {
        self.start += 1;
        self.len -= 1;
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

pub(super) struct Runs {
    /// The run that places are popped from, then those in the middle, then the one that places are pushed to.
    head: Run,
    middle: Middle,
    tail: Run,
    len: usize,
}

#[allow(
    clippy::box_collection,
    reason = "most sets need none, and are moved about"
)]
type Middle = Option<Box<VecDeque<Run>>>;

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
            head: Run::EMPTY,
            middle: None,
            tail: Run::EMPTY,
            len: 0,
        }
    }

    /// How many places are queued.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn push(&mut self, place: u32, mark: bool) {
        self.push_run(Run::of(place, mark));
    }

    #[inline]
    pub(super) fn push_run(&mut self, run: Run) {
        if self.len == 0 {
            // To be popped next. Runs that `remove_before` has emptied go.
            if let Some(middle) = &mut self.middle {
                middle.clear();
            }
            self.len = run.len as usize;
            self.head = run;
            return;
        }
        self.len += run.len as usize;
        let tail = &mut self.tail;
        if tail.len != 0 {
            if tail.start + tail.len == run.start && tail.mark == run.mark {
                tail.len += run.len;
                return;
            }
            self.middle.get_or_insert_default().push_back(*tail);
        }
        self.tail = run;
    }

    /// Puts back what was popped last.
    pub(super) fn unpop(&mut self, run: Run) {
        self.len += run.len as usize;
        if self.head.len != 0 {
            self.middle.get_or_insert_default().push_front(self.head);
        }
        self.head = run;
    }

    /// Takes at most `n` places, which lie in a row and in one block of 64.
    #[inline]
    pub(super) fn pop(&mut self, n: usize) -> Option<Run> {
        // A run may have been emptied by `remove_before`.
        while self.head.len == 0 {
            match self.middle.as_mut().and_then(|middle| middle.pop_front()) {
                Some(run) => self.head = run,
                None => {
                    self.head = core::mem::replace(&mut self.tail, Run::EMPTY);
                    break;
                }
            }
        }
        let block = 64 - self.head.start % 64;
        let n = self
            .head
            .len
            .min(block)
            .min(n.try_into().unwrap_or(u32::MAX));
        if n == 0 {
            return None;
        }
        self.len -= n as usize;
        Some(self.head.split_off_front(n))
    }

    /// Takes one place.
    #[inline]
    pub(super) fn pop_one(&mut self) -> Option<u32> {
        if self.head.len == 0 {
            return self.pop(1).map(|run| run.start);
        }
        self.len -= 1;
        self.head.advance();
        Some(self.head.start - 1)
    }

    /// How many runs there are between head and tail.
    fn between(&self) -> usize {
        self.middle.as_ref().map_or(0, |middle| middle.len())
    }

    fn run_mut(&mut self, number: usize) -> &mut Run {
        match (number, &mut self.middle) {
            (0, _) => &mut self.head,
            (n, Some(middle)) if n <= middle.len() => &mut middle[n - 1],
            _ => &mut self.tail,
        }
    }

    /// The place at `position`, which moves on. For as long as nothing is popped.
    pub(super) fn next(&mut self, position: &mut Position) -> Option<u32> {
        loop {
            let run = *self.run_mut(position.run);
            if position.offset < run.len {
                position.offset += 1;
                return Some(run.start + position.offset - 1);
            }
            if position.run > self.between() {
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
        self.len -= 1;
        let run = self.run_mut(number);
        let rest = Run {
            start: run.start + offset,
            len: run.len - offset,
            mark: run.mark,
        };
        run.len = offset - 1;
        if rest.len == 0 {
            return;
        }
        if run.len == 0 {
            *run = rest;
        } else if number <= self.between() {
            self.middle.get_or_insert_default().insert(number, rest);
        } else {
            let front = core::mem::replace(&mut self.tail, rest);
            self.middle.get_or_insert_default().push_back(front);
        }
    }
}
