//! Whether a figure has fallen behind: the rules, and how much noise they allow.
//!
//! **Instructions** on one worker hardly vary from run to run, whatever else the machine does. They are behind when they
//! exceed the recorded count by more than [`COUNT_TOLERANCE`].
//!
//! **Ratios of times** do vary, by a tenth on a quiet machine and by half on a busy one, so the tolerance is taken from the runs
//! themselves. A ratio is behind when three quarters of this run's rounds were worse than three quarters of the recorded run's:
//! its lower quartile lies above the recorded upper one. Beside that it must lie above the recorded median by more than
//! [`RATIO_TOLERANCE`], because the rounds of one run share its minute, and so lie closer together than two runs do. Where others
//! use the machine the rounds may agree on quite another ratio, since two workers that share one processor hardly contend: such
//! rows are skipped (see `figures`). A loss that is
//! smaller than the spread is not seen; it is what the instructions are counted for. A loss that costs no
//! instructions and is within the spread is not seen at all.
//!
//! The same rules with "below" say that a figure is ahead, so that the record wants renewing: otherwise the
//! gain could be lost unseen. That is no failure.

use super::sheet::{Key, Sheet, Value};
use std::collections::BTreeSet;
use std::fmt;

/// By what part instructions may exceed the recorded ones.
const COUNT_TOLERANCE: f64 = 0.03;

/// By what part a ratio may exceed the recorded median, however close together the rounds are.
const RATIO_TOLERANCE: f64 = 0.10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Held,
    Ahead,
    Behind,
    /// Recorded and not measured.
    Missing,
    /// Measured and not recorded.
    Unknown,
    /// Not measured, or not well: the tool is missing, or others used the machine.
    Skipped,
}

/// What became of a row.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) key: Key,
    pub(crate) verdict: Verdict,
    recorded: Option<Value>,
    now: Option<Value>,
}

/// Every row of either sheet.
pub(crate) fn judge(recorded: &Sheet, now: &Sheet) -> Vec<Judgement> {
    let keys: BTreeSet<&Key> = recorded.keys().chain(now.keys()).collect();
    let judgement = |key: &Key| {
        let (recorded, now) = (recorded.get(key), now.get(key));
        Judgement { key: key.clone(), verdict: verdict(recorded, now), recorded, now }
    };
    keys.into_iter().map(judgement).collect()
}

/// Fails if a row fell behind, is missing or unknown, or if no row could be compared.
pub(crate) fn conclude(judgements: &[Judgement]) -> Result<(), String> {
    let count = |verdict| judgements.iter().filter(|judgement| judgement.verdict == verdict).count();
    let (held, ahead, skipped) = (count(Verdict::Held), count(Verdict::Ahead), count(Verdict::Skipped));
    println!("{held} rows held, {ahead} ahead, {skipped} SKIPPED");
    if skipped > 0 {
        println!(
            "warning: what is skipped was not checked: instructions want valgrind, and ratios a machine that others leave alone"
        );
    }
    if ahead > 0 {
        println!("note: what is ahead wants recording: cargo xtask bench-check --record");
    }
    let failed = |verdict| matches!(verdict, Verdict::Behind | Verdict::Missing | Verdict::Unknown);
    let failures: Vec<_> =
        judgements.iter().filter(|judgement| failed(judgement.verdict)).map(ToString::to_string).collect();
    if !failures.is_empty() {
        return Err(failures.join("\n"));
    }
    if held + ahead == 0 { Err("nothing could be checked".to_owned()) } else { Ok(()) }
}

fn verdict(recorded: Option<Value>, now: Option<Value>) -> Verdict {
    match (recorded, now) {
        (Some(Value::Ratio(recorded)), Some(Value::Ratio(now))) => {
            if now.lower > recorded.upper && now.lower > recorded.median * (1.0 + RATIO_TOLERANCE) {
                Verdict::Behind
            } else if now.upper < recorded.lower && now.upper < recorded.median * (1.0 - RATIO_TOLERANCE) {
                Verdict::Ahead
            } else {
                Verdict::Held
            }
        }
        (Some(Value::Count(recorded)), Some(Value::Count(now))) => {
            if now > recorded * (1.0 + COUNT_TOLERANCE) {
                Verdict::Behind
            } else if now < recorded * (1.0 - COUNT_TOLERANCE) {
                Verdict::Ahead
            } else {
                Verdict::Held
            }
        }
        (Some(Value::Count(_)), Some(Value::Uncounted)) | (Some(Value::Ratio(_)), Some(Value::Disturbed(..))) => {
            Verdict::Skipped
        }
        // What is not fit to be compared is not recorded either.
        (Some(Value::Uncounted | Value::Disturbed(..)) | None, Some(_)) => Verdict::Unknown,
        // A figure's kind goes with its name, so that two kinds do not meet.
        (Some(_), _) | (None, None) => Verdict::Missing,
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: Option<Value>| match value {
            Some(Value::Ratio(ratio)) => ratio.to_string(),
            Some(value) => value.to_string(),
            None => "nothing".to_owned(),
        };
        let word = match self.verdict {
            Verdict::Held => "held",
            Verdict::Ahead => "ahead",
            Verdict::Behind => "BEHIND",
            Verdict::Missing => "MISSING",
            Verdict::Unknown => "UNKNOWN",
            Verdict::Skipped => "SKIPPED",
        };
        let (key, now, recorded) = (self.key.to_string(), shown(self.now), shown(self.recorded));
        write!(f, "{word:<8} {key:<28} {now:<18} recorded {recorded}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Quartiles;
    use super::*;

    const RECORD: &str = "a wall 0.38 0.40 0.46\na instructions 1000\n";

    fn ratio(lower: f64, median: f64, upper: f64) -> Option<Value> {
        Some(Value::Ratio(Quartiles { lower, median, upper }))
    }

    fn judged(now: &str) -> (Vec<Verdict>, Result<(), String>) {
        let judgements = judge(&Sheet::parse(RECORD).unwrap(), &Sheet::parse(now).unwrap());
        (judgements.iter().map(|judgement| judgement.verdict).collect(), conclude(&judgements))
    }

    #[test]
    fn a_clear_regression_fails() {
        let (verdicts, end) = judged("a wall 0.50 0.55 0.70\na instructions 1031\n");
        assert_eq!(verdicts, [Verdict::Behind; 2]);
        let message = end.unwrap_err();
        assert!(message.contains("a wall") && message.contains("a instructions"), "{message}");
    }

    #[test]
    fn noise_passes() {
        // A median far above the recorded one, in rounds so far apart that it says little.
        for now in ["a wall 0.45 0.60 0.90\na instructions 1029\n", "a wall 0.30 0.37 0.45\na instructions 971\n"] {
            let (verdicts, end) = judged(now);
            assert_eq!((verdicts, end), (vec![Verdict::Held; 2], Ok(())), "{now}");
        }
    }

    #[test]
    fn rounds_that_agree_too_well_leave_the_tolerance() {
        let recorded = ratio(0.40, 0.40, 0.40);
        assert_eq!(verdict(recorded, ratio(0.43, 0.43, 0.43)), Verdict::Held);
        assert_eq!(verdict(recorded, ratio(0.45, 0.45, 0.45)), Verdict::Behind);
        assert_eq!(verdict(recorded, ratio(0.35, 0.35, 0.35)), Verdict::Ahead);
    }

    #[test]
    fn a_gain_passes_and_is_said() {
        let (verdicts, end) = judged("a wall 0.20 0.22 0.25\na instructions 900\n");
        assert_eq!((verdicts, end), (vec![Verdict::Ahead; 2], Ok(())));
    }

    #[test]
    fn a_missing_row_fails() {
        let (verdicts, end) = judged("a wall 0.38 0.40 0.46\n");
        assert_eq!(verdicts, [Verdict::Held, Verdict::Missing]);
        assert!(end.unwrap_err().starts_with("MISSING"));
    }

    #[test]
    fn an_unknown_row_fails() {
        let (verdicts, end) = judged(&format!("{RECORD}b wall 0.1 0.1 0.1\n"));
        assert_eq!(verdicts, [Verdict::Held, Verdict::Held, Verdict::Unknown]);
        assert!(end.unwrap_err().starts_with("UNKNOWN"));
    }

    #[test]
    fn what_cannot_be_counted_is_skipped_unless_nothing_else_is_left() {
        let instructions = |value| {
            let mut sheet = Sheet::default();
            let key = Key { workload: "a".to_owned(), figure: super::super::sheet::Figure::Instructions };
            sheet.push(key, value).unwrap();
            sheet
        };
        let judgements = judge(&instructions(Value::Count(1000.0)), &instructions(Value::Uncounted));
        assert_eq!(judgements[0].verdict, Verdict::Skipped);
        assert_eq!(conclude(&judgements), Err("nothing could be checked".to_owned()));
        assert_eq!(conclude(&[]), Err("nothing could be checked".to_owned()));
    }
}
