//! What single runtimes do in their own way, hostile executors do on purpose, and several do together.

mod across;
mod hostile;
#[cfg(all(feature = "io-uring", target_os = "linux"))]
mod monoio;
mod smol;
mod tokio_budget;
mod tokio_select;
mod tokio_tasks;
mod tokio_time;
