//! The versions of what is measured, as locked when this program was built.

use cargo_lock::Lockfile;

const MEASURED: [&str; 9] = [
    "rejoin",
    "futures-util",
    "futures-buffered",
    "futures-concurrency",
    "unicycle",
    "tokio",
    "smol",
    "async-io",
    "async-std",
];

/// "name version" of each, in a fixed order.
pub fn versions() -> Vec<String> {
    let lockfile: Lockfile = include_str!("../../../Cargo.lock")
        .parse()
        .expect("cargo wrote the lock file");
    MEASURED
        .iter()
        .flat_map(|&name| {
            lockfile
                .packages
                .iter()
                .filter(move |package| package.name.as_str() == name)
                .map(|package| format!("{} {}", package.name, package.version))
        })
        .collect()
}
