//! The table at the end.

use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use crate::timeline::{Outcome, Timeline};

pub fn table(timelines: &[Timeline]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header([
        "",
        "fetched",
        "failed",
        "pending",
        "first page",
        "wall time",
    ]);
    for timeline in timelines {
        table.add_row([
            timeline.name.to_owned(),
            timeline.count(Outcome::Fetched).to_string(),
            timeline.count(Outcome::Failed).to_string(),
            timeline.count(Outcome::Pending).to_string(),
            timeline
                .first_page()
                .map_or_else(|| "none".to_owned(), readable),
            readable(timeline.wall),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// `40 ms`, `2.06 s`.
pub fn readable(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 0.9995 => format!("{:.0} ms", seconds * 1_000.0),
        seconds => format!("{seconds:.2} s"),
    }
}
