//! The rows that are recorded and compared, and the text that they are kept in.
//!
//! A line holds a workload, a figure's name and its values, apart by spaces: `spawn_local wall 0.35 0.39 0.44`. Lines that
//! begin with `#` say where the rows are from. Deliberately not here: what a row is held to (see `verdict`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Figure {
    /// fusee's elapsed time over tokio's.
    Wall,
    /// The same of CPU time.
    Cpu,
    /// fusee's instructions for one operation on one worker.
    Instructions,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) workload: String,
    pub(crate) figure: Figure,
}

/// The middle half of what the rounds found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quartiles {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    Ratio(Quartiles),
    Count(f64),
    /// A ratio from a machine of which others used this part: it says little.
    Disturbed(Quartiles, f64),
    /// The tool that counts it is missing.
    Uncounted,
}

#[derive(Debug, Default)]
pub(crate) struct Sheet {
    rows: BTreeMap<Key, Value>,
}

impl Figure {
    const ALL: [Self; 3] = [Self::Wall, Self::Cpu, Self::Instructions];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Cpu => "cpu",
            Self::Instructions => "instructions",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.name() == name)
    }
}

impl Quartiles {
    /// Between two figures, in proportion. `None` without a figure.
    pub(crate) fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_unstable_by(f64::total_cmp);
        let last = figures.len().checked_sub(1)?;
        let at = |part: f64| {
            let place = part * last as f64;
            let below = place.floor();
            let (low, high) = (figures[below as usize], figures[place.ceil() as usize]);
            low + (high - low) * (place - below)
        };
        Some(Self { lower: at(0.25), median: at(0.5), upper: at(0.75) })
    }
}

impl Sheet {
    /// Reads what [`Display`](fmt::Display) wrote; an error begins with the line's number.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut sheet = Self::default();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let row = parse_row(line).ok_or_else(|| format!("{number}: no row: {line}"))?;
            sheet.push(row.0, row.1).map_err(|error| format!("{number}: {error}"))?;
        }
        Ok(sheet)
    }

    /// Adds a row; fails if it is there.
    pub(crate) fn push(&mut self, key: Key, value: Value) -> Result<(), String> {
        match self.rows.insert(key.clone(), value) {
            None => Ok(()),
            Some(_) => Err(format!("a second row for {key}")),
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Value> {
        self.rows.get(key).copied()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.rows.keys()
    }

    /// Puts what `newer` has of `workloads` in the place of what is here.
    pub(crate) fn renew(&mut self, newer: Self, workloads: &BTreeSet<String>) {
        self.rows.retain(|key, _| !workloads.contains(&key.workload));
        self.rows.extend(newer.rows.into_iter().filter(|(key, _)| workloads.contains(&key.workload)));
    }

    /// The workloads whose ratios are disturbed.
    pub(crate) fn disturbed(&self) -> BTreeSet<String> {
        let disturbed = self.rows.iter().filter(|(_, value)| matches!(value, Value::Disturbed(..)));
        disturbed.map(|(key, _)| key.workload.clone()).collect()
    }

    /// Whether there are rows, and in each a value to be held to.
    pub(crate) fn is_whole(&self) -> bool {
        let usable = |value: &Value| matches!(value, Value::Ratio(_) | Value::Count(_));
        !self.rows.is_empty() && self.rows.values().all(usable)
    }
}

fn parse_row(line: &str) -> Option<(Key, Value)> {
    let mut words = line.split_whitespace();
    let (workload, figure) = (words.next()?.to_owned(), Figure::named(words.next()?)?);
    let numbers: Vec<f64> =
        words.map(|word| word.parse().ok().filter(|number: &f64| *number > 0.0)).collect::<Option<_>>()?;
    let value = match (figure, &numbers[..]) {
        (Figure::Wall | Figure::Cpu, [lower, median, upper]) if lower <= median && median <= upper => {
            Value::Ratio(Quartiles { lower: *lower, median: *median, upper: *upper })
        }
        (Figure::Instructions, [count]) => Value::Count(*count),
        _ => return None,
    };
    Some((Key { workload, figure }, value))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.workload, self.figure.name())
    }
}

/// As people read it.
impl fmt::Display for Quartiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2}–{:.2})", self.median, self.lower, self.upper)
    }
}

/// As it is kept.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(Quartiles { lower, median, upper }) => write!(f, "{lower:.3} {median:.3} {upper:.3}"),
            Self::Disturbed(ratio, others) => write!(f, "{ratio} beside {:.0} % of others", others * 100.0),
            Self::Count(count) => write!(f, "{count:.1}"),
            Self::Uncounted => f.write_str("–"),
        }
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.iter().try_for_each(|(key, value)| writeln!(f, "{key} {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "ping_pong wall 0.300 0.400 0.500\nping_pong cpu 0.310 0.310 0.310\nping_pong instructions 812.5\n";

    #[test]
    fn what_is_written_is_read_again() {
        let sheet = Sheet::parse(&format!("# machine: any\n\n{TEXT}")).unwrap();
        assert_eq!(sheet.to_string(), TEXT);
        assert!(sheet.is_whole());
    }

    #[test]
    fn a_line_that_is_no_row_is_named() {
        for bad in
            ["a wall 0.1", "a wall 0.3 0.2 0.4", "a instructions 1 2", "a depth 1", "a instructions x", "a cpu 0 0 0"]
        {
            let message = Sheet::parse(&format!("{TEXT}{bad}\n")).unwrap_err();
            assert!(message.starts_with("4: no row"), "{message}");
        }
    }

    #[test]
    fn a_row_stands_once() {
        let message = Sheet::parse(&format!("{TEXT}ping_pong instructions 900\n")).unwrap_err();
        assert_eq!(message, "4: a second row for ping_pong instructions");
    }

    #[test]
    fn quartiles_lie_between_the_figures() {
        let quartiles = Quartiles::of(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(quartiles, Quartiles { lower: 1.75, median: 2.5, upper: 3.25 });
        assert_eq!(Quartiles::of(vec![7.0]), Some(Quartiles { lower: 7.0, median: 7.0, upper: 7.0 }));
        assert_eq!(Quartiles::of(Vec::new()), None);
    }
}
