//! The picture: cost per child over the number of children, both logarithmic, one panel per workload.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::contenders::Role;
use crate::harness::Measurement;

const COLUMNS: usize = 3;
const PANEL: (u32, u32) = (440, 300);
const LEGEND_LINE: i32 = 20;

const PEERS: [RGBColor; 10] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(227, 119, 194),
    RGBColor(23, 190, 207),
    RGBColor(188, 189, 34),
    RGBColor(100, 140, 220),
    RGBColor(200, 160, 90),
];
const REJOIN: RGBColor = RGBColor(214, 39, 40);
const FLOOR: RGBColor = RGBColor(127, 127, 127);

/// A candidate's name and how its line looks.
struct Line {
    name: String,
    style: ShapeStyle,
}

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Writes the picture of `measurements` to `path`.
///
/// # Errors
///
/// If the file cannot be written.
pub fn draw(measurements: &[Measurement], path: &Path) -> Result<(), Box<dyn Error>> {
    let lines = lines(measurements);
    let workloads: Vec<&[Measurement]> = measurements
        .chunk_by(|a, b| a.workload == b.workload)
        .collect();
    let columns = COLUMNS.min(workloads.len());
    let rows = workloads.len().div_ceil(columns);
    let legend_rows = lines.len().div_ceil(columns);
    let legend_height = LEGEND_LINE as u32 * (legend_rows as u32 + 2);
    let size = (
        PANEL.0 * columns as u32,
        PANEL.1 * rows as u32 + legend_height,
    );
    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE)?;
    let (legend, panels) = root.split_vertically(legend_height);
    draw_legend(&legend, &lines, columns)?;
    for (panel, workload) in panels.split_evenly((rows, columns)).iter().zip(workloads) {
        draw_panel(panel, workload, &lines)?;
    }
    root.present()?;
    Ok(())
}

fn lines(measurements: &[Measurement]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut peers = PEERS.iter().cycle();
    for role in [Role::Rejoin, Role::Floor, Role::Peer] {
        for one in measurements
            .iter()
            .flat_map(|measurement| measurement.of(role))
        {
            if lines.iter().any(|line| line.name == one.name) {
                continue;
            }
            let style = match role {
                Role::Rejoin => REJOIN.stroke_width(3),
                Role::Floor => FLOOR.stroke_width(2),
                Role::Peer => peers.next().unwrap_or(&BLACK).stroke_width(1),
            };
            lines.push(Line {
                name: one.name.clone(),
                style,
            });
        }
    }
    lines
}

fn draw_legend(legend: &Panel<'_>, lines: &[Line], columns: usize) -> Result<(), Box<dyn Error>> {
    let title = "CPU nanoseconds per child over the number of children";
    legend.draw_text(title, &("sans-serif", 16).into_text_style(legend), (12, 8))?;
    for (place, line) in lines.iter().enumerate() {
        let x = 12 + (place % columns) as i32 * PANEL.0 as i32;
        let y = LEGEND_LINE * (place / columns + 2) as i32 - 4;
        legend.draw(&PathElement::new([(x, y), (x + 24, y)], line.style))?;
        let text = ("sans-serif", 13).into_text_style(legend);
        legend.draw_text(&line.name, &text, (x + 32, y - 6))?;
    }
    Ok(())
}

fn draw_panel(
    panel: &Panel<'_>,
    workload: &[Measurement],
    lines: &[Line],
) -> Result<(), Box<dyn Error>> {
    let sizes = workload.iter().map(|measurement| measurement.n as f64);
    let costs = workload
        .iter()
        .flat_map(|measurement| measurement.candidates.iter().map(|one| one.median));
    let (fewest, most) = range(sizes);
    let (cheapest, dearest) = range(costs);
    let mut chart = ChartBuilder::on(panel)
        .caption(&workload[0].workload, ("sans-serif", 14))
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(48)
        .build_cartesian_2d(
            (fewest * 0.8..most * 1.25).log_scale(),
            (decade(cheapest, f64::floor)..decade(dearest, f64::ceil)).log_scale(),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(7)
        .y_labels(6)
        .x_label_formatter(&|n| format!("{n:.0}"))
        .y_label_formatter(&|cost| crate::table::short(*cost))
        .draw()?;
    // The first names are rejoin's, to be drawn above the others.
    for line in lines.iter().rev() {
        let points: Vec<(f64, f64)> = workload
            .iter()
            .flat_map(|measurement| {
                let named = measurement
                    .candidates
                    .iter()
                    .filter(|one| one.name == line.name);
                named.map(|one| (measurement.n as f64, one.median))
            })
            .collect();
        let dots = points
            .iter()
            .map(|&point| Circle::new(point, 2, line.style.filled()));
        chart.draw_series(dots)?;
        chart.draw_series(LineSeries::new(points.iter().copied(), line.style))?;
    }
    Ok(())
}

/// The power of ten at or beyond `cost`, so that each panel has at least two labels.
fn decade(cost: f64, round: fn(f64) -> f64) -> f64 {
    10_f64.powf(round(cost.log10()))
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, 0.0), |(least, most), value| {
        (f64::min(least, value), f64::max(most, value))
    })
}
