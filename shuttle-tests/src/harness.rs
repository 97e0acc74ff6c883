//! Runs a scenario under many schedules, on runtimes of four and of eight workers.
//!
//! Who calls it: each test of `tests/schedules/`. By the environment:
//!
//! | variable | says |
//! |---|---|
//! | `FUSEE_SHUTTLE_ITERATIONS` | how many schedules of each kind run for each number of workers |
//! | `FUSEE_SHUTTLE_SEED` | `random`: others in each run |
//! | `FUSEE_SHUTTLE_WORKERS` | how many workers, instead of four and then eight |
//! | `FUSEE_SHUTTLE_REPLAY` | the one schedule to run, as a failure has printed it between quotes, over several lines; or `@` and a file that holds it |
//!
//! # Invariants
//! - As many schedules run as were asked for, half of them chosen at random at each step, half by priorities that change a few times (PCT).
//! - A scenario that never sees an outcome which it names fails, and so does one that sees another, unless a mutant is
//!   chosen, or fewer schedules were asked for than run by default.
//! - A scenario that goes another way under the same schedule fails: it could not be replayed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{
    PctScheduler, RandomScheduler, ReplayScheduler, Scheduler, UncontrolledNondeterminismCheckScheduler,
};
use shuttle::{Config, MaxSteps, Runner};

use crate::facade::{chosen, passage};
use crate::runtime::{Builder, Runtime};
use crate::task::JoinHandle;

pub use crate::facade::UserPanic;

/// How many schedules of each kind run for each number of workers when nobody says.
const ITERATIONS: usize = 40;

/// Where the schedules begin when nobody says otherwise.
const SEED: u64 = 0x6675_7365_6521;

/// How often priorities change in a schedule of PCT, and once.
const DEPTHS: [usize; 2] = [3, 20];

/// Longer than any schedule that gets anywhere.
const MAX_STEPS: usize = 1_000_000;

thread_local! {
    /// Not shuttle's: a scenario runs, with all its threads, on one thread of the process.
    static SEEN: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
}

/// Reports that this execution has seen an outcome.
pub fn witness(outcome: &'static str) {
    SEEN.with_borrow_mut(|seen| seen.insert(outcome));
}

/// Runs `scenario`, which is given a number of workers, under schedules of each kind; `outcomes` are those that [`witness`] must report.
///
/// # Panics
/// When a schedule fails; shuttle has then printed the schedule, and this prints how to replay it.
pub fn check(name: &'static str, outcomes: &[&'static str], scenario: impl Fn(usize) + Clone + Send + Sync + 'static) {
    if let Ok(schedule) = std::env::var("FUSEE_SHUTTLE_REPLAY") {
        let workers = setting("FUSEE_SHUTTLE_WORKERS").expect("FUSEE_SHUTTLE_WORKERS says on how many workers");
        let schedule = schedule.strip_prefix('@').map_or(schedule.clone(), |path| {
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path} could not be read: {error}"))
        });
        let mut scheduler = ReplayScheduler::new_from_encoded(&schedule);
        scheduler.set_allow_incomplete();
        run(name, "replay", workers, scheduler, scenario);
        return;
    }
    let is_random = match std::env::var("FUSEE_SHUTTLE_SEED").as_deref() {
        Ok("random") => true,
        Ok(other) => panic!("FUSEE_SHUTTLE_SEED={other} is not `random`"),
        Err(_) => false,
    };
    let seed = || if is_random { RandomState::new().hash_one(()) } else { SEED };
    let iterations = setting("FUSEE_SHUTTLE_ITERATIONS").unwrap_or(ITERATIONS);
    let began = Instant::now();
    SEEN.take();
    let mut executions = 0;
    for workers in setting("FUSEE_SHUTTLE_WORKERS").map_or(vec![4, 8], |workers| vec![workers]) {
        let twice = UncontrolledNondeterminismCheckScheduler::new(RandomScheduler::new_from_seed(seed(), 1));
        run(name, "twice", workers, twice, scenario.clone());
        let random = RandomScheduler::new_from_seed(seed(), iterations);
        executions += run(name, "random", workers, random, scenario.clone());
        for depth in DEPTHS {
            let pct = PctScheduler::new_from_seed(seed(), depth, iterations.div_ceil(DEPTHS.len()));
            executions += run(name, "PCT", workers, pct, scenario.clone());
        }
    }
    println!("{name}: {executions} schedules, {:.1?}", began.elapsed());
    // Few schedules need not see everything.
    if chosen().is_none() && iterations >= ITERATIONS {
        assert_eq!(SEEN.take(), outcomes.iter().copied().collect(), "{name}: outcomes seen, named");
    }
}

fn setting(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Says, when it is dropped by a panic, which schedules were running.
struct Running {
    name: &'static str,
    kind: &'static str,
    workers: usize,
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { name, kind, workers } = self;
            let mutant = chosen().map(|mutant| format!("FUSEE_MUTANT={mutant} ")).unwrap_or_default();
            eprintln!(
                "{name}: a schedule ({kind}) on {workers} workers failed; with what is between its quotes in a file, this shows it again: \
                 {mutant}FUSEE_SHUTTLE_WORKERS={workers} FUSEE_SHUTTLE_REPLAY=@FILE cargo test -p shuttle-tests -- --exact {name} --nocapture"
            );
        }
    }
}

fn run(
    name: &'static str,
    kind: &'static str,
    workers: usize,
    scheduler: impl Scheduler + 'static,
    scenario: impl Fn(usize) + Send + Sync + 'static,
) -> usize {
    let running = Running { name, kind, workers };
    let mut config = Config::new();
    config.stack_size = 256 << 10;
    config.max_steps = MaxSteps::FailAfter(MAX_STEPS);
    config.silence_warnings = true;
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    let executions = Runner::new(scheduler, config).run(move || {
        let passage = passage::start();
        scenario(workers);
        passage::end(passage);
    });
    drop(running);
    executions
}

/// A number below `end`, as the schedule has it.
pub fn random(end: usize) -> usize {
    thread_rng().gen_range(0..end)
}

/// Lets other threads go on, if shuttle so chooses, at each of up to `most` steps.
pub fn linger(most: usize) {
    for _ in 0..random(most + 1) {
        // tidy: real time, because to shuttle this is a scheduling point and takes none.
        shuttle::thread::sleep(Duration::ZERO);
    }
}

/// Blocks this thread until `condition` holds, which others see to.
pub fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        shuttle::thread::yield_now();
    }
}

/// Counts what lives: futures, outputs, closures. What is left in the end has leaked.
#[derive(Clone, Debug, Default)]
pub struct Census {
    alive: Arc<()>,
    threads: Arc<AtomicUsize>,
}

/// Something that lives.
#[derive(Clone, Debug)]
pub struct Counted {
    _alive: Arc<()>,
}

impl Census {
    /// Nothing lives yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something that lives until it is dropped.
    pub fn count(&self) -> Counted {
        Counted { _alive: self.alive.clone() }
    }

    /// Builds a runtime that is counted, and whose threads are.
    ///
    /// # Panics
    /// If it cannot be built: threads of shuttle always start.
    pub fn build(&self, mut builder: Builder) -> Runtime {
        let (counted, started, stopped) = (self.count(), self.threads.clone(), self.threads.clone());
        builder.on_thread_start(move || {
            let _counted = &counted;
            // Counter only.
            started.fetch_add(1, Ordering::Relaxed);
        });
        builder.on_thread_stop(move || {
            // Counter only.
            stopped.fetch_sub(1, Ordering::Relaxed);
        });
        builder.build().expect("a runtime is built")
    }

    /// A multi-thread runtime of `workers` workers that is counted, and whose threads are. How often it looks around is drawn; idle threads
    /// of its pool do not end before it does.
    pub fn multi_thread(&self, workers: usize) -> Runtime {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(workers).thread_keep_alive(Duration::from_secs(86_400));
        if random(2) == 0 {
            let polls = |most| u32::try_from(1 + random(most)).expect("it is small");
            builder.global_queue_interval(polls(4)).event_interval(polls(8));
        }
        self.build(builder)
    }

    /// Waits until nothing is left, for a runtime whose threads nobody waits for. If something leaks, that fails for its length.
    pub fn settle_in_time(self) {
        wait_until(|| Arc::strong_count(&self.alive) == 1);
        self.settle();
    }

    /// Waits for `tasks`, drops their runtime, and sees that nothing is left.
    ///
    /// # Panics
    /// If something is, or a task gave no output.
    pub fn settle_after<T>(self, runtime: Runtime, tasks: Vec<JoinHandle<T>>) {
        for task in tasks {
            runtime.block_on(task).expect("the task ends by itself");
        }
        drop(runtime);
        self.settle();
    }

    /// Nothing must be left.
    ///
    /// # Panics
    /// If something is.
    pub fn settle(self) {
        // Counter only.
        assert_eq!(self.threads.load(Ordering::Relaxed), 0, "threads of a runtime go on");
        assert_eq!(Arc::strong_count(&self.alive), 1, "something has leaked");
    }
}
