//! What does one operation on a timer cost as the number of live timers grows, from a thousand to ten million?
//!
//! One task makes the live sleeps, each in a box of its own, and polls each once. Their deadlines are spread at random
//! over an hour that begins in an hour, so that none ends. Among them the task times two operations:
//!
//! - *fresh*: a sleep is made, polled once, which registers it, and dropped, which cancels it. So a server sets a timeout
//!   around each request. The sleep itself lies on the stack. Its neighbours are whatever the runtime's structure makes them: in a wheel the
//!   ends of some fifty lists, which stay in the caches, in a tree the nodes down to a random leaf.
//! - *random*: one of the live sleeps, drawn at random, is dropped, and another is made in its box and polled. So
//!   connections put off their idle timeouts. At ten million nearly all that is touched is in no cache: the box, the timer, the
//!   two beside it in its list, with as many pages to be looked up. That is the price of the memory, and not of an algorithm.
//!
//! In the cost: the runtime's clock reads, a clone and a drop of the waker, which all timers have in common (of a server's
//! task it would be one more cold line), drawing the deadline and the position, a few nanoseconds; what others of the
//! runtime's threads do is in the CPU time alone. Not in it: allocations, for the boxes stay; contention, for no other task runs;
//! timers that end. The time is the median of a hundred slices, so that interruptions do not count.
//!
//! Each figure comes from a process of its own. Right before it, another one measures the same contender at a thousand,
//! and the ratio is to that. The bytes are what became resident while the live sleeps were made, boxes included.
//! The mutex loop cannot take out what is dropped: its map holds all that the bench has made, and grows meanwhile.
//!
//! ```text
//! cargo bench --bench scale                                 everything, 3 rounds
//! cargo bench --bench scale -- scale_1000000/               one size, of all contenders
//! cargo bench --bench scale -- --rounds 5 --svg out.svg     more rounds, and a figure
//! ```

mod args;
mod child;
#[expect(dead_code, reason = "this bench only spawns and sleeps")]
mod contenders;
mod live_timers;
mod log_chart;
mod machine;
mod sheet;
#[expect(dead_code, reason = "other benches have percentiles")]
mod stats;
#[expect(dead_code, reason = "other benches count more")]
mod usage;

use args::{Args, Scale};
use contenders::{Entrant, Fusee, MutexLoop, Smol, Tokio};
use live_timers::Findings;
use log_chart::{Line, Panel};
use stats::{Spread, digits};
use std::process::ExitCode;

/// Live timers.
const SIZES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// What ratios are to.
const BASE: usize = SIZES[0];

/// Timed operations of each kind.
const OPERATIONS: usize = 100_000;

const NOTE: &str = "\
live: how many sleeps there are meanwhile. fresh: a sleep is made, polled once and dropped. random: one of the live sleeps, drawn at random, is
dropped and replaced. to 1000: the ratio to the same runtime's figure at a thousand, measured right before. CPU: the CPU time of the whole
process, for one operation.";

/// More than any contender needs for a timer, before it is known what it needs.
const GENEROUS_BYTES: f64 = 600.0;

/// Below it, pages and what the kernel counts late are most of what is resident.
const LEAST_WEIGHED: usize = 100_000;

/// One size of one contender, round by round.
struct Cell {
    live: usize,
    entrant: Entrant,
    /// What was found, and what was found right before it at [`BASE`].
    turns: Vec<(Findings, Findings)>,
}

fn main() -> ExitCode {
    if let Some((entrant, orders)) = child::orders() {
        let [live, operations, workers] = orders[..] else { panic!("a child needs three numbers, not {orders:?}") };
        child::answer(&observe(entrant, live, operations, workers));
        return ExitCode::SUCCESS;
    }
    let args = Args::from_env();
    let full = args.scale == Scale::Full;
    let mut cells = selected(&args);
    if args.list {
        cells.iter().for_each(|cell| println!("{}/{}: benchmark", name(cell.live), cell.entrant.name()));
        return ExitCode::SUCCESS;
    }
    args.require_match(cells.is_empty());
    let rounds = args.rounds(3);
    for round in 1..=rounds {
        for at in 0..cells.len() {
            if let Some(reason) = too_large(&cells, at) {
                eprintln!("{} {round}/{rounds} skipped: {reason}", cells[at].title());
                continue;
            }
            cells[at].turn(if full { OPERATIONS } else { 100 }, args.workers);
            if full {
                eprintln!("{} {round}/{rounds}: {}", cells[at].title(), cells[at].last_turn());
            }
        }
    }
    if let Some(path) = args.svg.as_ref().filter(|_| !cells.is_empty()) {
        log_chart::draw(path, "live timers", "ns", &panels(&cells)).expect("the figure must be written");
    }
    let table = sheet::markdown([head()].into_iter().chain(cells.iter().map(Cell::row)));
    if full {
        println!("\n{}\nrounds: {rounds}, operations of each kind: {OPERATIONS}\n", machine::header());
        println!("Medians of the rounds; in parentheses the least and the greatest.\n\n{table}\n\n{NOTE}\n");
    } else {
        println!("scale: {} contenders held {BASE} timers", cells.len());
    }
    ExitCode::SUCCESS
}

/// What the filter lets through; a test is content with the least size.
fn selected(args: &Args) -> Vec<Cell> {
    let sizes = if args.scale == Scale::Full { &SIZES[..] } else { &[BASE] };
    let cells =
        sizes.iter().flat_map(|live| Entrant::ALL.map(|entrant| Cell { live: *live, entrant, turns: Vec::new() }));
    cells.filter(|cell| args.selects(&name(cell.live), cell.entrant.name())).collect()
}

fn name(live: usize) -> String {
    format!("scale_{live}")
}

/// Why there is not enough memory for a cell, by what the contender needed at the size before, if so.
fn too_large(cells: &[Cell], at: usize) -> Option<String> {
    let cell = &cells[at];
    let known = cells[..at].iter().rfind(|other| other.entrant == cell.entrant && other.live >= LEAST_WEIGHED);
    let each = known.and_then(|other| other.spread(|found| found.bytes)).map_or(GENEROUS_BYTES, |spread| spread.max);
    let (needed, available) = (each * 1.5 * cell.live as f64, usage::available_bytes() as f64);
    // Where the system does not tell, nothing is known against it.
    (available > 0.0 && needed > available)
        .then(|| format!("it may need {:.1} GB, and the machine has {:.1} GB", needed / 1e9, available / 1e9))
}

fn observe(entrant: Entrant, live: usize, operations: usize, workers: usize) -> [f64; Findings::COUNT] {
    let found = match entrant {
        Entrant::Fusee => live_timers::observe::<Fusee>(live, operations, workers),
        Entrant::Tokio => live_timers::observe::<Tokio>(live, operations, workers),
        Entrant::Smol => live_timers::observe::<Smol>(live, operations, workers),
        Entrant::MutexLoop => live_timers::observe::<MutexLoop>(live, operations, workers),
    };
    found.to_numbers()
}

impl Cell {
    fn title(&self) -> String {
        format!("{} {}", name(self.live), self.entrant.name())
    }

    fn turn(&mut self, operations: usize, workers: usize) {
        let ask = |live| Findings::from_numbers(&child::ask(self.entrant, &[live, operations, workers]));
        let base = ask(BASE);
        self.turns.push((ask(self.live), base));
    }

    fn last_turn(&self) -> String {
        let (found, base) = self.turns.last().expect("a turn was taken");
        let Findings { fresh, random, bytes, .. } = found;
        format!(
            "fresh {fresh:.0} ns (at {BASE} {:.0}), random {random:.0} ns (at {BASE} {:.0}), {bytes:.0} bytes",
            base.fresh, base.random
        )
    }

    fn spread(&self, figure: impl Fn(&Findings) -> f64) -> Option<Spread> {
        Spread::of(self.turns.iter().map(|(found, _)| figure(found)))
    }

    fn ratio(&self, figure: impl Fn(&Findings) -> f64) -> Option<Spread> {
        Spread::of(self.turns.iter().map(|(found, base)| figure(found) / figure(base)))
    }

    fn row(&self) -> Vec<String> {
        let spread =
            |figure: fn(&Findings) -> f64| self.spread(figure).map_or("–".into(), |spread| spread.to_string());
        let ratio = |figure: fn(&Findings) -> f64| self.ratio(figure).map_or("–".into(), |spread| spread.to_string());
        let median = |figure: fn(&Findings) -> f64| self.spread(figure).map_or("–".into(), |s| digits(s.median));
        let bytes = if self.live < LEAST_WEIGHED { "–".into() } else { median(|found| found.bytes) };
        vec![
            self.live.to_string(),
            self.entrant.name().into(),
            spread(|found| found.fresh),
            ratio(|found| found.fresh),
            median(|found| found.fresh_cpu),
            spread(|found| found.random),
            ratio(|found| found.random),
            median(|found| found.random_cpu),
            bytes,
        ]
    }
}

fn head() -> Vec<String> {
    let to_base = format!("to {BASE}");
    let words =
        ["live", "runtime", "fresh, ns", &to_base, "CPU, ns", "random, ns", &to_base, "CPU, ns", "bytes per timer"];
    words.map(String::from).into()
}

fn panels(cells: &[Cell]) -> [Panel; 2] {
    let lines = |figure: fn(&Findings) -> f64| {
        let line = |entrant: Entrant| {
            let of_entrant = cells.iter().filter(|cell| cell.entrant == entrant);
            let point = |cell: &Cell| Some((cell.live as f64, cell.spread(figure)?.median));
            Line { name: entrant.name(), points: of_entrant.filter_map(point).collect() }
        };
        Entrant::ALL.map(line).into()
    };
    [
        Panel { title: "a fresh timer: made, polled, dropped", lines: lines(|found| found.fresh) },
        Panel { title: "a random live timer: replaced", lines: lines(|found| found.random) },
    ]
}
