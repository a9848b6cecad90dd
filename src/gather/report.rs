//! Reports of completions.

use crate::into_set::sealed::Core;
use crate::set::Progress;

/// Who is told of completions: a function, or `()`, nobody.
pub trait Report {
    /// What it takes to tell it.
    type Meter;

    /// Reports all completions since the last time, one by one.
    fn report<S: Core>(meter: &mut Self::Meter, set: &Option<S>);
}

impl Report for () {
    type Meter = ();

    #[inline]
    fn report<S: Core>((): &mut (), _: &Option<S>) {}
}

impl<R: FnMut(Progress)> Report for R {
    type Meter = Meter<R>;

    #[inline]
    fn report<S: Core>(meter: &mut Meter<R>, set: &Option<S>) {
        let Some(set) = set else { return };
        let Progress { finished, total } = set.progress();
        while meter.reported < finished {
            meter.reported += 1;
            (meter.report)(Progress {
                finished: meter.reported,
                total,
            });
        }
    }
}

/// A function, and how many completions it was told, or is not to be.
#[derive(Debug)]
pub struct Meter<R> {
    report: R,
    reported: usize,
}

impl<R: FnMut(Progress)> Meter<R> {
    pub(super) fn new<S: Core>(report: R, set: Option<&S>) -> Self {
        Self {
            report,
            reported: set.map_or(0, |set| set.progress().finished),
        }
    }
}
