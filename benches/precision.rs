//! How late does a short sleep end, and what does it cost: on an idle runtime, beside tasks that compute, beside a worker that blocks?
//!
//! One task sleeps a millisecond, or a tenth of it, again and again. How much later than its deadline it goes on is its lateness.
//! Beside it are as many *busy* tasks as the table says, which compute for 50 µs and yield, in turn. CPU time and switches (a thread goes
//! to sleep; voluntary context switches) are the whole process's, per sleep, above those of the same runtime and the same busy tasks without
//! the sleeper; what the busy tasks themselves compute is taken off. Below zero is less than without. The mutex loop is what one thread can do that
//! calls the kernel's sleep; with it nobody is busy.
//!
//! The last table is of a runtime one of whose tasks blocks its worker: for 20 ms, time and again. Four other tasks sleep a millisecond
//! at a time meanwhile.
//!
//! In each round every contender has its turn, in a process of its own.
//!
//! ```text
//! cargo bench --bench precision                                     everything, 3 rounds
//! cargo bench --bench precision -- --rounds 9 precision_idle_1ms/   one of the situations
//! ```

mod args;
mod child;
#[expect(dead_code, reason = "this bench spawns, sleeps and yields")]
mod contenders;
mod machine;
mod punctuality;
mod sheet;
mod stats;
mod turns;
#[expect(dead_code, reason = "other benches weigh memory")]
mod usage;

use args::Args;
use contenders::{Entrant, Fusee, MutexLoop, Smol, Tokio};
use punctuality::Situation;
use stats::Spread;
use std::process::ExitCode;
use turns::{Line, Plan};

const NOTE: &str = "\
late, p99, worst: how much later than its deadline a sleep ends; the median, what 99 of 100 do not exceed, and the worst. CPU a sleep, switches a
sleep: what one sleep adds to the CPU time of the whole process, and to how often one of its threads goes to sleep; below zero is noise, or less
than without.";

fn main() -> ExitCode {
    if let Some((entrant, orders)) = child::orders() {
        child::answer(&observe(entrant, &Situation::from_numbers(&orders)));
        return ExitCode::SUCCESS;
    }
    let args = Args::from_env();
    let plan = Plan {
        bench: "precision",
        orders: |situation: &Situation| situation.to_numbers().to_vec(),
        progress: |found| format!("{:.0} µs late, p99 {:.0} µs", found[0], found[1]),
        report,
    };
    plan.carry_out(selected(&args), &args)
}

/// What the filter lets through.
fn selected(args: &Args) -> Vec<Line<Situation>> {
    let entrants = |situation: Situation| {
        Entrant::ALL.into_iter().filter(move |entrant| situation.is_idle() || *entrant != Entrant::MutexLoop)
    };
    let line = |situation: Situation, entrant| Line::new(situation, situation.name(), entrant);
    let all = Situation::all(args.scale).into_iter();
    all.flat_map(|situation| entrants(situation).map(move |entrant| line(situation, entrant)))
        .filter(|line| args.selects(&line.name, line.entrant.name()))
        .collect()
}

fn observe(entrant: Entrant, situation: &Situation) -> Vec<f64> {
    match entrant {
        Entrant::Fusee => situation.observe::<Fusee>(),
        Entrant::Tokio => situation.observe::<Tokio>(),
        Entrant::Smol => situation.observe::<Smol>(),
        Entrant::MutexLoop => situation.observe::<MutexLoop>(),
    }
}

impl Line<Situation> {
    /// The figure at a place of the answers, over the rounds.
    fn spread(&self, at: usize) -> String {
        let spread = Spread::of(self.turns.iter().map(|turn| turn[at]));
        spread.map_or("–".into(), |spread| spread.to_string())
    }

    fn row(&self) -> Vec<String> {
        let Situation { sleep, busy, workers, blocked, .. } = self.situation;
        let mut row = vec![format!("{} µs", sleep.as_micros()), format!("{busy} of {workers}")];
        if blocked {
            row.clear();
        }
        row.push(self.entrant.name().into());
        let figures = if blocked { punctuality::BLOCKED.len() } else { punctuality::BESIDE.len() };
        row.extend((0..figures).map(|at| self.spread(at)));
        row
    }
}

fn report(lines: &[Line<Situation>]) -> String {
    let table = |blocked, title: &str, head: Vec<&str>| {
        let rows: Vec<_> = lines.iter().filter(|line| line.situation.blocked == blocked).map(Line::row).collect();
        if rows.is_empty() {
            return String::new();
        }
        let head = head.into_iter().map(String::from).collect();
        format!("\n{title}\n\n{}\n", sheet::markdown([head].into_iter().chain(rows)))
    };
    let beside = table(
        false,
        "Beside busy tasks: how many of them, of how many workers",
        [&["sleep", "busy", "runtime"][..], &punctuality::BESIDE].concat(),
    );
    let blocked = table(
        true,
        "Beside a worker that blocks for 20 ms time and again",
        [&["runtime"][..], &punctuality::BLOCKED].concat(),
    );
    format!("Medians of the rounds (least–greatest).\n{beside}{blocked}\n{NOTE}\n")
}
