//! Lines over two logarithmic axes, as an SVG: one panel beside the other, all on the same scales.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

const PANEL: (i32, i32) = (440, 330);
const LEFT: i32 = 64;
const RIGHT: i32 = 84;
const TOP: i32 = 44;
const BOTTOM: i32 = 52;

const INK: RGBColor = RGBColor(32, 36, 44);
const FAINT: RGBColor = RGBColor(214, 218, 226);
const COLOURS: [RGBColor; 4] =
    [RGBColor(46, 110, 180), RGBColor(196, 88, 56), RGBColor(92, 142, 72), RGBColor(134, 96, 164)];

/// What a line is called, and its points in order. The n-th line of each panel has the same colour.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// The powers of ten that the axes span.
struct Axes {
    x: Range<i32>,
    y: Range<i32>,
}

impl Axes {
    fn around(panels: &[Panel]) -> Self {
        let points = || panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points);
        Self { x: decades(points().map(|point| point.0)), y: decades(points().map(|point| point.1)) }
    }

    /// Where a point lies in a panel whose left edge is at `left`.
    fn place(&self, left: i32, (x, y): (f64, f64)) -> (i32, i32) {
        let share = |value: f64, decades: &Range<i32>| {
            (value.log10() - f64::from(decades.start)) / f64::from(decades.end - decades.start)
        };
        let across = share(x, &self.x) * f64::from(PANEL.0);
        let up = share(y, &self.y) * f64::from(PANEL.1);
        (left + across.round() as i32, TOP + PANEL.1 - up.round() as i32)
    }
}

/// Draws the panels into `file`; `x` and `y` name the axes.
pub(crate) fn draw(file: &Path, x: &str, y: &str, panels: &[Panel]) -> Drawn {
    let axes = Axes::around(panels);
    let pitch = LEFT + PANEL.0 + RIGHT;
    let size = (pitch * panels.len() as i32, TOP + PANEL.1 + BOTTOM);
    let canvas = SVGBackend::new(file, (size.0 as u32, size.1 as u32)).into_drawing_area();
    canvas.fill(&WHITE)?;
    for (panel, left) in panels.iter().zip((0..).map(|n| n * pitch + LEFT)) {
        let middle = left + PANEL.0 / 2;
        write(&canvas, panel.title, (middle, TOP / 2), 15, HPos::Center, &INK)?;
        write(&canvas, x, (middle, TOP + PANEL.1 + 38), 12, HPos::Center, &INK)?;
        write(&canvas, y, (left - 8, TOP - 14), 12, HPos::Right, &INK)?;
        draw_grid(&canvas, &axes, left)?;
        draw_lines(&canvas, &axes, left, &panel.lines)?;
    }
    canvas.present()?;
    Ok(())
}

fn draw_grid(canvas: &Canvas<'_>, axes: &Axes, left: i32) -> Drawn {
    let (right, bottom) = (left + PANEL.0, TOP + PANEL.1);
    for decade in axes.x.start..=axes.x.end {
        let (x, _) = axes.place(left, (10f64.powi(decade), 1.0));
        canvas.draw(&PathElement::new([(x, TOP), (x, bottom)], FAINT))?;
        write(canvas, &power(decade), (x, bottom + 16), 11, HPos::Center, &INK)?;
    }
    for decade in axes.y.start..=axes.y.end {
        for step in 1..=9 {
            let (_, y) = axes.place(left, (1.0, f64::from(step) * 10f64.powi(decade)));
            if y >= TOP {
                let colour = if step == 1 { FAINT.to_rgba() } else { FAINT.mix(0.5) };
                canvas.draw(&PathElement::new([(left, y), (right, y)], colour))?;
            }
        }
        let (_, y) = axes.place(left, (1.0, 10f64.powi(decade)));
        write(canvas, &power(decade), (left - 8, y), 11, HPos::Right, &INK)?;
    }
    Ok(())
}

fn draw_lines(canvas: &Canvas<'_>, axes: &Axes, left: i32, lines: &[Line]) -> Drawn {
    let mut names = Vec::new();
    for (line, colour) in lines.iter().zip(&COLOURS) {
        let places: Vec<_> = line.points.iter().map(|point| axes.place(left, *point)).collect();
        let Some(end) = places.last() else { continue };
        names.push((end.1, line.name, colour));
        for place in &places {
            canvas.draw(&Circle::new(*place, 3, colour.filled()))?;
        }
        canvas.draw(&PathElement::new(places, colour.stroke_width(2)))?;
    }
    names.sort_unstable_by_key(|(y, ..)| -y);
    // Names of lines that end side by side are moved apart, from the lowest upwards: below the panel are the numbers.
    let mut free = TOP + PANEL.1 - 6;
    for (y, name, colour) in names {
        let y = y.min(free);
        free = y - 14;
        write(canvas, name, (left + PANEL.0 + 8, y), 12, HPos::Left, colour)?;
    }
    Ok(())
}

/// The powers of ten that enclose `values`.
fn decades(values: impl Iterator<Item = f64>) -> Range<i32> {
    let logarithms: Vec<_> = values.filter(|value| *value > 0.0).map(f64::log10).collect();
    let least = logarithms.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if least > greatest {
        return 0..1;
    }
    let start = least.floor() as i32;
    start..(greatest.ceil() as i32).max(start + 1)
}

/// A power of ten with its zeros in groups: `10,000`.
fn power(decade: i32) -> String {
    let Ok(zeros) = usize::try_from(decade) else { return 10f64.powi(decade).to_string() };
    let first = "1".to_owned() + &"0".repeat(zeros % 3);
    first + &",000".repeat(zeros / 3)
}

/// Writes `text`, vertically centred, at `place`.
fn write(canvas: &Canvas<'_>, text: &str, place: (i32, i32), size: i32, align: HPos, colour: &RGBColor) -> Drawn {
    let style = TextStyle::from(("sans-serif", size)).color(colour).pos(Pos::new(align, VPos::Center));
    canvas.draw(&Text::new(text.to_owned(), place, style))?;
    Ok(())
}
