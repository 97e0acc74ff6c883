//! The table of workers.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Row, Table};

use super::{alarm, cells, heading};
use crate::model::{Model, Now, STUCK_NS};
use crate::text::{bars, count, duration, end_of, percent, rate};

/// The columns beside `now` and the bars, with the space between them.
const OTHERS: u16 = 46;

/// So many rows, with the heading and a blank one: half of the screen at most.
pub(super) fn height(model: &Model, of: u16) -> u16 {
    cells(model.workers.len()).saturating_add(2).min(of.saturating_sub(4) / 2).max(3)
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let Some(stats) = &model.stats else { return };
    let room = usize::from(area.height.saturating_sub(2));
    let hidden = stats.workers.len().saturating_sub(room);
    // The last row says how many more there are.
    let shown = if hidden > 0 { room.saturating_sub(1) } else { room };
    let bars_width = (area.width.saturating_sub(OTHERS) / 4).clamp(6, 60);
    let now_width = area.width.saturating_sub(OTHERS + bars_width);
    let lines = stats.workers.iter().zip(&model.workers).enumerate().take(shown).map(|(index, (worker, rates))| {
        let unknown = || "–".to_owned();
        let longest = worker.recent.map(|recent| recent.longest_ns).filter(|longest| *longest > 0);
        Row::new([
            Line::from(index.to_string()),
            Line::from(rates.busy.map_or_else(unknown, percent)).right_aligned(),
            Line::from(bars(rates.history.iter().copied(), bars_width.into())),
            now(&model.now_of(index), now_width.into()),
            Line::from(rates.polls.map_or_else(unknown, rate)).right_aligned(),
            Line::from(count(worker.queued)).right_aligned(),
            Line::from(longest.map_or_else(unknown, duration)).right_aligned(),
        ])
    });
    let widths = [6, 6, bars_width, now_width, 9, 6, 8].map(Constraint::Length);
    let titles = ["worker", "busy", "", "now", "polls/s", "queue", "longest"];
    let right = |(index, title)| match index {
        1 | 4.. => Line::from(title).right_aligned(),
        _ => Line::from(title),
    };
    let heading = Row::new(titles.into_iter().enumerate().map(right)).style(heading());
    frame.render_widget(Table::new(lines, widths).header(heading), area);
    if hidden > 0 && shown < room {
        let line = Rect { y: area.y + 1 + shown as u16, height: 1, ..area };
        frame.render_widget(Paragraph::new(format!("and {} more workers", stats.workers.len() - shown)).dim(), line);
    }
}

fn now(now: &Now, columns: usize) -> Line<'static> {
    match now {
        Now::Parked => Line::from("parked").dim(),
        Now::Runs => Line::from("runs"),
        Now::Quiet(for_ns) => Line::styled(format!("in a poll for {}", duration(*for_ns)), alarm()),
        Now::Polls(current) => {
            let begin = format!("POLL {}  ", duration(current.for_ns));
            let place = current.place.as_ref().map(ToString::to_string).unwrap_or_default();
            let place = end_of(&place, columns.saturating_sub(begin.chars().count()));
            let style = if current.for_ns >= STUCK_NS { alarm() } else { Style::new() };
            Line::from(vec![Span::styled(begin, style), Span::from(place)])
        }
    }
}
