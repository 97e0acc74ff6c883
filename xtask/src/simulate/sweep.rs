//! Which runs are made, the table of what came out, and what of it is drawn.

use std::fs;
use std::path::Path;

use super::Nanos;
use super::costs::Costs;
use super::load::Load;
use super::machine::Machine;
use super::outcome::Outcome;
use super::plot::{self, Line, Panel, Scale};
use super::policy::Policy;

const WORKERS: [usize; 7] = [2, 4, 8, 16, 32, 64, 128];

/// The most workers: where policies are compared.
const MOST: usize = 128;

/// The loads of the table. A worker spawns a task in about a tenth of a microsecond: with tasks of 1 µs a burst feeds few workers.
const LOADS: [(&str, Load); 12] = [
    ("burst of 20,000 × 1 µs", Load::Burst { tasks: 20_000, work: 1_000 }),
    ("burst of 10,000 × 20 µs", Load::Burst { tasks: 10_000, work: 20_000 }),
    ("injected 20,000 × 1 µs", Load::Injected { tasks: 20_000, work: 1_000 }),
    ("injected 10,000 × 20 µs", Load::Injected { tasks: 10_000, work: 20_000 }),
    ("trickle, one in 100 µs", Load::Trickle { tasks: 4_000, work: 1_000, period: 100_000 }),
    ("trickle, one in 10 µs", Load::Trickle { tasks: 4_000, work: 1_000, period: 10_000 }),
    ("trickle, one in 1 µs", Load::Trickle { tasks: 20_000, work: 1_000, period: 1_000 }),
    ("tree of 16,384 × 20 µs", Load::Tree { depth: 14, work: 20_000 }),
    ("a pair, 2,000 rounds", Load::Pairs { pairs: 1, rounds: 2_000 }),
    ("chains of 1,000", Load::Chains { length: 1_000 }),
    ("spawners, 400 × 1 µs", Load::Spawners { left: 200, work: 1_000 }),
    ("burst of 20,000 × 5 µs", Load::Burst { tasks: 20_000, work: 5_000 }),
];

/// A wake-up on a machine whose cores do not doze.
const QUICK: Nanos = 5_000;

/// What a run depends on beside its load, its workers and its policy.
#[derive(Clone, Copy)]
pub(super) struct Sweep {
    pub(super) costs: Costs,
    pub(super) seed: u64,
}

/// The policies that differ in who may search.
const LIMITS: [&str; 12] = [
    "all search",
    "two search",
    "four search",
    "root search",
    "half, binding",
    "two, binding",
    "four, binding",
    "eight, binding",
    "root, binding",
    "two, in turn",
    "four, in turn",
    "races given up",
];

/// So many runs, each with a seed of its own.
const RUNS: u64 = 3;

/// The run that took the median time, and how long the others took.
struct Median {
    outcome: Outcome,
    least: Nanos,
    greatest: Nanos,
}

impl Sweep {
    fn run(self, workers: usize, load: Load, policy: Policy) -> Median {
        let seeds = (0..RUNS).map(|n| self.seed + n);
        let mut runs: Vec<_> = seeds.map(|seed| Machine::new(workers, load, policy, self.costs, seed).run()).collect();
        let lost: u64 = runs.iter().map(|run| run.lost).sum();
        assert_eq!(lost, 0, "a task is lost: {load:?}, {workers} workers, {policy:?}");
        runs.sort_by_key(|run| run.time);
        let (least, greatest) = (runs[0].time, runs[runs.len() - 1].time);
        Median { outcome: runs.swap_remove(runs.len() / 2), least, greatest }
    }

    /// Prints what the runtime's policy does with each load on ever more workers, and what the others do on the most.
    pub(super) fn print(self) {
        for (name, load) in LOADS {
            println!("\n{name}\n{HEADER}");
            for workers in WORKERS {
                print_row("fusee", workers, load, &self.run(workers, load, Policy::FUSEE));
            }
            for (policy_name, policy) in &Policy::ALL[1..] {
                print_row(policy_name, MOST, load, &self.run(MOST, load, *policy));
            }
        }
    }

    /// Prints how long each load takes with other limits on the number of searchers, as shares of what it takes with the runtime's; for
    /// trickles, whose length is given, what the 99th percentile of the waits is.
    pub(super) fn print_limits(self) {
        println!(
            "\nlimits on searchers\nworkers  load                       half {}",
            LIMITS.map(|name| format!("{name:>15}")).join("")
        );
        for (name, load) in LOADS {
            for workers in [2, 4, 8, 16, 32, 64, MOST] {
                let value = |policy| {
                    let outcome = self.run(workers, load, policy).outcome;
                    let is_trickle = matches!(load, Load::Trickle { .. });
                    if is_trickle { outcome.wait(0.99) } else { outcome.time }
                };
                let half = value(Policy::FUSEE);
                let shares = LIMITS.map(|limit| format!("{:>15.2}", value(Policy::named(limit)) as f64 / half as f64));
                println!("{workers:>7}  {name:25} {:>6.0} {}", half as f64 / 1e3, shares.join(""));
            }
        }
    }

    /// Draws the figures into `folder`.
    pub(super) fn draw(self, folder: &Path) -> Result<(), String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let figures = [
            ("simulated_share.svg", self.share_of_ideal()),
            ("simulated_spread.svg", self.spread()),
            ("simulated_search.svg", self.search()),
        ];
        for (name, panels) in figures {
            let file = folder.join(name);
            plot::draw(&file, &panels).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(())
    }

    /// A line over the numbers of workers.
    fn over_workers(
        self,
        name: &'static str,
        load: Load,
        policy: Policy,
        value: fn(usize, Load, &Outcome) -> f64,
    ) -> Line {
        let points =
            WORKERS.map(|workers| (workers as f64, value(workers, load, &self.run(workers, load, policy).outcome)));
        Line { name, points: points.to_vec() }
    }

    /// Panels of a load each, lines of a policy each, over the numbers of workers.
    fn by_policy(
        self,
        title: &'static str,
        load: Load,
        names: &[&'static str],
        value: fn(usize, Load, &Outcome) -> f64,
    ) -> Panel {
        let lines = names.iter().map(|name| self.over_workers(name, load, Policy::named(name), value)).collect();
        Panel { title, x: "workers", lines }
    }

    /// As this, where to wake a thread takes so long.
    fn with_wake(self, wake: Nanos) -> Self {
        Self { costs: Costs { wake, ..self.costs }, ..self }
    }

    fn share_of_ideal(self) -> (Scale, Vec<Panel>) {
        let names = ["fusee", "wake two", "each hands on", "four, binding", "eight, binding"];
        let percent = |workers, load, outcome: &Outcome| 100.0 * speedup(workers, load, outcome) / workers as f64;
        let [burst, tree] = [LOADS[11].1, LOADS[7].1];
        let panels = vec![
            self.by_policy("burst of 20,000 × 5 µs", burst, &names, percent),
            self.with_wake(QUICK).by_policy("the same, a wake-up takes 5 µs", burst, &names, percent),
            self.by_policy("tree of 16,384 × 20 µs", tree, &names, percent),
            self.with_wake(QUICK).by_policy("the same, a wake-up takes 5 µs", tree, &names, percent),
        ];
        (Scale::Percent { y: "percent of the speed of so many workers without any cost" }, panels)
    }

    fn spread(self) -> (Scale, Vec<Panel>) {
        let names = ["fusee", "wake two", "each hands on", "four, binding", "each wakes two"];
        let took = |_, _, outcome: &Outcome| outcome.spread.unwrap_or(outcome.time) as f64 / 1e3;
        let burst = Load::Burst { tasks: 10_000, work: 100_000 };
        let tree = Load::Tree { depth: 13, work: 100_000 };
        let panels = vec![
            self.by_policy("burst of 10,000 × 100 µs", burst, &names, took),
            self.by_policy("tree of 8,192 × 100 µs", tree, &names, took),
        ];
        (Scale::Decades { y: "µs until each worker has run a task", least: 10.0 }, panels)
    }

    fn search(self) -> (Scale, Vec<Panel>) {
        let names = ["fusee", "four search", "four, binding", "races given up", "fed, 256 looks"];
        let looks = |_, _, outcome: &Outcome| outcome.per_task(outcome.steal_tries);
        let panels = [0, 2].map(|index| self.by_policy(LOADS[index].0, LOADS[index].1, &names, looks));
        (Scale::Decades { y: "queues of others looked at, for each task", least: 0.01 }, panels.to_vec())
    }
}

/// How much faster than if one worker had done nothing but the work.
fn speedup(workers: usize, load: Load, outcome: &Outcome) -> f64 {
    load.work(workers) as f64 / outcome.time as f64
}

const HEADER: &str = "\
workers  policy                time µs (least–greatest)  speedup  took part  spread µs    wakes    parks    noops  tries/task   steals   stolen  \
retries  p50 µs  p99 µs";

fn print_row(policy: &str, workers: usize, load: Load, Median { outcome, least, greatest }: &Median) {
    let micros = |nanos: Nanos| nanos as f64 / 1e3;
    let spread = outcome.spread.map_or_else(|| "–".to_owned(), |spread| format!("{:.0}", micros(spread)));
    let range = format!("({:.0}–{:.0})", micros(*least), micros(*greatest));
    println!(
        "{workers:>7}  {policy:20} {:>8.0} {range:>16} {:>8.1} {:>10} {spread:>10} {:>8} {:>8} {:>8} {:>11.4} {:>8} {:>8} {:>8} {:>7.1} {:>7.1}",
        micros(outcome.time),
        speedup(workers, load, outcome),
        outcome.took_part,
        outcome.wakes,
        outcome.parks,
        outcome.noops,
        outcome.per_task(outcome.steal_tries),
        outcome.steals,
        outcome.stolen,
        outcome.retries,
        micros(outcome.wait(0.5)),
        micros(outcome.wait(0.99)),
    );
}
