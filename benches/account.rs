//! Where does the time of a task go? For each workload of the scheduler and each runtime, what one operation costs beside
//! nanoseconds: instructions, read-modify-writes, sleeps, system calls, allocations; and what the parts cost by themselves that
//! every scheduler is made of.
//!
//! Each turn has a process of its own (`account/turn.rs`). Times and context switches come from turns that nobody
//! watches, allocations from one in which the allocator counts, the rest from turns under the tools of `account/tools.rs`:
//! each where this machine has the tool, or else a dash. Callgrind runs one thread at a time and fifty times slower:
//! of it only counts mean anything, and with several workers these depend on how it makes them take turns.
//!
//! ```text
//! cargo bench --bench account                        everything, in one to two minutes
//! cargo bench --bench account -- 'spawn.*/fusee'     some rows; the floor is `floor/…`
//! cargo bench --bench account -- --figures           plain lines for `cargo xtask bench-check`
//! ```
//!
//! `--figures` leaves out what varies most or takes longest: it times the rounds, which a reader can pair, and counts the
//! instructions on one worker. The lines are on the standard output, each with `workload/runtime`, a figure's name, and its
//! values per operation: `wall` and `cpu` in nanoseconds, one for each round, and `instructions`. The line of `workload/others` has the `share` of
//! the machine that others used in each round; it has none where the system does not tell.
//!
//! To see which functions the instructions are in, run one turn under callgrind by hand and give its file to
//! `callgrind_annotate`: `valgrind --tool=callgrind target/release/deps/account-… --turn spawn_local/fusee 20000 1 0`.

#[path = "account/allocations.rs"]
mod allocations;
mod args;
#[expect(dead_code, reason = "other benches ask for more")]
mod contenders;
mod countdown;
#[path = "account/floor.rs"]
mod floor;
#[path = "account/ledger.rs"]
mod ledger;
mod machine;
mod others;
mod sheet;
#[expect(dead_code, reason = "other benches have percentiles")]
mod stats;
#[path = "account/tools.rs"]
mod tools;
#[path = "account/turn.rs"]
mod turn;
#[expect(dead_code, reason = "other benches weigh memory")]
mod usage;
mod workloads;

use args::{Args, Scale};
use contenders::Entrant;
use floor::Floor;
use ledger::Ledger;
use others::Watch;
use std::env;
use std::process::{Command, ExitCode};
use tools::Tools;
use turn::{Subject, Turn};
use workloads::Workload;

/// The scheduler's workloads, and the two in which timers are set and never fire.
const WORKLOADS: [Workload; 8] = [
    Workload::SpawnLocal,
    Workload::SpawnRemote,
    Workload::SpawnJoin,
    Workload::ChainedSpawn,
    Workload::YieldMany,
    Workload::PingPong,
    Workload::TimerCancel,
    Workload::TimeoutChurn,
];

/// The mutex loop is a baseline for timers alone.
const ENTRANTS: [Entrant; 3] = [Entrant::Fusee, Entrant::Tokio, Entrant::Smol];

/// What the columns are, under the tables.
const LEGEND: &str = "\
All per operation: a task spawned and run (spawn_local, spawn_remote, spawn_join, chained_spawn), a yield (yield_many), a pair of tasks
that message each other once (ping_pong), a sleep made, polled and dropped (timer_cancel), a yield under a timeout (timeout_churn).
- wall, CPU: median of the rounds (least–greatest); CPU of all threads. Wall is the elapsed time over the operations: two workers share them.
- instructions: executed in user mode on one worker, all threads together, without the kernel's. locked: those of them that lock the bus,
  namely read-modify-writes, and fences and exchanges where the compiler makes them of one.
- instructions, locked, N workers: the same with N; one thread runs at a time, so that waiting and stealing are not as they are at full speed.
- switches: voluntary context switches of all threads, of the rounds' median: how often a thread went to sleep in the kernel.
- futex calls: sleeps and wakes by the kernel's futex, failed ones included. Like the instructions, the difference of a large run
  and a small one over the operations that they differ by: of next to none, noise can make it negative.
- allocations, bytes: asked of the allocator, growth of a block included.";

fn main() -> ExitCode {
    if let Some(turn) = turn::orders() {
        turn.answer();
        return ExitCode::SUCCESS;
    }
    let args = Args::from_env();
    let (work, floor) = selected(&args);
    if args.list {
        work.iter().flatten().chain(&floor).for_each(|subject| println!("{subject}: benchmark"));
        return ExitCode::SUCCESS;
    }
    args.require_match(work.is_empty() && floor.is_empty());
    let tools = Tools::of_this_machine();
    if args.figures {
        figures(&work, &args, &tools);
        return ExitCode::SUCCESS;
    }
    let head = |subject: &str, several| {
        if args.scale == Scale::Full {
            eprintln!("{subject}: {}", Ledger::heads(several, tools.hardware()).join(" | "));
        }
    };
    let watch = Watch::start();
    if !work.is_empty() {
        head("workload/runtime", (args.workers > 1).then_some(args.workers));
    }
    let work: Vec<_> = work.iter().flat_map(|race| account(race, &args, &tools)).collect();
    if !floor.is_empty() {
        head("floor", None);
    }
    let floor: Vec<_> = floor.iter().flat_map(|subject| account(&[*subject], &args, &tools)).collect();
    let others = watch.and_then(|watch| watch.share());
    let report = report(&work, &floor, others, &args, &tools);
    match args.scale {
        Scale::Full => println!("\n{report}"),
        Scale::Smoke => {
            check(&floor);
            check_figures();
            println!("account: {} rows made in small, unmeasured", work.len() + floor.len());
        }
    }
    ExitCode::SUCCESS
}

/// What the filter lets through: by workload, and the floor.
fn selected(args: &Args) -> (Vec<Vec<Subject>>, Vec<Subject>) {
    let race = |workload: Workload| -> Vec<_> {
        let entrants = ENTRANTS.into_iter().filter(|entrant| args.selects(workload.name(), entrant.name()));
        entrants.map(|entrant| Subject::Work(workload, entrant)).collect()
    };
    let floor =
        Floor::ALL.into_iter().filter(|floor| args.selects("floor", floor.name())).map(Subject::Floor).collect();
    (WORKLOADS.into_iter().map(race).filter(|race| !race.is_empty()).collect(), floor)
}

fn ledgers(race: &[Subject]) -> Vec<Ledger> {
    race.iter().map(|subject| Ledger::new(*subject)).collect()
}

/// Each subject takes a timed turn, one after the other, so that a ratio can be taken within the round.
fn round(ledgers: &mut [Ledger], args: &Args) {
    for ledger in ledgers {
        let subject = ledger.subject;
        let turn = Turn { subject, jobs: subject.jobs(args.scale), workers: args.workers, counting: false };
        ledger.timed.push(turn.take());
    }
}

/// Everything about the subjects.
fn account(race: &[Subject], args: &Args, tools: &Tools) -> Vec<Ledger> {
    let mut ledgers = ledgers(race);
    (0..args.rounds(3)).for_each(|_| round(&mut ledgers, args));
    let watched = args.scale == Scale::Full;
    for ledger in &mut ledgers {
        let subject = ledger.subject;
        let turn = Turn { subject, jobs: subject.jobs(args.scale), workers: args.workers, counting: true };
        ledger.counted = Some(turn.take());
        let floor = matches!(subject, Subject::Floor(_));
        // In small, the tools are tried on the floor alone, where the counts are known.
        if watched || floor {
            ledger.alone = tools.executed(subject, 1);
        }
        if watched {
            let several = !floor && args.workers > 1;
            ledger.together = if several { tools.executed(subject, args.workers) } else { None };
            ledger.futex = tools.futex(subject, args.workers, args.scale);
            ledger.hardware = tools.counters(subject, args.workers, args.scale);
            eprintln!("{subject}: {}", ledger.costs(several).join(" | "));
        }
    }
    ledgers
}

/// Prints what `cargo xtask bench-check` compares.
fn figures(work: &[Vec<Subject>], args: &Args, tools: &Tools) {
    for line in machine::header().lines() {
        println!("# {line}");
    }
    println!("# workers: {}, rounds: {}", args.workers, args.rounds(9));
    for race in work {
        let mut ledgers = ledgers(race);
        let mut shares = Vec::new();
        for _ in 0..args.rounds(9) {
            let watch = Watch::start();
            round(&mut ledgers, args);
            shares.extend(watch.and_then(|watch| watch.share()).map(|share| format!(" {share:.3}")));
        }
        let Some(Subject::Work(workload, _)) = race.first() else { continue };
        println!("{}/others share{}", workload.name(), shares.concat());
        for ledger in &mut ledgers {
            // In small, the tools are tried on the floor alone.
            if args.scale == Scale::Full {
                ledger.alone = tools.executed(ledger.subject, 1);
            }
            println!("{}", ledger.plain());
        }
    }
}

fn report(work: &[Ledger], floor: &[Ledger], others: Option<f64>, args: &Args, tools: &Tools) -> String {
    let several = (args.workers > 1).then_some(args.workers);
    let mut head: Vec<String> = ["workload", "runtime"].map(String::from).into();
    head.extend(Ledger::heads(several, tools.hardware()));
    let rows = work.iter().filter_map(|ledger| {
        let Subject::Work(workload, entrant) = ledger.subject else { return None };
        let names = [workload.name(), entrant.name()].map(String::from);
        Some(names.into_iter().chain(ledger.costs(several.is_some())).collect())
    });
    let work = table(head, rows.collect());

    let mut head: Vec<String> = vec!["floor".into(), "one operation".into()];
    head.extend(Ledger::heads(None, tools.hardware()));
    let rows = floor.iter().filter_map(|ledger| {
        let Subject::Floor(floor) = ledger.subject else { return None };
        let names = [floor.name(), floor.meaning()].map(String::from);
        Some(names.into_iter().chain(ledger.costs(false)).collect())
    });
    let floor = table(head, rows.collect());
    let (machine, tools, workers, rounds) = (machine::header(), tools.describe(), args.workers, args.rounds(3));
    let others = others.map_or("–".into(), |share| format!("{:.0} %", share * 100.0));
    let setting = format!("workers: {workers}, rounds: {rounds}; used of the machine by others meanwhile: {others}");
    format!("{machine}\n{setting}\n{tools}\n\n{work}{floor}{LEGEND}\n")
}

/// A table, unless the filter has left nothing of it.
fn table(head: Vec<String>, rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("{}\n\n", sheet::markdown([head].into_iter().chain(rows)))
}

/// The counts that are known beforehand: an allocation is one, an addition locks the bus once.
fn check(floor: &[Ledger]) {
    let of = |part| floor.iter().find(|ledger| ledger.subject == Subject::Floor(part));
    if let Some(found) = of(Floor::Box64).and_then(|ledger| ledger.counted) {
        assert!((found.blocks - 1.0).abs() < 0.01 && (found.bytes - 64.0).abs() < 1.0, "{found:?}");
    }
    if let Some(executed) = of(Floor::Add).and_then(|ledger| ledger.alone) {
        assert!((executed.locked - 1.0).abs() < 0.01 && executed.instructions >= 1.0, "{executed:?}");
    }
}

/// Starts this bench as `cargo xtask bench-check` does, for the smallest of its rows.
fn check_figures() {
    let program = env::current_exe().expect("a running program has a path");
    let output =
        Command::new(program).args(["--figures", "--workers", "2", "--rounds", "1", "^yield_many/fusee$"]).output();
    let output = output.expect("a bench can start itself");
    let lines = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && lines.contains("\nyield_many/fusee wall "), "{output:?}");
}
