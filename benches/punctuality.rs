//! Tasks that sleep and note how late they go on, and who runs beside them. What is measured and why, `precision` says.

use crate::args::Scale;
use crate::contenders::Contender;
use crate::stats::{median, p99, sorted};
use crate::usage::{cpu_time, switches, thread_cpu_time};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What is found beside busy tasks, and beside a worker that blocks.
pub(crate) const BESIDE: [&str; 4] = ["late, µs", "p99, µs", "CPU a sleep, µs", "switches a sleep"];
pub(crate) const BLOCKED: [&str; 3] = ["late, µs", "p99, µs", "worst, µs"];

/// How long a busy task computes before it yields.
const STINT: Duration = Duration::from_micros(50);

/// How long a worker blocks.
const BLOCK: Duration = Duration::from_millis(20);

/// Tasks that sleep beside a worker that blocks.
const SLEEPERS: usize = 4;

/// Tells the tasks in the background to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Nanoseconds of CPU time that the busy tasks have computed.
static COMPUTED: AtomicU64 = AtomicU64::new(0);

/// Who sleeps beside whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) sleep: Duration,
    pub(crate) busy: usize,
    pub(crate) workers: usize,
    /// One task blocks its worker.
    pub(crate) blocked: bool,
    /// How often a task sleeps.
    sleeps: usize,
}

impl Situation {
    pub(crate) fn all(scale: Scale) -> Vec<Self> {
        let sleeps = if scale == Scale::Full { 300 } else { 5 };
        let millisecond = Duration::from_millis(1);
        let beside = |sleep| {
            let busy = [(0, 2), (1, 2), (2, 2), (4, 4)];
            busy.map(|(busy, workers)| Self { sleep, busy, workers, blocked: false, sleeps })
        };
        let blocked = Self { sleep: millisecond, busy: 0, workers: 2, blocked: true, sleeps };
        [millisecond, Duration::from_micros(100)].into_iter().flat_map(beside).chain([blocked]).collect()
    }

    pub(crate) fn name(&self) -> String {
        let busy = match (self.blocked, self.busy) {
            (true, _) => "blocked".into(),
            (false, 0) => "idle".into(),
            (false, busy) => format!("busy{busy}"),
        };
        let micros = self.sleep.as_micros();
        if micros >= 1_000 {
            format!("precision_{busy}_{}ms", micros / 1_000)
        } else {
            format!("precision_{busy}_{micros}us")
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.busy == 0 && !self.blocked
    }

    pub(crate) fn to_numbers(self) -> [usize; 5] {
        [self.sleep.as_micros() as usize, self.busy, self.workers, usize::from(self.blocked), self.sleeps]
    }

    pub(crate) fn from_numbers(numbers: &[usize]) -> Self {
        let [sleep, busy, workers, blocked, sleeps] = *numbers else {
            panic!("a child needs five numbers: {numbers:?}")
        };
        Self { sleep: Duration::from_micros(sleep as u64), busy, workers, blocked: blocked != 0, sleeps }
    }

    /// The figures named above. To be called once in a process.
    pub(crate) fn observe<C: Contender>(&self) -> Vec<f64> {
        let runtime = C::start(self.workers);
        if self.blocked { self.beside_blocked(&runtime) } else { self.beside_busy(&runtime) }
    }

    fn beside_busy<C: Contender>(&self, runtime: &C) -> Vec<f64> {
        let Self { sleep, busy, sleeps, .. } = *self;
        let rest = Duration::from_millis(sleeps as u64);
        let (late, spent, without) = runtime.block_on(async {
            let busy: Vec<_> = (0..busy).map(|_| C::spawn(compute_and_yield::<C>())).collect();
            // Until all have found their places.
            C::spawn(sleep_repeatedly::<C>(sleep, sleeps.div_ceil(10))).await;
            let spent = Spent::now();
            C::sleep(rest).await;
            let without = spent.since();
            let spent = Spent::now();
            let late = C::spawn(sleep_repeatedly::<C>(sleep, sleeps)).await;
            let spent = spent.since();
            ENDING.store(true, Ordering::Relaxed);
            for task in busy {
                task.await;
            }
            (late, spent, without)
        });
        let late = sorted(late);
        let each = |with: f64, without_rate: f64| (with - without_rate * spent.wall) / sleeps as f64;
        let cpu = each(spent.cpu, without.cpu / without.wall);
        let switches = each(spent.switches, without.switches / without.wall);
        vec![median(&late), p99(&late), cpu * 1e6, switches]
    }

    fn beside_blocked<C: Contender>(&self, runtime: &C) -> Vec<f64> {
        let Self { sleep, sleeps, .. } = *self;
        let late = runtime.block_on(async {
            let blocker = C::spawn(block_repeatedly::<C>());
            let sleepers: Vec<_> = (0..SLEEPERS).map(|_| C::spawn(sleep_repeatedly::<C>(sleep, sleeps))).collect();
            let mut late = Vec::new();
            for sleeper in sleepers {
                late.extend(sleeper.await);
            }
            ENDING.store(true, Ordering::Relaxed);
            blocker.await;
            late
        });
        let late = sorted(late);
        vec![median(&late), p99(&late), late[late.len() - 1]]
    }
}

/// Microseconds past each deadline.
async fn sleep_repeatedly<C: Contender>(sleep: Duration, times: usize) -> Vec<f64> {
    let mut late = Vec::with_capacity(times);
    for _ in 0..times {
        let due = Instant::now() + sleep;
        C::sleep(sleep).await;
        let past = Instant::now().checked_duration_since(due).expect("no sleep may end early");
        late.push(past.as_secs_f64() * 1e6);
    }
    late
}

async fn compute_and_yield<C: Contender>() {
    while !ENDING.load(Ordering::Relaxed) {
        let (start, cpu) = (Instant::now(), thread_cpu_time());
        while start.elapsed() < STINT {
            std::hint::spin_loop();
        }
        let computed = (thread_cpu_time() - cpu).as_nanos() as u64;
        COMPUTED.fetch_add(computed, Ordering::Relaxed);
        C::yield_now().await;
    }
}

async fn block_repeatedly<C: Contender>() {
    while !ENDING.load(Ordering::Relaxed) {
        thread::sleep(BLOCK);
        C::sleep(Duration::from_millis(1)).await;
    }
}

/// What the process has spent: seconds, of CPU time without what the busy tasks compute, and a number of switches.
struct Spent {
    at: Instant,
    wall: f64,
    cpu: f64,
    switches: f64,
}

impl Spent {
    fn now() -> Self {
        let computed = COMPUTED.load(Ordering::Relaxed) as f64 * 1e-9;
        Self { at: Instant::now(), wall: 0.0, cpu: cpu_time().as_secs_f64() - computed, switches: switches() as f64 }
    }

    /// What was spent since then.
    fn since(&self) -> Self {
        let now = Self::now();
        let (wall, switches) = ((now.at - self.at).as_secs_f64(), now.switches - self.switches);
        Self { wall, switches, cpu: now.cpu - self.cpu, ..now }
    }
}
