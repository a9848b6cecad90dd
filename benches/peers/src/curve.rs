//! rejoin's cost per child as the number of children grows, and the proof that no size is a cliff.

use std::error::Error;
use std::fmt::{self, Write};
use std::path::Path;

use crate::plot::{self, Scale};
use crate::rejoin_side::{AsCompleted, Gather, Make};
use crate::table::{short, thousands};
use peers_field::clock::Clock;
use peers_field::contenders::Role;
use peers_field::harness::{Cell, Measured, Measurement, Plan, measure};
use peers_field::workloads::{AtFirstPoll, ExternalWakes, SelfWakes, Subject, batch};

/// Name, rejoin, floor.
const CURVES: [(&str, Make, Make); 6] = [
    (
        "ready at first poll, stream",
        batch::streamed::<AsCompleted, AtFirstPoll>,
        batch::streamed_floor::<AtFirstPoll>,
    ),
    (
        "ready at first poll, joined",
        batch::joined::<Gather, AtFirstPoll>,
        batch::joined_floor::<AtFirstPoll>,
    ),
    (
        "four self-wakes, stream",
        batch::streamed::<AsCompleted, SelfWakes<4>>,
        batch::streamed_floor::<SelfWakes<4>>,
    ),
    (
        "four self-wakes, joined",
        batch::joined::<Gather, SelfWakes<4>>,
        batch::joined_floor::<SelfWakes<4>>,
    ),
    (
        "external wakes one at a time, stream",
        batch::streamed::<AsCompleted, ExternalWakes<1>>,
        batch::streamed_floor::<ExternalWakes<1>>,
    ),
    (
        "external wakes one at a time, joined",
        batch::joined::<Gather, ExternalWakes<1>>,
        batch::joined_floor::<ExternalWakes<1>>,
    ),
];

const SIZES: [usize; 24] = [
    1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1_024, 4_096, 16_384, 65_536,
    131_072, 262_144, 524_288, 1_000_000,
];

/// One child more than any of these costs at most this much more per child.
const STEPS: [usize; 6] = [8, 30, 32, 64, 128, 4_096];
const CLIFF: f64 = 1.25;

fn cell(workload: &'static str, n: usize, subjects: [Option<Subject>; 2]) -> Cell {
    Cell {
        workload,
        n,
        clock: Clock::Thread,
        across_threads: false,
        subjects: subjects.into_iter().flatten().collect(),
    }
}

/// The ratio of the cost per child at `n + 1` to that at `n`.
struct Step {
    workload: &'static str,
    n: usize,
    ratio: f64,
}

/// Measures all curves whose name contains `filter`, up to `most` children, and prints them; draws them where `svg` says.
///
/// # Errors
///
/// If a size is a cliff, or the picture cannot be written.
pub fn run(
    filter: &str,
    most: usize,
    plan: Plan,
    svg: Option<&Path>,
) -> Result<(), Box<dyn Error>> {
    let mut measurements = Vec::new();
    let mut steps = Vec::new();
    for (workload, rejoin, floor) in CURVES {
        if !workload.contains(filter) {
            continue;
        }
        eprintln!("{workload}");
        for &n in SIZES.iter().filter(|&&n| n <= most) {
            measurements.push(measure(cell(workload, n, [rejoin(n), floor(n)]), plan));
        }
        for n in STEPS {
            let pair = measure(cell(workload, n, [rejoin(n), rejoin(n + 1)]), plan);
            let [at, above] = [0, 1].map(|place: usize| pair.candidates[place].median);
            steps.push(Step {
                workload,
                n,
                ratio: above / at,
            });
        }
    }
    let mut page = String::new();
    write_page(&mut page, &measurements, &steps)?;
    print!("{page}");
    if let Some(path) = svg {
        plot::draw(&measurements, Scale::Nanoseconds, path)?;
    }
    match steps.iter().filter(|step| step.ratio > CLIFF).count() {
        0 => Ok(()),
        cliffs => Err(format!("{cliffs} cliffs").into()),
    }
}

fn write_page(page: &mut String, measurements: &[Measurement], steps: &[Step]) -> fmt::Result {
    for curve in measurements.chunk_by(|a, b| a.workload == b.workload) {
        writeln!(page, "### {}\n", curve[0].workload)?;
        writeln!(
            page,
            "| N | ns per child (best) | floor | bytes per child | floor's bytes | allocations |"
        )?;
        writeln!(page, "|--:|--:|--:|--:|--:|--:|")?;
        for point in curve {
            let of = |role| -> &Measured {
                let one = point.of(role).next();
                one.expect("each point has rejoin and its floor")
            };
            let (rejoin, floor) = (of(Role::Rejoin), of(Role::Floor));
            writeln!(
                page,
                "| {} | {} ({}) | {} | {} | {} | {} |",
                thousands(point.n),
                short(rejoin.median),
                short(rejoin.best),
                short(floor.median),
                short(rejoin.peak_bytes_per_child),
                short(floor.peak_bytes_per_child),
                thousands(rejoin.allocations as usize)
            )?;
        }
        writeln!(page)?;
    }
    writeln!(
        page,
        "### Cost per child at N + 1, as a multiple of that at N\n"
    )?;
    let heads: Vec<String> = STEPS.iter().map(|&n| thousands(n)).collect();
    writeln!(page, "| | {} |", heads.join(" | "))?;
    writeln!(page, "|---|{}", "--:|".repeat(STEPS.len()))?;
    for row in steps.chunk_by(|a, b| a.workload == b.workload) {
        let cells: Vec<String> = row
            .iter()
            .map(|step| format!("{:.2}", step.ratio))
            .collect();
        writeln!(page, "| {} | {} |", row[0].workload, cells.join(" | "))?;
    }
    for step in steps.iter().filter(|step| step.ratio > CLIFF) {
        writeln!(
            page,
            "\nCliff: {:.2} from {} to {} children, {}",
            step.ratio,
            step.n,
            step.n + 1,
            step.workload
        )?;
    }
    Ok(())
}
