//! The table of a comparison: medians of the reference, and for everybody else the ratios to it.

use crate::contenders::Entrant;
use crate::sheet::markdown;
use crate::stats::{Spread, digits, median, sorted};
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
    fn ratio(&self, entrant: Entrant, figure: impl Fn(&Cost) -> Duration) -> Option<Spread> {
        let (own, reference) = (self.costs(entrant)?, self.costs(REFERENCE)?);
        let seconds = |cost| figure(cost).as_secs_f64().max(1e-9);
        Spread::of(own.iter().zip(reference).map(|(a, b)| seconds(a) / seconds(b)))
    }

    fn cells(&self) -> Vec<String> {
        let reference = |figure: fn(&Cost) -> Duration| {
            let costs = self.costs(REFERENCE).unwrap_or_default();
            digits(median(&sorted(costs.iter().map(|cost| figure(cost).as_secs_f64() * 1e3))))
        };
        let mut cells = vec![self.workload.name().into(), reference(|cost| cost.wall), reference(|cost| cost.cpu)];
        for entrant in others() {
            let cell = |ratio: Option<Spread>| ratio.map_or("–".into(), |ratio| ratio.to_string());
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
        writeln!(f, "{reference}: median of the rounds. The others: ratio to {reference}, below 1 is better;")?;
        writeln!(f, "median of the ratios within a round (least–greatest).\n")?;
        writeln!(f, "{}", markdown([head].into_iter().chain(self.rows.iter().map(Row::cells))))
    }
}

/// Everybody but the reference, in their order.
fn others() -> impl Iterator<Item = Entrant> {
    Entrant::ALL.into_iter().filter(|entrant| *entrant != REFERENCE)
}
