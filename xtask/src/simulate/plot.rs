//! Lines over a logarithmic axis, as an SVG: one panel beside the other, two in a row, all with the same axes.

use std::error::Error;
use std::ops::RangeInclusive;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

const PANEL: (i32, i32) = (380, 280);
const LEFT: i32 = 64;
const RIGHT: i32 = 118;
const TOP: i32 = 44;
const BOTTOM: i32 = 52;
const IN_A_ROW: usize = 2;

const INK: RGBColor = RGBColor(32, 36, 44);
const FAINT: RGBColor = RGBColor(214, 218, 226);
const COLOURS: [RGBColor; 5] = [
    RGBColor(46, 110, 180),
    RGBColor(196, 88, 56),
    RGBColor(92, 142, 72),
    RGBColor(134, 96, 164),
    RGBColor(150, 128, 40),
];

/// What a line is called, and its points in order. The n-th line of each panel has the same colour.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

#[derive(Clone)]
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    pub(super) lines: Vec<Line>,
}

/// What the upright axis shows.
pub(super) enum Scale {
    /// Decades; what is less than that is drawn at that.
    Decades { y: &'static str, least: f64 },
    /// From 0 to 100.
    Percent { y: &'static str },
}

/// The powers that the axes span, of two and of ten; or quarters of a hundred.
struct Axes<'a> {
    scale: &'a Scale,
    x: RangeInclusive<i32>,
    y: RangeInclusive<i32>,
}

impl<'a> Axes<'a> {
    fn around(panels: &[Panel], scale: &'a Scale) -> Self {
        let points = || panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points);
        let y = match scale {
            Scale::Decades { .. } => powers(points().map(|point| scale.step(point.1))),
            Scale::Percent { .. } => 0..=4,
        };
        Self { scale, x: powers(points().map(|point| point.0.log2())), y }
    }

    /// Where a point lies in a panel whose upper left corner is at `corner`.
    fn place(&self, corner: (i32, i32), (x, y): (f64, f64)) -> (i32, i32) {
        let share = |value: f64, powers: &RangeInclusive<i32>| {
            (value - f64::from(*powers.start())) / f64::from(powers.end() - powers.start())
        };
        let across = share(x.log2(), &self.x) * f64::from(PANEL.0);
        let up = share(self.scale.step(y), &self.y) * f64::from(PANEL.1);
        (corner.0 + across.round() as i32, corner.1 + PANEL.1 - up.round() as i32)
    }
}

impl Scale {
    fn name(&self) -> &'static str {
        match self {
            Self::Decades { y, .. } | Self::Percent { y } => y,
        }
    }

    /// How many steps of the grid up a value lies.
    fn step(&self, value: f64) -> f64 {
        match self {
            Self::Decades { least, .. } => value.max(*least).log10(),
            Self::Percent { .. } => value / 25.0,
        }
    }

    /// The value at a step of the grid.
    fn value(&self, step: i32) -> f64 {
        match self {
            Self::Decades { .. } => 10f64.powi(step),
            Self::Percent { .. } => f64::from(25 * step),
        }
    }
}

/// Draws the panels into `file`.
pub(super) fn draw(file: &Path, (scale, panels): &(Scale, Vec<Panel>)) -> Drawn {
    let axes = Axes::around(panels, scale);
    let pitch = (LEFT + PANEL.0 + RIGHT, TOP + PANEL.1 + BOTTOM);
    let rows = panels.len().div_ceil(IN_A_ROW) as i32;
    let columns = panels.len().min(IN_A_ROW) as i32;
    let canvas = SVGBackend::new(file, ((pitch.0 * columns) as u32, (pitch.1 * rows) as u32)).into_drawing_area();
    canvas.fill(&WHITE)?;
    for (index, panel) in panels.iter().enumerate() {
        let (row, column) = ((index / IN_A_ROW) as i32, (index % IN_A_ROW) as i32);
        let corner = (column * pitch.0 + LEFT, row * pitch.1 + TOP);
        let middle = corner.0 + PANEL.0 / 2;
        write(&canvas, panel.title, (middle, corner.1 - 30), 15, HPos::Center, &INK)?;
        write(&canvas, panel.x, (middle, corner.1 + PANEL.1 + 36), 12, HPos::Center, &INK)?;
        write(&canvas, scale.name(), (corner.0 - 8, corner.1 - 12), 12, HPos::Left, &INK)?;
        draw_grid(&canvas, &axes, corner)?;
        draw_lines(&canvas, &axes, corner, &panel.lines)?;
    }
    canvas.present()?;
    Ok(())
}

fn draw_grid(canvas: &Canvas<'_>, axes: &Axes<'_>, corner: (i32, i32)) -> Drawn {
    let (right, bottom) = (corner.0 + PANEL.0, corner.1 + PANEL.1);
    let bottom_value = axes.scale.value(*axes.y.start());
    for power in axes.x.clone() {
        let (x, _) = axes.place(corner, (2f64.powi(power), bottom_value));
        canvas.draw(&PathElement::new([(x, corner.1), (x, bottom)], FAINT))?;
        write(canvas, &2f64.powi(power).to_string(), (x, bottom + 16), 11, HPos::Center, &INK)?;
    }
    for power in axes.y.clone() {
        let value = axes.scale.value(power);
        let (_, y) = axes.place(corner, (1.0, value));
        canvas.draw(&PathElement::new([(corner.0, y), (right, y)], FAINT))?;
        write(canvas, &value.to_string(), (corner.0 - 8, y), 11, HPos::Right, &INK)?;
    }
    Ok(())
}

fn draw_lines(canvas: &Canvas<'_>, axes: &Axes<'_>, corner: (i32, i32), lines: &[Line]) -> Drawn {
    let mut names = Vec::new();
    for (line, colour) in lines.iter().zip(&COLOURS) {
        let places: Vec<_> = line.points.iter().map(|point| axes.place(corner, *point)).collect();
        let Some(end) = places.last() else { continue };
        names.push((end.1, line.name, colour));
        for place in &places {
            canvas.draw(&Circle::new(*place, 3, colour.filled()))?;
        }
        canvas.draw(&PathElement::new(places, colour.stroke_width(2)))?;
    }
    names.sort_unstable_by_key(|(y, ..)| -y);
    // Names of lines that end side by side are moved apart, from the lowest upwards: below the panel are the numbers.
    let mut free = corner.1 + PANEL.1 - 6;
    for (y, name, colour) in names {
        let y = y.min(free);
        free = y - 14;
        write(canvas, name, (corner.0 + PANEL.0 + 8, y), 12, HPos::Left, colour)?;
    }
    Ok(())
}

/// The whole powers that enclose these logarithms.
fn powers(logarithms: impl Iterator<Item = f64>) -> RangeInclusive<i32> {
    let (least, greatest) = logarithms
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), value| (least.min(value), greatest.max(value)));
    if least > greatest {
        return 0..=1;
    }
    let start = least.floor() as i32;
    start..=(greatest.ceil() as i32).max(start + 1)
}

/// Writes `text`, vertically centred, at `place`.
fn write(canvas: &Canvas<'_>, text: &str, place: (i32, i32), size: i32, align: HPos, colour: &RGBColor) -> Drawn {
    let style = TextStyle::from(("sans-serif", size)).color(colour).pos(Pos::new(align, VPos::Center));
    canvas.draw(&Text::new(text.to_owned(), place, style))?;
    Ok(())
}
