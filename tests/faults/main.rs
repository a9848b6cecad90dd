//! What can go wrong at the worst moment, and what is still right afterwards.

mod capacity;
mod executors;
mod forgotten;
mod panics;
mod support;
mod wakers;
