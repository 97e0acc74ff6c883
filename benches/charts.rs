//! How are the times of one runtime distributed, and have they changed since the last run? Criterion's statistics and
//! plots, in `target/criterion/report/index.html`.
//!
//! The workloads are those of `compare`, which has the ratios: criterion finishes with one runtime before it starts the
//! next. Those that sleep for a second at a time are in `compare` alone.

#[expect(dead_code, reason = "criterion reads the filter itself")]
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

/// The flags that criterion would refuse; each has a value.
const OUR_FLAGS: [&str; 4] = ["--rounds", "--workers", "--seconds", "--svg"];

fn main() -> ExitCode {
    if let Some(code) = rerun_for_criterion() {
        return code;
    }
    let args = Args::from_env();
    let mut criterion = Criterion::default().configure_from_args();
    for workload in Workload::ALL.into_iter().filter(|workload| !workload.sleeps_through()) {
        chart(&mut criterion, workload, &args);
    }
    criterion.final_summary();
    ExitCode::SUCCESS
}

/// Criterion reads the process's arguments: when some are not for it, another process gets the rest.
fn rerun_for_criterion() -> Option<ExitCode> {
    let mut given = env::args_os().skip(1);
    let mut kept = Vec::new();
    let mut dropped = false;
    while let Some(arg) = given.next() {
        if OUR_FLAGS.iter().any(|flag| arg == *flag) {
            dropped = true;
            given.next();
        } else {
            kept.push(arg);
        }
    }
    if !dropped {
        return None;
    }
    let status = Command::new(env::current_exe().ok()?).args(kept).status();
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
