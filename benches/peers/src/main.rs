mod curve;
mod guard;
mod plot;
mod rejoin_side;
mod table;
mod versions;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use peers_field::harness::{Measurement, Plan, measure};
use plot::Scale;
use rejoin_side::ENTRIES;
use versions::versions;

/// Measures rejoin against its peers.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print all measurements as Markdown tables
    Table {
        #[command(flatten)]
        cells: Cells,
    },
    /// Draw all measurements as an SVG, one panel per workload
    Plot {
        #[command(flatten)]
        cells: Cells,
        /// Only the main workloads, as multiples of rejoin's cost
        #[arg(long)]
        main: bool,
        /// Where the picture goes
        #[arg(long, default_value = "peers.svg")]
        svg: PathBuf,
    },
    /// Print rejoin's cost per child from 1 to 1,000,000 children and check that no size is a cliff
    Curve {
        /// Only workloads whose name contains this
        filter: Option<String>,
        /// Fewer samples, no more than 10,000 children
        #[arg(long)]
        quick: bool,
        /// Also draw it
        #[arg(long)]
        svg: Option<PathBuf>,
    },
    /// Compare instruction and allocation counts with the recorded ones; needs valgrind
    Guard(guard::Action),
}

#[derive(Args)]
struct Cells {
    /// Only cells whose "workload at N" contains this, such as "joined at 64"
    filter: Option<String>,
    /// Fewer samples, no more than 10,000 children
    #[arg(long)]
    quick: bool,
    /// No more children than this, also where `--quick` would end earlier
    #[arg(long)]
    up_to: Option<usize>,
    /// Keep the measurements in this file, as JSON
    #[arg(long)]
    save: Option<PathBuf>,
    /// Take the measurements from a file that `--save` made, instead of measuring
    #[arg(long, conflicts_with_all = ["filter", "quick", "up_to", "save"])]
    load: Option<PathBuf>,
}

/// How long to measure, and up to how many children.
fn extent(quick: bool) -> (Plan, usize) {
    const QUICK_MOST: usize = 10_000;
    if quick {
        (Plan::QUICK, QUICK_MOST)
    } else {
        (Plan::FULL, usize::MAX)
    }
}

impl Cells {
    fn measurements(&self) -> Result<Vec<Measurement>, Box<dyn Error>> {
        if let Some(path) = &self.load {
            return Ok(serde_json::from_slice(&fs::read(path)?)?);
        }
        let (plan, most) = extent(self.quick);
        let most = self.up_to.unwrap_or(most);
        let filter = self.filter.as_deref().unwrap_or_default();
        let mut measurements = Vec::new();
        for (group, rejoin) in &ENTRIES {
            for &n in group.sizes.iter().filter(|&&n| n <= most) {
                let name = format!("{} at {n}", group.workload);
                if name.contains(filter) {
                    eprintln!("{name}");
                    measurements.push(measure(group.cell(n, rejoin(n)), plan));
                }
            }
        }
        if measurements.is_empty() {
            return Err(format!("no cell's name contains {filter:?}").into());
        }
        if let Some(path) = &self.save {
            fs::write(path, serde_json::to_vec(&measurements)?)?;
        }
        Ok(measurements)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    match Cli::parse().command {
        Command::Table { cells } => {
            print!("{}", table::markdown(&cells.measurements()?, &versions()));
        }
        Command::Plot { cells, main, svg } => {
            let mut measurements = cells.measurements()?;
            let scale = if main {
                measurements = plot::main_workloads(&measurements);
                Scale::OfRejoin
            } else {
                Scale::Nanoseconds
            };
            plot::draw(&measurements, scale, &svg)?;
        }
        Command::Curve { filter, quick, svg } => {
            let (plan, most) = extent(quick);
            curve::run(&filter.unwrap_or_default(), most, plan, svg.as_deref())?;
        }
        Command::Guard(action) => guard::run(&action)?,
    }
    Ok(())
}
