//! Which runtime is faster, at which work, and by how much? The runtimes take turns in one process, and a table of
//! ratios to tokio ends the output.
//!
//! A shared machine changes its speed from minute to minute, but less between two neighbouring turns: so each contender
//! runs once per round, in the same order, and a ratio is taken within a round. The table has the median of these
//! ratios and their spread. Each turn has a runtime of its own, warmed up by a small run of the same workload.
//!
//! ```text
//! cargo bench --bench compare                             everything, 5 rounds
//! cargo bench --bench compare -- --rounds 3 spawn         the workloads whose names contain "spawn"
//! cargo bench --bench compare -- 'lateness/(fusee|smol)'  two contenders, and the one the ratios are to
//! ```

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

fn main() {
    let args = Args::from_env();
    let selected: Vec<_> =
        Workload::ALL.into_iter().map(|w| (w, entrants(&args, w))).filter(|(_, e)| !e.is_empty()).collect();
    if args.list {
        for (workload, entrants) in &selected {
            entrants.iter().for_each(|entrant| println!("{}/{}: benchmark", workload.name(), entrant.name()));
        }
        return;
    }
    let rounds = args.rounds(5);
    let mut table = Table::default();
    for (workload, entrants) in &selected {
        table.push(race(*workload, entrants, &args, rounds));
    }
    // Rendered in a test too, so that it is tested.
    let report = format!("{}\nworkers: {}, rounds: {rounds}\n\n{table}", machine::header(), args.workers);
    match args.scale {
        Scale::Full if !selected.is_empty() => println!("\n{report}"),
        Scale::Full => {}
        Scale::Smoke => println!("compare: {} workloads ran in small, unmeasured", selected.len()),
    }
}

/// Who is to run `workload`: whoever the filter names, and the reference.
fn entrants(args: &Args, workload: Workload) -> Vec<Entrant> {
    let named: Vec<_> = workload.entrants().filter(|entrant| args.selects(workload.name(), entrant.name())).collect();
    if named.is_empty() {
        return named;
    }
    workload.entrants().filter(|entrant| named.contains(entrant) || *entrant == REFERENCE).collect()
}

/// Lets the entrants take turns.
fn race(workload: Workload, entrants: &[Entrant], args: &Args, rounds: usize) -> Row {
    let mut row = Row::new(workload, entrants);
    for round in 1..=rounds {
        for entrant in entrants {
            let cost = turn(workload, *entrant, args);
            row.push(*entrant, cost);
            if args.scale == Scale::Full {
                let (wall, cpu) = (cost.wall.as_secs_f64() * 1e3, cost.cpu.as_secs_f64() * 1e3);
                let (workload, entrant) = (workload.name(), entrant.name());
                eprintln!("{workload} {round}/{rounds} {entrant}: {wall:.2} ms, CPU {cpu:.1} ms");
            }
        }
    }
    row
}

fn turn(workload: Workload, entrant: Entrant, args: &Args) -> Cost {
    let racer = workloads::start(entrant, args.workers);
    let warm = racer.run(workload, workload.size(Scale::Smoke));
    match args.scale {
        Scale::Full => racer.run(workload, workload.size(Scale::Full)),
        Scale::Smoke => warm,
    }
}
