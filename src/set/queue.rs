//! Whose turn it is: the places to be polled, in order, each at most once, in rounds.
//!
//! A round is everybody who is queued when it begins. Who is queued while it lasts belongs to the next.

use alloc::vec::Vec;

use super::runs::{Run, Runs};

/// A bit per place.
struct Bits {
    /// The first 64 places need no allocation.
    first: u64,
    rest: Vec<u64>,
}

impl Bits {
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
    /// Marked: those who wait for their first poll.
    runs: Runs,
    /// Who is in the queue.
    queued: Bits,
    fresh: usize,
    /// How many, from the front, belong to the round under way.
    round: usize,
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self {
            runs: Runs::new(),
            queued: Bits {
                first: 0,
                rest: Vec::new(),
            },
            fresh: 0,
            round: 0,
        }
    }

    /// How many places are queued.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.runs.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.runs.len() == 0
    }

    /// How many are queued for their first poll.
    #[inline]
    pub(super) fn fresh(&self) -> usize {
        self.fresh
    }

    #[inline]
    pub(super) fn contains(&self, place: u32) -> bool {
        self.queued.get(place)
    }

    /// Queues `place`, if it is not queued yet.
    #[inline]
    pub(super) fn push(&mut self, place: u32, fresh: bool) {
        let word = self.queued.word(place);
        let bit = 1 << (place % 64);
        if *word & bit != 0 {
            return;
        }
        *word |= bit;
        self.fresh += usize::from(fresh);
        self.runs.push(place, fresh);
    }

    /// Keeps `place`, which is not queued, from being queued until it is let go with [`unhold`](Self::unhold).
    pub(super) fn hold(&mut self, place: u32) {
        *self.queued.word(place) |= 1 << (place % 64);
    }

    pub(super) fn unhold(&mut self, place: u32) {
        *self.queued.word(place) &= !(1 << (place % 64));
    }

    /// Queues places that lie in a row, in one block of 64, and are not queued.
    #[inline]
    pub(super) fn push_run(&mut self, run: Run) {
        if run.mark {
            self.fresh += run.len as usize;
        }
        *self.queued.word(run.start) |= run.bits();
        self.runs.push_run(run);
    }

    /// Begins a round, if none is under way.
    #[inline]
    pub(super) fn begin_round(&mut self) {
        if self.round == 0 {
            self.round = self.runs.len();
        }
    }

    /// Takes places whose turn it is in this round: at most `n` that lie in a row, in one block of 64. They are marked if this is their
    /// first poll.
    #[inline]
    pub(super) fn pop(&mut self, n: usize) -> Option<Run> {
        if self.round == 0 {
            return None;
        }
        self.pop_next(n)
    }

    fn pop_next(&mut self, n: usize) -> Option<Run> {
        let run = self.runs.pop(self.round.min(n))?;
        self.round -= run.len as usize;
        self.forget(run);
        Some(run)
    }

    #[inline]
    fn forget(&mut self, run: Run) {
        *self.queued.word(run.start) &= !run.bits();
        if run.mark {
            self.fresh -= run.len as usize;
        }
    }

    /// Puts back the rest of what was popped last.
    pub(super) fn unpop(&mut self, run: Run) {
        *self.queued.word(run.start) |= run.bits();
        if run.mark {
            self.fresh += run.len as usize;
        }
        self.round += run.len as usize;
        self.runs.unpop(run);
    }

    /// Removes the places that `keep` does not want, and tells `removed` each of them.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool, mut removed: impl FnMut(u32)) {
        let mut old = core::mem::replace(self, Self::new());
        let mut position = 0;
        while let Some(run) = old.runs.pop(usize::MAX) {
            for place in run.start..run.start + run.len {
                if keep(place) {
                    self.push(place, run.mark);
                    self.round += usize::from(position < old.round);
                } else {
                    removed(place);
                }
                position += 1;
            }
        }
    }
}
