//! What the bench `account` prints with `--figures`, made into rows.
//!
//! Its lines are `workload/runtime figure value…`, with a value for each round: a ratio is taken within a round, because two
//! neighbouring turns find the machine at the same speed. `workload/others share value…` has the part of the machine that others used
//! in each round. Where that is more than [`QUIET`] the round is left out, whatever it found; with fewer than [`ENOUGH`] rounds
//! left, the ratio is that of all of them and disturbed. Where the system does not tell, the machine is taken for quiet.

use super::sheet::{Figure, Key, Quartiles, Sheet, Value};
use std::collections::BTreeMap;

/// The runtime that is checked, and the one that it is compared with.
const OWN: &str = "fusee";
const REFERENCE: &str = "tokio";

/// Everybody else on the machine, and the figure that is about them.
const OTHERS: &str = "others";
const SHARE: &str = "share";

/// Which part of the machine others may use without being in the way.
const QUIET: f64 = 0.1;

/// How many rounds make quartiles.
const ENOUGH: usize = 5;

/// What a bench puts where it has no tool to count.
const UNCOUNTED: &str = "–";

#[derive(Debug)]
pub(crate) struct Measurement {
    /// Machine, versions and date, as comments.
    pub(crate) about: String,
    pub(crate) sheet: Sheet,
}

/// A workload and a figure of one runtime, and what stands behind them.
type Line<'a> = (&'a str, Figure, Vec<&'a str>);

impl Measurement {
    pub(crate) fn parse(output: &str) -> Result<Self, String> {
        let (about, lines): (Vec<&str>, Vec<&str>) = output.lines().partition(|line| line.starts_with('#'));
        let mut by_runtime: BTreeMap<&str, Vec<Line<'_>>> = BTreeMap::new();
        let mut others: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for line in lines.into_iter().filter(|line| !line.is_empty()) {
            if let Some((workload, shares)) = parse_shares(line) {
                others.insert(workload, shares);
                continue;
            }
            let (runtime, line) =
                parse_line(line).ok_or_else(|| format!("the bench printed an unknown line: {line}"))?;
            by_runtime.entry(runtime).or_default().push(line);
        }
        let [own, reference] = [OWN, REFERENCE].map(|runtime| by_runtime.remove(runtime).unwrap_or_default());
        let mut sheet = Sheet::default();
        for (workload, figure, values) in own {
            let value = match figure {
                Figure::Instructions => count(&values),
                Figure::Wall | Figure::Cpu => {
                    let of_reference = reference.iter().find(|(name, other, _)| (*name, *other) == (workload, figure));
                    let ratios = of_reference.and_then(|(.., reference)| ratios(&values, reference));
                    ratios.and_then(|ratios| ratio(ratios, others.get(workload).map_or(&[], Vec::as_slice)))
                }
            };
            let key = Key { workload: workload.to_owned(), figure };
            let value = value.ok_or_else(|| format!("the bench printed no usable values for {key}"))?;
            sheet.push(key, value)?;
        }
        let about = about.iter().map(|line| format!("{line}\n")).collect();
        Ok(Self { about, sheet })
    }
}

fn parse_line(line: &str) -> Option<(&str, Line<'_>)> {
    let mut words = line.split_whitespace();
    let (workload, runtime) = words.next()?.split_once('/')?;
    let figure = Figure::named(words.next()?)?;
    Some((runtime, (workload, figure, words.collect())))
}

fn parse_shares(line: &str) -> Option<(&str, Vec<f64>)> {
    let mut words = line.split_whitespace();
    let workload = words.next()?.strip_suffix(OTHERS)?.strip_suffix('/')?;
    if words.next()? != SHARE {
        return None;
    }
    Some((workload, words.map(|share| share.parse().ok()).collect::<Option<_>>()?))
}

fn count(values: &[&str]) -> Option<Value> {
    match values {
        [value] if *value == UNCOUNTED => Some(Value::Uncounted),
        [value] => value.parse().ok().filter(|count: &f64| *count > 0.0).map(Value::Count),
        _ => None,
    }
}

/// The ratios, each within its round.
fn ratios(own: &[&str], reference: &[&str]) -> Option<Vec<f64>> {
    if own.len() != reference.len() {
        return None;
    }
    let ratio = |(own, reference): (&&str, &&str)| {
        let ratio = own.parse::<f64>().ok()? / reference.parse::<f64>().ok()?;
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    };
    own.iter().zip(reference).map(ratio).collect()
}

/// What the rounds come to, of which the quiet ones count.
fn ratio(ratios: Vec<f64>, shares: &[f64]) -> Option<Value> {
    // A share for each round, or none at all.
    if shares.is_empty() {
        return Quartiles::of(ratios).map(Value::Ratio);
    }
    if shares.len() != ratios.len() {
        return None;
    }
    let rounds = ratios.iter().zip(shares);
    let quiet: Vec<f64> = rounds.filter(|(_, share)| **share <= QUIET).map(|(ratio, _)| *ratio).collect();
    if quiet.len() >= ENOUGH {
        return Quartiles::of(quiet).map(Value::Ratio);
    }
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    Quartiles::of(ratios).map(|ratio| Value::Disturbed(ratio, mean))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(output: &str, figure: Figure) -> Option<Value> {
        Measurement::parse(output).unwrap().sheet.get(&Key { workload: "yield_many".to_owned(), figure })
    }

    #[test]
    fn a_ratio_is_taken_within_a_round() {
        let output = "# date: today\nyield_many/fusee wall 10 40 30\nyield_many/tokio wall 20 20 30\n";
        let expected = Quartiles { lower: 0.75, median: 1.0, upper: 1.5 };
        assert_eq!(value(output, Figure::Wall), Some(Value::Ratio(expected)));
        assert_eq!(Measurement::parse(output).unwrap().about, "# date: today\n");
    }

    #[test]
    fn rounds_beside_busy_others_do_not_count() {
        let output = |shares: &str| {
            let [fusee, tokio] = ["9 1 1 1 1 1", "3 2 2 2 2 2"];
            format!("yield_many/others share {shares}\nyield_many/fusee cpu {fusee}\nyield_many/tokio cpu {tokio}\n")
        };
        let half = Quartiles { lower: 0.5, median: 0.5, upper: 0.5 };
        assert_eq!(value(&output("0.2 0.1 0 0 0 0"), Figure::Cpu), Some(Value::Ratio(half)));
        // Four are too few to count.
        assert_eq!(value(&output("0.75 0.75 0 0 0 0"), Figure::Cpu), Some(Value::Disturbed(half, 0.25)));
        assert!(matches!(value(&output(""), Figure::Cpu), Some(Value::Ratio(_))));
    }

    #[test]
    fn instructions_are_those_of_fusee_or_said_to_be_uncounted() {
        let output = "yield_many/tokio instructions 900.0\nyield_many/fusee instructions 300.5\n";
        assert_eq!(value(output, Figure::Instructions), Some(Value::Count(300.5)));
        assert_eq!(value("yield_many/fusee instructions –\n", Figure::Instructions), Some(Value::Uncounted));
    }

    #[test]
    fn output_that_cannot_be_understood_is_an_error() {
        for bad in [
            "yield_many/fusee wall 10\n",
            "yield_many/fusee wall 10 20\nyield_many/tokio wall 10\n",
            "yield_many/fusee wall 10\nyield_many/tokio wall 0\n",
            "yield_many/fusee wall\nyield_many/tokio wall\n",
            "yield_many/fusee instructions NaN\n",
            "yield_many fusee 10\n",
            "yield_many/others share 0.1 0.1\nyield_many/fusee wall 10\nyield_many/tokio wall 10\n",
        ] {
            assert!(Measurement::parse(bad).is_err(), "{bad}");
        }
    }
}
