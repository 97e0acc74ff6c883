//! Defects planted on purpose, in `xtask/planted`: the sanitizer must report each, and nothing where there is none, before its
//! silence about the tests is worth anything. They go through the same flags, options and suppressions as the tests.

use std::time::{Duration, Instant};

use crate::ci::seconds;
use crate::programs::{Run, run_watched};

use super::toolchain::{Kind, Sanitizer};

/// A watchdog, far above what a scenario needs.
const WATCHDOG: Duration = Duration::from_secs(120);

/// A run of a scenario, and what it must end in.
struct Plant {
    kind: Kind,
    scenario: &'static str,
    /// The label that is broken in the library's own files.
    mutant: Option<&'static str>,
    /// Texts that the report must hold; none where there must be no report.
    report: &'static [&'static str],
}

const fn plant(
    kind: Kind,
    scenario: &'static str,
    mutant: Option<&'static str>,
    report: &'static [&'static str],
) -> Plant {
    Plant { kind, scenario, mutant, report }
}

const USE_AFTER_FREE: &str = "ERROR: AddressSanitizer: heap-use-after-free";
const LEAK: &str = "ERROR: LeakSanitizer: detected memory leaks";
const RACE: &str = "WARNING: ThreadSanitizer: data race";

const PLANTS: &[Plant] = &[
    plant(Kind::Address, "join", None, &[]),
    plant(Kind::Address, "freed_task", None, &[USE_AFTER_FREE, "planted::task::"]),
    plant(Kind::Address, "forgotten_handle", None, &[LEAK, "planted::task::create"]),
    plant(Kind::Thread, "join", None, &[]),
    plant(Kind::Thread, "last_reference", None, &[]),
    // Without the shim this one is full of reports.
    plant(Kind::Thread, "standard_library", None, &[]),
    plant(Kind::Thread, "bare_race", None, &[RACE, "bare_race"]),
    plant(Kind::Thread, "join", Some("task_complete"), &[RACE, "planted::task::cell::Cell<", "take_output"]),
    plant(Kind::Thread, "last_reference", Some("task_references"), &[RACE, "planted::task::cell::"]),
];

impl Plant {
    fn name(&self) -> String {
        match self.mutant {
            Some(mutant) => format!("{} with {mutant} broken", self.scenario),
            None => self.scenario.to_owned(),
        }
    }

    /// What is wrong with how it ended.
    fn complaint(&self, run: &Run) -> Option<String> {
        if run.timed_out {
            return Some(format!("{}: it hangs", self.name()));
        }
        if self.report.is_empty() {
            let told = format!("{}: there is no defect, and it ended with {}\n{}", self.name(), run.status, run.stderr);
            return (!run.success).then_some(told);
        }
        if run.success {
            return Some(format!("{}: the defect is not reported", self.name()));
        }
        let missing = self.report.iter().find(|text| !run.stderr.contains(**text))?;
        Some(format!("{}: the report does not hold `{missing}`\n{}", self.name(), run.stderr))
    }
}

/// Runs the scenarios of the sanitizer's kind; answers the complaints.
pub(super) fn run(sanitizer: &Sanitizer) -> Result<Vec<String>, String> {
    let status = sanitizer.cargo("build").args(["--quiet", "--package", "planted"]).status();
    let status = status.map_err(|error| format!("cargo could not be started: {error}"))?;
    if !status.success() {
        return Err(format!("the planted defects do not build: cargo ended with {status}"));
    }
    let mut complaints = Vec::new();
    for plant in PLANTS.iter().filter(|plant| plant.kind == sanitizer.kind) {
        let mut program = sanitizer.program(&sanitizer.binary("planted"));
        program.arg(plant.scenario).env_remove("FUSEE_MUTANT");
        if let Some(mutant) = plant.mutant {
            program.env("FUSEE_MUTANT", mutant);
        }
        let began = Instant::now();
        let run = run_watched(&mut program, WATCHDOG).map_err(|error| format!("planted: {error}"))?;
        let complaint = plant.complaint(&run);
        let (word, took) = (if plant.report.is_empty() { "silent" } else { "reported" }, seconds(began.elapsed()));
        println!("{:<10}  {} ({took})", if complaint.is_some() { "FAILS" } else { word }, plant.name());
        complaints.extend(complaint);
    }
    Ok(complaints)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(success: bool, stderr: &str) -> Run {
        let (status, stdout, stderr) = ("exit status: 66".to_owned(), String::new(), stderr.to_owned());
        Run { success, status, timed_out: false, stdout, stderr }
    }

    #[test]
    fn a_defect_that_is_not_reported_is_a_complaint() {
        let plant = plant(Kind::Thread, "join", Some("task_complete"), &[RACE, "take_output"]);
        assert_eq!(plant.complaint(&ended(false, "WARNING: ThreadSanitizer: data race\n #1 take_output")), None);
        let silent = plant.complaint(&ended(true, "")).unwrap();
        assert_eq!(silent, "join with task_complete broken: the defect is not reported");
        let elsewhere = plant.complaint(&ended(false, RACE)).unwrap();
        assert!(elsewhere.contains("does not hold `take_output`"), "{elsewhere}");
    }

    #[test]
    fn a_report_without_a_defect_is_a_complaint() {
        let plant = plant(Kind::Address, "join", None, &[]);
        assert_eq!(plant.complaint(&ended(true, "")), None);
        assert!(plant.complaint(&ended(false, LEAK)).unwrap().contains(LEAK));
    }

    #[test]
    fn every_kind_has_defects_and_silence() {
        for kind in Kind::ALL {
            let of_kind = || PLANTS.iter().filter(|plant| plant.kind == kind);
            assert!(of_kind().any(|plant| plant.report.is_empty()));
            assert!(of_kind().any(|plant| !plant.report.is_empty()));
        }
    }
}
