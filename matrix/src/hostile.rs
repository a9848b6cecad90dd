//! Executors that do what the contract of `Future::poll` allows and well-behaved ones do not.
//!
//! A spawned task meets all of a kind's manners. The task that `block_on` is called with is bound to its thread, so that it
//! is neither moved nor polled inside of a wake.

mod shop;
mod wakers;

use std::marker::PhantomData;
use std::pin::pin;
use std::time::Duration;

use crate::support::{LocalBoxFuture, Runtime};
use crate::{Executor, timer};
use shop::Shop;

/// How an executor behaves.
#[derive(Clone, Copy)]
pub struct Manner {
    /// Polls a task inside of the wake, on whatever thread that is.
    inline: bool,
    /// Polls everybody after each turn, woken or not.
    spurious: bool,
    /// Polls a task on a new thread each time.
    moves: bool,
    /// How often it passes over a task that was woken.
    turns_missed: usize,
    wakers: Wakers,
}

#[derive(Clone, Copy)]
enum Wakers {
    Same,
    /// Each clone is unequal to the others.
    Unequal,
    /// Each poll has another, and those of earlier polls do nothing any more.
    New,
}

/// A kind of executor.
pub trait Kind: 'static {
    const MANNER: Manner;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal { $($manner:tt)* })+) => {
        $(
            $(#[$doc])*
            pub struct $kind;

            impl Kind for $kind {
                const MANNER: Manner = Manner { $($manner)*, ..Manner::GOOD };
            }
        )+

        /// All of them.
        pub fn all() -> Vec<Executor> {
            vec![$(Executor::new::<Hostile<$kind>>($name)),+]
        }
    };
}

impl Manner {
    const GOOD: Self = Self {
        inline: false,
        spurious: false,
        moves: false,
        turns_missed: 0,
        wakers: Wakers::Same,
    };
}

kinds! {
    /// Polls inside of the wake.
    Inline "hostile, wakes inline" { inline: true }
    /// Polls whom nobody woke.
    Spurious "hostile, spurious polls" { spurious: true }
    /// Wakers that are never equal.
    Unequal "hostile, unequal wakers" { wakers: Wakers::Unequal }
    /// A new waker at each poll; earlier ones are dead.
    NewWakers "hostile, new wakers" { wakers: Wakers::New }
    /// Another thread at each poll.
    Moving "hostile, moves tasks" { moves: true }
    /// Turns come late.
    Starving "hostile, starves tasks" { turns_missed: 20 }
    /// Everything at once that goes together.
    Everything "hostile, all at once" { spurious: true, moves: true, turns_missed: 3, wakers: Wakers::New }
}

/// A hostile executor.
pub struct Hostile<K>(PhantomData<K>);

impl<K: Kind> Runtime for Hostile<K> {
    fn block_on<F: Future>(future: F) -> F::Output {
        Shop::new(K::MANNER).run(pin!(future))
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
        Shop::current().spawn(Box::pin(task));
    }

    fn sleep(duration: Duration) -> LocalBoxFuture<()> {
        timer(duration)
    }
}
