//! The regression guard: instructions and allocations of a few cells against recorded values. Counts do not depend on what
//! else the machine does, so that the guard can run where times mean nothing.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::rejoin_side::{AsCompleted, Gather, GatherMacro, Make, Set};
use peers_field::alloc;
use peers_field::parent::Parent;
use peers_field::workloads::{
    AtFirstPoll, ExternalWakes, SelfWakes, Subject, batch, limit, mixed, window,
};

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Action {
    /// Count, and fail where a cell costs more than recorded
    #[arg(long)]
    check: bool,
    /// Count, and keep the counts as the new record
    #[arg(long)]
    record: bool,
    /// Run one cell under valgrind
    #[arg(long, hide = true)]
    cell: Option<String>,
}

/// More instructions than recorded, by this factor, are a regression; any allocation more is one.
const ALLOWANCE: f64 = 1.05;

const CELLS: [(&str, usize, Make); 16] = [
    ("gather, ready", 1, batch::joined::<Gather, AtFirstPoll>),
    ("gather, ready", 64, batch::joined::<Gather, AtFirstPoll>),
    ("gather, ready", 1_000, batch::joined::<Gather, AtFirstPoll>),
    (
        "gather, self-wakes",
        8,
        batch::joined::<Gather, SelfWakes<4>>,
    ),
    (
        "gather, external wakes",
        8,
        batch::joined::<Gather, ExternalWakes<1>>,
    ),
    (
        "gather, external wakes",
        1_000,
        batch::joined::<Gather, ExternalWakes<1>>,
    ),
    (
        "gather, 64 wakes at a time",
        1_000,
        batch::joined::<Gather, ExternalWakes<64>>,
    ),
    (
        "try_gather, ready",
        1_000,
        batch::try_joined::<Gather, AtFirstPoll>,
    ),
    (
        "as_completed, ready",
        1,
        batch::streamed::<AsCompleted, AtFirstPoll>,
    ),
    (
        "as_completed, ready",
        1_000,
        batch::streamed::<AsCompleted, AtFirstPoll>,
    ),
    (
        "as_completed, self-wakes",
        64,
        batch::streamed::<AsCompleted, SelfWakes<4>>,
    ),
    (
        "as_completed, external wakes",
        1_000,
        batch::streamed::<AsCompleted, ExternalWakes<1>>,
    ),
    (
        "as_completed, 64 wakes at a time",
        1_000,
        batch::streamed::<AsCompleted, ExternalWakes<64>>,
    ),
    (
        "window refilled, external wakes",
        256,
        window::refilled::<Set, ExternalWakes<1>>,
    ),
    (
        "limit, self-wakes",
        16,
        limit::streamed::<AsCompleted, SelfWakes<1>>,
    ),
    (
        "gather!, external wakes",
        8,
        mixed::joined::<GatherMacro, ExternalWakes<1>>,
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cost {
    instructions: u64,
    allocations: u64,
}

/// What was recorded, and by which compiler: another one may give other counts.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    rustc: String,
    cells: BTreeMap<String, Cost>,
}

fn record_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guard.toml")
}

/// Does what was asked for.
///
/// # Errors
///
/// If valgrind or the record is missing, or a cell costs more than recorded.
pub fn run(action: &Action) -> Result<(), Box<dyn Error>> {
    if let Some(cell) = &action.cell {
        return run_cell(cell);
    }
    let now = count_all()?;
    if action.record {
        fs::write(record_path(), toml::to_string(&now)?)?;
        println!("{} cells recorded", now.cells.len());
        return Ok(());
    }
    let then: Record = toml::from_str(&fs::read_to_string(record_path())?)?;
    compare(&then, &now)
}

fn name(workload: &str, n: usize) -> String {
    format!("{workload} at {n}")
}

fn count_all() -> Result<Record, Box<dyn Error>> {
    let mut cells = BTreeMap::new();
    for (workload, n, _) in CELLS {
        let name = name(workload, n);
        cells.insert(name.clone(), count(&name)?);
    }
    Ok(Record {
        rustc: output_of(Command::new("rustc").arg("--version"))?
            .trim()
            .to_owned(),
        cells,
    })
}

fn output_of(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs this program again under callgrind, for one cell.
fn count(cell: &str) -> Result<Cost, Box<dyn Error>> {
    let profile =
        std::env::temp_dir().join(format!("peers-bench-{}.callgrind", std::process::id()));
    let printed = output_of(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--toggle-collect=*guard::guarded*"])
            .arg(format!("--callgrind-out-file={}", profile.display()))
            .arg(std::env::current_exe()?)
            .args(["guard", "--cell", cell]),
    )?;
    let counts = fs::read_to_string(&profile)?;
    fs::remove_file(&profile)?;
    let instructions = counts
        .lines()
        .find_map(|line| line.strip_prefix("totals: "))
        .ok_or("callgrind wrote no totals")?;
    Ok(Cost {
        instructions: instructions.trim().parse()?,
        allocations: printed.trim().parse()?,
    })
}

/// The process under callgrind: prints the allocations; callgrind counts what [`guarded`] does.
fn run_cell(cell: &str) -> Result<(), Box<dyn Error>> {
    let (_, n, make) = CELLS
        .into_iter()
        .find(|(workload, n, _)| name(workload, *n) == cell)
        .ok_or_else(|| format!("no cell {cell:?}"))?;
    let mut subject = make(n).ok_or("rejoin takes part in every cell")?;
    let parent = Parent::new();
    // The first run fills what the workload keeps between runs.
    (subject.run)(&parent);
    let counts = alloc::count(|| (subject.run)(&parent));
    guarded(&mut subject, &parent);
    println!("{}", counts.allocations);
    Ok(())
}

#[inline(never)]
fn guarded(subject: &mut Subject, parent: &Parent) {
    (black_box(subject).run)(parent);
}

fn compare(then: &Record, now: &Record) -> Result<(), Box<dyn Error>> {
    if then.rustc != now.rustc {
        println!("recorded with {}, counted with {}", then.rustc, now.rustc);
    }
    println!("| cell | instructions | recorded | ratio | allocations | recorded |");
    println!("|---|--:|--:|--:|--:|--:|");
    let mut worse = Vec::new();
    for (cell, now) in &now.cells {
        let Some(then) = then.cells.get(cell) else {
            worse.push(format!("{cell}: not recorded"));
            continue;
        };
        let ratio = now.instructions as f64 / then.instructions as f64;
        println!(
            "| {cell} | {} | {} | {ratio:.3} | {} | {} |",
            now.instructions, then.instructions, now.allocations, then.allocations
        );
        if ratio > ALLOWANCE || now.allocations > then.allocations {
            worse.push(format!(
                "{cell}: {} instructions were recorded and {} counted ({:+.1} %), {} allocations and {}",
                then.instructions,
                now.instructions,
                (ratio - 1.0) * 100.0,
                then.allocations,
                now.allocations
            ));
        }
    }
    for line in &worse {
        println!("\n{line}");
    }
    match worse.len() {
        0 => Ok(()),
        cells => Err(format!("cells that cost more than recorded: {cells}").into()),
    }
}
