//! What the bench `account` prints with `--figures`, made into rows.
//!
//! Its lines are `workload/runtime figure value…`, with a value for each round: a ratio is taken within a round, because two
//! neighbouring turns find the machine at the same speed.

use super::sheet::{Figure, Key, Quartiles, Sheet, Value};
use std::collections::BTreeMap;

/// The runtime that is checked, and the one that it is compared with.
const OWN: &str = "fusee";
const REFERENCE: &str = "tokio";

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
        for line in lines.into_iter().filter(|line| !line.is_empty()) {
            let (runtime, line) =
                parse_line(line).ok_or_else(|| format!("the bench printed a line unlike others: {line}"))?;
            by_runtime.entry(runtime).or_default().push(line);
        }
        let [own, reference] = [OWN, REFERENCE].map(|runtime| by_runtime.remove(runtime).unwrap_or_default());
        let mut sheet = Sheet::default();
        for (workload, figure, values) in own {
            let value = match figure {
                Figure::Instructions => count(&values),
                Figure::Wall | Figure::Cpu => {
                    let of_reference = reference.iter().find(|(name, other, _)| (*name, *other) == (workload, figure));
                    of_reference.and_then(|(.., reference)| ratio(&values, reference))
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

fn count(values: &[&str]) -> Option<Value> {
    match values {
        [value] if *value == UNCOUNTED => Some(Value::Uncounted),
        [value] => value.parse().ok().filter(|count: &f64| *count > 0.0).map(Value::Count),
        _ => None,
    }
}

/// The ratios of the rounds.
fn ratio(own: &[&str], reference: &[&str]) -> Option<Value> {
    if own.len() != reference.len() {
        return None;
    }
    let ratio = |(own, reference): (&&str, &&str)| {
        let ratio = own.parse::<f64>().ok()? / reference.parse::<f64>().ok()?;
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    };
    let ratios = own.iter().zip(reference).map(ratio).collect::<Option<Vec<f64>>>()?;
    Quartiles::of(ratios).map(Value::Ratio)
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
        ] {
            assert!(Measurement::parse(bad).is_err(), "{bad}");
        }
    }
}
