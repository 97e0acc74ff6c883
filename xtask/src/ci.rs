//! `cargo xtask ci`: every check, in order of how soon it can fail, each with the time that it took.
//!
//! Deliberately not here: what a check means. The steps call cargo, or the sibling modules.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{mutants, sanitize, tidy};

/// How to run the steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Run what remains after a step has failed.
    pub(crate) keep_going: bool,
    /// `cargo test --workspace --all-features` has just passed: leave out the tests, and the models' runs without a mutant.
    pub(crate) skip_tests: bool,
    /// Let the tests explore further.
    pub(crate) deep: bool,
}

/// One check.
struct Step {
    name: &'static str,
    action: Action,
}

enum Action {
    Cargo {
        arguments: &'static [&'static str],
        environment: &'static [(&'static str, &'static str)],
    },
    Tidy,
    Tests,
    /// Only where the tests explore further.
    Sanitizers,
    /// As above.
    Schedules,
    Mutants,
}

/// `cargo test --workspace --all-features` builds the examples and runs the models of `loom-tests` too.
pub(crate) const TEST_ARGUMENTS: &[&str] = &["test", "--workspace", "--all-features"];

/// To go on past a failure is to run all tests, too: cargo stops at the first program of tests that fails.
fn test_arguments(options: Options) -> Vec<&'static str> {
    let mut arguments = TEST_ARGUMENTS.to_vec();
    if options.keep_going {
        arguments.push("--no-fail-fast");
    }
    arguments
}

/// Property tests read it, and the harness of the models, which are then bounded at one preemption more.
const DEEP_ENVIRONMENT: &[(&str, &str)] = &[("FUSEE_DEEP", "1")];

/// The scenarios of `shuttle-tests`, which the tests run with few schedules, always the same.
const SCHEDULES_ARGUMENTS: &[&str] = &["test", "--package", "shuttle-tests"];

/// Their harness reads both: how many schedules of each kind, and that they are others in each run.
const SCHEDULES_ENVIRONMENT: &[(&str, &str)] =
    &[("FUSEE_SHUTTLE_ITERATIONS", "2000"), ("FUSEE_SHUTTLE_SEED", "random")];

const STEPS: &[Step] = &[
    Step { name: "format", action: cargo(&["fmt", "--all", "--", "--check"]) },
    Step { name: "tidy", action: Action::Tidy },
    Step {
        name: "clippy",
        action: cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]),
    },
    Step { name: "features", action: cargo(&["clippy", "--no-default-features", "--", "-D", "warnings"]) },
    Step {
        name: "features without io",
        action: cargo(&[
            "clippy",
            "--no-default-features",
            "--features=macros,test-util,tokio-sync,futures-task,serde,console",
            "--",
            "-D",
            "warnings",
        ]),
    },
    Step { name: "tests", action: Action::Tests },
    Step { name: "schedules", action: Action::Schedules },
    Step { name: "sanitizers", action: Action::Sanitizers },
    Step {
        name: "docs",
        action: Action::Cargo {
            arguments: &["doc", "--workspace", "--no-deps", "--document-private-items", "--all-features"],
            environment: &[("RUSTDOCFLAGS", "-D warnings")],
        },
    },
    Step { name: "mutants", action: Action::Mutants },
];

const fn cargo(arguments: &'static [&'static str]) -> Action {
    Action::Cargo { arguments, environment: &[] }
}

/// How a step ended.
enum Outcome {
    Passed(Duration),
    Failed(Duration, String),
    /// Not run, and why.
    Skipped(&'static str),
}

/// Runs the steps; fails if one did.
pub(crate) fn run(root: &Path, options: Options) -> Result<(), String> {
    let began = Instant::now();
    let mut outcomes = Vec::new();
    let mut failed = false;
    let mut models_passed = options.skip_tests;
    for step in STEPS {
        let outcome = if options.skip_tests && matches!(step.action, Action::Tests) {
            Outcome::Skipped("just run")
        } else if !options.deep && matches!(step.action, Action::Sanitizers | Action::Schedules) {
            Outcome::Skipped("not without --deep")
        } else if failed && !options.keep_going {
            Outcome::Skipped("after a failure")
        } else {
            run_step(root, step, options, models_passed)
        };
        failed |= matches!(outcome, Outcome::Failed(..));
        models_passed |= matches!((&step.action, &outcome), (Action::Tests, Outcome::Passed(_)));
        outcomes.push((step.name, outcome));
    }
    println!("\n{}", summary(&outcomes, began.elapsed()));
    if failed { Err(failure(&outcomes)) } else { Ok(()) }
}

fn run_step(root: &Path, step: &Step, options: Options, models_passed: bool) -> Outcome {
    println!("\n==> {}", step.name);
    let began = Instant::now();
    let result = match &step.action {
        Action::Cargo { arguments, environment } => run_cargo(root, arguments, environment),
        Action::Tests => run_cargo(root, &test_arguments(options), if options.deep { DEEP_ENVIRONMENT } else { &[] }),
        Action::Schedules => run_cargo(root, SCHEDULES_ARGUMENTS, SCHEDULES_ENVIRONMENT),
        Action::Sanitizers => sanitize::run(root, &sanitize::Kind::ALL, None),
        Action::Tidy => tidy::run(root),
        Action::Mutants if models_passed => mutants::run(root, None, mutants::Baseline::JustRun),
        Action::Mutants => mutants::run(root, None, mutants::Baseline::Run),
    };
    let took = began.elapsed();
    match result {
        Ok(()) => {
            println!("<== {}: ok, {}", step.name, seconds(took));
            Outcome::Passed(took)
        }
        Err(message) => {
            println!("<== {}: FAILED, {}", step.name, seconds(took));
            println!("{message}");
            Outcome::Failed(took, message)
        }
    }
}

fn run_cargo(root: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<(), String> {
    let shown: Vec<String> = environment
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\" "))
        .chain([format!("cargo {}", arguments.join(" "))])
        .collect();
    let shown = shown.concat();
    println!("$ {shown}");
    let status = cargo_command(root)
        .args(arguments)
        .envs(environment.iter().copied())
        .status()
        .map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}

/// The cargo that runs this command, in the workspace's folder.
pub(crate) fn cargo_command(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// What cargo prints on the standard output, run with `arguments`; `what` it does is said if it fails.
pub(crate) fn cargo_output(root: &Path, arguments: &[&str], what: &str) -> Result<String, String> {
    let output = cargo_command(root)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("{what} failed: cargo ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A duration as people read it: `0.4 s`, `75 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}

fn summary(outcomes: &[(&str, Outcome)], total: Duration) -> String {
    let mut text = String::new();
    for (name, outcome) in outcomes {
        let (word, detail) = match outcome {
            Outcome::Passed(took) => ("ok", seconds(*took)),
            Outcome::Failed(took, _) => ("FAILED", seconds(*took)),
            Outcome::Skipped(why) => ("skipped", (*why).to_owned()),
        };
        let _ = writeln!(text, "{name:>10}  {word:<8} {detail}");
    }
    let _ = write!(text, "{:>10}  {:<8} {}", "total", "", seconds(total));
    text
}

fn failure(outcomes: &[(&str, Outcome)]) -> String {
    let failures: Vec<String> = outcomes
        .iter()
        .filter_map(|(name, outcome)| match outcome {
            Outcome::Failed(_, message) => Some(format!("{name}: {}", message.lines().next().unwrap_or("no message"))),
            _ => None,
        })
        .collect();
    failures.join("\n       ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_every_step_and_how_it_ended() {
        let outcomes = [
            ("format", Outcome::Passed(Duration::from_millis(400))),
            ("tidy", Outcome::Failed(Duration::from_millis(60), "src/a.rs:1: bad\nmore".to_owned())),
            ("tests", Outcome::Skipped("after a failure")),
        ];
        let text = summary(&outcomes, Duration::from_secs(75));
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(lines[0], "format  ok       0.4 s");
        assert_eq!(lines[1], "tidy  FAILED   0.1 s");
        assert_eq!(lines[2], "tests  skipped  after a failure");
        assert!(lines[3].ends_with("75 s"), "{text}");
        assert_eq!(failure(&outcomes), "tidy: src/a.rs:1: bad");
    }
}
