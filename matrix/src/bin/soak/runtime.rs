use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The runtimes that are soaked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Runtime {
    Tokio,
    Smol,
    AsyncStd,
}

impl Runtime {
    pub const ALL: [Self; 3] = [Self::Tokio, Self::Smol, Self::AsyncStd];

    pub fn run(self, main: impl Future<Output = ()>) {
        match self {
            Self::Tokio => tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_time()
                .build()
                .expect("threads can be started")
                .block_on(main),
            Self::Smol => smol::block_on(main),
            Self::AsyncStd => async_std::task::block_on(main),
        }
    }

    pub fn spawn(self, task: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Tokio => drop(tokio::spawn(task)),
            Self::Smol => smol::spawn(task).detach(),
            Self::AsyncStd => drop(async_std::task::spawn(task)),
        }
    }

    pub fn sleep(self, duration: Duration) -> BoxFuture<()> {
        match self {
            Self::Tokio => Box::pin(tokio::time::sleep(duration)),
            Self::Smol => Box::pin(async move {
                smol::Timer::after(duration).await;
            }),
            Self::AsyncStd => Box::pin(async_std::task::sleep(duration)),
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tokio => "tokio",
            Self::Smol => "smol",
            Self::AsyncStd => "async-std",
        })
    }
}

impl FromStr for Runtime {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.to_string() == name);
        found.ok_or_else(|| format!("no runtime `{name}`: tokio, smol or async-std"))
    }
}
