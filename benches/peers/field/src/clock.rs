//! CPU time, which other programs on the machine do not add to, unlike wall time.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Time that the measuring thread ran.
    Thread,
    /// Time that all threads of the process ran, where other threads take part in the work.
    Process,
}

impl Clock {
    pub fn now(self) -> Duration {
        let id = match self {
            Self::Thread => ClockId::ThreadCPUTime,
            Self::Process => ClockId::ProcessCPUTime,
        };
        let time = clock_gettime(id);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    pub fn time(self, work: impl FnOnce()) -> Duration {
        let start = self.now();
        work();
        self.now() - start
    }
}
