//! Runs every case on every executor, and prints how many passed: `cargo run -p matrix > table.md`.
//!
//! An argument is put before the links, which lead to sections of docs/executors.md.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use matrix::{Case, Executor, cases, executors, hostile};

/// What the columns are: a title, the section that tells how it is run, how the subjects begin.
const COLUMNS: [(&str, &str, &[&str]); 5] = [
    (
        "views",
        "#views",
        &[
            "as_completed",
            "gather",
            "macros",
            "nesting",
            "return_when",
            "try_gather",
            "wait",
        ],
    ),
    (
        "sets that grow",
        "#sets-that-grow",
        &[
            "adder", "drive", "keys", "limit", "places", "progress", "set",
        ],
    ),
    ("timeouts", "#timeouts", &["timeout"]),
    ("tasks, threads", "#tasks-and-threads", &["task", "threads"]),
    (
        "order, fairness, panics, drops, scale",
        "#promises",
        &[
            "drops", "fairness", "order", "panics", "peers", "scale", "sizes",
        ],
    ),
];

/// Passed and failed cases, by column.
type Row = [(usize, usize); COLUMNS.len()];

fn main() -> ExitCode {
    let links = std::env::args().nth(1).unwrap_or_default();
    let cases = cases();
    for case in &cases {
        assert!(column(case).is_some(), "no column has `{}`", case.subject);
    }
    print!("| executor |");
    COLUMNS.iter().for_each(|(title, ..)| print!(" {title} |"));
    println!("\n|---|{}", "---|".repeat(COLUMNS.len()));
    let mut failed = 0;
    for executor in executors::all().iter().chain(&hostile::all()) {
        print!("| {} |", executor.name());
        if let Some(reason) = executor.unavailable() {
            println!(
                " not available: {reason} |{}",
                " |".repeat(COLUMNS.len() - 1)
            );
            continue;
        }
        for ((passes, failures), (_, section, _)) in row(executor, &cases).iter().zip(COLUMNS) {
            failed += failures;
            let all = passes + failures;
            print!(" [{passes} of {all}]({links}{section}) |");
        }
        println!();
    }
    ExitCode::from(u8::from(failed != 0))
}

fn column(case: &Case) -> Option<usize> {
    COLUMNS.iter().position(|(.., subjects)| {
        subjects
            .iter()
            .any(|subject| case.subject.starts_with(subject))
    })
}

fn row(executor: &Executor, cases: &[Case]) -> Row {
    let queue = Mutex::new(cases.iter());
    let row = Mutex::new(Row::default());
    let work = || {
        while let Some(case) = { queue.lock().unwrap().next() } {
            let passed = executor.try_case(*case).is_ok();
            let column = column(case).expect("checked at the start");
            let (passes, failures) = &mut row.lock().unwrap()[column];
            *(if passed { passes } else { failures }) += 1;
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    row.into_inner().unwrap()
}
