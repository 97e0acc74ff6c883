//! How are the times of one runtime distributed, and have they changed since the last run? Criterion's statistics and
//! plots, in `target/criterion/report/index.html`.
//!
//! The workloads are those of `compare`, which has the ratios: criterion finishes with one runtime before it starts the
//! next. Those that sleep for a second at a time and the further shapes are in `compare` alone.

#[expect(dead_code, reason = "criterion has its own rounds")]
mod args;
#[expect(dead_code, reason = "other benches ask for more")]
mod contenders;
mod countdown;
#[expect(dead_code, reason = "other benches count more than CPU time")]
mod usage;
#[expect(dead_code, reason = "criterion plots wall times alone")]
mod workloads;

use args::{Args, Scale};
use criterion::{Criterion, SamplingMode};
use std::env;
use std::process::{Command, ExitCode};
use std::time::Duration;
use workloads::Workload;

/// The flags that criterion would refuse: with a value, and alone.
const VALUED: [&str; 4] = ["--rounds", "--workers", "--seconds", "--svg"];
const SINGLE: [&str; 4] = ["--pin", "--figures", "--syscalls", "--twin"];

/// The variable that tells the process which criterion reads of `--workers`.
const WORKERS: &str = "FUSEE_BENCH_WORKERS";

fn main() -> ExitCode {
    let mut args = Args::from_env();
    let of_criterion = || Workload::PIECES.into_iter().filter(|workload| !workload.sleeps_through());
    args.require_match(
        !args.list
            && !of_criterion()
                .any(|workload| workload.entrants().any(|entrant| args.selects(workload.name(), entrant.name()))),
    );
    if let Some(code) = rerun_for_criterion(&args) {
        return code;
    }
    if let Some(workers) = env::var(WORKERS).ok().and_then(|workers| workers.parse().ok()) {
        args.workers = workers;
    }
    let mut criterion = Criterion::default().configure_from_args();
    for workload in of_criterion() {
        chart(&mut criterion, workload, &args);
    }
    criterion.final_summary();
    ExitCode::SUCCESS
}

/// Criterion reads the process's arguments: when some are not for it, another process gets the rest.
fn rerun_for_criterion(args: &Args) -> Option<ExitCode> {
    let mut given = env::args_os().skip(1);
    let mut kept = Vec::new();
    let mut dropped = false;
    while let Some(arg) = given.next() {
        let text = arg.to_string_lossy();
        let (flag, value) = text.split_once('=').map_or((&*text, None), |(flag, value)| (flag, Some(value)));
        if SINGLE.contains(&flag) {
            dropped = true;
        } else if VALUED.contains(&flag) {
            dropped = true;
            if value.is_none() {
                given.next();
            }
        } else {
            kept.push(arg);
        }
    }
    if !dropped {
        return None;
    }
    let status = Command::new(env::current_exe().ok()?).args(kept).env(WORKERS, args.workers.to_string()).status();
    let succeeded = status.is_ok_and(|status| status.success());
    Some(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chart(criterion: &mut Criterion, workload: Workload, args: &Args) {
    let mut group = criterion.benchmark_group(workload.name());
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(4));
    for entrant in workload.entrants() {
        group.bench_function(entrant.name(), |bencher| {
            let racer = workloads::start(entrant, args.workers);
            racer.run(workload, workload.size(Scale::Smoke));
            let size = workload.size(args.scale);
            bencher.iter_custom(|iterations| (0..iterations).map(|_| racer.run(workload, size).wall).sum());
        });
    }
    group.finish();
}
