//! What happened when, in one run. All times count from its beginning.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// One call, as it is drawn.
#[derive(Clone)]
pub struct Call {
    pub name: &'static str,
    pub started: Duration,
    /// `None` if it was still pending at the end.
    pub ended: Option<Duration>,
    /// When the caller had its output.
    pub in_hand: Option<Duration>,
    /// The call that led to this one.
    pub parent: Option<usize>,
}

/// A run that is over.
pub struct Run {
    pub title: &'static str,
    /// What the caller wrote.
    pub code: &'static str,
    pub calls: Vec<Call>,
    pub over: Duration,
    /// Whether time was up.
    pub deadline: bool,
}

/// A run that goes on.
pub struct Log {
    began: Instant,
    calls: RefCell<Vec<Call>>,
}

impl Log {
    pub fn begin() -> Self {
        Self {
            began: Instant::now(),
            calls: RefCell::default(),
        }
    }

    /// A call that takes so long. It enters the log when it is polled first, and gives its number there.
    pub async fn call(&self, name: &'static str, millis: u64, parent: Option<usize>) -> usize {
        let number = self.calls.borrow().len();
        self.calls.borrow_mut().push(Call {
            name,
            started: self.began.elapsed(),
            ended: None,
            in_hand: None,
            parent,
        });
        sleep(Duration::from_millis(millis)).await;
        self.calls.borrow_mut()[number].ended = Some(self.began.elapsed());
        number
    }

    /// The caller has the output of call `number` now.
    pub fn in_hand(&self, number: usize) {
        self.calls.borrow_mut()[number].in_hand = Some(self.began.elapsed());
    }

    pub fn end(&self, title: &'static str, code: &'static str, deadline: bool) -> Run {
        Run {
            title,
            code,
            calls: self.calls.borrow().clone(),
            over: self.began.elapsed(),
            deadline,
        }
    }
}
