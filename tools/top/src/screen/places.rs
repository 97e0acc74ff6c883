//! The table of places.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Row, Table, TableState};

use super::{alarm, heading};
use crate::model::{Model, STUCK_NS};
use crate::rows::{self, PlaceRow, SortKey};
use crate::text::{count, duration, end_of, percent, rate};

/// The widths of the figures' columns.
const WIDTHS: [u16; 6] = [9, 6, 9, 7, 9, 9];

/// What stands above them, and what sorts by them.
const TITLES: [(&str, Option<SortKey>); 6] = [
    ("alive", Some(SortKey::Alive)),
    ("ready", None),
    ("polls/s", Some(SortKey::Polls)),
    ("busy", Some(SortKey::Busy)),
    ("longest", Some(SortKey::Longest)),
    ("idle", Some(SortKey::Idle)),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let rows = rows::places(model);
    let spaces = WIDTHS.len() as u16;
    let width = area.width.saturating_sub(WIDTHS.iter().sum::<u16>() + spaces);
    let mark = |title: &str, key: Option<SortKey>| match key {
        Some(key) if key == model.sort => format!("{title}{}", if model.is_reversed { '▲' } else { '▼' }),
        _ => title.to_owned(),
    };
    let first = Line::from(mark("spawned at", Some(SortKey::Place)));
    let others = TITLES.iter().map(|(title, key)| Line::from(mark(title, *key)).right_aligned());
    let heading = Row::new(std::iter::once(first).chain(others)).style(heading());
    let chosen = rows.iter().position(|row| Some(&row.place) == model.chosen.as_ref());
    let mut state = TableState::default().with_selected(chosen);
    let widths = std::iter::once(width).chain(WIDTHS).map(Constraint::Length);
    let table = Table::new(rows.iter().map(|row| line_of(row, width)), widths).header(heading);
    frame.render_stateful_widget(table.row_highlight_style(Style::new().reversed()), area, &mut state);
}

fn line_of(row: &PlaceRow, width: u16) -> Row<'static> {
    let unknown = || "–".to_owned();
    let (recent, tasks) = (row.recent, &row.tasks);
    let longest = recent.map_or(0, |recent| recent.2);
    let figures = [
        Line::from(count(tasks.alive)),
        Line::from(count(tasks.queued.saturating_add(tasks.running))),
        Line::from(recent.map_or_else(unknown, |recent| rate(recent.0))),
        Line::from(recent.map_or_else(unknown, |recent| percent(recent.1))),
        Line::from(if longest == 0 { unknown() } else { duration(longest) }).style(if longest >= STUCK_NS {
            alarm()
        } else {
            Style::new()
        }),
        Line::from(idle(tasks.waiting, tasks.oldest_idle_ms)),
    ];
    let place = Line::from(end_of(&row.place.to_string(), width.into()));
    let row_of = Row::new(std::iter::once(place).chain(figures.into_iter().map(Line::right_aligned)));
    if tasks.stranded > 0 { row_of.style(alarm()) } else { row_of }
}

/// How long ago the oldest of those that wait was polled.
fn idle(waiting: u64, milliseconds: u64) -> String {
    match (waiting, milliseconds) {
        (0, _) => "–".to_owned(),
        // No more is known.
        (_, 0..10) => format!("{milliseconds} ms"),
        (_, _) => duration(milliseconds.saturating_mul(1_000_000)),
    }
}
