//! The table of a comparison: medians of the reference, and for everybody else the ratios to it.

use crate::contenders::Entrant;
use crate::workloads::{Cost, Workload};
use std::fmt;
use std::time::Duration;

/// The one that all ratios are taken to.
pub(crate) const REFERENCE: Entrant = Entrant::Tokio;

/// The costs of one workload.
#[derive(Debug)]
pub(crate) struct Row {
    workload: Workload,
    /// By entrant, a cost for each round.
    costs: Vec<(Entrant, Vec<Cost>)>,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

/// Ratios from several rounds.
struct Ratio {
    median: f64,
    min: f64,
    max: f64,
}

impl Row {
    pub(crate) fn new(workload: Workload, entrants: &[Entrant]) -> Self {
        Self { workload, costs: entrants.iter().map(|entrant| (*entrant, Vec::new())).collect() }
    }

    /// Adds what `entrant` took in the next round.
    pub(crate) fn push(&mut self, entrant: Entrant, cost: Cost) {
        let (_, costs) = self.costs.iter_mut().find(|(e, _)| *e == entrant).expect("only the row's entrants run");
        costs.push(cost);
    }

    fn costs(&self, entrant: Entrant) -> Option<&[Cost]> {
        self.costs.iter().find(|(e, _)| *e == entrant).map(|(_, costs)| costs.as_slice())
    }

    /// The ratios of one figure of `entrant` to the reference, each within its round.
    fn ratio(&self, entrant: Entrant, figure: impl Fn(&Cost) -> Duration) -> Option<Ratio> {
        let (own, reference) = (self.costs(entrant)?, self.costs(REFERENCE)?);
        let seconds = |cost| figure(cost).as_secs_f64().max(1e-9);
        let mut ratios: Vec<_> = own.iter().zip(reference).map(|(a, b)| seconds(a) / seconds(b)).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        Some(Ratio { median: median(&ratios), min: *ratios.first()?, max: *ratios.last()? })
    }

    fn cells(&self) -> Vec<String> {
        let reference = |figure: fn(&Cost) -> Duration| {
            let costs = self.costs(REFERENCE).unwrap_or_default();
            let mut times: Vec<_> = costs.iter().map(|cost| figure(cost).as_secs_f64() * 1e3).collect();
            times.sort_unstable_by(f64::total_cmp);
            digits(median(&times))
        };
        let mut cells = vec![self.workload.name().into(), reference(|cost| cost.wall), reference(|cost| cost.cpu)];
        for entrant in others() {
            let cell = |ratio: Option<Ratio>| ratio.map_or("–".into(), |ratio| ratio.to_string());
            cells.push(cell(self.ratio(entrant, |cost| cost.wall)));
            cells.push(cell(self.ratio(entrant, |cost| cost.cpu)));
        }
        cells
    }
}

impl Table {
    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = REFERENCE.name();
        let mut head = vec!["workload".into(), format!("{reference}, ms"), "CPU, ms".into()];
        head.extend(others().flat_map(|entrant| [entrant.name().into(), "CPU".into()]));
        let mut lines = vec![head];
        lines.extend(self.rows.iter().map(Row::cells));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<_> = (0..lines[0].len()).map(width).collect();

        writeln!(f, "{reference}: median of the rounds. The others: ratio to {reference}, below 1 is better;")?;
        writeln!(f, "median of the ratios within a round (least–greatest).\n")?;
        for (n, line) in lines.iter().enumerate() {
            for (column, cell) in line.iter().enumerate() {
                write!(f, "| {cell:<width$} ", width = widths[column])?;
            }
            writeln!(f, "|")?;
            if n == 0 {
                widths.iter().try_for_each(|width| write!(f, "|{:-<width$}", "", width = width + 2))?;
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}–{})", digits(self.median), digits(self.min), digits(self.max))
    }
}

/// Everybody but the reference, in their order.
fn others() -> impl Iterator<Item = Entrant> {
    Entrant::ALL.into_iter().filter(|entrant| *entrant != REFERENCE)
}

fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => sorted[len / 2],
        len => f64::midpoint(sorted[len / 2 - 1], sorted[len / 2]),
    }
}

/// Three digits or so: more would be noise.
fn digits(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
