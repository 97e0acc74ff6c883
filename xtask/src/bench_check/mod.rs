//! `cargo xtask bench-check`: has fusee fallen behind what it was recorded to do, beside tokio on the same machine?
//!
//! Runs the bench `account` with `--figures`, in which fusee and tokio take turns over each workload of the scheduler, and
//! compares what it prints with `benches/recorded.txt` (see [`sheet`] for the file, [`verdict`] for the rules and their
//! tolerances). A workload of which a ratio seems to have fallen behind, or was disturbed by others on the machine, is measured once
//! more, and the second time counts. A row that is only recorded, or only measured, fails. What cannot be measured is
//! skipped, and said to be: instructions where valgrind is missing, ratios where others use the machine. A check in
//! which nothing could be compared fails.
//!
//! `--record` writes the file anew, with the machine, the versions and the date. It is to be run when the work is faster, or
//! slower for a reason, on a quiet machine.
//!
//! No part of `xtask ci`: it takes over a minute, wants a quiet machine, and its record is of one machine.

mod figures;
mod sheet;
mod verdict;

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::ci::{cargo_output, seconds};
use figures::Measurement;
use sheet::{Figure, Sheet};
use verdict::{Judgement, Verdict};

const RECORD: &str = "benches/recorded.txt";

/// How many pairs of turns a ratio is taken from, unless others disturb some of them.
const ROUNDS: &str = "12";

/// How often `--record` measures again what others disturbed.
const PATIENCE: usize = 3;

const HOW_TO_RECORD: &str = "run `cargo xtask bench-check --record` before your change, on a quiet machine with valgrind, and this \
    afterwards";

const ABOUT: &str = "\
# What `cargo xtask bench-check` compares with; written by `cargo xtask bench-check --record`.
# wall, cpu: fusee's time over tokio's in the same round: lower quartile, median, upper quartile.
# instructions: fusee's, for one operation on one worker.
";

/// Compares, or writes the record.
pub(crate) fn run(root: &Path, record: bool) -> Result<(), String> {
    let began = Instant::now();
    if record {
        return write(root);
    }
    let text = fs::read_to_string(root.join(RECORD)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("there is no record yet ({RECORD}): {HOW_TO_RECORD}"),
        _ => format!("{RECORD} could not be read: {error}"),
    })?;
    let recorded = Sheet::parse(&text).map_err(|error| format!("{RECORD}:{error}"))?;
    let mut now = measure(root, "")?;
    for difference in differences(&text, &now.about) {
        println!("note: {difference}");
    }
    let judgements = verdict::judge(&recorded, &now.sheet);
    let again = &behind(&judgements) | &now.sheet.disturbed();
    if !again.is_empty() {
        let second = measure_again(root, &again)?;
        now.sheet.renew(second, &again);
    }
    let judgements = verdict::judge(&recorded, &now.sheet);
    for judgement in &judgements {
        println!("{judgement}");
    }
    println!("bench-check: {}", seconds(began.elapsed()));
    verdict::conclude(&judgements)
}

fn write(root: &Path) -> Result<(), String> {
    // Before the minutes that measuring takes.
    if !has_valgrind() {
        return Err(
            "a record holds counts of instructions, and valgrind, which counts them, does not run here".to_owned()
        );
    }
    let mut now = measure(root, "")?;
    for _ in 0..PATIENCE {
        let again = now.sheet.disturbed();
        if again.is_empty() {
            break;
        }
        let next = measure_again(root, &again)?;
        now.sheet.renew(next, &again);
    }
    if !now.sheet.is_whole() {
        return Err(format!(
            "{RECORD} would lack what could not be measured here, for want of valgrind or of quiet:\n{}",
            now.sheet
        ));
    }
    fs::write(root.join(RECORD), format!("{ABOUT}{}{}", now.about, now.sheet))
        .map_err(|error| format!("{RECORD} could not be written: {error}"))?;
    println!("{RECORD} written");
    Ok(())
}

fn has_valgrind() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// The same rows of some workloads.
fn measure_again(root: &Path, workloads: &BTreeSet<String>) -> Result<Sheet, String> {
    let workloads: Vec<&str> = workloads.iter().map(String::as_str).collect();
    println!("measuring once more: {}", workloads.join(", "));
    Ok(measure(root, &format!("^({})", workloads.join("|")))?.sheet)
}

/// Runs the bench over the workloads that `filter` matches.
fn measure(root: &Path, filter: &str) -> Result<Measurement, String> {
    let filter = format!("{filter}/(fusee|tokio)$");
    let arguments = ["bench", "--bench", "account", "--", "--figures", "--workers", "2", "--rounds", ROUNDS, &filter];
    Measurement::parse(&cargo_output(root, &arguments, "the bench `account`")?)
}

/// The workloads with a ratio that is behind.
fn behind(judgements: &[Judgement]) -> BTreeSet<String> {
    let is_ratio = |judgement: &&Judgement| judgement.key.figure != Figure::Instructions;
    let behind = judgements.iter().filter(is_ratio).filter(|judgement| judgement.verdict == Verdict::Behind);
    behind.map(|judgement| judgement.key.workload.clone()).collect()
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
