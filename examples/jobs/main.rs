//! Many jobs that sleep: each is a task that sleeps one second and then prints its number.
//!
//! ```text
//! cargo run --release --example jobs                    # 20,000 jobs on all cores
//! cargo run --release --example jobs -- 1000000         # a million
//! cargo run --release --example jobs -- 1000 --print    # and the numbers themselves, on standard output
//! ```
//!
//! Twenty thousand threads would be too many for most systems; twenty thousand tasks are not worth mentioning. The
//! summary says how far past the second the last of them was done, how late each woke, and what it cost. It goes to
//! standard output, or to standard error where the numbers take standard output. Zero jobs are fine, and end at once.
//!
//! Exit codes: 0; 1 if something failed, as when a number did not appear exactly once; 2 for arguments that make no
//! sense, among them more jobs than there is memory for.

#[path = "../ladder/arguments.rs"]
mod arguments;
#[path = "../ladder/memory.rs"]
mod memory;
#[path = "../ladder/numbers.rs"]
mod numbers;
mod progress;
mod record;
mod summary;
#[path = "../ladder/units.rs"]
mod units;
#[path = "../ladder/usage.rs"]
mod usage;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::time::{Instant, sleep_until};
use lexopt::Arg;

use crate::record::Record;
use crate::summary::Summary;
use crate::usage::Observer;

/// How long a job sleeps.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What a job takes: its task and its timer, its handle, its lines in the record. Measured at 225 bytes for a million
/// jobs; the rest is for queues that double as they grow.
const BYTES_PER_JOB: u64 = 400;

/// More workers than this are a typing error.
const MOST_WORKERS: usize = 1_024;

/// What the command line asks for.
struct Request {
    jobs: usize,
    workers: usize,
    print: bool,
}

fn main() -> ExitCode {
    let request = match request() {
        Ok(Some(request)) => request,
        Ok(None) => return ExitCode::SUCCESS,
        Err(complaint) => return arguments::complain("jobs", &complaint),
    };
    match run(&request) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jobs: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line; nothing if it only asked for help.
fn request() -> Result<Option<Request>, String> {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let mut request = Request { jobs: 20_000, workers: cores.max(2), print: false };
    let mut counted = false;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => {
                println!("usage: jobs [N] [--print] [--workers W]\n");
                println!("Runs N tasks (20,000 unless told otherwise) that sleep one second and print their number.\n");
                println!(
                    "  --print      print the numbers on standard output (the summary then goes to standard error)"
                );
                println!("  --workers W  run them on W threads: {} unless told otherwise", request.workers);
                return Ok(None);
            }
            Arg::Long("print") => request.print = true,
            Arg::Long("workers") => {
                let value = parser.value().map_err(|error| error.to_string())?;
                request.workers = arguments::count("W", &value, 1)?;
            }
            Arg::Value(count) if !counted => {
                request.jobs = arguments::count("N", &count, 0)?;
                counted = true;
            }
            Arg::Short(digit) => {
                let rest = parser.optional_value();
                return Err(arguments::unexpected(Arg::Short(digit), rest.as_deref()));
            }
            other => return Err(arguments::unexpected(other, None)),
        }
    }
    if request.workers > MOST_WORKERS {
        return Err(format!("W must be at most {MOST_WORKERS}, not {}", request.workers));
    }
    memory::check(request.jobs, BYTES_PER_JOB)?;
    Ok(Some(request))
}

/// Runs the jobs, checks them, and reports.
fn run(request: &Request) -> Result<(), String> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(request.workers)
        .build()
        .map_err(|error| format!("cannot start {} workers: {error}", request.workers))?;
    let record = Record::leaked(request.jobs, request.print);

    let observer = Observer::start(progress::shown_for(request.jobs, record));
    let start = Instant::now();
    spawn_and_await(&runtime, request.jobs, record)?;
    let wall = start.elapsed();
    let usage = observer.stop();

    record.numbers().verify()?;
    if record.early() > 0 {
        return Err(format!("{} jobs woke before their deadline", units::grouped(record.early() as u64)));
    }
    if record.numbers().unread() {
        return Ok(());
    }
    let text = Summary { jobs: request.jobs, wall, usage, record, metrics: &runtime.metrics() }.to_string();
    let written = if request.print { write!(io::stderr(), "{text}") } else { write!(io::stdout(), "{text}") };
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("cannot write the summary: {error}")),
        _ => Ok(()),
    }
}

/// Spawns a task for each job and awaits them all.
fn spawn_and_await(runtime: &Runtime, jobs: usize, record: &'static Record) -> Result<(), String> {
    runtime.block_on(async {
        let handles: Vec<_> = (1..=jobs).map(|n| fusee::spawn(job(n, record))).collect();
        for handle in handles {
            handle.await.map_err(|error| format!("a job ended with an error: {error}"))?;
        }
        Ok(())
    })
}

/// One job.
async fn job(n: usize, record: &'static Record) {
    let deadline = Instant::now() + SECOND;
    sleep_until(deadline).await;
    record.woke(n, Instant::now().checked_duration_since(deadline));
    record.numbers().print(n);
}
