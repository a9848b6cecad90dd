//! An executor on the event loop of `run.mjs`, which offers timers and microtasks and calls back by number.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

mod host {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        /// Calls `poll_task(task)` soon, never at once.
        pub safe fn queue(task: u32);
        /// Calls `fire_timer(timer)` once, when the time is over.
        pub safe fn start_timer(timer: u32, milliseconds: u32);
        /// Ends the timer if it has not fired.
        pub safe fn stop_timer(timer: u32);
        pub safe fn finish();
        /// Prints a line.
        pub unsafe fn report(text: *const u8, len: usize);
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// What a timer's number stands for; `None` once it has fired.
type Timer = Option<Waker>;

struct Table<T> {
    next: u32,
    entries: HashMap<u32, T>,
}

impl<T> Table<T> {
    fn insert(&mut self, entry: T) -> u32 {
        self.next += 1;
        self.entries.insert(self.next, entry);
        self.next
    }
}

thread_local! {
    static TASKS: RefCell<Table<Task>> = RefCell::new(Table { next: 0, entries: HashMap::new() });
    static TIMERS: RefCell<Table<Timer>> = RefCell::new(Table { next: 0, entries: HashMap::new() });
}

struct TaskWaker(u32);

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        host::queue(self.0);
    }
}

pub fn report(line: &str) {
    // SAFETY: the host reads these bytes before it returns.
    unsafe { host::report(line.as_ptr(), line.len()) }
}

pub fn finish() {
    host::finish();
}

pub fn spawn(task: impl Future<Output = ()> + 'static) {
    host::queue(TASKS.with_borrow_mut(|tasks| tasks.insert(Box::pin(task))));
}

#[unsafe(no_mangle)]
extern "C" fn poll_task(number: u32) {
    // Taken out for its poll, since it may spawn.
    let Some(mut task) = TASKS.with_borrow_mut(|tasks| tasks.entries.remove(&number)) else {
        return;
    };
    let waker = Waker::from(Arc::new(TaskWaker(number)));
    if task
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
        .is_pending()
    {
        TASKS.with_borrow_mut(|tasks| tasks.entries.insert(number, task));
    }
}

#[unsafe(no_mangle)]
extern "C" fn fire_timer(number: u32) {
    let waker = TIMERS.with_borrow_mut(|timers| timers.entries.get_mut(&number)?.take());
    if let Some(waker) = waker {
        waker.wake();
    }
}

struct Running(u32);

impl Drop for Running {
    fn drop(&mut self) {
        host::stop_timer(self.0);
        TIMERS.with_borrow_mut(|timers| timers.entries.remove(&self.0));
    }
}

pub async fn sleep(time: Duration) {
    let mut running = None;
    poll_fn(|cx| {
        TIMERS.with_borrow_mut(|timers| {
            let Some(Running(number)) = running else {
                let number = timers.insert(Some(cx.waker().clone()));
                host::start_timer(number, time.as_millis() as u32);
                running = Some(Running(number));
                return Poll::Pending;
            };
            match timers.entries.get_mut(&number).and_then(Option::as_mut) {
                Some(waker) => {
                    waker.clone_from(cx.waker());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            }
        })
    })
    .await;
}
