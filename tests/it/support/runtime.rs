use std::cell::Cell;
use std::io::Write;
use std::pin::Pin;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use super::yield_now;

pub type LocalBoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;
type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a case may ask of the executor that it runs on.
pub trait Runtime: 'static {
    fn block_on<F: Future>(future: F) -> F::Output;

    /// Runs `task` beside the case, on the same thread or on another.
    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F);

    fn sleep(duration: Duration) -> LocalBoxFuture<()>;

    /// Runs `action` in another task, once that task has been through its queue twice.
    fn later(action: impl FnOnce() + Send + 'static) {
        Self::spawn(async move {
            yield_now().await;
            action();
        });
    }
}

/// Runs one case to its end, or ends the process: a lost wake shows as a name and not as a run that never ends.
///
/// The case is the one for [`Current`], so that it is compiled once and not once for each executor.
pub fn run<R: Runtime>(case: LocalBoxFuture<()>) {
    let (ended, watch) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or("a case").to_owned();
    thread::spawn(move || {
        if watch.recv_timeout(HANG) == Err(RecvTimeoutError::Timeout) {
            // Not `eprintln!`: what it prints is kept for the end of the test.
            let _ = writeln!(std::io::stderr(), "{name} hangs");
            std::process::abort();
        }
    });
    let table = Table {
        spawn: R::spawn,
        sleep: R::sleep,
    };
    R::block_on(Within { table, task: case });
    drop(ended);
}

/// No case needs a tenth of this on the slowest of machines.
const HANG: Duration = Duration::from_secs(120);

/// The executor that [`run`] was told to use.
pub struct Current;

#[derive(Clone, Copy)]
struct Table {
    spawn: fn(BoxFuture),
    sleep: fn(Duration) -> LocalBoxFuture<()>,
}

thread_local! {
    static CURRENT: Cell<Option<Table>> = const { Cell::new(None) };
}

fn current() -> Table {
    CURRENT
        .get()
        .expect("only cases and their tasks ask for the executor")
}

impl Runtime for Current {
    fn block_on<F: Future>(_: F) -> F::Output {
        unreachable!("it runs already")
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        let table = current();
        (table.spawn)(Box::pin(Within {
            table,
            task: Box::pin(task) as BoxFuture,
        }));
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        (current().sleep)(duration)
    }
}

/// A task that knows its executor whenever it is polled, on whatever thread that is.
struct Within<T> {
    table: Table,
    task: T,
}

impl<T: Future<Output = ()> + Unpin> Future for Within<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let outer = CURRENT.replace(Some(self.table));
        let poll = Pin::new(&mut self.task).poll(cx);
        CURRENT.set(outer);
        poll
    }
}
