//! The first lines, which say whose figures these are, and the last one, which says the keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::alarm;
use crate::model::Model;
use crate::protocol::Stats;
use crate::text::{count, duration, rate};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let lines = vec![first(model), second(model)];
    frame.render_widget(Paragraph::new(lines), area);
}

fn first(model: &Model) -> Line<'static> {
    let name = model.hello.runtime.as_ref().map_or_else(|| "a runtime without a name".to_owned(), ToString::to_string);
    let mut parts = vec![Span::from(name).bold(), format!(" · pid {}", model.hello.pid).into()];
    let Some(stats) = &model.stats else { return Line::from(parts) };
    let workers = stats.workers.len();
    let plural = if workers == 1 { "" } else { "s" };
    let flavor = if stats.flavor == "current_thread" { " (current thread)" } else { "" };
    parts.push(format!(" · {workers} worker{plural}{flavor} · up {}", duration(stats.uptime_ns)).into());
    parts.push(format!("    alive {}  queued {}", count(stats.alive), count(queued(stats))).into());
    let blocking = stats.blocking;
    let busy = blocking.threads.saturating_sub(blocking.idle);
    parts.push(format!("  blocking {busy}/{}", blocking.threads).into());
    Line::from(parts)
}

/// Tasks in all queues.
fn queued(stats: &Stats) -> u64 {
    stats.workers.iter().fold(stats.queued, |sum, worker| sum.saturating_add(worker.queued))
}

fn second(model: &Model) -> Line<'static> {
    if let Some(why) = &model.lost {
        return Line::styled(format!("NO ANSWER, connecting again: {why}"), alarm());
    }
    let Some(stats) = &model.stats else { return Line::from("waits for the first answer") };
    let spawned = model.spawn_rate.map(|spawned| format!("{} spawned/s · ", rate(spawned))).unwrap_or_default();
    let timers = format!("{} timers · ", count(stats.timers.live));
    let recorder = match stats.window_ns {
        Some(window) => format!("polls of the last {}", duration(window)),
        None if model.hello.recorder => "recorder paused".to_owned(),
        None => "no recorder".to_owned(),
    };
    let paused = if model.is_paused { " · PAUSED" } else { "" };
    let interval = duration(model.interval.as_nanos() as u64);
    Line::from(format!("{spawned}{timers}{recorder} · every {interval}{paused}"))
}

pub(super) fn draw_keys(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let line = if model.is_typing {
        Line::from(format!("filter: {}_   Enter takes it, Esc shows all", model.filter))
    } else if model.opened.is_some() {
        Line::from("↑↓ choose  Esc back  space pause  q quit").dim()
    } else if model.filter.is_empty() {
        Line::from("↑↓ Enter tasks  s sort  r reverse  / filter  space pause  +- interval  q quit").dim()
    } else {
        Line::from(format!("only {:?}: Esc shows all", model.filter))
    };
    frame.render_widget(Paragraph::new(line), area);
}
