//! A million tasks sleep until the same moment. How long until all have run, what does it cost, and who else has to wait?
//!
//! The tasks are asleep well before the deadline.
//! In the first table are the time past the deadline until the last task has run, and, from the moment when all were asleep, for
//! timers move as their time comes near: the CPU time of the whole process, how often any of its threads went to sleep
//! (voluntary context switches), how many threads ran tasks, and the share of the busiest.
//!
//! The second table is of another storm, in which others want to run too. It has what they had to wait, in milliseconds, and how many such
//! waits there were while the storm lasted:
//!
//! - *timer*: a task sleeps a millisecond at a time; how much later than that it goes on.
//! - *turn*: a task yields from the deadline on; how long until it goes on.
//! - *spawn*: a thread that is no worker spawns a task each millisecond; how long until it runs.
//!
//! The first two wait before they go on, and so have few waits where these are long.
//!
//! Each storm has a process of its own. Where a runtime counts what it does, the last lines have what it counted in the first.
//!
//! ```text
//! cargo bench --bench storm                         fusee, tokio and smol, 3 rounds
//! cargo bench --bench storm -- --rounds 5 fusee     fusee, 5 rounds
//! ```

mod args;
mod child;
#[expect(dead_code, unused_imports, reason = "this bench has three of them, which spawn, sleep and yield")]
mod contenders;
mod countdown;
mod deluge;
mod machine;
mod probes;
mod sheet;
mod stats;
#[expect(dead_code, reason = "other benches weigh memory")]
mod usage;

use args::{Args, Scale};
use contenders::{Contender, Entrant, Fusee, Smol, Tokio};
use stats::Spread;
use std::process::ExitCode;
use std::time::Duration;

/// The mutex loop has one thread, and so nobody to share a storm with.
const ENTRANTS: [Entrant; 3] = [Entrant::Fusee, Entrant::Tokio, Entrant::Smol];

/// The one that ratios are to.
const REFERENCE: Entrant = Entrant::Tokio;

/// What a child answers, beside the runtime's own counters.
const STORM: [&str; 5] = ["past, ms", "CPU, ms", "switches", "threads", "busiest"];
const OTHERS: [&str; 9] = ["timer", "p99", "worst", "turn", "p99", "worst", "spawn", "p99", "worst"];

const STORM_NOTE: &str = "\
past: from the deadline until the last task has run. CPU, switches: the CPU time of the whole process, and how often one of its threads went to
sleep, from when all tasks were asleep until then. threads: how many ran tasks. busiest: the share of the tasks that the busiest of them ran.";

const OTHERS_NOTE: &str = "\
timer, turn, spawn: how often a sleep of a millisecond, a yield, and a spawn from another thread came through during the storm; behind each
what 99 of 100 of these waits do not exceed, and the worst. Of few waits the p99 is the worst. past: as above, in this storm.";

/// Answers with a ratio to the reference.
const PAST: usize = 0;
const CPU: usize = 1;

/// A contender, and what it answered in each round.
struct Line {
    entrant: Entrant,
    alone: Vec<Vec<f64>>,
    probed: Vec<Vec<f64>>,
}

fn main() -> ExitCode {
    if let Some((entrant, orders)) = child::orders() {
        let [tasks, workers, lead, probed] = orders[..] else { panic!("a child needs four numbers, not {orders:?}") };
        child::answer(&observe(entrant, tasks, workers, Duration::from_millis(lead as u64), probed != 0));
        return ExitCode::SUCCESS;
    }
    let args = Args::from_env();
    let entrants = ENTRANTS.into_iter().filter(|entrant| args.selects("storm", entrant.name()));
    let mut lines: Vec<_> = entrants.map(|entrant| Line { entrant, alone: Vec::new(), probed: Vec::new() }).collect();
    if args.list {
        lines.iter().for_each(|line| println!("storm/{}: benchmark", line.entrant.name()));
        return ExitCode::SUCCESS;
    }
    args.require_match(lines.is_empty());
    let (tasks, lead) = if args.scale == Scale::Full { (1_000_000, 2_000) } else { (1_000, 300) };
    let rounds = args.rounds(3);
    for round in 1..=rounds {
        for line in &mut lines {
            for probed in [false, true] {
                let found = child::ask(line.entrant, &[tasks, args.workers, lead, usize::from(probed)]);
                if args.scale == Scale::Full {
                    let (name, probed) = (line.entrant.name(), if probed { ", probed" } else { "" });
                    eprintln!("storm {round}/{rounds} {name}{probed}: {:.0} ms, CPU {:.0} ms", found[PAST], found[CPU]);
                }
                if probed { &mut line.probed } else { &mut line.alone }.push(found);
            }
        }
    }
    let report = report(&lines);
    match args.scale {
        Scale::Full => {
            println!("\n{}\nworkers: {}, rounds: {rounds}\n\n{report}", machine::header(), args.workers);
        }
        Scale::Smoke => println!("storm: {} runtimes woke {tasks} tasks at once", lines.len()),
    }
    ExitCode::SUCCESS
}

fn observe(entrant: Entrant, tasks: usize, workers: usize, lead: Duration, probed: bool) -> Vec<f64> {
    match entrant {
        Entrant::Fusee => deluge::observe::<Fusee>(tasks, workers, lead, probed),
        Entrant::Tokio => deluge::observe::<Tokio>(tasks, workers, lead, probed),
        Entrant::Smol => deluge::observe::<Smol>(tasks, workers, lead, probed),
        Entrant::MutexLoop => unreachable!("the parent does not ask for it"),
    }
}

impl Line {
    /// The medians of the runtime's own counters, with their names.
    fn counters(&self) -> Option<String> {
        let names = match self.entrant {
            Entrant::Fusee => Fusee::COUNTERS,
            Entrant::Tokio | Entrant::Smol | Entrant::MutexLoop => return None,
        };
        let first = STORM.len() + OTHERS.len();
        let counters: Vec<_> =
            names.iter().zip(first..).map(|(name, at)| format!("{name} {}", count(&self.alone, at))).collect();
        Some(format!(
            "{} counted in the storm alone, median of the rounds: {}",
            self.entrant.name(),
            counters.join(", ")
        ))
    }
}

/// The figure at a place of the answers, over the rounds.
fn spread(turns: &[Vec<f64>], at: usize) -> String {
    Spread::of(turns.iter().map(|turn| turn[at])).map_or("–".into(), |spread| spread.to_string())
}

/// The same, each divided by the reference's of the same round.
fn ratio(turns: &[Vec<f64>], reference: Option<&Line>, at: usize) -> String {
    let Some(reference) = reference else { return "–".into() };
    let ratios = turns.iter().zip(&reference.alone).map(|(own, other)| own[at] / other[at]);
    Spread::of(ratios).map_or("–".into(), |spread| spread.to_string())
}

/// The median of what is counted.
fn count(turns: &[Vec<f64>], at: usize) -> String {
    Spread::of(turns.iter().map(|turn| turn[at])).map_or("–".into(), |spread| spread.median.to_string())
}

fn report(lines: &[Line]) -> String {
    let reference = lines.iter().find(|line| line.entrant == REFERENCE);
    let to_reference = format!("to {}", REFERENCE.name());
    let [past, cpu, switches, threads, busiest] = STORM;
    let head = ["runtime", past, &to_reference, cpu, &to_reference, switches, threads, busiest];
    let storm = lines.iter().map(|Line { entrant, alone, .. }| {
        let (past, cpu) = (spread(alone, PAST), spread(alone, CPU));
        let ratios = [PAST, CPU].map(|at| ratio(alone, reference, at));
        let [past_ratio, cpu_ratio] = ratios;
        let name = entrant.name().into();
        vec![name, past, past_ratio, cpu, cpu_ratio, spread(alone, 2), count(alone, 3), spread(alone, 4)]
    });
    let storm = sheet::markdown([head.map(String::from).into()].into_iter().chain(storm));

    let head = ["runtime", past].into_iter().chain(OTHERS).map(String::from).collect();
    let others = lines.iter().map(|Line { entrant, probed, .. }| {
        // Of three answers about a probe, the first is how many waits there were.
        let cell = |at| if at % 3 == 0 { count(probed, STORM.len() + at) } else { spread(probed, STORM.len() + at) };
        let cells = (0..OTHERS.len()).map(cell);
        [entrant.name().into(), spread(probed, PAST)].into_iter().chain(cells).collect()
    });
    let others = sheet::markdown([head].into_iter().chain(others));
    let counters: Vec<_> = lines.iter().filter_map(Line::counters).collect();
    let counters = counters.join("\n");
    format!(
        "Medians of the rounds (least–greatest).\n\nThe storm alone\n\n{storm}\n\n{STORM_NOTE}\n\nWhat others wait, ms\n\n{others}\n\n\
         {OTHERS_NOTE}\n\n{counters}\n"
    )
}
