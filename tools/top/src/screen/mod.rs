//! The model, drawn.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the parts, from top to bottom |
//! | `header.rs` | the first lines and the last one |
//! | `workers.rs` | the table of workers |
//! | `places.rs` | the table of places |
//! | `tasks.rs` | the table of tasks of one place |
//! | `warnings.rs` | what should not be |

mod header;
mod places;
mod tasks;
mod warnings;
mod workers;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::Style;

use crate::model::Model;
use crate::rows;

/// Fewer rows than this are not drawn into.
const LEAST: u16 = 5;

/// A page has so many rows at most, whatever a process tells: a runtime knows some four hundred places, and all cells are kept at once.
pub const HIGHEST: u16 = 2_000;

/// Draws the whole screen.
pub fn draw(frame: &mut Frame<'_>, model: &Model) {
    let area = frame.area();
    let warnings = warnings::lines(model);
    let workers = workers::height(model, area.height);
    let [top, for_workers, table, for_warnings, bottom] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Length(workers),
        Constraint::Min(0),
        Constraint::Length(cells(warnings.len())),
        Constraint::Length(1),
    ])
    .areas(area);
    header::draw(frame, top, model);
    if area.height >= LEAST {
        workers::draw(frame, for_workers, model);
        match &model.opened {
            None => places::draw(frame, table, model),
            Some(opened) => tasks::draw(frame, table, opened),
        }
        warnings::draw(frame, for_warnings, warnings);
        header::draw_keys(frame, bottom, model);
    }
}

/// So many rows show everything, up to [`HIGHEST`].
pub fn height(model: &Model) -> u16 {
    let workers = model.workers.len().saturating_add(2);
    let places = rows::places(model).len().saturating_add(1);
    let all = workers.saturating_add(places).saturating_add(warnings::lines(model).len() + 6);
    // Workers take a half of the screen at most.
    cells(all.max(workers.saturating_mul(2).saturating_add(8))).min(HIGHEST)
}

/// As a terminal counts them.
fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn heading() -> Style {
    Style::new().bold().underlined()
}

fn alarm() -> Style {
    Style::new().red().bold()
}
