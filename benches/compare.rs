//! Which runtime is faster, at which work, and by how much? The runtimes take turns in one process, and tables of
//! ratios to tokio end the output: the smallest pieces; the shapes that programs give their tasks; some of both with one
//! worker and with four. What each workload asks is said where it is written.
//!
//! A shared machine changes its speed from minute to minute, but less between two neighbouring turns: so each contender
//! runs once per round, in the same order, and a ratio is taken within a round. The tables have the median of these
//! ratios and their spread. Each turn has a runtime of its own, warmed up by a small run of the same workload.
//!
//! Where the kernel puts two workers on one CPU for a while, wake-ups between them cost more and nothing runs beside anything: then the CPU time is
//! hardly more than the wall time. `--pin` keeps each worker on a CPU of its own.
//!
//! ```text
//! cargo bench --bench compare                             everything, 5 rounds
//! cargo bench --bench compare -- --rounds 3 spawn         the workloads whose names contain "spawn"
//! cargo bench --bench compare -- 'lateness/(fusee|smol)'  two contenders, and the one the ratios are to
//! cargo bench --bench compare -- --workers 1,2,4 uneven   at three numbers of workers
//! ```

#[expect(dead_code, reason = "other benches keep one thread apart")]
mod affinity;
mod args;
#[expect(dead_code, reason = "other benches ask for more")]
mod contenders;
mod countdown;
mod machine;
mod sheet;
#[expect(dead_code, reason = "other benches have percentiles")]
mod stats;
mod table;
#[expect(dead_code, reason = "other benches count more than CPU time")]
mod usage;
mod workloads;

use args::{Args, Scale};
use contenders::Entrant;
use table::{REFERENCE, Row, Table};
use workloads::{Cost, Workload};

/// What runs at other numbers of workers, too: one workload for each way in which tasks come to workers.
const AT_OTHER_COUNTS: [Workload; 9] = [
    Workload::SpawnLocal,
    Workload::SpawnRemote,
    Workload::YieldMany,
    Workload::PingPong,
    Workload::TimeoutChurn,
    Workload::MpscBounded,
    Workload::ForkJoin,
    Workload::Uneven,
    Workload::Foreign4,
];

/// Less than the usual two workers, and more.
const OTHER_COUNTS: [usize; 2] = [1, 4];

const PIECES_NOTE: &str = "\
lateness: the median over what is due, of a sleep of a millisecond. article_join, article_spawn: the time past the deadline that a million sleeps
share.";

const SHAPES_NOTE: &str = "\
uneven, mixed: mostly tasks that compute, which costs everybody the same; a ratio near 1 is work well spread. hog: until small tasks beside a task
that holds its worker are through. hog_spawns: how long small tasks wait whose spawner goes on holding its worker, summed; its CPU time is mostly
the spawner's. foreign_N: so many threads that are no workers spawn and wake.";

const COUNTS_NOTE: &str = "\
workers: the worker threads. More of them than CPUs take turns: the one that others wait for may not be running.";

/// Those that [`PIECES_NOTE`] is about.
const NOTED_PIECES: [Workload; 3] = [Workload::Lateness, Workload::ArticleJoin, Workload::ArticleSpawn];

/// What one table is made of.
struct Section {
    title: &'static str,
    /// What is to be known about its rows, if anything.
    note: &'static str,
    races: Vec<Race>,
    /// Whether the races differ in their numbers of workers.
    by_workers: bool,
}

/// A workload, and who takes turns at it.
struct Race {
    workload: Workload,
    workers: usize,
    /// As the filter knows it.
    name: String,
    entrants: Vec<Entrant>,
}

fn main() {
    let args = Args::from_env();
    let sections: Vec<_> = sections(&args).into_iter().filter(|section| !section.races.is_empty()).collect();
    if args.list {
        for Race { name, entrants, .. } in sections.iter().flat_map(|section| &section.races) {
            entrants.iter().for_each(|entrant| println!("{name}/{}: benchmark", entrant.name()));
        }
        return;
    }
    args.require_match(sections.is_empty());
    let rounds = args.rounds(5);
    let mut tables = String::new();
    for section in &sections {
        let mut table = Table::new(section.by_workers);
        section.races.iter().for_each(|race| table.push(race.run(&args, rounds)));
        tables.push_str(&format!("\n{}\n\n{table}\n", section.title));
        if !section.note.is_empty() {
            tables.push_str(&format!("\n{}\n", section.note));
        }
    }
    // Rendered in a test too, so that it is tested.
    let report = format!(
        "{}\nworkers: {}, rounds: {rounds}{}\n\n{}\n{tables}",
        machine::header(),
        args.workers,
        if args.pin { ", pinned" } else { "" },
        table::legend()
    );
    match args.scale {
        Scale::Full => println!("\n{report}"),
        Scale::Smoke => {
            let workloads: usize = sections.iter().map(|section| section.races.len()).sum();
            println!("compare: {workloads} workloads ran in small, unmeasured");
        }
    }
}

/// Everything that the arguments let through.
fn sections(args: &Args) -> Vec<Section> {
    let usual = if args.worker_counts.is_empty() { vec![args.workers] } else { args.worker_counts.clone() };
    let section = |title, note, workloads: &[Workload], counts: &[usize], by_workers| {
        let race = |workload, workers| Race::new(args, workload, workers, by_workers);
        let races =
            workloads.iter().flat_map(|workload| counts.iter().filter_map(move |count| race(*workload, *count)));
        Section { title, note, races: races.collect(), by_workers }
    };
    let by_workers = usual.len() > 1;
    let mut sections = vec![
        section("The smallest pieces", PIECES_NOTE, &Workload::PIECES, &usual, by_workers),
        section("Further shapes", SHAPES_NOTE, &Workload::SHAPES, &usual, by_workers),
    ];
    if !sections[0].races.iter().any(|race| NOTED_PIECES.contains(&race.workload)) {
        sections[0].note = "";
    }
    if args.worker_counts.is_empty() {
        let title = "Fewer and more workers";
        sections.push(section(title, COUNTS_NOTE, &AT_OTHER_COUNTS, &OTHER_COUNTS, true));
    }
    sections
}

impl Race {
    /// With whoever the filter names, and the reference; `None` when it names nobody.
    fn new(args: &Args, workload: Workload, workers: usize, by_workers: bool) -> Option<Self> {
        let name = if by_workers { format!("{}_on_{workers}", workload.name()) } else { workload.name().into() };
        let named: Vec<_> = workload.entrants().filter(|entrant| args.selects(&name, entrant.name())).collect();
        let runs = |entrant: &Entrant| named.contains(entrant) || *entrant == REFERENCE;
        let entrants = workload.entrants().filter(runs).collect();
        (!named.is_empty()).then_some(Self { workload, workers, name, entrants })
    }

    /// Lets the entrants take turns.
    fn run(&self, args: &Args, rounds: usize) -> Row {
        let mut row = Row::new(self.workload, self.workers, &self.entrants);
        for round in 1..=rounds {
            for entrant in &self.entrants {
                let cost = self.turn(*entrant, args);
                row.push(*entrant, cost);
                if args.scale == Scale::Full {
                    let (wall, cpu) = (cost.wall.as_secs_f64() * 1e3, cost.cpu.as_secs_f64() * 1e3);
                    let (name, entrant) = (&self.name, entrant.name());
                    eprintln!("{name} {round}/{rounds} {entrant}: {wall:.2} ms, CPU {cpu:.1} ms");
                }
            }
        }
        row
    }

    fn turn(&self, entrant: Entrant, args: &Args) -> Cost {
        let racer = workloads::start(entrant, self.workers);
        let warm = racer.run(self.workload, self.workload.size(Scale::Smoke));
        if args.pin {
            affinity::spread_workers();
        }
        match args.scale {
            Scale::Full => racer.run(self.workload, self.workload.size(Scale::Full)),
            Scale::Smoke => warm,
        }
    }
}
