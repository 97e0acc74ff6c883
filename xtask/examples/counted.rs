//! What the runtime itself counts under some loads of `cargo xtask simulate`, with two workers: how near is the simulator?
//!
//! `cargo run --release -p xtask --example counted`. A row is the median of the rounds, each on a runtime of its own. The thread that spawns
//! from outside spins until the next spawn is due: on two cores it takes one of them away from the workers.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fusee::runtime::{Builder, Runtime};

const WORKERS: usize = 2;
const ROUNDS: u64 = 15;

/// Until all is counted and all workers sleep.
const SETTLE: Duration = Duration::from_millis(5);

#[derive(Clone, Copy)]
enum Load {
    Burst { tasks: u64, work: Duration },
    Fed { tasks: u64, work: Duration, period: Duration },
}

/// In the order of [`HEADER`].
type Counts = [f64; 9];

const HEADER: &str = "load                        time µs     wakes     noops     tries    steals    stolen     polls    p50 µs    p99 µs";

fn main() {
    let micros = Duration::from_micros;
    let fed = |tasks, work, period| Load::Fed { tasks, work: micros(work), period: micros(period) };
    let loads = [
        ("burst of 20,000 × 1 µs", Load::Burst { tasks: 20_000, work: micros(1) }),
        ("burst of 10,000 × 20 µs", Load::Burst { tasks: 10_000, work: micros(20) }),
        ("injected 20,000 × 1 µs", fed(20_000, 1, 0)),
        ("injected 10,000 × 20 µs", fed(10_000, 20, 0)),
        ("trickle, one in 100 µs", fed(4_000, 1, 100)),
        ("trickle, one in 10 µs", fed(4_000, 1, 10)),
    ];
    println!("{HEADER}");
    for (name, load) in loads {
        let rounds: Vec<Counts> = (0..ROUNDS).map(|round| measure(load, round)).collect();
        let medians: Vec<String> =
            (0..rounds[0].len()).map(|column| format!("{:>9.1}", median(&rounds, column))).collect();
        println!("{name:25} {}", medians.join(" "));
    }
}

fn median(rounds: &[Counts], column: usize) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(|counts| counts[column]).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What happened under `load`, from the first spawn until all workers slept again.
fn measure(load: Load, seed: u64) -> Counts {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).build().expect("two threads can be started");
    thread::sleep(SETTLE);
    let before = counted(&runtime);
    let done = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let (tasks, waits) = match load {
        Load::Burst { tasks, work } => (tasks, burst(&runtime, &done, tasks, work)),
        Load::Fed { tasks, work, period } => (tasks, feed(&runtime, &done, tasks, work, period, seed)),
    };
    while done.load(Ordering::Acquire) < tasks {
        spin_loop();
    }
    let time = start.elapsed();
    thread::sleep(SETTLE);
    let after = counted(&runtime);
    let mut waits: Vec<u64> = waits.iter().map(|wait| wait.load(Ordering::Relaxed)).collect();
    waits.sort_unstable();
    let wait = |share: usize| waits[(waits.len() * share / 100).min(waits.len() - 1)] as f64 / 1e3;
    let [wakes, noops, tries, steals, stolen, polls] = std::array::from_fn(|n| (after[n] - before[n]) as f64);
    [time.as_secs_f64() * 1e6, wakes, noops, tries, steals, stolen, polls, wait(50), wait(99)]
}

/// One task spawns all others.
fn burst(runtime: &Runtime, done: &Arc<AtomicU64>, tasks: u64, work: Duration) -> Arc<[AtomicU64]> {
    let waits: Arc<[AtomicU64]> = (0..tasks).map(|_| AtomicU64::new(0)).collect();
    let (done, ours) = (done.clone(), waits.clone());
    runtime.spawn(async move {
        for index in 0..tasks as usize {
            fusee::spawn(leaf(done.clone(), ours.clone(), index, work));
        }
    });
    waits
}

/// This thread spawns them, one every `period` on the average.
fn feed(
    runtime: &Runtime,
    done: &Arc<AtomicU64>,
    tasks: u64,
    work: Duration,
    period: Duration,
    seed: u64,
) -> Arc<[AtomicU64]> {
    let waits: Arc<[AtomicU64]> = (0..tasks).map(|_| AtomicU64::new(0)).collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut due = Instant::now();
    for index in 0..tasks as usize {
        due += period.mul_f64(-(1.0 - random.f64()).ln());
        while Instant::now() < due {
            spin_loop();
        }
        runtime.spawn(leaf(done.clone(), waits.clone(), index, work));
    }
    waits
}

/// Notes how long it has waited, and computes.
fn leaf(
    done: Arc<AtomicU64>,
    waits: Arc<[AtomicU64]>,
    index: usize,
    work: Duration,
) -> impl Future<Output = ()> + Send {
    let spawned = Instant::now();
    async move {
        let begun = Instant::now();
        waits[index].store((begun - spawned).as_nanos() as u64, Ordering::Relaxed);
        while begun.elapsed() < work {
            spin_loop();
        }
        done.fetch_add(1, Ordering::Release);
    }
}

fn counted(runtime: &Runtime) -> [u64; 6] {
    let metrics = runtime.metrics();
    let sum = |count: &dyn Fn(usize) -> u64| (0..WORKERS).map(count).sum();
    [
        sum(&|worker| metrics.worker_park_count(worker)),
        sum(&|worker| metrics.worker_noop_count(worker)),
        sum(&|worker| metrics.worker_steal_try_count(worker)),
        sum(&|worker| metrics.worker_steal_operations(worker)),
        sum(&|worker| metrics.worker_steal_count(worker)),
        sum(&|worker| metrics.worker_poll_count(worker)),
    ]
}
