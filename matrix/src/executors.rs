//! The executors that docs/executors.md tells about.

mod embassy;
mod futures;
#[cfg(all(feature = "io-uring", target_os = "linux"))]
mod io_uring;
mod smol;
mod tokio;

use crate::Executor;

/// All that are built here.
pub fn all() -> Vec<Executor> {
    let mut all = vec![
        Executor::new::<tokio::CurrentThread>("tokio, current thread"),
        Executor::new::<tokio::MultiThread>("tokio, multi-thread"),
        Executor::new::<tokio::Local>("tokio, LocalSet"),
        Executor::new::<smol::Smol>("smol"),
        Executor::new::<smol::Local>("async-executor, LocalExecutor"),
        Executor::new::<smol::AsyncStd>("async-std"),
        Executor::new::<futures::BlockOn>("futures, block_on"),
        Executor::new::<futures::Local>("futures, LocalPool"),
        Executor::new::<futures::Threads>("futures, ThreadPool"),
        Executor::new::<futures::Pollster>("pollster"),
        Executor::new::<embassy::Embassy>("embassy, std"),
    ];
    #[cfg(all(feature = "io-uring", target_os = "linux"))]
    {
        let refused = io_uring::refused();
        all.extend(
            [
                Executor::new::<io_uring::Compio>("compio, io_uring"),
                Executor::new::<io_uring::Monoio>("monoio, io_uring"),
                Executor::new::<io_uring::Glommio>("glommio, io_uring"),
            ]
            .map(|executor| executor.unless(refused.clone())),
        );
    }
    all
}
