//! Cases on executors, as tests.

use std::any::Any;
use std::thread;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::support::{LocalBoxFuture, Runtime, panic_message, run};
use crate::{Case, cases};

/// An executor, by name.
#[derive(Clone)]
pub struct Executor {
    name: &'static str,
    run: fn(LocalBoxFuture<()>),
    unavailable: Option<String>,
}

impl Executor {
    pub fn new<R: Runtime>(name: &'static str) -> Self {
        Self {
            name,
            run: run::<R>,
            unavailable: None,
        }
    }

    /// It cannot run on this machine, for this reason.
    pub fn unless(mut self, unavailable: Option<String>) -> Self {
        self.unavailable = unavailable;
        self
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Why it cannot run on this machine, if so.
    pub fn unavailable(&self) -> Option<&str> {
        self.unavailable.as_deref()
    }

    /// Runs a task that may use [`Current`](crate::support::Current) to its end.
    pub fn run(&self, task: LocalBoxFuture<()>) {
        (self.run)(task);
    }

    /// Runs a case, on a thread of its own. The payload of its panic if it fails.
    pub fn try_case(&self, case: Case) -> Result<(), Box<dyn Any + Send>> {
        let run = self.run;
        thread::Builder::new()
            .name(format!("{}::{} on {}", case.subject, case.name, self.name))
            .spawn(move || run((case.start)()))
            .expect("a thread can be started")
            .join()
    }

    /// The executor's name in the name of a test.
    fn label(&self) -> String {
        let words = self.name.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join("_").to_lowercase()
    }
}

/// Runs every case on every executor, as tests named `subject::case::on_executor`, and ends the process.
///
/// The arguments are those of `cargo test`.
pub fn main(executors: &[Executor]) -> ! {
    let mut trials = Vec::new();
    for executor in executors {
        for case in cases() {
            let name = format!("{}::{}::on_{}", case.subject, case.name, executor.label());
            let runner = executor.clone();
            let trial = Trial::test(name, move || match runner.try_case(case) {
                Ok(()) => Ok(()),
                Err(payload) => Err(Failed::from(panic_message(&*payload))),
            });
            trials.push(trial.with_ignored_flag(executor.unavailable.is_some()));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit()
}
