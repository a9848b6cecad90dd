//! Reports of completions.

use crate::into_set::sealed::Core;
use crate::set::Progress;

/// Whom a [`Gather`](crate::Gather) tells of completions: a function of [`Progress`], or, as long as
/// [`on_progress`](crate::Gather::on_progress) was not called, nobody: `()`.
///
/// It cannot be implemented outside this crate, and has no methods to call.
pub trait Report {
    /// What it takes to tell it.
    #[doc(hidden)]
    type Meter;

    /// Reports all completions since the last time, one by one.
    #[doc(hidden)]
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
