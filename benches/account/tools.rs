//! What other programs count of a turn that they watch: valgrind's callgrind, perf, strace. Where one is missing, nothing.
//!
//! Each counts a whole process. So two turns are watched, a small and a large one, and what they differ by is divided by
//! the jobs that they differ by: start, warm-up and end are in both.

use super::turn::{Subject, Turn};
use crate::args::Scale;
use std::process::{Command, Output, Stdio};

/// As many jobs as the small turn has: a multiple of the tasks that share the work in any workload.
const SMALL: usize = 2_000;

/// How many more the large turn has where a tool makes it slow.
const FEW: usize = 20_000;

const CALLGRIND: [&str; 5] =
    ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-bus=yes", "--fair-sched=try"];

const STRACE: [&str; 6] = ["strace", "-f", "-c", "--seccomp-bpf", "-e", "trace=futex"];

/// Calls of the kernel's futex, counted by the kernel: the turn is not slowed down.
const FUTEX_EVENT: &str = "syscalls:sys_enter_futex";

/// What a processor counts, where it is not a virtual one.
const HARDWARE: [&str; 3] = ["instructions:u", "cache-misses:u", "branch-misses:u"];

/// Who counts futex calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FutexCounter {
    Perf,
    Strace,
}

/// The tools that this machine has.
#[derive(Debug)]
pub(crate) struct Tools {
    callgrind: bool,
    futex: Option<FutexCounter>,
    hardware: Vec<&'static str>,
}

/// What callgrind has counted, for one job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Executed {
    pub(crate) instructions: f64,
    /// Those of them that lock the bus: read-modify-writes, and fences that are made of one.
    pub(crate) locked: f64,
}

impl Tools {
    /// Tries each tool on a program that does nothing.
    pub(crate) fn of_this_machine() -> Self {
        let callgrind = works(&CALLGRIND);
        let futex = match perf_counts(FUTEX_EVENT) {
            true => Some(FutexCounter::Perf),
            false => works(&STRACE).then_some(FutexCounter::Strace),
        };
        let hardware = HARDWARE.into_iter().filter(|event| perf_counts(event)).collect();
        Self { callgrind, futex, hardware }
    }

    /// The events of the processor that can be counted here.
    pub(crate) fn hardware(&self) -> &[&'static str] {
        &self.hardware
    }

    /// What counts what, and what is missing: a line for the report.
    pub(crate) fn describe(&self) -> String {
        let callgrind =
            if self.callgrind { "callgrind" } else { "not counted, for valgrind is missing or does not run" };
        let futex = match self.futex {
            Some(FutexCounter::Perf) => "perf",
            Some(FutexCounter::Strace) => "strace, which makes each call slower and so changes how many there are",
            None => "not counted, for neither perf nor strace may watch here",
        };
        let hardware = match &self.hardware[..] {
            [] => "not counted, for perf sees no counters here".into(),
            events => format!("perf ({})", events.join(", ")),
        };
        format!("instructions: {callgrind}; futex calls: {futex}; the processor's own counters: {hardware}")
    }

    /// Instructions on `workers` workers.
    pub(crate) fn executed(&self, subject: Subject, workers: usize) -> Option<Executed> {
        if !self.callgrind {
            return None;
        }
        let [instructions, locked] = difference(FEW, |jobs| {
            let turn = Turn { subject, jobs, workers, counting: false };
            let report = stderr_of(turn.command(&CALLGRIND))?;
            collected(&report)
        })?;
        Some(Executed { instructions, locked })
    }

    /// Futex calls.
    pub(crate) fn futex(&self, subject: Subject, workers: usize, scale: Scale) -> Option<f64> {
        let counter = self.futex?;
        let more = match counter {
            FutexCounter::Perf => subject.jobs(scale),
            FutexCounter::Strace => FEW,
        };
        let [calls] = difference(more, |jobs| {
            let turn = Turn { subject, jobs, workers, counting: false };
            match counter {
                FutexCounter::Perf => Some([perf(&turn, FUTEX_EVENT)?]),
                FutexCounter::Strace => Some([strace_calls(&stderr_of(turn.command(&STRACE))?)]),
            }
        })?;
        Some(calls)
    }

    /// The processor's own counts, in the order of [`hardware`](Self::hardware).
    pub(crate) fn counters(&self, subject: Subject, workers: usize, scale: Scale) -> Vec<Option<f64>> {
        let count = |event: &&'static str| {
            let turn = |jobs| Turn { subject, jobs, workers, counting: false };
            difference(subject.jobs(scale), |jobs| Some([perf(&turn(jobs), event)?])).map(|[count]| count)
        };
        self.hardware.iter().map(count).collect()
    }
}

/// What `count` says of a turn with `more` jobs more than the small one, less what it says of that, for one job.
fn difference<const N: usize>(more: usize, count: impl Fn(usize) -> Option<[f64; N]>) -> Option<[f64; N]> {
    let (small, large) = (count(SMALL)?, count(SMALL + more)?);
    Some(std::array::from_fn(|at| (large[at] - small[at]) / more as f64))
}

fn works(tool: &[&str]) -> bool {
    stderr_of(on_nothing(tool)).is_some()
}

fn perf_counts(event: &str) -> bool {
    stderr_of(on_nothing(&perf_command(event))).is_some_and(|report| perf_value(&report, event).is_some())
}

/// The tool's command for a program that does nothing.
fn on_nothing(tool: &[&str]) -> Command {
    let mut command = Command::new(tool[0]);
    command.args(&tool[1..]).arg("true");
    command
}

/// What a tool reports, if it and what it watches come through.
fn stderr_of(mut command: Command) -> Option<String> {
    let Output { status, stderr, .. } = command.stdin(Stdio::null()).output().ok()?;
    status.success().then(|| String::from_utf8_lossy(&stderr).into_owned())
}

fn perf_command(event: &str) -> [&str; 6] {
    ["perf", "stat", "-x", ",", "-e", event]
}

fn perf(turn: &Turn, event: &str) -> Option<f64> {
    perf_value(&stderr_of(turn.command(&perf_command(event)))?, event)
}

/// The count in `count,unit,event,…`; a word is there if it could not be counted.
fn perf_value(report: &str, event: &str) -> Option<f64> {
    report.lines().find_map(|line| {
        let mut fields = line.split(',');
        let (count, _unit, name) = (fields.next()?, fields.next()?, fields.next()?);
        if name == event { count.parse().ok() } else { None }
    })
}

/// The counts in `==1== Collected : 123 45`: instructions and global bus events.
fn collected(report: &str) -> Option<[f64; 2]> {
    let counts = report.lines().find_map(|line| line.split_once("Collected :"))?.1;
    let counts: Vec<f64> = counts.split_whitespace().map_while(|count| count.parse().ok()).collect();
    // A count of zero at the end is left out.
    match counts[..] {
        [instructions, locked] => Some([instructions, locked]),
        [instructions] => Some([instructions, 0.0]),
        _ => None,
    }
}

/// The calls in the row `100.00  0.001  5  12  3  futex`; there is none if there were no calls.
fn strace_calls(report: &str) -> f64 {
    let row = report.lines().find(|line| line.split_whitespace().next_back() == Some("futex"));
    row.and_then(|row| row.split_whitespace().nth(3)?.parse().ok()).unwrap_or(0.0)
}
