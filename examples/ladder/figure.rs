//! The measures as a figure (`--svg`): one line per row of the table, one panel per measure, bars on logarithmic
//! scales.
//!
//! The rungs differ by factors of thousands, so each panel has a logarithmic scale from the power of ten below its
//! least value to the one above its greatest, and each bar carries its value in words, as the table has it.

use std::error::Error;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::measure::{Ending, Row};
use crate::table::past;
use crate::units::{grouped, span};

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

const LABELS: i32 = 300;
const PANEL: i32 = 260;
const LINE: i32 = 24;
const HEAD: i32 = 64;
const FOOT: i32 = 36;
const MARGIN: i32 = 12;

const INK: RGBColor = RGBColor(32, 36, 44);
const FAINT: RGBColor = RGBColor(214, 218, 226);
const BAND: RGBColor = RGBColor(244, 246, 250);

/// One measure of every row.
struct Panel {
    title: &'static str,
    colour: RGBColor,
    /// The bar's value, if it has one, and its words.
    value: fn(&Row) -> (Option<f64>, String),
    tick: fn(f64) -> String,
}

const PANELS: [Panel; 4] = [
    Panel { title: "time past one second", colour: RGBColor(46, 110, 180), value: past_of, tick: seconds },
    Panel { title: "CPU time", colour: RGBColor(196, 88, 56), value: cpu_of, tick: seconds },
    Panel { title: "threads at the peak", colour: RGBColor(92, 142, 72), value: threads_of, tick: count },
    Panel { title: "polls", colour: RGBColor(134, 96, 164), value: polls_of, tick: count },
];

fn past_of(row: &Row) -> (Option<f64>, String) {
    let value = match row.ending {
        Ending::Done { past } => Some(past.as_secs_f64()),
        Ending::Hangs => None,
    };
    (value, past(row.ending))
}

fn cpu_of(row: &Row) -> (Option<f64>, String) {
    (row.usage.cpu.map(|cpu| cpu.as_secs_f64()), row.usage.cpu.map_or_else(|| "?".to_owned(), span))
}

fn threads_of(row: &Row) -> (Option<f64>, String) {
    let threads = row.usage.threads.map(|threads| threads as u64);
    (threads.map(|threads| threads as f64), threads.map_or_else(|| "?".to_owned(), grouped))
}

fn polls_of(row: &Row) -> (Option<f64>, String) {
    (Some(row.polls as f64), grouped(row.polls))
}

fn seconds(value: f64) -> String {
    span(Duration::from_secs_f64(value)).replace(".00", "").replace(".0", "")
}

fn count(value: f64) -> String {
    if value < 1.0 { String::new() } else { grouped(value.round() as u64) }
}

/// Draws `rows` into `file`.
pub(crate) fn draw(file: &Path, rows: &[Row]) -> Drawn {
    let width = LABELS + PANEL * PANELS.len() as i32 + MARGIN;
    let height = HEAD + LINE * rows.len() as i32 + FOOT;
    let canvas = SVGBackend::new(file, (width as u32, height as u32)).into_drawing_area();
    canvas.fill(&WHITE)?;
    for (line, row) in rows.iter().enumerate() {
        let top = HEAD + LINE * line as i32;
        if line % 2 == 0 {
            canvas.draw(&Rectangle::new([(MARGIN / 2, top), (width - MARGIN / 2, top + LINE)], BAND.filled()))?;
        }
        let middle = top + LINE / 2;
        write(&canvas, &row.name, (MARGIN, middle), 13, HPos::Left)?;
        write(&canvas, &grouped(row.jobs as u64), (LABELS - 2 * MARGIN, middle), 13, HPos::Right)?;
    }
    write(&canvas, "rung", (MARGIN, HEAD / 2), 15, HPos::Left)?;
    write(&canvas, "jobs", (LABELS - 2 * MARGIN, HEAD / 2), 15, HPos::Right)?;
    let caption = "each job sleeps one second; scales are logarithmic";
    write(&canvas, caption, (MARGIN, height - FOOT / 2), 11, HPos::Left)?;
    for (index, panel) in PANELS.iter().enumerate() {
        draw_panel(&canvas, panel, rows, LABELS + PANEL * index as i32)?;
    }
    canvas.present()?;
    Ok(())
}

/// Draws one panel, whose left edge is at `left`.
fn draw_panel(canvas: &Canvas<'_>, panel: &Panel, rows: &[Row], left: i32) -> Drawn {
    let values: Vec<_> = rows.iter().map(panel.value).collect();
    let decades = decades(values.iter().filter_map(|(value, _)| *value));
    // The words of the longest bar need room to its right.
    let room = f64::from(PANEL - MARGIN - 76);
    let length = |value: f64| {
        let place = (value.log10() - f64::from(decades.start)) / f64::from(decades.end - decades.start);
        (place.clamp(0.0, 1.0) * room) as i32
    };
    let bottom = HEAD + LINE * rows.len() as i32;
    write(canvas, panel.title, (left, HEAD / 2), 15, HPos::Left)?;
    // Five labels at most.
    let every = 1 + (decades.end - decades.start) / 4;
    for decade in decades.clone().chain([decades.end]) {
        let x = left + length(10f64.powi(decade));
        canvas.draw(&PathElement::new([(x, HEAD - 8), (x, bottom)], FAINT.stroke_width(1)))?;
        if (decade - decades.start) % every == 0 {
            write(canvas, &(panel.tick)(10f64.powi(decade)), (x, bottom + FOOT / 2), 11, HPos::Center)?;
        }
    }
    for (line, (value, words)) in values.iter().enumerate() {
        let top = HEAD + LINE * line as i32;
        let end = left + value.map_or(0, |value| length(value).max(2));
        canvas.draw(&Rectangle::new([(left, top + 5), (end, top + LINE - 5)], panel.colour.filled()))?;
        write(canvas, words, (end + 5, top + LINE / 2), 12, HPos::Left)?;
    }
    Ok(())
}

/// The powers of ten that enclose `values`.
fn decades(values: impl Iterator<Item = f64>) -> Range<i32> {
    let logarithms: Vec<f64> = values.filter(|value| *value > 0.0).map(f64::log10).collect();
    let least = logarithms.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if least > greatest {
        return 0..1;
    }
    // A bar that starts at its own value would have no length: the scale starts below.
    let start = (least - 0.1).floor() as i32;
    start..(greatest.ceil() as i32).max(start + 1)
}

/// Writes `text`, vertically centred, at `place`.
fn write(canvas: &Canvas<'_>, text: &str, place: (i32, i32), size: i32, align: HPos) -> Drawn {
    let style = TextStyle::from(("sans-serif", size)).color(&INK).pos(Pos::new(align, VPos::Center));
    canvas.draw(&Text::new(text.to_owned(), place, style))?;
    Ok(())
}
