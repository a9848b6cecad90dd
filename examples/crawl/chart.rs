//! Draws the timelines below each other, on one scale of time.

use std::io;
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Style, Text, Title};

use crate::report::readable;
use crate::timeline::{Outcome, Row, Timeline};

const TITLE: &str = "What each way of waiting costs";
const SUBTITLE: &str = "Every fetch, in the order in which the caller got hold of it; the number says when. One scale of time for all.";

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 28.0;
const PLOT_LEFT: f64 = 190.0;
/// Leaves room for the number that stands behind the longest bar.
const PLOT_RIGHT: f64 = WIDTH - MARGIN - 52.0;
/// Above the first panel: title, subtitle, legend.
const HEAD: f64 = 122.0;
const PANEL_HEAD: f64 = 34.0;
const PANEL_FOOT: f64 = 30.0;
const ROW: f64 = 17.0;
const BAR: f64 = 11.0;
/// What fits between the margin and the plot.
const LABEL_CHARS: usize = 25;

/// The picture brings its own background, so that it looks the same on light and dark pages.
const STYLE: &str = "
text { paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round; font-family: 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif; font-size: 11px; fill: #475569; }
.title { font-size: 19px; font-weight: 600; fill: #0f172a; }
.name { font-size: 13px; font-weight: 600; fill: #0f172a; }
.left { text-anchor: end; }
.middle { text-anchor: middle; }
.background { fill: #ffffff; stroke: #cbd5e1; }
.band { fill: #f7f9fc; }
.grid { stroke: #dfe5ed; }
.fetched { fill: #2f6fde; }
.failed { fill: #d6403a; }
.pending { fill: #fdf1d8; stroke: #c98a12; stroke-dasharray: 3 2; }
.waiting { fill: #bfd5f9; }
.scored { fill: #1d9a6c; }
.deadline { stroke: #c98a12; stroke-width: 1.5; stroke-dasharray: 5 3; }
.over { stroke: #0f172a; stroke-width: 1.5; }
";

const LEGEND: [(&str, &str); 5] = [
    ("fetched", "being fetched"),
    ("failed", "fetch that failed"),
    ("waiting", "done, but not yet in the caller's hands"),
    ("scored", "being scored"),
    ("pending", "pending at the deadline"),
];

pub fn save(timelines: &[Timeline], path: &Path) -> io::Result<()> {
    svg::save(path, &draw(timelines))
}

fn draw(timelines: &[Timeline]) -> Document {
    let scale = Scale::of(timelines);
    let height = HEAD + timelines.iter().map(panel_height).sum::<f64>() + MARGIN / 2.0;
    let mut document = Document::new()
        .set("viewBox", (0, 0, WIDTH, height))
        .set("width", WIDTH)
        .set("height", height)
        .set("role", "img")
        .add(Title::new(TITLE))
        .add(Style::new(STYLE))
        .add(rectangle("background", 0.5, 0.5, WIDTH - 1.0, height - 1.0).set("rx", 10))
        .add(text("title", MARGIN, 42.0, TITLE))
        .add(text("", MARGIN, 64.0, SUBTITLE))
        .add(legend());
    let mut top = HEAD;
    for timeline in timelines {
        document = document.add(panel(timeline, top, &scale));
        top += panel_height(timeline);
    }
    document
}

fn legend() -> Group {
    let mut group = Group::new();
    let mut x = MARGIN;
    for (class, meaning) in LEGEND {
        group =
            group
                .add(rectangle(class, x, 84.0, 20.0, BAR))
                .add(text("", x + 27.0, 93.5, meaning));
        x += 27.0 + estimated_width(meaning) + 24.0;
    }
    group
}

fn panel_height(timeline: &Timeline) -> f64 {
    PANEL_HEAD + ROW * timeline.rows.len() as f64 + PANEL_FOOT
}

fn panel(timeline: &Timeline, top: f64, scale: &Scale) -> Group {
    let first_row = top + PANEL_HEAD;
    let bottom = first_row + ROW * timeline.rows.len() as f64;
    let heading = format!("{}: {}", timeline.name, timeline.about);
    let mut group = Group::new()
        .add(text("name", MARGIN, top + 20.0, &heading))
        .add(text("left", WIDTH - MARGIN, top + 20.0, &summary(timeline)));
    for index in (0..timeline.rows.len()).step_by(2) {
        let y = first_row + ROW * index as f64;
        group = group.add(rectangle("band", MARGIN, y, WIDTH - 2.0 * MARGIN, ROW));
    }
    for tick in scale.ticks() {
        let x = scale.x(tick);
        group = group
            .add(line("grid", x, first_row, bottom + 4.0))
            .add(text("middle", x, bottom + 16.0, &scale.label(tick)));
    }
    let (over, class) = match timeline.deadline {
        Some(deadline) => (scale.x(deadline), "deadline"),
        None => (scale.x(timeline.wall), "over"),
    };
    group = group.add(line(class, over, first_row - 4.0, bottom + 4.0));
    for (index, row) in timeline.rows.iter().enumerate() {
        group = group.add(bars(row, first_row + ROW * index as f64, over, scale));
    }
    group
}

fn summary(timeline: &Timeline) -> String {
    let first = match timeline.first_page() {
        Some(first) => format!("first page after {}", readable(first)),
        None => "no page".to_owned(),
    };
    match timeline.deadline {
        Some(deadline) => format!("{first}, deadline after {}", readable(deadline)),
        None => format!("{first}, done after {}", readable(timeline.wall)),
    }
}

fn bars(row: &Row, top: f64, over: f64, scale: &Scale) -> Group {
    let fetched = match row.outcome {
        Outcome::Fetched => "fetched",
        Outcome::Failed => "failed",
        Outcome::Pending => "pending",
    };
    let mut spans = vec![
        (fetched, row.started, row.ended),
        ("waiting", row.ended, row.in_hand),
    ];
    spans.extend(row.scored.map(|scored| ("scored", row.in_hand, scored)));

    let baseline = top + ROW - 5.0;
    let mut group = Group::new().add(text("left", PLOT_LEFT - 10.0, baseline, &label(&row.url)));
    let mut end = PLOT_LEFT;
    for (class, from, to) in spans {
        let (left, right) = (scale.x(from), scale.x(to));
        // What is too short to be seen would only blur the edge of its neighbour.
        if right - left >= 0.8 {
            let y = top + (ROW - BAR) / 2.0;
            group = group.add(rectangle(class, left, y, right - left, BAR).set("rx", 1.5));
        }
        end = right;
    }
    let note = match row.outcome {
        Outcome::Fetched | Outcome::Failed => readable(row.in_hand),
        Outcome::Pending => "pending".to_owned(),
    };
    // Behind the bar; where it would run into the line that ends the panel, behind that.
    let runs_into = end + 1.0 < over && over < end + 8.0 + estimated_width(&note);
    let x = if runs_into { over } else { end } + 5.0;
    group.add(text("", x, baseline, &note))
}

/// The end of an address, which tells pages of one site apart.
fn label(url: &Url) -> String {
    let full = if url.host_str() == Some("127.0.0.1") {
        // The site of our own.
        url.path()
    } else {
        let address = url.as_str();
        let address = address.split_once("://").map_or(address, |(_, rest)| rest);
        address.trim_end_matches('/')
    };
    let excess = full.chars().count().saturating_sub(LABEL_CHARS);
    if excess == 0 {
        return full.to_owned();
    }
    let end: String = full.chars().skip(excess + 1).collect();
    format!("…{end}")
}

struct Scale {
    end: Duration,
}

impl Scale {
    fn of(timelines: &[Timeline]) -> Self {
        let end = timelines.iter().map(|timeline| timeline.wall).max();
        Self {
            end: end.unwrap_or_default().max(Duration::from_millis(1)),
        }
    }

    fn x(&self, time: Duration) -> f64 {
        let x = PLOT_LEFT + time.div_duration_f64(self.end) * (PLOT_RIGHT - PLOT_LEFT);
        (x * 10.0).round() / 10.0
    }

    fn label(&self, tick: Duration) -> String {
        if self.end < Duration::from_secs(1) {
            format!("{} ms", tick.as_millis())
        } else {
            format!("{} s", tick.as_secs_f64())
        }
    }

    /// Round times, at most twelve steps of them.
    fn ticks(&self) -> impl Iterator<Item = Duration> {
        let end = self.end;
        let step = (0..)
            .flat_map(|exponent| [1, 2, 5].map(|digit| digit * 10_u64.pow(exponent)))
            .map(Duration::from_millis)
            .find(|step| *step * 12 >= end)
            .expect("the steps grow without end");
        (0..)
            .map(move |n| step * n)
            .take_while(move |tick| *tick <= end)
    }
}

/// Good enough to place words side by side; there is no font here to measure them with.
fn estimated_width(text: &str) -> f64 {
    5.8 * text.chars().count() as f64
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
