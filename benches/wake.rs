//! How long does one wake take that comes from a thread which is no worker, when those who could run what it wakes are asleep?
//!
//! Servers that are mostly idle live with this: each request finds everybody parked. Throughput does not show it.
//!
//! A foreign thread, the ringer, rests for half a millisecond, looks whether all other threads of the process sleep, as the kernel has it, and
//! rests again if not; then it notes the time and wakes, or spawns, a task. The task notes the time as soon as it is polled. So the figures
//! have the wake itself, the way to a worker, the kernel's wake of its thread, and the worker's way to the task.
//!
//! Where the kernel runs a woken thread makes more of a difference than the runtimes do: on the waker's own CPU it has but to wait for the waker
//! to sleep, on another it has to bring that back to life. So the ringer has a CPU of its own, if there are two, and everybody else the
//! others. *bare* is the same for a thread that drives a future with a plain park and unpark, in the same process: the kernel's part.
//!
//! - *new task*: it is spawned by the ringer, instead of waiting.
//! - *root*: the future in `block_on`, on the main thread. By a task: the ringer wakes a task, which wakes the root. Counted from there: the
//!   task's worker has just been woken and runs. With two CPUs both are on the one that is not the ringer's.
//! - *busy*: so many tasks compute for 50 µs and yield, in turn, beside it; the other workers are asleep. Here nobody has a CPU of its own: on
//!   a machine with two the ringer, the busy worker, and the one that wakes share them.
//!
//! CPU time and switches (a thread goes to sleep; voluntary context switches) are the process's, per wake, above those of the same process
//! while nobody is woken, without what the busy tasks compute. The ringer's rests and looks are left out, its wakes are in; by a task they have
//! the first wake, too. *parked* is the share of the wakes before which everybody was seen asleep.
//!
//! In each round every contender has its turn, in a process of its own.
//!
//! ```text
//! cargo bench --bench wake                                    everything, 3 rounds
//! cargo bench --bench wake -- --rounds 9 wake_task_idle_of2/  one of the situations
//! ```

#[expect(dead_code, reason = "other benches spread workers")]
mod affinity;
mod args;
mod asleep;
mod bell;
mod child;
#[expect(dead_code, unused_imports, reason = "this bench has three of them, which spawn and yield")]
mod contenders;
mod machine;
mod sheet;
mod stats;
mod turns;
#[expect(dead_code, reason = "other benches weigh memory")]
mod usage;
mod waking;

use args::Args;
use contenders::{Entrant, Fusee, Smol, Tokio};
use stats::{Spread, digits};
use std::process::ExitCode;
use turns::{Line, Plan};
use waking::{FIGURES, Situation};

/// The mutex loop has nobody who is parked.
const ENTRANTS: [Entrant; 3] = [Entrant::Fusee, Entrant::Tokio, Entrant::Smol];

/// The one that ratios are to.
const REFERENCE: Entrant = Entrant::Tokio;

/// The figures that have a ratio: the median, the 99th percentile and the CPU time.
const WITH_RATIO: [usize; 3] = [0, 1, 3];

/// The figures whose spread is shown, too; the table is wide enough.
const WITH_SPREAD: [usize; 2] = [0, 1];

const NOTE: &str = "\
woken: the root is the future in `block_on`; the thread is no worker. busy: tasks that compute, of how many workers; the others sleep.
p50, p99, worst: from the wake until what was woken is polled. CPU, switches: what a wake costs the whole process, and how often one of its
threads goes to sleep; with \"by a task\", those of the wake before it are in. Both are above those of a run without wakes, so that noise can make
a small one negative. parked: the share of the wakes before which all that were not busy were seen asleep. bare: p50 of a thread that only parks, in the same process. Unless somebody is busy, the thread that wakes has a CPU of its
own and all others have the rest.";

fn main() -> ExitCode {
    if let Some((entrant, orders)) = child::orders() {
        child::answer(&observe(entrant, Situation::from_numbers(&orders)));
        return ExitCode::SUCCESS;
    }
    let args = Args::from_env();
    let plan = Plan {
        bench: "wake",
        orders: |situation: &Situation| situation.to_numbers().to_vec(),
        progress: |found| format!("{:.1} µs, p99 {:.1} µs", found[0], found[1]),
        report,
    };
    plan.carry_out(selected(&args), &args)
}

/// What the filter lets through, and the reference beside it.
fn selected(args: &Args) -> Vec<Line<Situation>> {
    let mut lines = Vec::new();
    for situation in Situation::all(args.scale) {
        let name = situation.name();
        let named = ENTRANTS.map(|entrant| args.selects(&name, entrant.name()));
        let runs = |(entrant, named): &(Entrant, bool)| *named || *entrant == REFERENCE;
        if named.contains(&true) {
            let entrants = ENTRANTS.into_iter().zip(named).filter(runs);
            lines.extend(entrants.map(|(entrant, _)| Line::new(situation, name.clone(), entrant)));
        }
    }
    lines
}

fn observe(entrant: Entrant, situation: Situation) -> Vec<f64> {
    match entrant {
        Entrant::Fusee => situation.observe::<Fusee>(),
        Entrant::Tokio => situation.observe::<Tokio>(),
        Entrant::Smol => situation.observe::<Smol>(),
        Entrant::MutexLoop => unreachable!("the parent does not ask for it"),
    }
}

impl Line<Situation> {
    fn row(&self, lines: &[Self]) -> Vec<String> {
        let is_reference = |line: &&Self| line.situation == self.situation && line.entrant == REFERENCE;
        let reference = lines.iter().find(is_reference).expect("the reference always runs");
        let Situation { busy, workers, .. } = self.situation;
        let mut row = vec![self.situation.woken().into(), format!("{busy} of {workers}"), self.entrant.name().into()];
        for at in 0..FIGURES.len() {
            let figures = Spread::of(self.turns.iter().map(|turn| turn[at])).expect("there is a round");
            row.push(if WITH_SPREAD.contains(&at) { figures.to_string() } else { digits(figures.median) });
            if WITH_RATIO.contains(&at) {
                let pairs = self.turns.iter().zip(&reference.turns);
                let ratios = Spread::of(pairs.map(|(own, other)| own[at] / other[at]));
                row.push(ratios.expect("there is a round").to_string());
            }
        }
        row
    }
}

fn report(lines: &[Line<Situation>]) -> String {
    let mut head = vec!["woken".into(), "busy".into(), "runtime".into()];
    for (at, figure) in FIGURES.iter().enumerate() {
        head.push((*figure).into());
        head.extend(WITH_RATIO.contains(&at).then(|| format!("to {}", REFERENCE.name())));
    }
    let table = sheet::markdown([head].into_iter().chain(lines.iter().map(|line| line.row(lines))));
    format!(
        "Medians of the rounds (least–greatest); a ratio is taken within a round, below 1 is better.\n\n{table}\n\n{NOTE}\n"
    )
}
