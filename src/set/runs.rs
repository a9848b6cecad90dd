//! Places in a row: a queue in which neighbours that come one after the other share an entry.
//!
//! A set that was just filled, whose children all wake themselves, or complete in order, is one entry, however many
//! they are.

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

    /// One place, marked.
    pub(super) fn of(place: u32) -> Self {
        Self {
            start: place,
            len: 1,
            mark: true,
        }
    }

    /// Drops the first place.
    #[inline]
    pub(super) fn advance(&mut self) {
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
    middle: VecDeque<Run>,
    tail: Run,
    len: usize,
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
            head: Run::EMPTY,
            middle: VecDeque::new(),
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
        self.push_run(Run {
            start: place,
            len: 1,
            mark,
        });
    }

    #[inline]
    pub(super) fn push_run(&mut self, run: Run) {
        self.len += run.len as usize;
        let tail = &mut self.tail;
        if tail.len != 0 {
            if tail.start + tail.len == run.start && tail.mark == run.mark {
                tail.len += run.len;
                return;
            }
            self.middle.push_back(*tail);
        }
        self.tail = run;
    }

    /// Puts back what was popped last.
    pub(super) fn unpop(&mut self, run: Run) {
        self.len += run.len as usize;
        if self.head.len != 0 {
            self.middle.push_front(self.head);
        }
        self.head = run;
    }

    /// Takes at most `n` places, which lie in a row and in one block of 64.
    #[inline]
    pub(super) fn pop(&mut self, n: usize) -> Option<Run> {
        if self.head.len == 0 {
            self.head = match self.middle.pop_front() {
                Some(run) => run,
                None => core::mem::replace(&mut self.tail, Run::EMPTY),
            };
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

    fn run_mut(&mut self, number: usize) -> &mut Run {
        let middle = self.middle.len();
        match number {
            0 => &mut self.head,
            n if n <= middle => &mut self.middle[n - 1],
            _ => &mut self.tail,
        }
    }

    /// The place at `position`, which moves on. For as long as nothing is popped.
    pub(super) fn next(&mut self, position: &mut Position) -> Option<u32> {
        while position.run <= self.middle.len() + 1 {
            let run = *self.run_mut(position.run);
            if position.offset < run.len {
                position.offset += 1;
                return Some(run.start + position.offset - 1);
            }
            if position.run == self.middle.len() + 1 {
                break;
            }
            *position = Position {
                run: position.run + 1,
                offset: 0,
            };
        }
        None
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
            return;
        }
        match number {
            n if n <= self.middle.len() => self.middle.insert(n, rest),
            _ => {
                let front = core::mem::replace(&mut self.tail, rest);
                self.middle.push_back(front);
            }
        }
    }
}
