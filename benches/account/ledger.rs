//! What one subject's operation costs: everything that was found out about it, as a row of a table or in plain lines.

use super::tools::Executed;
use super::turn::{Found, Subject};
use crate::stats::{Spread, digits, median, sorted};

/// All about one subject. What nobody counted is `None`.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) subject: Subject,
    /// By round.
    pub(crate) timed: Vec<Found>,
    pub(crate) counted: Option<Found>,
    /// Of one worker.
    pub(crate) alone: Option<Executed>,
    /// Of as many workers as were asked for.
    pub(crate) together: Option<Executed>,
    pub(crate) futex: Option<f64>,
    /// By event.
    pub(crate) hardware: Vec<Option<f64>>,
}

impl Ledger {
    pub(crate) fn new(subject: Subject) -> Self {
        let (alone, together, futex, hardware) = (None, None, None, Vec::new());
        Self { subject, timed: Vec::new(), counted: None, alone, together, futex, hardware }
    }

    /// The heads of [`costs`](Self::costs).
    pub(crate) fn heads(workers: Option<usize>, events: &[&str]) -> Vec<String> {
        let mut heads: Vec<String> = ["wall, ns", "CPU, ns", "instructions", "locked"].map(String::from).into();
        if let Some(workers) = workers {
            heads.extend([format!("instructions, {workers} workers"), format!("locked, {workers} workers")]);
        }
        heads.extend(["switches per 1000", "futex calls per 1000", "allocations", "bytes"].map(String::from));
        heads.extend(events.iter().map(ToString::to_string));
        heads
    }

    /// The costs of one operation; with the instructions of several workers where those are asked for.
    pub(crate) fn costs(&self, together: bool) -> Vec<String> {
        let spread = |figure: fn(&Found) -> f64| {
            Spread::of(self.timed.iter().map(figure)).map_or("–".into(), |spread| spread.to_string())
        };
        let mut cells = vec![spread(|found| found.wall), spread(|found| found.cpu)];
        cells.extend(executed(self.alone));
        if together {
            cells.extend(executed(self.together));
        }
        let switches = median(&sorted(self.timed.iter().map(|found| found.switches * 1e3)));
        cells.extend([digits(switches), cell(self.futex.map(|calls| calls * 1e3))]);
        cells.extend([cell(self.counted.map(|found| found.blocks)), cell(self.counted.map(|found| found.bytes))]);
        cells.extend(self.hardware.iter().map(|count| cell(*count)));
        cells
    }

    /// What another program reads: `workload/runtime figure value…`, a value for each round; a dash for what nobody counted.
    pub(crate) fn plain(&self) -> String {
        let values = |figure: fn(&Found) -> f64| -> Vec<_> {
            self.timed.iter().map(|found| format!("{:.3}", figure(found))).collect()
        };
        let subject = self.subject;
        let (wall, cpu) = (values(|found| found.wall).join(" "), values(|found| found.cpu).join(" "));
        let instructions = self.alone.map_or("–".into(), |executed| format!("{:.1}", executed.instructions));
        format!("{subject} wall {wall}\n{subject} cpu {cpu}\n{subject} instructions {instructions}")
    }
}

fn executed(executed: Option<Executed>) -> [String; 2] {
    [cell(executed.map(|executed| executed.instructions)), cell(executed.map(|executed| executed.locked))]
}

fn cell(value: Option<f64>) -> String {
    value.map_or("–".into(), digits)
}
