//! Every case, by subject. Nothing here knows an executor but by the `Runtime` trait.

mod adder;
mod adder_end;
mod as_completed;
mod drive;
mod drops;
mod fairness;
mod gather;
mod keys;
mod limit;
mod limit_rest;
mod macros;
mod nesting;
mod order;
mod panics;
mod peers;
mod progress;
mod return_when;
mod scale;
mod set;
mod sizes;
mod task;
mod threads;
mod timeout;
mod timeout_as_completed;
mod try_gather;
mod wait;
