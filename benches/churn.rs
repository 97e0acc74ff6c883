//! Does memory stay flat while timeouts of 30 seconds are made and dropped as fast as it goes?
//!
//! A thousand tasks each run one short operation after the other under a timeout that they never need, as a server does.
//! A structure that leaves what was dropped until its deadline would grow by all that was made in 30 seconds. The table
//! has the resident memory when a tenth of the time is over, in the middle, and at the end, and the greatest at any moment.
//! The mutex loop is left out, for it is such a structure and would fill the machine.
//!
//! Each contender has a process of its own.
//!
//! ```text
//! cargo bench --bench churn                          fusee, tokio and smol, 5 seconds each
//! cargo bench --bench churn -- --seconds 60 fusee    fusee for a minute
//! ```

#[expect(dead_code, reason = "this bench takes one turn")]
mod args;
mod child;
#[expect(dead_code, unused_imports, reason = "this bench has three of them, which time out and yield")]
mod contenders;
mod countdown;
mod machine;
mod sheet;
#[expect(dead_code, reason = "other benches take several rounds")]
mod stats;
#[expect(dead_code, reason = "other benches count more")]
mod usage;

use args::{Args, Scale};
use contenders::{Contender, Entrant, Fusee, Smol, Tokio};
use countdown::COUNTDOWN;
use stats::digits;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use usage::{cpu_time, peak_bytes, resident_bytes};

const ENTRANTS: [Entrant; 3] = [Entrant::Fusee, Entrant::Tokio, Entrant::Smol];

const TASKS: usize = 1_000;

/// How long each contender churns, unless the command line says otherwise.
const USUAL_TIME: Duration = Duration::from_secs(5);

const TIMEOUT: Duration = Duration::from_secs(30);

const NOTE: &str = "\
wall, CPU: the time, and the CPU time of the whole process, for each timeout that was made and dropped. MiB: the resident memory of the process,
at first when a tenth of the time is over; at most is the greatest at any moment.";

static ENDING: AtomicBool = AtomicBool::new(false);
static MADE: AtomicUsize = AtomicUsize::new(0);

fn main() -> ExitCode {
    if let Some((entrant, orders)) = child::orders() {
        let [milliseconds, workers] = orders[..] else { panic!("a child needs two numbers, not {orders:?}") };
        child::answer(&observe(entrant, Duration::from_millis(milliseconds as u64), workers));
        return ExitCode::SUCCESS;
    }
    let args = Args::from_env();
    let selected: Vec<_> = ENTRANTS.into_iter().filter(|entrant| args.selects("churn", entrant.name())).collect();
    if args.list {
        selected.iter().for_each(|entrant| println!("churn/{}: benchmark", entrant.name()));
        return ExitCode::SUCCESS;
    }
    args.require_match(selected.is_empty());
    let time = if args.scale == Scale::Full { args.seconds.unwrap_or(USUAL_TIME) } else { Duration::from_millis(200) };
    let head = [
        "runtime",
        "timeouts made, millions",
        "wall, ns each",
        "CPU, ns each",
        "MiB at first",
        "in the middle",
        "at the end",
        "at most",
    ];
    if selected.is_empty() {
        return ExitCode::SUCCESS;
    }
    let mut rows = vec![head.map(String::from).to_vec()];
    for entrant in selected {
        let found = child::ask(entrant, &[time.as_millis() as usize, args.workers]);
        rows.push([entrant.name().into()].into_iter().chain(found.into_iter().map(digits)).collect());
    }
    let table = sheet::markdown(rows);
    match args.scale {
        Scale::Full => {
            let seconds = time.as_secs();
            println!(
                "\n{}\nworkers: {}, seconds: {seconds}, tasks: {TASKS}\n\n{table}\n\n{NOTE}\n",
                machine::header(),
                args.workers
            );
        }
        Scale::Smoke => println!("churn: timeouts came and went, unmeasured"),
    }
    ExitCode::SUCCESS
}

fn observe(entrant: Entrant, time: Duration, workers: usize) -> [f64; 7] {
    match entrant {
        Entrant::Fusee => churn::<Fusee>(time, workers),
        Entrant::Tokio => churn::<Tokio>(time, workers),
        Entrant::Smol => churn::<Smol>(time, workers),
        Entrant::MutexLoop => unreachable!("the parent does not ask for it"),
    }
}

/// What the table has, in its order.
fn churn<C: Contender>(time: Duration, workers: usize) -> [f64; 7] {
    let runtime = C::start(workers);
    runtime.block_on(async {
        let all_done = COUNTDOWN.start(TASKS);
        let (start, cpu) = (Instant::now(), cpu_time());
        for _ in 0..TASKS {
            C::detach(async {
                let mut made = 0;
                while !ENDING.load(Ordering::Relaxed) {
                    let done = C::timeout(TIMEOUT, C::yield_now()).await;
                    assert!(done.is_some(), "a yield must not take as long as the timeout");
                    made += 1;
                }
                MADE.fetch_add(made, Ordering::Relaxed);
                COUNTDOWN.arrive();
            });
        }
        // This thread is none of the runtime's.
        let resident = [time / 10, time / 2, time].map(|at| {
            thread::sleep((start + at).saturating_duration_since(Instant::now()));
            mebibytes(resident_bytes())
        });
        ENDING.store(true, Ordering::Relaxed);
        all_done.await.expect("the last task sends");
        let each = |spent: Duration| spent.as_nanos() as f64 / MADE.load(Ordering::Relaxed) as f64;
        let (wall, cpu) = (each(start.elapsed()), each(cpu_time() - cpu));
        let [first, middle, end] = resident;
        let millions = MADE.load(Ordering::Relaxed) as f64 / 1e6;
        [millions, wall, cpu, first, middle, end, mebibytes(peak_bytes())]
    })
}

fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
