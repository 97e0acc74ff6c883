//! The ladder: nine systems that run the same jobs, from a hand-written future to this runtime.
//!
//! A job sleeps one second, then prints its number. Each rung runs n of them with less waste than the one before,
//! checks that every number from 1 to n was printed exactly once, and reports the time past one second, CPU time,
//! threads at the peak, and polls. Read the files in this order: `job`, `join`, `never_wakes`, `busy_wake`,
//! `thread_per_sleep`,
//! `background_thread`, `busy_loop`, `event_loop`, `fusee`; each says what it shows and what the next one mends.
//!
//! ```text
//! cargo run --release --example ladder -- join          # one rung, at the counts it suits
//! cargo run --release --example ladder -- fusee 50000   # one rung, 50,000 jobs
//! cargo run --release --example ladder -- all --svg ladder.svg
//! ```

mod arguments;
mod background_thread;
mod block_on;
mod busy_loop;
mod busy_wake;
mod event_loop;
mod figure;
mod fusee;
mod job;
mod join;
mod measure;
mod memory;
mod never_wakes;
mod numbers;
mod rungs;
mod sheet;
mod table;
mod thread_per_sleep;
mod thread_room;
mod units;
mod usage;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use lexopt::Arg;

use crate::measure::{Row, Task};
use crate::rungs::{RUNGS, Rung};

/// How long a job sleeps.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What a job takes at most on any rung that does not start a thread for it, the sheet's line included: a boxed
/// future, its slot in a join, its waker in a map. Measured at 85 to 370 bytes, rounded up.
const BYTES_PER_JOB: u64 = 512;

/// What the command line asks for.
struct Request {
    rungs: Vec<&'static Rung>,
    jobs: Option<usize>,
    print: bool,
    svg: Option<PathBuf>,
}

fn main() -> ExitCode {
    match request() {
        Ok(Some(request)) => climb(&request),
        Ok(None) => ExitCode::SUCCESS,
        Err(complaint) => arguments::complain("ladder", &complaint),
    }
}

/// Reads the command line; nothing if it only asked for help.
fn request() -> Result<Option<Request>, String> {
    let mut parser = lexopt::Parser::from_env();
    let mut request = Request { rungs: Vec::new(), jobs: None, print: false, svg: None };
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => {
                print_help();
                return Ok(None);
            }
            Arg::Long("print") => request.print = true,
            Arg::Long("svg") => request.svg = Some(parser.value().map_err(|error| error.to_string())?.into()),
            Arg::Value(name) if request.rungs.is_empty() => request.rungs = named(&name.to_string_lossy())?,
            Arg::Value(count) if request.jobs.is_none() => request.jobs = Some(arguments::count("N", &count, 1)?),
            Arg::Short(digit) => {
                let rest = parser.optional_value();
                return Err(arguments::unexpected(Arg::Short(digit), rest.as_deref()));
            }
            other => return Err(arguments::unexpected(other, None)),
        }
    }
    if request.rungs.is_empty() {
        return Err(format!("which rung? One of {}, all", names()));
    }
    for rung in &request.rungs {
        let most = request.jobs.or_else(|| rung.counts.last().copied()).unwrap_or_default();
        memory::check(most, BYTES_PER_JOB)?;
    }
    Ok(Some(request))
}

/// The rung called `name`, or all of them.
fn named(name: &str) -> Result<Vec<&'static Rung>, String> {
    let rungs: Vec<_> = RUNGS.iter().filter(|rung| name == "all" || rung.name == name).collect();
    if rungs.is_empty() { Err(format!("there is no rung {name:?}: it is one of {}, all", names())) } else { Ok(rungs) }
}

fn names() -> String {
    RUNGS.map(|rung| rung.name).join(", ")
}

fn print_help() {
    println!("usage: ladder RUNG [N] [--print] [--svg FILE]\n");
    println!("Runs N jobs that sleep one second and print their number, on one rung of the ladder or on `all`.");
    println!("Without N, each rung runs at the counts that suit it.\n");
    for rung in &RUNGS {
        println!("  {:18} {}", rung.name, rung.shows);
    }
    println!("\n  --print      print the numbers on standard output (the table then goes to standard error)");
    println!("  --svg FILE   draw the measures into FILE");
}

/// Runs what was asked for and shows the table; a rung that fails is one line on standard error, and the exit code.
fn climb(request: &Request) -> ExitCode {
    let runs: Vec<(&Rung, usize)> = request.rungs.iter().flat_map(|rung| runs_of(rung, request.jobs)).collect();
    let progress = if runs.len() > 1 { ProgressBar::new(runs.len() as u64) } else { ProgressBar::hidden() };
    let (mut rows, mut failed) = (Vec::new(), false);
    for (rung, jobs) in runs {
        progress.set_message(rung.name);
        match (rung.run)(&Task { rung: rung.name, jobs, print: request.print }) {
            Ok(measured) => rows.extend(measured),
            Err(error) => {
                failed = true;
                progress.suspend(|| eprintln!("ladder: {}: {error}", rung.name));
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let shown = show(request, &rows).inspect_err(|error| eprintln!("ladder: {error}"));
    if failed || shown.is_err() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The counts at which `rung` runs.
fn runs_of(rung: &'static Rung, jobs: Option<usize>) -> impl Iterator<Item = (&'static Rung, usize)> {
    let counts = jobs.map_or_else(|| rung.counts.to_vec(), |jobs| vec![jobs]);
    counts.into_iter().map(move |jobs| (rung, jobs))
}

/// Writes the table and, if asked for, the figure.
fn show(request: &Request, rows: &[Row]) -> Result<(), String> {
    if rows.is_empty() || rows.iter().any(|row| row.unread) {
        return Ok(());
    }
    let mut text = table::table(rows);
    if let [rung] = request.rungs[..] {
        text = format!("{}: {}\n{text}", rung.name, rung.shows);
    }
    let written = if request.print { writeln!(io::stderr(), "{text}") } else { writeln!(io::stdout(), "{text}") };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(format!("cannot write: {error}")),
        _ => {}
    }
    match &request.svg {
        Some(file) => figure::draw(file, rows).map_err(|error| format!("cannot draw {}: {error}", file.display())),
        None => Ok(()),
    }
}
