//! What a key does to the model.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::model::{Model, Opened};
use crate::rows;

/// A page moves so many rows.
const PAGE: isize = 10;

/// Takes a key.
pub fn press(model: &mut Model, key: KeyEvent) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'd') if is_control => model.ends = true,
        _ if model.is_typing => type_into(&mut model.filter, &mut model.is_typing, key.code),
        KeyCode::Char('q') => model.ends = true,
        KeyCode::Up | KeyCode::Char('k') => move_by(model, -1),
        KeyCode::Down | KeyCode::Char('j') => move_by(model, 1),
        KeyCode::PageUp => move_by(model, -PAGE),
        KeyCode::PageDown => move_by(model, PAGE),
        KeyCode::Home | KeyCode::Char('g') => move_by(model, isize::MIN),
        KeyCode::End | KeyCode::Char('G') => move_by(model, isize::MAX),
        KeyCode::Enter => open(model),
        KeyCode::Esc | KeyCode::Backspace | KeyCode::Left => back(model),
        KeyCode::Char('s') => model.sort = model.sort.moved(1),
        KeyCode::Char('S') => model.sort = model.sort.moved(-1),
        KeyCode::Char('r') => model.is_reversed = !model.is_reversed,
        KeyCode::Char('/') => (model.is_typing, model.opened) = (true, None),
        KeyCode::Char(' ') => model.is_paused = !model.is_paused,
        KeyCode::Char('+') => model.interval = (model.interval * 2).min(Duration::from_secs(60)),
        KeyCode::Char('-') => model.interval = (model.interval / 2).max(Duration::from_millis(125)),
        _ => {}
    }
}

fn type_into(filter: &mut String, is_typing: &mut bool, key: KeyCode) {
    match key {
        KeyCode::Enter => *is_typing = false,
        KeyCode::Esc => {
            filter.clear();
            *is_typing = false;
        }
        KeyCode::Backspace => drop(filter.pop()),
        KeyCode::Char(letter) => filter.push(letter),
        _ => {}
    }
}

/// Chooses a row so many further down.
fn move_by(model: &mut Model, rows: isize) {
    if let Some(opened) = &mut model.opened {
        let last = opened.tasks.as_ref().map_or(0, |tasks| tasks.tasks.len().saturating_sub(1));
        opened.chosen = opened.chosen.saturating_add_signed(rows).min(last);
        return;
    }
    let places = rows::places(model);
    let chosen = places.iter().position(|row| Some(&row.place) == model.chosen.as_ref());
    let next = match chosen {
        None => 0,
        Some(chosen) => chosen.saturating_add_signed(rows).min(places.len() - 1),
    };
    model.chosen = places.get(next).map(|row| row.place.clone());
}

fn open(model: &mut Model) {
    if model.opened.is_some() {
        return;
    }
    let places = rows::places(model);
    let chosen = places.iter().find(|row| Some(&row.place) == model.chosen.as_ref()).or_else(|| places.first());
    if let Some(row) = chosen {
        model.chosen = Some(row.place.clone());
        model.opened = Some(Opened { place: row.place.clone(), tasks: None, chosen: 0 });
    }
}

/// To the places; from there to all of them.
fn back(model: &mut Model) {
    if model.opened.take().is_none() {
        model.filter.clear();
    }
}
