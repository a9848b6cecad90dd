//! The Markdown table.

use std::fmt::{self, Display, Write};

use peers_field::contenders::Role;
use peers_field::harness::{Measured, Measurement};
use peers_field::stats::geometric_mean;

/// A cell is lost above this ratio of medians to the best peer's.
const PAR: f64 = 1.05;
/// From this many children up, rejoin is held against the floor.
const MANY: usize = 64;
const NEAR_FLOOR: f64 = 2.0;

/// All measurements, a section per workload, and what they come to.
pub fn markdown(measurements: &[Measurement], versions: &[String]) -> String {
    let mut page = String::new();
    write_page(&mut page, measurements, versions).expect("a string takes all that is written");
    page
}

fn write_page(page: &mut String, measurements: &[Measurement], versions: &[String]) -> fmt::Result {
    writeln!(page, "{}\n", versions.join(", "))?;
    writeln!(
        page,
        "Nanoseconds of CPU time per child: median (best). Below each, in the second table: allocations per child, peak bytes \
         per child, wakes of the parent per child.\n"
    )?;
    for section in measurements.chunk_by(|a, b| a.workload == b.workload) {
        write_section(page, section)?;
    }
    write_summary(page, measurements)
}

/// One workload at all its sizes.
fn write_section(page: &mut String, section: &[Measurement]) -> fmt::Result {
    let columns = columns(section);
    writeln!(page, "### {}\n", section[0].workload)?;
    let times = |measurement: &Measurement| {
        let mut cells = row(measurement, &columns, |one| {
            format!("{} ({})", short(one.median), short(one.best))
        });
        for role in [Role::Peer, Role::Floor] {
            cells.push(or_dash(
                measurement
                    .ratio_to(role)
                    .map(|ratio| format!("{ratio:.2}")),
            ));
        }
        cells
    };
    let mut heads: Vec<&str> = columns.iter().map(String::as_str).collect();
    heads.extend(["rejoin / best peer", "rejoin / floor"]);
    write_table(page, &heads, section, times)?;

    let heads: Vec<&str> = columns.iter().map(String::as_str).collect();
    write_table(page, &heads, section, |measurement| {
        row(measurement, &columns, |one| {
            format!(
                "{} / {} B / {}",
                short(one.allocations_per_child),
                short(one.peak_bytes_per_child),
                short(one.parent_wakes_per_child)
            )
        })
    })
}

fn write_table(
    page: &mut String,
    heads: &[&str],
    section: &[Measurement],
    cells: impl Fn(&Measurement) -> Vec<String>,
) -> fmt::Result {
    let heads: Vec<String> = heads
        .iter()
        .map(|head| head.replacen(' ', "<br>", 1))
        .collect();
    writeln!(page, "| N | {} |", heads.join(" | "))?;
    writeln!(page, "|--:|{}", "--:|".repeat(heads.len()))?;
    for measurement in section {
        let cells = cells(measurement).join(" | ");
        writeln!(page, "| {} | {cells} |", thousands(measurement.n))?;
    }
    writeln!(page)
}

/// The names of all candidates of a workload: rejoin, peers, floor.
fn columns(section: &[Measurement]) -> Vec<String> {
    let mut columns = Vec::new();
    for role in [Role::Rejoin, Role::Peer, Role::Floor] {
        for one in section.iter().flat_map(|measurement| measurement.of(role)) {
            if !columns.contains(&one.name) {
                columns.push(one.name.clone());
            }
        }
    }
    columns
}

fn row(
    measurement: &Measurement,
    columns: &[String],
    show: impl Fn(&Measured) -> String,
) -> Vec<String> {
    columns
        .iter()
        .map(|column| {
            let measured = measurement
                .candidates
                .iter()
                .find(|one| one.name == *column);
            or_dash(measured.map(&show))
        })
        .collect()
}

fn write_summary(page: &mut String, measurements: &[Measurement]) -> fmt::Result {
    writeln!(page, "### Summary\n")?;
    let to_peer = ratios(measurements, Role::Peer);
    let lost: Vec<_> = to_peer.iter().filter(|(ratio, _)| *ratio > PAR).collect();
    let many: Vec<_> = measurements
        .iter()
        .filter(|one| one.n >= MANY)
        .cloned()
        .collect();
    let to_floor = ratios(&many, Role::Floor);
    let far: Vec<_> = to_floor
        .iter()
        .filter(|(ratio, _)| *ratio > NEAR_FLOOR)
        .collect();
    writeln!(
        page,
        "- rejoin / best peer: geometric mean {} over {} cells; above {PAR}: {}",
        mean(&to_peer),
        to_peer.len(),
        list(&lost)
    )?;
    writeln!(
        page,
        "- rejoin / floor from {MANY} children up: geometric mean {} over {} cells; above {NEAR_FLOOR}: {}",
        mean(&to_floor),
        to_floor.len(),
        list(&far)
    )
}

/// Ratio and cell, the largest first.
fn ratios(measurements: &[Measurement], role: Role) -> Vec<(f64, String)> {
    let mut ratios: Vec<(f64, String)> = measurements
        .iter()
        .filter_map(|measurement| {
            let cell = format!("{} at {}", measurement.workload, thousands(measurement.n));
            Some((measurement.ratio_to(role)?, cell))
        })
        .collect();
    ratios.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ratios
}

fn mean(ratios: &[(f64, String)]) -> String {
    let ratios: Vec<f64> = ratios.iter().map(|(ratio, _)| *ratio).collect();
    or_dash(geometric_mean(&ratios).map(|mean| format!("{mean:.2}")))
}

fn list(cells: &[&(f64, String)]) -> String {
    if cells.is_empty() {
        return "none".to_owned();
    }
    let lines: String = cells
        .iter()
        .map(|(ratio, cell)| format!("\n  - {ratio:.2}: {cell}"))
        .collect();
    format!("{}{lines}", cells.len())
}

fn or_dash(text: Option<impl Display>) -> String {
    text.map_or_else(|| "–".to_owned(), |text| text.to_string())
}

/// Three digits are all that a measurement means.
pub fn short(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        value if value < 0.001 => "<0.001".to_owned(),
        value if value < 0.1 => format!("{value:.3}"),
        value if value < 10.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(31), "31");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }
}
