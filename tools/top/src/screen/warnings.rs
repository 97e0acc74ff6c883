//! What should not be: tasks that can never run again or wait for each other, polls that last, jobs that wait for a thread.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::alarm;
use crate::model::{Model, Now, STUCK_NS};
use crate::protocol::{Stats, Task};
use crate::rows::OTHERS;
use crate::text::{count, duration};
use crate::untrusted::Untrusted;

/// So many are shown.
const MOST: usize = 4;

/// So many tasks of a circle are named.
const MOST_NAMED: usize = 8;

pub(super) fn lines(model: &Model) -> Vec<String> {
    let Some(stats) = &model.stats else { return Vec::new() };
    let mut lines = stuck(model, stats);
    for place in stats.places.iter().filter(|place| place.stranded > 0) {
        let at = shown(place.place.as_ref());
        let tasks = if place.stranded == 1 { "1 task is" } else { &format!("{} tasks are", count(place.stranded)) };
        lines.push(format!("! {tasks} STRANDED at {at}: no waker, only an abort ends it"));
    }
    lines.extend(stats.circles.iter().filter(|circle| !circle.is_empty()).map(|circle| self::circle(model, circle)));
    let blocking = stats.blocking;
    if blocking.queued > 0 && blocking.idle == 0 {
        lines.push(format!("! {} blocking jobs wait for a thread: all {} are busy", blocking.queued, blocking.threads));
    }
    if lines.len() > MOST {
        let more = lines.len() - (MOST - 1);
        lines.truncate(MOST - 1);
        lines.push(format!("! and {more} more"));
    }
    lines
}

/// Polls that last, each once: by the recording, which knows the worker; else by the dump; else by the worker's counters.
fn stuck(model: &Model, stats: &Stats) -> Vec<String> {
    let mut lines = Vec::new();
    let mut told = Vec::new();
    let mut quiet = Vec::new();
    for index in 0..stats.workers.len() {
        match model.now_of(index) {
            Now::Polls(current) if current.for_ns >= STUCK_NS => {
                let (task, time) = (title_of(model, &current.task), duration(current.for_ns));
                let at = shown(current.place.as_ref());
                lines.push(format!("! worker {index} is stuck for {time} in a poll of {task}, {at}"));
                told.push(current.task);
            }
            Now::Quiet(for_ns) => quiet.push((index, for_ns)),
            _ => {}
        }
    }
    for task in stats.stuck.iter().filter(|task| !told.contains(&task.id)) {
        let at = task.spawned_at.as_ref().map_or_else(|| OTHERS.to_owned(), ToString::to_string);
        lines.push(format!("! a poll of {} is stuck for {}, {at}", task.title(), duration(task.polled_ns)));
        // One of those workers has it.
        quiet.pop();
    }
    lines.extend(quiet.into_iter().map(|(index, for_ns)| {
        format!("! worker {index} has ended no poll for {}: its task has not waited before", duration(for_ns))
    }));
    lines
}

/// Tasks each of which waits for the next.
fn circle(model: &Model, tasks: &[Untrusted]) -> String {
    let many = if tasks.len() == 1 {
        "1 task waits for itself"
    } else {
        &format!("{} tasks wait for each other", count(tasks.len() as u64))
    };
    let named = tasks.iter().take(MOST_NAMED).map(|task| title_of(model, task));
    // Back to the first, if all of them are there.
    let rest = if tasks.len() > MOST_NAMED { "…".to_owned() } else { tasks[0].to_string() };
    format!("! {many} in a circle: {}", named.chain([rest]).collect::<Vec<_>>().join(" → "))
}

/// A task's id, with its name if that is known.
fn title_of(model: &Model, id: &Untrusted) -> String {
    let told = model.stats.iter().flat_map(|stats| stats.stuck.iter().chain(&stats.stranded));
    let opened = model.opened.iter().filter_map(|opened| opened.tasks.as_ref()).flat_map(|tasks| &tasks.tasks);
    told.chain(opened).find(|task| task.id == *id).map_or_else(|| id.to_string(), Task::title)
}

/// A place.
fn shown(place: Option<&Untrusted>) -> String {
    place.map_or_else(|| OTHERS.to_owned(), ToString::to_string)
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, lines: Vec<String>) {
    let lines: Vec<_> = lines.into_iter().map(|line| Line::styled(line, alarm())).collect();
    frame.render_widget(Paragraph::new(lines), area);
}
