//! A table of a comparison: medians of the reference, and for everybody else the ratios to it.

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
    workers: usize,
    /// By entrant, a cost for each round.
    costs: Vec<(Entrant, Vec<Cost>)>,
}

#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
    /// Whether the rows differ in their numbers of workers, and so have a column for them.
    by_workers: bool,
}

impl Row {
    pub(crate) fn new(workload: Workload, workers: usize, entrants: &[Entrant]) -> Self {
        Self { workload, workers, costs: entrants.iter().map(|entrant| (*entrant, Vec::new())).collect() }
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

    fn cells(&self, by_workers: bool, others: &[Entrant]) -> Vec<String> {
        let reference = |figure: fn(&Cost) -> Duration| {
            let costs = self.costs(REFERENCE).unwrap_or_default();
            digits(median(&sorted(costs.iter().map(|cost| figure(cost).as_secs_f64() * 1e3))))
        };
        let mut cells = vec![self.workload.name().into()];
        cells.extend(by_workers.then(|| self.workers.to_string()));
        cells.extend([reference(|cost| cost.wall), reference(|cost| cost.cpu)]);
        for entrant in others {
            let cell = |ratio: Option<Spread>| ratio.map_or("–".into(), |ratio| ratio.to_string());
            cells.push(cell(self.ratio(*entrant, |cost| cost.wall)));
            cells.push(cell(self.ratio(*entrant, |cost| cost.cpu)));
        }
        cells
    }
}

impl Table {
    pub(crate) fn new(by_workers: bool) -> Self {
        Self { rows: Vec::new(), by_workers }
    }

    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Who has run anything, but for the reference.
    fn others(&self) -> Vec<Entrant> {
        let ran = |entrant: &Entrant| self.rows.iter().any(|row| row.costs(*entrant).is_some());
        Entrant::ALL.into_iter().filter(|entrant| *entrant != REFERENCE && ran(entrant)).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (reference, others) = (REFERENCE.name(), self.others());
        let mut head = vec!["workload".into()];
        head.extend(self.by_workers.then(|| "workers".into()));
        head.extend([format!("{reference}, ms"), "CPU, ms".into()]);
        head.extend(others.iter().flat_map(|entrant| [entrant.name().into(), "CPU".into()]));
        let rows = self.rows.iter().map(|row| row.cells(self.by_workers, &others));
        write!(f, "{}", markdown([head].into_iter().chain(rows)))
    }
}

/// How the tables are to be read.
pub(crate) fn legend() -> String {
    let reference = REFERENCE.name();
    format!(
        "{reference}, ms: wall time, median of the rounds. CPU, ms: the CPU time of the whole process meanwhile. The others: ratio to\n\
         {reference}, below 1 is better; median of the ratios within a round (least–greatest), first of the wall time, then of the\n\
         CPU time."
    )
}
