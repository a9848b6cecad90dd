//! Whose turn it is: the places to be polled, in order, each at most once, in rounds.
//!
//! A round is everybody who is queued when it begins. Who is queued while it lasts belongs to the next.

use super::runs::{Run, Runs};

/// Who is in it is marked in the store, which whoever pushes and pops sees to.
pub(super) struct Queue {
    runs: Runs,
    len: usize,
    /// How many wait for their first poll.
    fresh: usize,
    /// How many, from the front, belong to the round under way.
    round: usize,
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self {
            runs: Runs::new(),
            len: 0,
            fresh: 0,
            round: 0,
        }
    }

    /// How many places are queued.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many are queued for their first poll.
    #[inline]
    pub(super) fn fresh(&self) -> usize {
        self.fresh
    }

    /// Queues a place that is not queued.
    #[inline]
    pub(super) fn push(&mut self, place: u32, fresh: bool) {
        self.push_run(Run::of(place, fresh));
    }

    /// Queues places that lie in a row, in one block of 64, and are not queued.
    #[inline]
    pub(super) fn push_run(&mut self, run: Run) {
        self.count(run);
        self.runs.push(run);
    }

    #[inline]
    fn count(&mut self, run: Run) {
        self.len += run.len as usize;
        if run.fresh {
            self.fresh += run.len as usize;
        }
    }

    /// Begins a round, if none is under way.
    #[inline]
    pub(super) fn begin_round(&mut self) {
        if self.round == 0 {
            self.round = self.len;
        }
    }

    /// Takes places whose turn it is in this round: at most `n` that lie in a row, in one block of 64.
    #[inline]
    pub(super) fn pop(&mut self, n: usize) -> Option<Run> {
        if self.round == 0 {
            return None;
        }
        let run = self.runs.pop(self.round.min(n))?;
        self.round -= run.len as usize;
        self.len -= run.len as usize;
        if run.fresh {
            self.fresh -= run.len as usize;
        }
        Some(run)
    }

    /// Puts back the rest of what was popped last.
    pub(super) fn unpop(&mut self, run: Run) {
        self.count(run);
        self.round += run.len as usize;
        self.runs.unpop(run);
    }

    /// Asks `keep` about each place, in order, and removes those that it does not want.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(u32) -> bool) {
        let mut old = core::mem::replace(self, Self::new());
        let mut position = 0;
        while let Some(run) = old.runs.pop(usize::MAX) {
            for place in run.start..run.start + run.len {
                if keep(place) {
                    self.push(place, run.fresh);
                    self.round += usize::from(position < old.round);
                }
                position += 1;
            }
        }
    }
}
