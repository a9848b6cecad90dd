use std::any::Any;
use std::marker::PhantomPinned;
use std::ops::Index;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// A future that its [`Handle`] completes, and that records what is done to it.
///
/// It is `!Unpin`, and so are its records: the address it was seen at is part of them.
pub struct Manual<T> {
    shared: Arc<Shared<T>>,
    _pinned: PhantomPinned,
}

/// The other end of a [`Manual`] future.
pub struct Handle<T>(Arc<Shared<T>>);

struct Shared<T> {
    id: usize,
    log: Log,
    state: Mutex<State<T>>,
}

struct State<T> {
    next: Next<T>,
    waker: Option<Waker>,
    keeps_waker: bool,
    new_wakers: usize,
    polls: usize,
    drops: usize,
    wakes: usize,
    addresses: Vec<usize>,
}

/// What the next poll does.
enum Next<T> {
    Pend,
    Complete(T),
    Panic(Box<dyn Any + Send>),
    Nothing,
}

/// The order in which the futures of a group were polled and dropped, by their places in the group.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Events>>);

#[derive(Default)]
struct Events {
    polled: Vec<usize>,
    dropped: Vec<usize>,
}

impl Log {
    /// Who was polled since the last call, in order.
    pub fn take_polled(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().unwrap().polled)
    }

    /// Who was dropped since the last call, in order.
    pub fn take_dropped(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().unwrap().dropped)
    }
}

/// The handles of several futures that share one [`Log`].
pub struct Group<T> {
    handles: Vec<Handle<T>>,
    log: Log,
}

/// `count` futures and their handles.
pub fn group<T>(count: usize) -> (Group<T>, Vec<Manual<T>>) {
    let mut group = Group {
        handles: Vec::new(),
        log: Log::default(),
    };
    let futures = (0..count).map(|_| group.add()).collect();
    (group, futures)
}

/// A single future and its handle.
pub fn manual<T>() -> (Handle<T>, Manual<T>) {
    create(0, Log::default())
}

fn create<T>(id: usize, log: Log) -> (Handle<T>, Manual<T>) {
    let shared = Arc::new(Shared {
        id,
        log,
        state: Mutex::new(State {
            next: Next::Pend,
            waker: None,
            keeps_waker: true,
            new_wakers: 0,
            polls: 0,
            drops: 0,
            wakes: 0,
            addresses: Vec::new(),
        }),
    });
    let future = Manual {
        shared: Arc::clone(&shared),
        _pinned: PhantomPinned,
    };
    (Handle(shared), future)
}

impl<T> Group<T> {
    /// One more future of the group.
    pub fn add(&mut self) -> Manual<T> {
        let (handle, future) = create(self.handles.len(), self.log.clone());
        self.handles.push(handle);
        future
    }

    pub fn take_polled(&self) -> Vec<usize> {
        self.log.take_polled()
    }

    pub fn take_dropped(&self) -> Vec<usize> {
        self.log.take_dropped()
    }

    pub fn polls(&self) -> Vec<usize> {
        self.handles.iter().map(Handle::polls).collect()
    }

    pub fn drops(&self) -> Vec<usize> {
        self.handles.iter().map(Handle::drops).collect()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Handle<T>> {
        self.handles.iter()
    }
}

impl<T> Index<usize> for Group<T> {
    type Output = Handle<T>;

    fn index(&self, place: usize) -> &Handle<T> {
        &self.handles[place]
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Handle<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.state.lock().unwrap()
    }

    /// Lets the next poll complete, and wakes for it.
    pub fn complete(&self, output: T) {
        self.complete_silently(output);
        self.wake();
    }

    /// Lets the next poll complete, and wakes nobody.
    pub fn complete_silently(&self, output: T) {
        self.state().next = Next::Complete(output);
    }

    /// Lets the next poll panic, and wakes for it.
    pub fn panic(&self, message: &'static str) {
        self.state().next = Next::Panic(Box::new(message));
        self.wake();
    }

    /// Uses the waker of the last poll; without one, nothing.
    pub fn wake(&self) {
        let waker = {
            let mut state = self.state();
            state.wakes += usize::from(state.waker.is_some());
            state.waker.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Never keeps a waker from now on.
    pub fn keep_no_waker(&self) {
        let mut state = self.state();
        state.keeps_waker = false;
        state.waker = None;
    }

    /// Takes the waker of the last poll away.
    pub fn take_waker(&self) -> Option<Waker> {
        self.state().waker.take()
    }

    pub fn polls(&self) -> usize {
        self.state().polls
    }

    pub fn drops(&self) -> usize {
        self.state().drops
    }

    /// How often it was woken through its handle.
    pub fn wakes(&self) -> usize {
        self.state().wakes
    }

    /// How many polls came with a waker that the one before it `will_wake` not.
    pub fn new_wakers(&self) -> usize {
        self.state().new_wakers
    }

    /// Where it was at each poll and at its drop.
    pub fn addresses(&self) -> Vec<usize> {
        self.state().addresses.clone()
    }
}

impl<T> Manual<T> {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<T> Future for Manual<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let shared = &self.shared;
        shared.log.0.lock().unwrap().polled.push(shared.id);
        let mut state = shared.state.lock().unwrap();
        state.polls += 1;
        state.addresses.push(self.address());
        match std::mem::replace(&mut state.next, Next::Nothing) {
            Next::Complete(output) => Poll::Ready(output),
            Next::Panic(payload) => {
                drop(state);
                resume_unwind(payload)
            }
            Next::Nothing => {
                drop(state);
                panic!("polled after it completed")
            }
            Next::Pend => {
                state.next = Next::Pend;
                if state.keeps_waker
                    && !state
                        .waker
                        .as_ref()
                        .is_some_and(|w| w.will_wake(cx.waker()))
                {
                    state.new_wakers += 1;
                    // The old one is dropped without the lock: what it does then is not ours to know.
                    let old = state.waker.replace(cx.waker().clone());
                    drop(state);
                    drop(old);
                }
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Manual<T> {
    fn drop(&mut self) {
        let shared = &self.shared;
        shared.log.0.lock().unwrap().dropped.push(shared.id);
        let mut state = shared.state.lock().unwrap();
        state.drops += 1;
        let address = self.address();
        state.addresses.push(address);
    }
}
