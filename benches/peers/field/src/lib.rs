//! The field that `rejoin` is measured in: workloads, peers, the floor, and the harness that measures and reports.
//!
//! A package of its own, which does not know rejoin, so that a change of rejoin does not compile all peers again.

pub mod alloc;
pub mod children;
pub mod clock;
pub mod contenders;
pub mod harness;
pub mod parent;
pub mod peers;
pub mod plot;
pub mod source;
pub mod stats;
pub mod suite;
pub mod table;
pub mod workloads;
