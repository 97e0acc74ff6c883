//! The measures as a table of text, and the notes beneath it.

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Style};

use crate::measure::{Ending, Row};
use crate::units::{grouped, span};

/// The table of `rows`, then their notes.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut lines = Builder::default();
    lines.push_record(["rung", "jobs", "past the second", "CPU time", "threads", "polls"]);
    for row in rows {
        lines.push_record([
            row.name.clone(),
            grouped(row.jobs as u64),
            past(row.ending),
            row.usage.cpu.map_or_else(unknown, span),
            row.usage.threads.map_or_else(unknown, |threads| grouped(threads as u64)),
            grouped(row.polls),
        ]);
    }
    let mut table = lines.build();
    table.with(Style::psql()).modify(Columns::new(1..), Alignment::right());
    let notes = rows.iter().filter_map(|row| row.note.as_ref().map(|note| format!("\n{}: {note}", row.name)));
    std::iter::once(table.to_string()).chain(notes).collect()
}

/// The time past one second, in words.
pub(crate) fn past(ending: Ending) -> String {
    match ending {
        Ending::Done { past } => span(past),
        Ending::Hangs => "never".to_owned(),
    }
}

fn unknown() -> String {
    "?".to_owned()
}
