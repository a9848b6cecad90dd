//! Draws runs below each other, on one scale of time.

use std::time::Duration;

use svg::Document;
use svg::node::element::{Circle, Group, Line, Path, Rectangle, Style, Text, Title};

use crate::log::{Call, Run};

const WIDTH: f64 = 880.0;
const MARGIN: f64 = 28.0;
/// Leaves room for what stands behind the longest bar.
const PLOT_RIGHT: f64 = WIDTH - MARGIN - 70.0;
/// Above the first run: title and legend.
const HEAD: f64 = 96.0;
const RUN_HEAD: f64 = 56.0;
const RUN_FOOT: f64 = 42.0;
const ROW: f64 = 22.0;
const BAR: f64 = 13.0;

/// A background of its own, light or dark as the reader has it, so that the picture is at home on any page.
const STYLE: &str = "
text { font-family: 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif; font-size: 13px; fill: #475569; }
.title { font-size: 19px; font-weight: 600; fill: #0f172a; }
.name { font-size: 15px; font-weight: 600; fill: #0f172a; }
.code { font-family: ui-monospace, 'SF Mono', Consolas, 'DejaVu Sans Mono', monospace; font-size: 13px; fill: #334155; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.background { fill: #ffffff; stroke: #cbd5e1; }
.grid { stroke: #e6ebf2; }
.running { fill: #3b7de0; }
.kept { fill: #bfd5f9; }
.pending { fill: #fdf1d8; stroke: #c98a12; stroke-dasharray: 3 2; }
.hand { fill: #0f172a; stroke: #ffffff; stroke-width: 1.5; }
.over { stroke: #0f172a; stroke-width: 1.5; }
.deadline { stroke: #c98a12; stroke-width: 1.5; stroke-dasharray: 5 3; }
.link { fill: none; stroke: #64748b; stroke-width: 1.2; }
@media (prefers-color-scheme: dark) {
text { fill: #a9b4c4; }
.title, .name { fill: #eef2f8; }
.code { fill: #c6d0de; }
.background { fill: #161b22; stroke: #3a4351; }
.grid { stroke: #262d38; }
.running { fill: #4f8ff0; }
.kept { fill: #2b4673; }
.pending { fill: #3a2f14; stroke: #d9a02e; }
.hand { fill: #f2f6fc; stroke: #161b22; }
.over { stroke: #eef2f8; }
.deadline { stroke: #d9a02e; }
.link { stroke: #8b98aa; }
}
";

pub struct Picture {
    pub file: &'static str,
    pub title: &'static str,
    pub runs: Vec<Run>,
}

impl Picture {
    pub fn draw(&self) -> Document {
        let height = HEAD + self.runs.iter().map(run_height).sum::<f64>();
        let scale = Scale::of(&self.runs);
        let mut document = Document::new()
            .set("viewBox", (0, 0, WIDTH, height))
            .set("width", WIDTH)
            .set("height", height)
            .set("role", "img")
            .add(Title::new(self.title))
            .add(Style::new(STYLE))
            .add(rectangle("background", 0.5, 0.5, WIDTH - 1.0, height - 1.0).set("rx", 10))
            .add(text("title", MARGIN, 40.0, self.title))
            .add(self.legend(70.0));
        let mut top = HEAD;
        for run in &self.runs {
            document = document.add(draw_run(run, top, &scale));
            top += run_height(run);
        }
        document
    }

    /// What occurs in the picture, explained.
    fn legend(&self, baseline: f64) -> Group {
        let occurs = |what: fn(&Call) -> bool| {
            let mut calls = self.runs.iter().flat_map(|run| &run.calls);
            calls.any(what)
        };
        let entries = [
            (true, Mark::Bar("running"), "running"),
            (
                occurs(|call| call.in_hand > call.ended),
                Mark::Bar("kept"),
                "done, kept for the caller",
            ),
            (true, Mark::Hand, "the caller has the output"),
            (
                occurs(|call| call.ended.is_none()),
                Mark::Bar("pending"),
                "pending when time is up",
            ),
            (occurs(|call| call.parent.is_some()), Mark::Link, "adds"),
        ];
        let mut group = Group::new();
        let mut x = MARGIN;
        for (_, mark, meaning) in entries.into_iter().filter(|(occurs, ..)| *occurs) {
            group = match mark {
                Mark::Bar(class) => group.add(bar(class, x, x + 22.0, baseline - 11.0)),
                Mark::Hand => group.add(hand(x + 11.0, baseline - 4.5)),
                Mark::Link => group.add(link((x, baseline - 9.0), (x + 16.0, baseline))),
            };
            group = group.add(text("", x + 30.0, baseline, meaning));
            x += 30.0 + estimated_width(meaning) + 20.0;
        }
        group
    }
}

enum Mark {
    /// A bar of this class.
    Bar(&'static str),
    Hand,
    Link,
}

fn run_height(run: &Run) -> f64 {
    RUN_HEAD + ROW * run.calls.len() as f64 + RUN_FOOT
}

fn draw_run(run: &Run, top: f64, scale: &Scale) -> Group {
    let first_row = top + RUN_HEAD;
    let bottom = first_row + ROW * run.calls.len() as f64;
    let row_top = |number: usize| first_row + ROW * number as f64;
    let row_middle = |number: usize| row_top(number) + ROW / 2.0;

    let mut group = Group::new()
        .add(text("name", MARGIN, top + 20.0, run.title))
        .add(text("code", MARGIN, top + 41.0, run.code));
    for mark in scale.marks() {
        let x = scale.x(mark);
        let label = format!("{} ms", mark.as_millis());
        group = group.add(line("grid", x, first_row - 3.0, bottom + 3.0));
        group = group.add(text("middle", x, bottom + 17.0, &label));
    }
    for (number, call) in run.calls.iter().enumerate() {
        group = group.add(draw_call(call, row_top(number), run.over, scale));
    }
    let over = if run.deadline { "deadline" } else { "over" };
    group = group.add(line(over, scale.x(run.over), first_row - 3.0, bottom + 3.0));
    for (number, call) in run.calls.iter().enumerate() {
        if let Some(parent) = call.parent {
            let x = scale.x(call.started);
            let from = (x, row_middle(parent));
            group = group.add(link(from, (x, row_top(number) + (ROW - BAR) / 2.0)));
        }
    }
    for (number, call) in run.calls.iter().enumerate() {
        if let Some(in_hand) = call.in_hand {
            group = group.add(hand(scale.x(in_hand), row_middle(number)));
        }
    }
    group
}

fn draw_call(call: &Call, top: f64, over: Duration, scale: &Scale) -> Group {
    let y = top + (ROW - BAR) / 2.0;
    let baseline = y + BAR - 2.0;
    let bar = |class, from, to| bar(class, scale.x(from), scale.x(to), y);
    let group = Group::new().add(text("end", scale.left - 12.0, baseline, call.name));
    let Some(ended) = call.ended else {
        let note = text("", scale.x(over) + 8.0, baseline, "pending");
        return group.add(bar("pending", call.started, over)).add(note);
    };
    let in_hand = call.in_hand.unwrap_or(over);
    let note = in_hand.as_millis().to_string();
    let note = text("", scale.x(in_hand) + 11.0, baseline, &note);
    let group = group.add(bar("running", call.started, ended));
    let group = if in_hand > ended {
        group.add(bar("kept", ended, in_hand))
    } else {
        group
    };
    group.add(note)
}

struct Scale {
    /// Where time begins: right of the longest name.
    left: f64,
    end: Duration,
}

impl Scale {
    fn of(runs: &[Run]) -> Self {
        let names = runs.iter().flat_map(|run| &run.calls).map(|call| call.name);
        let longest = names.map(estimated_width).fold(0.0, f64::max);
        let end = runs.iter().map(|run| run.over).max();
        Self {
            left: MARGIN + longest + 12.0,
            end: end.unwrap_or_default().max(Duration::from_millis(1)),
        }
    }

    fn x(&self, time: Duration) -> f64 {
        let x = self.left + time.div_duration_f64(self.end) * (PLOT_RIGHT - self.left);
        (x * 10.0).round() / 10.0
    }

    fn marks(&self) -> impl Iterator<Item = Duration> {
        let end = self.end;
        let step = [50, 100, 200, 500].map(Duration::from_millis);
        let step = step.into_iter().find(|step| *step * 10 >= end);
        let step = step.unwrap_or(Duration::from_secs(1));
        (0..)
            .map(move |n| step * n)
            .take_while(move |mark| *mark <= end)
    }
}

/// Good enough to place words side by side; there is no font here to measure them with.
fn estimated_width(text: &str) -> f64 {
    6.9 * text.chars().count() as f64
}

fn bar(class: &str, left: f64, right: f64, top: f64) -> Rectangle {
    rectangle(class, left, top, right - left, BAR).set("rx", 2)
}

/// The output has come into the caller's hands.
fn hand(x: f64, y: f64) -> Circle {
    Circle::new()
        .set("class", "hand")
        .set("cx", x)
        .set("cy", y)
        .set("r", 5.5)
}

/// A line from one bar down to another, with an arrow's head.
fn link((from_x, from_y): (f64, f64), (to_x, to_y): (f64, f64)) -> Path {
    let shaft = if from_x == to_x {
        format!("M{from_x},{from_y} V{to_y}")
    } else {
        format!("M{from_x},{from_y} H{to_x} V{to_y}")
    };
    Path::new()
        .set("class", "link")
        .set("d", format!("{shaft} m-3.5,-5 l3.5,5 l3.5,-5"))
}

fn rectangle(class: &str, x: f64, y: f64, width: f64, height: f64) -> Rectangle {
    Rectangle::new()
        .set("class", class)
        .set("x", x)
        .set("y", y)
        .set("width", width)
        .set("height", height)
}

fn line(class: &str, x: f64, top: f64, bottom: f64) -> Line {
    Line::new()
        .set("class", class)
        .set("x1", x)
        .set("x2", x)
        .set("y1", top)
        .set("y2", bottom)
}

fn text(class: &str, x: f64, y: f64, content: &str) -> Text {
    Text::new(content)
        .set("class", class)
        .set("x", x)
        .set("y", y)
}
