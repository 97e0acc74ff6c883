//! `cargo xtask mutants`: each protocol is broken on purpose, and its model must notice.
//!
//! `loom-tests/mutants.txt` lists which mutant which model kills, and how (see [`list`]). Each line is run in a process of its
//! own with the mutant's name in `FUSEE_MUTANT` (see [`runner`]), and must end in the very failure that is expected
//! (see [`verdict`]). The list must be whole: every label that `src/` hands to a hook is killed, or said to be unkillable.

mod list;
mod runner;
mod verdict;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::ci::{TEST_ARGUMENTS, seconds};
use crate::tidy::{LabelUse, Tree, label_uses};
use list::{Entry, List};
use runner::Models;
use verdict::Verdict;

const LIST: &str = "loom-tests/mutants.txt";

/// How many models run at a time: each keeps one core busy.
const PARALLEL: usize = 2;

/// How long a model may take: to explore everything, or to find the one failure that a mutant causes. Both are watchdogs,
/// far above what any model needs.
const WATCHDOG: Duration = Duration::from_secs(600);
const MUTANT_WATCHDOG: Duration = Duration::from_secs(120);

/// The models without a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Baseline {
    /// Each must be seen to pass.
    Run,
    /// `cargo test` has just passed.
    JustRun,
}

/// One run of a model.
enum Job<'a> {
    Whole { test: &'a str },
    Mutant(&'a Entry),
}

/// Runs the mutants that `filter` selects; fails if one survives or the list is not whole.
pub(crate) fn run(root: &Path, filter: Option<&str>, baseline: Baseline) -> Result<(), String> {
    let tree = Tree::read(root)?;
    let text = tree.text(LIST).ok_or_else(|| format!("{LIST} is missing"))?;
    let list = List::parse(text).map_err(|error| format!("{LIST}:{error}"))?;
    let mut complaints = unlisted(&list, &label_uses(&tree, "src/"), &label_uses(&tree, "loom-tests/src/"));
    let chosen: Vec<&Entry> =
        list.killed.iter().filter(|entry| filter.is_none_or(|text| entry.matches(text))).collect();
    if chosen.is_empty() && filter.is_some() {
        return Err(format!("no mutant's name or model contains `{}`", filter.unwrap_or_default()));
    }
    // With the features that the models had in the tests, where those have just run: nothing is built anew then.
    let tests = match baseline {
        Baseline::Run => &["test", "--package", "loom-tests"][..],
        Baseline::JustRun => TEST_ARGUMENTS,
    };
    let models = Models::build(root, tests)?;
    let tests: BTreeSet<&str> = chosen.iter().map(|entry| entry.test.as_str()).collect();
    complaints.extend(
        tests
            .iter()
            .filter(|test| !models.contains(test))
            .map(|test| format!("{LIST} names `{test}`, which is no model")),
    );
    let whole = tests.iter().filter(|_| baseline == Baseline::Run).map(|test| Job::Whole { test });
    let jobs: Vec<Job<'_>> =
        whole.chain(chosen.iter().map(|entry| Job::Mutant(entry))).filter(|job| models.contains(job.test())).collect();
    complaints.extend(run_jobs(&models, &jobs));
    let unkillable = list.unkillable.iter().filter(|entry| filter.is_none_or(|text| entry.name.contains(text)));
    for unkillable in unkillable.clone() {
        println!("unkillable  {}: {}", unkillable.name, unkillable.reason);
    }
    if complaints.is_empty() {
        println!("mutants: {} killed, {} unkillable", chosen.len(), unkillable.count());
        return Ok(());
    }
    Err(complaints.join("\n"))
}

impl Job<'_> {
    fn test(&self) -> &str {
        match self {
            Job::Whole { test } => test,
            Job::Mutant(entry) => &entry.test,
        }
    }

    /// Runs the model once, prints one line, and answers what is wrong with the outcome.
    fn run(&self, models: &Models) -> Option<String> {
        let (mutant, watchdog) = match self {
            Job::Whole { .. } => (None, WATCHDOG),
            Job::Mutant(entry) => (Some(entry.name.as_str()), MUTANT_WATCHDOG),
        };
        let began = Instant::now();
        let verdict = match models.run(self.test(), mutant, watchdog) {
            Ok(run) => Verdict::of(&run),
            Err(error) => return Some(error),
        };
        let took = seconds(began.elapsed());
        match (self, &verdict) {
            (Job::Whole { test }, Verdict::Passed) => {
                println!("passes      {test} ({took})");
                None
            }
            (Job::Whole { test }, verdict) => {
                println!("FAILS       {test} ({took}): {verdict}");
                Some(format!("{test} fails without a mutant: {verdict}"))
            }
            (Job::Mutant(entry), verdict) if entry.expects(verdict) => {
                println!("killed      {} by {} ({took}): {verdict}", entry.name, entry.test);
                None
            }
            (Job::Mutant(Entry { name, test, .. }), Verdict::Passed) => {
                println!("SURVIVES    {name} in {test} ({took})");
                Some(format!("{name} survives {test}"))
            }
            (Job::Mutant(entry), verdict) => {
                let Entry { name, test, expected, .. } = entry;
                println!("UNEXPECTED  {name} in {test} ({took}): {verdict}, not {expected}");
                Some(format!("{name} in {test}: expected {expected}, got {verdict}"))
            }
        }
    }
}

fn run_jobs(models: &Models, jobs: &[Job<'_>]) -> Vec<String> {
    let remaining = Mutex::new(jobs.iter());
    let complaints = Mutex::new(Vec::new());
    let work = || loop {
        let next = remaining.lock().expect("no worker panics while it holds the queue").next();
        let Some(job) = next else { return };
        if let Some(complaint) = job.run(models) {
            complaints.lock().expect("no worker panics while it adds a complaint").push(complaint);
        }
    };
    thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(work);
        }
    });
    complaints.into_inner().expect("the workers are done")
}

/// Labels that no line of the list accounts for, and lines whose label is nowhere.
fn unlisted(list: &List, in_sources: &[LabelUse], in_models: &[LabelUse]) -> Vec<String> {
    let listed: BTreeSet<&str> = list.names().map(|(_, name)| name).collect();
    let mut reported = BTreeSet::new();
    let missing = in_sources
        .iter()
        .filter(|used| !listed.contains(used.label.as_str()) && reported.insert(used.label.as_str()))
        .map(|LabelUse { path, line, hook, label }| format!("{path}:{line}: {hook}(\"{label}\") is not in {LIST}"));
    let used: BTreeSet<&str> = in_sources.iter().chain(in_models).map(|used| used.label.as_str()).collect();
    let stale = list
        .names()
        .filter(|(_, name)| !used.contains(name))
        .map(|(line, name)| format!("{LIST}:{line}: no code names the mutant `{name}`"));
    missing.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(label: &str) -> LabelUse {
        LabelUse { path: "src/a.rs".to_owned(), line: 7, hook: "ord", label: label.to_owned() }
    }

    #[test]
    fn a_label_that_the_list_forgets_is_reported_once() {
        let list = List::parse("one | m::one | assert\nunkillable | two | it is a hint\n").unwrap();
        let sources = [label("one"), label("two"), label("three"), label("three")];
        assert_eq!(unlisted(&list, &sources, &[]), ["src/a.rs:7: ord(\"three\") is not in loom-tests/mutants.txt"]);
    }

    #[test]
    fn a_line_whose_label_is_nowhere_is_reported() {
        let list = List::parse("one | m::one | assert\n\nstand_in | m::one | assert\n").unwrap();
        let found = unlisted(&list, &[], &[label("stand_in")]);
        assert_eq!(found, ["loom-tests/mutants.txt:1: no code names the mutant `one`"]);
    }
}
