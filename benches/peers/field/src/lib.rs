//! The field that `rejoin` is measured in: workloads, peers, the floor, and the harness that measures.
//!
//! A package of its own, which does not know rejoin, so that a change of rejoin or of a report does not compile all peers again.

pub mod alloc;
pub mod children;
pub mod clock;
pub mod contenders;
pub mod harness;
pub mod parent;
pub mod peers;
pub mod source;
pub mod stats;
pub mod suite;
pub mod workloads;
