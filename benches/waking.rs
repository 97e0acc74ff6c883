//! One wake at a time, from when it is asked for until it has come to pass. What is measured and why, `wake` says.
//!
//! Some threads are none of the runtime's workers: the main thread, which is in `block_on` throughout, the ringer, which is a foreign thread,
//! the bare thread, which is what the kernel can do, and whatever the runtime has beside its workers.

use crate::affinity;
use crate::args::Scale;
use crate::asleep::others_awake;
use crate::bell::{Bell, Heard, Notes};
use crate::contenders::Contender;
use crate::stats::{median, p99, sorted};
use crate::usage::{cpu_time, switches, thread_cpu_time, thread_switches};
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What a situation answers.
pub(crate) const FIGURES: [&str; 7] =
    ["p50, µs", "p99, µs", "worst, µs", "CPU, µs", "switches", "parked", "bare p50, µs"];

/// How long the ringer rests at least before each wake.
const REST: Duration = Duration::from_micros(500);

/// How often it looks whether everybody sleeps before it wakes nonetheless.
const LOOKS: usize = 40;

/// How long a busy task computes before it yields.
const STINT: Duration = Duration::from_micros(50);

/// For the task that waits, for the root future, and for the bare thread.
static TASK: Bell = Bell::new();
static ROOT: Bell = Bell::new();
static BARE: Bell = Bell::new();

static NOTES: Notes = Notes::new();

/// Tells the busy tasks to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Nanoseconds of CPU time that the busy tasks have computed.
static COMPUTED: AtomicU64 = AtomicU64::new(0);

/// What is woken, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// A task that waits, by a foreign thread.
    Task,
    /// Nothing yet: a foreign thread spawns a task.
    Spawn,
    /// The root future of `block_on`, by a foreign thread.
    Root,
    /// The root future, by a task, which was woken for that.
    RootByTask,
}

/// Who is woken beside whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) wake: Wake,
    pub(crate) busy: usize,
    pub(crate) workers: usize,
    wakes: usize,
}

impl Wake {
    const ALL: [Self; 4] = [Self::Task, Self::Spawn, Self::Root, Self::RootByTask];

    fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Spawn => "spawn",
            Self::Root => "root",
            Self::RootByTask => "root_by_task",
        }
    }
}

impl Situation {
    pub(crate) fn all(scale: Scale) -> Vec<Self> {
        let wakes = if scale == Scale::Full { 500 } else { 5 };
        let (task, spawn) = (Wake::Task, Wake::Spawn);
        let beside = [(task, 0, 1), (task, 0, 2), (task, 0, 4), (task, 1, 2), (spawn, 0, 2), (spawn, 1, 2)];
        let all = beside.into_iter().chain([(Wake::Root, 0, 2), (Wake::Root, 1, 2), (Wake::RootByTask, 0, 2)]);
        all.map(|(wake, busy, workers)| Self { wake, busy, workers, wakes }).collect()
    }

    pub(crate) fn name(&self) -> String {
        let Self { wake, busy, workers, .. } = self;
        let beside = if *busy == 0 { "idle".into() } else { format!("busy{busy}") };
        format!("wake_{}_{beside}_of{workers}", wake.name())
    }

    /// As the table has it.
    pub(crate) fn woken(&self) -> &'static str {
        match self.wake {
            Wake::Task => "task, by a thread",
            Wake::Spawn => "new task, by a thread",
            Wake::Root => "root, by a thread",
            Wake::RootByTask => "root, by a task",
        }
    }

    pub(crate) fn to_numbers(self) -> [usize; 4] {
        [self.wake as usize, self.busy, self.workers, self.wakes]
    }

    pub(crate) fn from_numbers(numbers: &[usize]) -> Self {
        let [wake, busy, workers, wakes] = *numbers else { panic!("a child needs four numbers: {numbers:?}") };
        Self { wake: Wake::ALL[wake], busy, workers, wakes }
    }

    /// The figures named above. To be called once in a process.
    pub(crate) fn observe<C: Contender>(self) -> Vec<f64> {
        // Beside a busy worker there may be no CPU to spare.
        let own_cpu = if self.busy == 0 { affinity::leave_one() } else { None };
        let runtime = C::start(self.workers);
        thread::scope(|scope| {
            scope.spawn(|| futures::executor::block_on(BARE.listen(|heard| NOTES.add(heard))));
            let ringer = scope.spawn(|| {
                own_cpu.inspect(|cpu| affinity::stay_on(*cpu));
                runtime.block_on(async { self.ring::<C>() })
            });
            runtime.block_on(ROOT.listen(|heard| NOTES.add(heard)));
            ringer.join().expect("the ringer does not panic")
        })
    }

    /// The ringer's work, on a thread that finds the runtime.
    fn ring<C: Contender>(self) -> Vec<f64> {
        let mut ringer = Ringer { busy: self.busy, parked: 0, waking: Duration::ZERO };
        match self.wake {
            Wake::Task => C::detach(TASK.listen(|heard| NOTES.add(heard))),
            Wake::RootByTask => C::detach(TASK.listen(|_| ROOT.ring())),
            Wake::Spawn | Wake::Root => {}
        }
        (0..self.busy).for_each(|_| C::detach(compute_and_yield::<C>()));
        let bare = ringer.wakes(self.wakes.div_ceil(2), || BARE.ring());
        let wake = || match self.wake {
            Wake::Task | Wake::RootByTask => TASK.ring(),
            Wake::Root => ROOT.ring(),
            Wake::Spawn => {
                let from = Instant::now();
                C::detach(async move { NOTES.add(Heard { from, to: Instant::now() }) });
            }
        };
        // Until all have found their places.
        ringer.wakes(self.wakes.div_ceil(10), wake);
        let without = Spent::by(|| {
            for _ in 0..self.wakes.div_ceil(2) {
                rest(self.busy);
            }
        });
        (ringer.parked, ringer.waking) = (0, Duration::ZERO);
        let mut waits = Vec::new();
        let spent = Spent::by(|| waits = ringer.wakes(self.wakes, wake));
        ENDING.store(true, Ordering::Relaxed);
        ROOT.end();
        BARE.end();
        let wakes = self.wakes as f64;
        let each = |with: f64, without: f64, wall: f64| (with - without * spent.wall / wall) / wakes;
        let cpu = each(spent.cpu, without.cpu, without.wall) + ringer.waking.as_secs_f64() / wakes;
        let switches = each(spent.switches, without.switches, without.wall);
        let (parked, worst) = (ringer.parked as f64 / wakes, waits[waits.len() - 1]);
        vec![median(&waits), p99(&waits), worst, cpu * 1e6, switches, parked, median(&bare)]
    }
}

/// What the foreign thread has done.
struct Ringer {
    busy: usize,
    /// Before how many wakes everybody else was seen asleep.
    parked: usize,
    /// CPU time of its own that the wakes took.
    waking: Duration,
}

impl Ringer {
    /// Rests until everybody sleeps and wakes, so many times. How long each wake took, in microseconds, sorted.
    fn wakes(&mut self, wakes: usize, wake: impl Fn()) -> Vec<f64> {
        for heard in 0..wakes {
            self.parked += usize::from(rest(self.busy));
            let cpu = thread_cpu_time();
            wake();
            self.waking += thread_cpu_time() - cpu;
            while NOTES.count() == heard {
                thread::sleep(REST);
            }
        }
        let waits = sorted(NOTES.take());
        assert_eq!(waits.len(), wakes, "each wake is heard once");
        waits
    }
}

/// Sleeps until all threads but the busy ones do. Whether they were seen to.
fn rest(busy: usize) -> bool {
    for _ in 0..LOOKS {
        thread::sleep(REST);
        match others_awake() {
            Some(awake) if awake == busy => return true,
            Some(_) => {}
            None => return false,
        }
    }
    false
}

async fn compute_and_yield<C: Contender>() {
    while !ENDING.load(Ordering::Relaxed) {
        let (start, cpu) = (Instant::now(), thread_cpu_time());
        while start.elapsed() < STINT {
            spin_loop();
        }
        let computed = (thread_cpu_time() - cpu).as_nanos() as u64;
        COMPUTED.fetch_add(computed, Ordering::Relaxed);
        C::yield_now().await;
    }
}

/// What the process has spent without the calling thread and what the busy tasks compute, in seconds and in a number of switches.
struct Spent {
    wall: f64,
    cpu: f64,
    switches: f64,
}

impl Spent {
    fn by(work: impl FnOnce()) -> Self {
        let before = Self::so_far();
        let start = Instant::now();
        work();
        let wall = start.elapsed().as_secs_f64();
        let after = Self::so_far();
        Self { wall, cpu: after.cpu - before.cpu, switches: after.switches - before.switches }
    }

    fn so_far() -> Self {
        let computed = Duration::from_nanos(COMPUTED.load(Ordering::Relaxed));
        Self {
            wall: 0.0,
            cpu: cpu_time().as_secs_f64() - thread_cpu_time().as_secs_f64() - computed.as_secs_f64(),
            switches: switches() as f64 - thread_switches() as f64,
        }
    }
}
