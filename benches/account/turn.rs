//! One turn: a workload by one contender, or a part of the floor, in a process of its own.
//!
//! The parent starts its own program with [`Turn::command`], by itself or under a tool that watches it; the child finds
//! its orders in [`orders`], and prints what it has found out.

use super::allocations;
use super::floor::Floor;
use crate::args::Scale;
use crate::contenders::Entrant;
use crate::usage::switches;
use crate::workloads::{self, Workload};
use std::env;
use std::fmt;
use std::process::{Command, Stdio};

/// The first argument of a child.
const TURN: &str = "--turn";

/// How often a part of the floor is done before it is measured.
const WARM_UP: usize = 1_000;

/// What is accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Work(Workload, Entrant),
    Floor(Floor),
}

/// What a process is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) subject: Subject,
    /// How often: tasks, yields, pairs, timers.
    pub(crate) jobs: usize,
    pub(crate) workers: usize,
    /// Whether allocations are counted, which is not to disturb what is timed.
    pub(crate) counting: bool,
}

/// What a process has found out, for one job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// Nanoseconds.
    pub(crate) wall: f64,
    /// Nanoseconds of CPU time, of all threads.
    pub(crate) cpu: f64,
    /// Voluntary context switches, of all threads.
    pub(crate) switches: f64,
    /// Zero where allocations are not counted.
    pub(crate) blocks: f64,
    pub(crate) bytes: f64,
}

impl Subject {
    /// As many jobs as are timed.
    pub(crate) fn jobs(self, scale: Scale) -> usize {
        match self {
            Self::Work(workload, _) => workload.size(scale).jobs,
            Self::Floor(floor) if scale == Scale::Full => floor.jobs(),
            Self::Floor(_) => 1_000,
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        let work = |workload: Workload| workload.entrants().map(move |entrant| Self::Work(workload, entrant));
        let workloads = Workload::PIECES.into_iter().chain(Workload::SHAPES);
        workloads.flat_map(work).chain(Floor::ALL.into_iter().map(Self::Floor))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work(workload, entrant) => write!(f, "{}/{}", workload.name(), entrant.name()),
            Self::Floor(floor) => write!(f, "floor/{}", floor.name()),
        }
    }
}

impl Turn {
    /// The command that takes this turn: `wrapper`, which is a program and its arguments, or nothing, around a child of this process.
    pub(crate) fn command(&self, wrapper: &[&str]) -> Command {
        let program = env::current_exe().expect("a running program has a path");
        let mut command = match wrapper {
            [] => Command::new(&program),
            [tool, arguments @ ..] => {
                let mut command = Command::new(tool);
                command.args(arguments).arg(&program);
                command
            }
        };
        command.args([TURN, &self.subject.to_string()]);
        command.args([self.jobs, self.workers, usize::from(self.counting)].map(|number| number.to_string()));
        command
    }

    /// Has a child take this turn.
    pub(crate) fn take(&self) -> Found {
        let output = self.command(&[]).stderr(Stdio::inherit()).output().expect("a bench can start itself");
        assert!(output.status.success(), "{} did not come through", self.subject);
        let answer = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> =
            answer.split_whitespace().map(|word| word.parse().expect("a child prints numbers")).collect();
        let [wall, cpu, switches, blocks, bytes] = numbers[..] else { panic!("five numbers, not {answer}") };
        Found { wall, cpu, switches, blocks, bytes }
    }

    /// Takes this turn in this process, and prints what it found.
    pub(crate) fn answer(&self) {
        let Found { wall, cpu, switches, blocks, bytes } = self.observe();
        println!("{wall} {cpu} {switches} {blocks} {bytes}");
    }

    fn observe(&self) -> Found {
        match self.subject {
            Subject::Work(workload, entrant) => {
                let racer = workloads::start(entrant, self.workers);
                let warm_up = workload.size(Scale::Smoke);
                racer.run(workload, warm_up);
                let size = workloads::Size { jobs: self.jobs, ..workload.size(Scale::Full) };
                self.watch(|| racer.run(workload, size))
            }
            Subject::Floor(floor) => {
                floor.run(WARM_UP);
                self.watch(|| floor.run(self.jobs))
            }
        }
    }

    fn watch(&self, work: impl FnOnce() -> workloads::Cost) -> Found {
        let before = switches();
        let (cost, blocks, bytes) = if self.counting {
            let (cost, allocated) = allocations::counted(work);
            (cost, allocated.blocks, allocated.bytes)
        } else {
            (work(), 0, 0)
        };
        let switches = switches() - before;
        let each = |sum: f64| sum / self.jobs as f64;
        Found {
            wall: each(cost.wall.as_secs_f64() * 1e9),
            cpu: each(cost.cpu.as_secs_f64() * 1e9),
            switches: each(switches as f64),
            blocks: each(blocks as f64),
            bytes: each(bytes as f64),
        }
    }
}

/// The turn that this process is to take, if it is a child.
pub(crate) fn orders() -> Option<Turn> {
    let mut arguments = env::args().skip(1);
    if arguments.next()? != TURN {
        return None;
    }
    let name = arguments.next()?;
    let subject = Subject::all().find(|subject| subject.to_string() == name).expect("the parent knows the names");
    let numbers: Vec<usize> = arguments.map(|number| number.parse().expect("the parent gives numbers")).collect();
    let [jobs, workers, counting] = numbers[..] else { panic!("three numbers, not {numbers:?}") };
    Some(Turn { subject, jobs, workers, counting: counting != 0 })
}
