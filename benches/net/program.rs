//! The bench's run: which workloads run on which runtimes, and in which order.

use std::process::ExitCode;

use super::flavor::Flavor;
use super::race::{self, Conditions, Contender, Race};
use super::syscalls::Perf;
use super::weighing::Weighing;
use super::workload::Workload;
use super::{limits, report};
use crate::affinity;
use crate::args::{Args, Scale};
use crate::contenders::Entrant;
use crate::machine;
use crate::others::Watch;

/// Runs the bench `bench` with `entrants`, in the order in which they take turns.
pub(super) fn run(bench: &str, entrants: &[Entrant]) -> ExitCode {
    let args = Args::from_env();
    let most = limits::raise();
    let mut races: Vec<_> = Flavor::ALL
        .into_iter()
        .flat_map(|flavor| Workload::ALL.into_iter().map(move |workload| (flavor, workload)))
        .filter_map(|(flavor, workload)| {
            let name = format!("{}{}", workload.name(), flavor.suffix());
            Some(Race::new(workload, flavor, contenders(entrants, &args, flavor, &name)?, name))
        })
        .collect();
    let mut weighings: Vec<_> = Flavor::ALL
        .into_iter()
        .filter_map(|flavor| {
            let name = format!("idle{}", flavor.suffix());
            Some(Weighing::new(flavor, contenders(entrants, &args, flavor, &name)?, name))
        })
        .collect();
    if args.list {
        let names = races.iter().map(|race| (&race.name, &race.contenders));
        for (name, contenders) in names.chain(weighings.iter().map(|weighing| (&weighing.name, &weighing.contenders))) {
            contenders.iter().for_each(|contender| println!("{name}/{}: benchmark", contender.name()));
        }
        return ExitCode::SUCCESS;
    }
    args.require_match(races.is_empty() && weighings.is_empty());
    // Before this thread leaves the client its CPU.
    let header = machine::header();
    let conditions = Conditions {
        args: &args,
        rounds: args.rounds(3),
        most,
        client_cpu: if args.pin { affinity::leave_one() } else { None },
        perf: if args.syscalls { Perf::of_this_machine() } else { None },
    };
    let watch = Watch::start();
    races.iter_mut().for_each(|race| race.run(&conditions));
    weighings.iter_mut().for_each(|weighing| weighing.run(&conditions));
    // Made in a test too, so that it is tested.
    let report = report::all(&races, &weighings);
    let setting = conditions.describe();
    let others = watch.and_then(|watch| watch.share()).map_or("–".into(), |share| format!("{:.0} %", share * 100.0));
    match args.scale {
        Scale::Full => println!("\n{header}\n{setting}; used of the machine by others meanwhile: {others}\n\n{report}"),
        Scale::Smoke => println!("{bench}: {} workloads ran in small, unmeasured", races.len() + weighings.len()),
    }
    ExitCode::SUCCESS
}

/// Whom the filter lets through, and the reference beside them; `None` when it lets nobody through.
fn contenders(entrants: &[Entrant], args: &Args, flavor: Flavor, name: &str) -> Option<Vec<Contender>> {
    let all = entrants.iter().copied().filter(|entrant| flavor == Flavor::MultiThread || *entrant != Entrant::Smol);
    let named: Vec<_> = all.clone().filter(|entrant| args.selects(name, entrant.name())).collect();
    let runs = |entrant: &Entrant| named.contains(entrant) || *entrant == race::REFERENCE;
    let twin = args.twin.then_some(Contender::TWIN);
    let contenders = all.filter(runs).map(Contender::of).chain(twin).collect();
    (!named.is_empty()).then_some(contenders)
}
