//! The table of tasks of one place.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Row, Table, TableState};

use super::{alarm, heading};
use crate::model::Opened;
use crate::protocol::{Task, Wait};
use crate::text::{count, duration};

/// Names take so many columns at most.
const WIDEST: usize = 40;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, opened: &Opened) {
    let [title, table] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let Some(tasks) = &opened.tasks else {
        frame.render_widget(Paragraph::new(format!("{}: asks for its tasks", opened.place)), title);
        return;
    };
    let shown = tasks.tasks.len() as u64;
    let plural = if tasks.count == 1 { "" } else { "s" };
    let mut text = format!("{}: {} task{plural}", opened.place, count(tasks.count));
    if shown < tasks.count {
        text += &format!(", those {} that were polled the longest time ago", count(shown));
    }
    frame.render_widget(Paragraph::new(Line::from(text).bold()), title);
    let titles = ["task", "state", "polled", "wakers", "waits for"].map(Line::from);
    let longest = tasks.tasks.iter().map(|task| task.title().chars().count()).max().unwrap_or(0);
    let widths = [
        Constraint::Length(longest.clamp(14, WIDEST) as u16),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(6),
        Constraint::Fill(1),
    ];
    let rows = Table::new(tasks.tasks.iter().map(line_of), widths).header(Row::new(titles).style(heading()));
    let mut state = TableState::default().with_selected(opened.chosen);
    frame.render_stateful_widget(rows.row_highlight_style(Style::new().reversed()), table, &mut state);
}

fn line_of(task: &Task) -> Row<'static> {
    let state = if task.is_stranded { "STRANDED".to_owned() } else { task.state.to_string() };
    let row = Row::new([
        Line::from(task.title()),
        Line::from(state),
        Line::from(duration(task.polled_ns)),
        Line::from(task.wakers.map_or_else(|| "–".to_owned(), count)),
        Line::from(waits(task)),
    ]);
    if task.is_stranded { row.style(alarm()) } else { row }
}

fn waits(task: &Task) -> String {
    if task.waits.is_empty() {
        let text = match (task.state.raw(), task.is_stranded) {
            (_, true) => "nothing can wake it",
            ("waiting", false) => "a channel, a lock, a task …",
            _ => "",
        };
        return text.to_owned();
    }
    let waits = task.waits.iter().map(|wait| match wait {
        Wait::Timer { left_ns } => format!("timer in {}", duration(*left_ns)),
        Wait::Source { number, interest } => {
            let interest: Vec<_> = interest.iter().map(ToString::to_string).collect();
            format!("source {number} {}", interest.join("+"))
        }
        Wait::Task { id } => format!("task {id}"),
        Wait::BlockingJob { id } => format!("blocking job {id}"),
        Wait::Other => "something".to_owned(),
    });
    waits.collect::<Vec<_>>().join(", ")
}
