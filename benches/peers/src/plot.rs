//! The pictures: cost over the number of children, both logarithmic, one panel per workload.

use std::error::Error;
use std::fs;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::combinators::BindKeyPoints;
use plotters::prelude::*;

use peers_field::contenders::Role;
use peers_field::harness::{Measured, Measurement};

use crate::table::{short, thousands};

const COLUMNS: usize = 3;
const PANEL: (u32, u32) = (440, 340);
const LEGEND_LINE: i32 = 28;
// A page shows the picture at two thirds of its size: the small print is still read then.
const HEADING: i32 = 23;
const CAPTION: i32 = 21;
const SMALL: i32 = 19;

const PEERS: [RGBColor; 12] = [
    RGBColor(31, 119, 180),
    RGBColor(240, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(160, 100, 80),
    RGBColor(227, 119, 194),
    RGBColor(23, 170, 187),
    RGBColor(170, 170, 34),
    RGBColor(100, 140, 220),
    RGBColor(200, 160, 90),
    RGBColor(60, 130, 100),
    RGBColor(190, 60, 150),
];
const REJOIN: RGBColor = RGBColor(224, 49, 50);
const FLOOR: RGBColor = RGBColor(127, 127, 127);

const PAPER: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(51, 65, 85);
const GRID: RGBColor = RGBColor(226, 232, 240);
/// Paper, ink and grid where the reader's screen is dark; the lines' colours are seen on both.
const DARK: &str = "<style>@media (prefers-color-scheme: dark) {
[fill='#FFFFFF'] { fill: #161B22 } [fill='#334155'] { fill: #C6D0DE }
[stroke='#334155'] { stroke: #C6D0DE } [stroke='#E2E8F0'] { stroke: #2B323D }
}</style>";

/// What the picture of the documentation shows, in this order.
const MAIN: [&str; 6] = [
    "ready at first poll, joined",
    "four self-wakes, joined",
    "external wakes one at a time, joined",
    "ready at first poll, stream",
    "four self-wakes, stream",
    "external wakes one at a time, stream",
];

/// What a picture's vertical axis is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Nanoseconds per child.
    Nanoseconds,
    /// Multiples of rejoin's cost in the same cell.
    OfRejoin,
}

impl Scale {
    const fn title(self) -> &'static str {
        match self {
            Self::Nanoseconds => "CPU nanoseconds per child, over the number of children",
            Self::OfRejoin => {
                "CPU time as a multiple of rejoin's, over the number of children; above 1 is slower than rejoin"
            }
        }
    }

    /// A candidate's place on the axis.
    fn of(self, one: &Measured, measurement: &Measurement) -> f64 {
        match (self, measurement.fastest(Role::Rejoin)) {
            (Self::OfRejoin, Some(rejoin)) => one.median / rejoin.median,
            _ => one.median,
        }
    }

    fn label(self, cost: f64) -> String {
        match self {
            Self::Nanoseconds => short(cost),
            Self::OfRejoin => format!("{cost}×"),
        }
    }
}

/// A candidate's name and how its line looks.
struct Line {
    name: String,
    style: ShapeStyle,
}

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Those of [`MAIN`], in its order.
pub fn main_workloads(measurements: &[Measurement]) -> Vec<Measurement> {
    MAIN.iter()
        .flat_map(|name| measurements.iter().filter(move |one| one.workload == *name))
        .cloned()
        .collect()
}

/// Writes the picture of `measurements` to `path`.
///
/// # Errors
///
/// If the file cannot be written.
pub fn draw(measurements: &[Measurement], scale: Scale, path: &Path) -> Result<(), Box<dyn Error>> {
    let mut picture = String::new();
    render(measurements, scale, &mut picture)?;
    let inside = picture.find('>').ok_or("plotters drew nothing")? + 1;
    picture.insert_str(inside, DARK);
    fs::write(path, picture)?;
    Ok(())
}

fn render(
    measurements: &[Measurement],
    scale: Scale,
    picture: &mut String,
) -> Result<(), Box<dyn Error>> {
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
    let root = SVGBackend::with_string(picture, size).into_drawing_area();
    root.fill(&PAPER)?;
    let (legend, panels) = root.split_vertically(legend_height);
    draw_legend(&legend, scale.title(), &lines, columns)?;
    for (panel, workload) in panels.split_evenly((rows, columns)).iter().zip(workloads) {
        draw_panel(panel, workload, scale, &lines)?;
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
                Role::Rejoin => REJOIN.stroke_width(4),
                Role::Floor => FLOOR.stroke_width(2),
                Role::Peer => peers.next().unwrap_or(&INK).stroke_width(2),
            };
            lines.push(Line {
                name: one.name.clone(),
                style,
            });
        }
    }
    lines
}

fn draw_legend(
    legend: &Panel<'_>,
    title: &str,
    lines: &[Line],
    columns: usize,
) -> Result<(), Box<dyn Error>> {
    let heading = ("sans-serif", HEADING, &INK).into_text_style(legend);
    legend.draw_text(title, &heading, (12, 8))?;
    for (place, line) in lines.iter().enumerate() {
        let x = 12 + (place % columns) as i32 * PANEL.0 as i32;
        let y = LEGEND_LINE * (place / columns + 2) as i32 - 4;
        legend.draw(&PathElement::new([(x, y), (x + 24, y)], line.style))?;
        let text = ("sans-serif", SMALL, &INK).into_text_style(legend);
        legend.draw_text(&line.name, &text, (x + 32, y - 8))?;
    }
    Ok(())
}

fn draw_panel(
    panel: &Panel<'_>,
    workload: &[Measurement],
    scale: Scale,
    lines: &[Line],
) -> Result<(), Box<dyn Error>> {
    let sizes = workload.iter().map(|measurement| measurement.n as f64);
    let costs = workload
        .iter()
        .flat_map(|cell| cell.candidates.iter().map(|one| scale.of(one, cell)));
    let (fewest, most) = range(sizes);
    let counts: Vec<f64> = (0..=6)
        .map(|power| 10_f64.powi(power))
        .filter(|n| (fewest..=most).contains(n))
        .collect();
    let (cheapest, dearest) = range(costs);
    let (least, greatest) = (cheapest * 0.8, dearest * 1.25);
    let small = ("sans-serif", SMALL, &INK).into_text_style(panel);
    let mut chart = ChartBuilder::on(panel)
        .caption(&workload[0].workload, ("sans-serif", CAPTION, &INK))
        .margin(8)
        .margin_right(36)
        .x_label_area_size(32)
        .y_label_area_size(60)
        .build_cartesian_2d(
            (fewest * 0.8..most * 1.25)
                .log_scale()
                .with_key_points(counts),
            (least..greatest)
                .log_scale()
                .with_key_points(labels(least, greatest)),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(small)
        .x_label_formatter(&|n| thousands(*n as usize))
        .y_label_formatter(&|cost| scale.label(*cost))
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
                named.map(|one| (measurement.n as f64, scale.of(one, measurement)))
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

/// 1, 2, 5, 10, 20 … between two costs; without the 2s and 5s where that would be many.
fn labels(least: f64, greatest: f64) -> Vec<f64> {
    const FEW: f64 = 2.5;
    let steps: &[f64] = if (greatest / least).log10() > FEW {
        &[1.0]
    } else {
        &[1.0, 2.0, 5.0]
    };
    (-3..=9)
        .flat_map(|power| steps.iter().map(move |step| (power, step)))
        .map(|(power, step)| match power {
            // A division, as 0.5 is not 5 times the nearest to 0.1.
            ..0 => step / 10_f64.powi(-power),
            _ => step * 10_f64.powi(power),
        })
        .filter(|label| (least..=greatest).contains(label))
        .collect()
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, 0.0), |(least, most), value| {
        (f64::min(least, value), f64::max(most, value))
    })
}
