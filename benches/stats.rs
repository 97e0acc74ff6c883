//! Medians, percentiles and spreads, and how a figure is written.

use std::fmt;

/// One figure from several rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` without a figure.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let sorted = sorted(figures);
        Some(Self { median: median(&sorted), min: *sorted.first()?, max: *sorted.last()? })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}–{})", digits(self.median), digits(self.min), digits(self.max))
    }
}

pub(crate) fn sorted(figures: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures
}

/// The figure in the middle; of an even number, the mean of the two there. NaN of none.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => sorted[len / 2],
        len => f64::midpoint(sorted[len / 2 - 1], sorted[len / 2]),
    }
}

/// The least figure that 99 of 100 do not exceed. NaN of none.
pub(crate) fn p99(sorted: &[f64]) -> f64 {
    let rank = (sorted.len() * 99).div_ceil(100);
    rank.checked_sub(1).map_or(f64::NAN, |at| sorted[at])
}

/// Three digits or so: more would be noise. A small figure keeps two that mean something, down to a millionth. A dash for no figure.
pub(crate) fn digits(value: f64) -> String {
    match value.abs() {
        size if size.is_nan() => "–".into(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size < 0.000_001 => "0.00".into(),
        size if size < 0.000_1 => format!("{value:.6}"),
        size if size < 0.001 => format!("{value:.5}"),
        size if size < 0.01 => format!("{value:.4}"),
        _ => format!("{value:.2}"),
    }
}
