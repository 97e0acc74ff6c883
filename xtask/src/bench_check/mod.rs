//! `cargo xtask bench-check`: has fusee fallen behind what it was recorded to do, beside tokio on the same machine?
//!
//! Runs the bench `account` with `--figures`, in which fusee and tokio take turns over each workload of the scheduler, and
//! compares what it prints with `benches/recorded.txt` (see [`sheet`] for the file, [`verdict`] for the rules and their
//! tolerances). A ratio that seems to have fallen behind is measured once more, for a busy neighbour may have been about:
//! it has when both times say so. A row that is only recorded, or only measured, fails. Instructions are skipped, and said
//! to be, where valgrind is missing; a check in which nothing could be compared fails.
//!
//! `--record` writes the file anew, with the machine, the versions and the date. It is to be run when the work is faster, or
//! slower for a reason, on a quiet machine.
//!
//! No part of `xtask ci`: it takes over a minute, wants a quiet machine, and its record is of one machine.

mod figures;
mod sheet;
mod verdict;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use crate::ci::{cargo_command, seconds};
use figures::Measurement;
use sheet::{Figure, Sheet};
use verdict::{Judgement, Verdict};

const RECORD: &str = "benches/recorded.txt";

/// How many pairs of turns a ratio is taken from.
const ROUNDS: &str = "9";

const ABOUT: &str = "\
# What `cargo xtask bench-check` compares with; written by `cargo xtask bench-check --record`.
# wall, cpu: fusee's time over tokio's in the same round: lower quartile, median, upper quartile.
# instructions: fusee's, for one operation on one worker.
";

/// Compares, or writes the record.
pub(crate) fn run(root: &Path, record: bool) -> Result<(), String> {
    let began = Instant::now();
    if record {
        return write(root, &measure(root, "")?);
    }
    let text = fs::read_to_string(root.join(RECORD)).map_err(|error| format!("{RECORD} could not be read: {error}"))?;
    let recorded = Sheet::parse(&text).map_err(|error| format!("{RECORD}:{error}"))?;
    let mut now = measure(root, "")?;
    for difference in differences(&text, &now.about) {
        println!("note: {difference}");
    }
    let mut judgements = verdict::judge(&recorded, &now.sheet);
    if let Some(again) = doubtful(&judgements) {
        println!("measuring once more: {}", again.join(", "));
        let second = measure(root, &format!("^({})", again.join("|")))?;
        now.sheet.renew(second.sheet, |key| is_behind(&judgements, key));
        judgements = verdict::judge(&recorded, &now.sheet);
    }
    for judgement in &judgements {
        println!("{judgement}");
    }
    println!("bench-check: {}", seconds(began.elapsed()));
    verdict::conclude(&judgements)
}

/// Runs the bench over the workloads that `filter` matches.
fn measure(root: &Path, filter: &str) -> Result<Measurement, String> {
    let filter = format!("{filter}/(fusee|tokio)$");
    let arguments = ["bench", "--bench", "account", "--", "--figures", "--workers", "2", "--rounds", ROUNDS, &filter];
    let output = cargo_command(root)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("the bench `account` ended with {}", output.status));
    }
    Measurement::parse(&String::from_utf8_lossy(&output.stdout))
}

fn write(root: &Path, now: &Measurement) -> Result<(), String> {
    if !now.sheet.is_whole() {
        return Err(format!("{RECORD} would lack what could not be counted here: is valgrind there?\n{}", now.about));
    }
    fs::write(root.join(RECORD), format!("{ABOUT}{}{}", now.about, now.sheet))
        .map_err(|error| format!("{RECORD} could not be written: {error}"))?;
    println!("{RECORD} written");
    Ok(())
}

/// The workloads with a ratio that is behind.
fn doubtful(judgements: &[Judgement]) -> Option<Vec<&str>> {
    let behind = judgements.iter().filter(|judgement| judgement.verdict == Verdict::Behind);
    let mut workloads: Vec<&str> = behind
        .filter(|judgement| judgement.key.figure != Figure::Instructions)
        .map(|judgement| judgement.key.workload.as_str())
        .collect();
    workloads.dedup();
    (!workloads.is_empty()).then_some(workloads)
}

fn is_behind(judgements: &[Judgement], key: &sheet::Key) -> bool {
    judgements.iter().any(|judgement| judgement.key == *key && judgement.verdict == Verdict::Behind)
}

/// In what this run is unlike the recorded one, so that a ratio may differ for a reason other than the code.
fn differences(recorded: &str, now: &str) -> Vec<String> {
    let line = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)).unwrap_or_default();
        line.split(", load").next().unwrap_or_default().to_owned()
    };
    ["machine: ", "system: ", "packages: ", "workers: "]
        .into_iter()
        .map(|name| (name, line(recorded, name), line(now, name)))
        .filter(|(_, before, now)| before != now)
        .map(|(name, before, now)| format!("recorded on another {name}{before}; here {now}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_is_no_difference_but_the_compiler_is() {
        let recorded = "# machine: A, 2 CPUs, load 0.1\n# system: Linux, rustc 1\n";
        let now = "# machine: A, 2 CPUs, load 9.9\n# system: Linux, rustc 2\n";
        assert_eq!(differences(recorded, recorded), Vec::<String>::new());
        assert_eq!(differences(recorded, now), ["recorded on another system: Linux, rustc 1; here Linux, rustc 2"]);
    }
}
