//! `cargo xtask sanitize`: the tests under AddressSanitizer with LeakSanitizer, and under ThreadSanitizer.
//!
//! Each runs first over defects planted on purpose (see [`plants`]), then over every test binary that cargo names, but for the tests
//! of `exclusions.txt` (see [`exclusions`]), then, for addresses, over the examples in the documentation. What is
//! suppressed, and why, stands in `leaks.supp` and `thread.supp`.
//!
//! # What they see
//! The library, its tests and its dependencies are instrumented; the standard library comes compiled and is not, but for its generic
//! and inline code. AddressSanitizer knows all of its allocations, and not what compiled code of it reads. ThreadSanitizer is told of its
//! locks and other hand-overs by a shim (see [`shim`]); what is missing there shows as a report too many and hides
//! nothing. Both see what a test does, on this machine's interleavings: a race is reported where no hand-over orders two accesses
//! that happened, however far apart; orderings that only matter between atomics are the models' affair.
//! Deliberately not here: valgrind, which serialises threads and would add the accesses in compiled code alone.

mod exclusions;
mod plants;
mod shim;
mod toolchain;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::ci::seconds;
use crate::programs::{Run, TestBinary, listed_tests, run_watched, test_binaries};
use exclusions::Exclusions;
use toolchain::Sanitizer;

pub(crate) use toolchain::Kind;

const EXCLUSIONS: &str = "xtask/src/sanitize/exclusions.txt";

/// A watchdog for one file of tests, far above what any needs.
const WATCHDOG: Duration = Duration::from_secs(900);

/// What has run.
#[derive(Debug, Default)]
struct Tally {
    tests: usize,
    files: usize,
    excluded: usize,
    /// Each suppression that hid something, and where.
    suppressed: BTreeMap<String, Vec<String>>,
}

/// Runs the tests whose file's name contains `filter` under each of `kinds`; fails if a sanitizer or a test does.
pub(crate) fn run(root: &Path, kinds: &[Kind], filter: Option<&str>) -> Result<(), String> {
    let mut complaints = Vec::new();
    for kind in kinds {
        println!("\n--> {}", kind.name());
        complaints.extend(run_kind(root, *kind, filter)?);
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}

fn run_kind(root: &Path, kind: Kind, filter: Option<&str>) -> Result<Vec<String>, String> {
    let began = Instant::now();
    let sanitizer = Sanitizer::prepare(root, kind)?;
    let list = std::fs::read_to_string(root.join(EXCLUSIONS)).map_err(|error| format!("{EXCLUSIONS}: {error}"))?;
    let exclusions = Exclusions::parse(&list, kind).map_err(|error| format!("{EXCLUSIONS}:{error}"))?;
    let mut complaints = plants::run(&sanitizer)?;
    let mut listed = Vec::new();
    for binary in build(&sanitizer)? {
        let tests = tests_of(&sanitizer, &binary)?;
        listed.push((binary, tests));
    }
    listed.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let names: Vec<_> = listed.iter().map(|(binary, tests)| (binary.name.clone(), tests.clone())).collect();
    complaints.extend(exclusions.stale(&names).into_iter().map(|stale| format!("{EXCLUSIONS}:{stale}")));
    listed.retain(|(binary, _)| filter.is_none_or(|text| binary.name.contains(text)));
    if listed.is_empty() {
        return Err(format!("no file of tests has `{}` in its name", filter.unwrap_or_default()));
    }
    let mut tally = Tally::default();
    for (binary, tests) in &listed {
        complaints.extend(run_binary(&sanitizer, binary, tests, &exclusions, &mut tally)?);
    }
    if kind == Kind::Address && filter.is_none() {
        complaints.extend(run_examples(&sanitizer)?);
    }
    for (suppression, files) in &tally.suppressed {
        println!("suppressed  {suppression} in {}", files.join(", "));
    }
    let Tally { tests, files, excluded, .. } = tally;
    let took = seconds(began.elapsed());
    println!("{}: {tests} tests in {files} files, {excluded} left out, {took}", kind.name());
    Ok(complaints)
}

/// Builds the library's tests.
fn build(sanitizer: &Sanitizer) -> Result<Vec<TestBinary>, String> {
    let mut cargo = sanitizer.cargo("test");
    cargo.args(["--package", "fusee", "--all-features", "--lib", "--tests", "--no-run"]);
    cargo.args(["--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    let output = cargo.output().map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("the tests do not build: cargo ended with {}", output.status));
    }
    Ok(test_binaries(&String::from_utf8_lossy(&output.stdout)))
}

fn tests_of(sanitizer: &Sanitizer, binary: &TestBinary) -> Result<Vec<String>, String> {
    let mut program = sanitizer.program(&binary.path);
    let run = watched(program.args(["--list", "--format", "terse"]))?;
    Ok(listed_tests(&run.stdout))
}

fn watched(command: &mut Command) -> Result<Run, String> {
    run_watched(command, WATCHDOG)
        .map_err(|error| format!("{} could not be run: {error}", command.get_program().display()))
}

/// Runs one file of tests, prints a line, and answers what is wrong with the outcome.
fn run_binary(
    sanitizer: &Sanitizer,
    binary: &TestBinary,
    tests: &[String],
    exclusions: &Exclusions,
    tally: &mut Tally,
) -> Result<Option<String>, String> {
    let mut program = sanitizer.program(&binary.path);
    // Uncaptured: the buffer of captured output is filled by compiled code, which ThreadSanitizer does not see.
    program.args(["--exact", "--nocapture"]);
    let mut count = tests.len();
    for exclusion in exclusions.of(&binary.name) {
        println!("left out    {}: {}", exclusion.test.as_deref().unwrap_or(&binary.name), exclusion.reason);
        let Some(test) = &exclusion.test else {
            tally.excluded += tests.len();
            return Ok(None);
        };
        program.args(["--skip", test]);
        tally.excluded += 1;
        count -= 1;
    }
    let began = Instant::now();
    let run = watched(&mut program)?;
    let took = seconds(began.elapsed());
    tally.files += 1;
    tally.tests += count;
    for suppression in suppressions_used(&run.stderr) {
        tally.suppressed.entry(suppression).or_default().push(binary.name.clone());
    }
    let ran = format!("test result: ok. {count} passed; 0 failed");
    if run.success && run.stdout.contains(&ran) {
        println!("passes      {}, {count} tests ({took})", binary.name);
        return Ok(None);
    }
    let how = if run.timed_out { "it hangs".to_owned() } else { run.status.clone() };
    println!("FAILS       {} ({took}): {how}", binary.name);
    Ok(Some(format!("{} under {}: {how}\n{}\n{}", binary.name, sanitizer.kind.name(), run.stdout, run.stderr)))
}

/// Runs the examples in the library's documentation.
fn run_examples(sanitizer: &Sanitizer) -> Result<Option<String>, String> {
    let began = Instant::now();
    let status = sanitizer.cargo("test").args(["--package", "fusee", "--all-features", "--doc", "--quiet"]).status();
    let status = status.map_err(|error| format!("cargo could not be started: {error}"))?;
    let took = seconds(began.elapsed());
    println!(
        "{}the examples in the documentation ({took})",
        if status.success() { "passes      " } else { "FAILS       " }
    );
    Ok((!status.success()).then(|| format!("the examples in the documentation: cargo ended with {status}")))
}

/// The suppressions that a sanitizer says it has used: after a heading, a line each that begins with a count.
fn suppressions_used(stderr: &str) -> Vec<String> {
    let heading = |line: &str| line.contains("Suppressions used:") || line.contains("ThreadSanitizer: Matched ");
    let mut used = Vec::new();
    let mut lines = stderr.lines();
    while lines.any(heading) {
        let counts = lines.clone().skip_while(|line| line.contains("count")).take_while(|line| {
            line.split_whitespace().next().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
        });
        used.extend(counts.map(|line| {
            let is_count = |character: char| character.is_ascii_digit() || character == ' ';
            line.trim_start_matches(is_count).to_owned()
        }));
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suppressions_that_were_used_are_read_off_either_sanitizers_words() {
        let leaks =
            "x\n-----\nSuppressions used:\n  count      bytes template\n      9        120 task::raw::discard\n-----\n";
        assert_eq!(suppressions_used(leaks), ["task::raw::discard"]);
        let races = "ThreadSanitizer: Matched 3 suppressions (pid=8):\n1 race:a::b\n2 race:c<*>\nend\n";
        assert_eq!(suppressions_used(races), ["race:a::b", "race:c<*>"]);
        assert!(suppressions_used("nothing\n").is_empty());
    }
}
