//! The storm itself: tasks that sleep until one moment, and what it takes until all have run. What is measured and why, `storm` says.

use crate::contenders::Contender;
use crate::countdown::{COUNTDOWN, Countdown};
use crate::probes::{self, Span, Spans};
use crate::usage::{cpu_time, switches};
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long it may take the last few to fall asleep, which are about to when they say so.
const MARGIN: Duration = Duration::from_millis(50);

/// Beside `COUNTDOWN`, which is for the tasks that have run.
static ASLEEP: Countdown = Countdown::new();

/// The tasks that each thread has run, on a line of its own.
static RAN: [CachePadded<AtomicUsize>; 64] = [const { CachePadded::new(AtomicUsize::new(0)) }; 64];
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The thread's place in `RAN`.
    static PLACE: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// Lets `tasks` tasks sleep until a moment that is `lead` away, or longer if they are not asleep by then.
///
/// The numbers are those that `storm` names, and then what the runtime counted. Unless it is to be `probed`, the probes end before they
/// have noted anything.
pub(crate) fn observe<C: Contender>(tasks: usize, workers: usize, lead: Duration, probed: bool) -> Vec<f64> {
    if probed {
        probes::start();
    }
    let leads = (0..5).map(|doubled| lead * (1 << doubled));
    let mut attempts = leads.map(|lead| attempt(&C::start(workers), tasks, lead));
    attempts.find_map(|found| found).expect("this machine is too slow for that many tasks")
}

/// `None` if some were not asleep in time.
fn attempt<C: Contender>(runtime: &C, tasks: usize, lead: Duration) -> Option<Vec<f64>> {
    RAN.iter().for_each(|ran| ran.store(0, Ordering::Relaxed));
    let deadline = Instant::now() + lead;
    let (all_asleep, all_awake) = (ASLEEP.start(tasks), COUNTDOWN.start(tasks));
    #[expect(clippy::async_yields_async, reason = "the probe outlives this `block_on`")]
    let turns = runtime.block_on(async {
        let turns = C::spawn(probes::yielding::<C>(deadline));
        for _ in 0..tasks {
            C::detach(sleeper::<C>(deadline));
        }
        all_asleep.await.expect("the last task sends");
        turns
    });
    if Instant::now() + 2 * MARGIN > deadline {
        runtime.block_on(all_awake).expect("the last task sends");
        return None;
    }
    Some(thread::scope(|scope| {
        let spawns = scope.spawn(|| probes::from_outside(runtime));
        let (storm, timers, turns) = runtime.block_on(async {
            let timers = C::spawn(probes::sleeping::<C>());
            // This thread is none of the runtime's.
            thread::sleep(MARGIN);
            let before = (cpu_time(), switches(), runtime.counters());
            all_awake.await.expect("the last task sends");
            let storm = Storm::since(before, Span { from: deadline, to: Instant::now() }, runtime);
            probes::stop();
            (storm, timers.await, turns.await)
        });
        storm.to_numbers(tasks, &[timers, turns, spawns.join().expect("the probe does not panic")])
    }))
}

async fn sleeper<C: Contender>(deadline: Instant) {
    ASLEEP.arrive();
    C::sleep_until(deadline).await;
    assert!(Instant::now() >= deadline, "no sleep may end early");
    // Each thread writes its own.
    PLACE.with(|place| RAN[*place].fetch_add(1, Ordering::Relaxed));
    COUNTDOWN.arrive();
}

/// What it took.
struct Storm {
    /// From the deadline until the last task has run.
    span: Span,
    /// From when all were asleep: that the deadline comes near makes work, too.
    cpu: Duration,
    switches: u64,
    counters: Vec<u64>,
}

impl Storm {
    fn since<C: Contender>((cpu, slept, counters): (Duration, u64, Vec<u64>), span: Span, runtime: &C) -> Self {
        let counters = runtime.counters().iter().zip(&counters).map(|(now, before)| now - before).collect();
        Self { span, cpu: cpu_time() - cpu, switches: switches() - slept, counters }
    }

    fn to_numbers(&self, tasks: usize, probed: &[Spans; 3]) -> Vec<f64> {
        let ran: Vec<_> = RAN.iter().map(|ran| ran.load(Ordering::Relaxed)).filter(|ran| *ran > 0).collect();
        assert_eq!(ran.iter().sum::<usize>(), tasks, "each task runs once");
        let busiest = *ran.iter().max().expect("somebody has run them") as f64 / tasks as f64;
        let past = self.span.length();
        let mut numbers = vec![past, self.cpu.as_secs_f64() * 1e3, self.switches as f64, ran.len() as f64, busiest];
        for spans in probed {
            numbers.extend(spans.during(self.span));
        }
        numbers.extend(self.counters.iter().map(|count| *count as f64));
        numbers
    }
}
