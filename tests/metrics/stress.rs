//! All counters are read by other threads, over and over, while everything happens that they count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Handle, Runtime, RuntimeFlavor, RuntimeMetrics};
use fusee::task::{block_in_place, spawn_blocking, yield_now};
use fusee::time::{sleep, timeout};
use futures::future::join_all;

use super::support::{Random, poll_once, watchdog};
use super::{HOUR, local_schedules, polls, sum};

/// Tasks that make all others, and how many each has alive at a time.
const CLIENTS: usize = 8;
const CHILDREN: usize = 4;
/// Threads in `block_on` that spawn from outside, as many as a client.
const OUTSIDERS: usize = 2;
const TASKS: usize = CLIENTS + (CLIENTS + OUTSIDERS) * CHILDREN;
const JOBS: usize = CLIENTS + OUTSIDERS;
const POOL: usize = 3;
const ROUNDS: usize = 100;
/// How many readings there are to be before the clients may end.
const READINGS: usize = 100;

/// What all methods answer at about one moment.
struct Reading {
    counters: Vec<u64>,
    /// What there is, and the most that there can ever be.
    levels: Vec<(&'static str, usize, usize)>,
}

impl Reading {
    fn take(metrics: &RuntimeMetrics) -> Self {
        let workers = metrics.num_workers();
        let mut counters = vec![
            metrics.spawned_tasks_count(),
            metrics.remote_schedule_count(),
            metrics.budget_forced_yield_count(),
            metrics.timers_registered_count(),
            metrics.timers_fired_count(),
            metrics.timers_cancelled_count(),
            metrics.driver_wake_count(),
            metrics.driver_spurious_wake_count(),
        ];
        let per_worker = [
            RuntimeMetrics::worker_poll_count,
            RuntimeMetrics::worker_park_count,
            RuntimeMetrics::worker_park_unpark_count,
            RuntimeMetrics::worker_noop_count,
            RuntimeMetrics::worker_steal_try_count,
            RuntimeMetrics::worker_steal_operations,
            RuntimeMetrics::worker_steal_count,
            RuntimeMetrics::worker_local_schedule_count,
            RuntimeMetrics::worker_overflow_count,
            |metrics: &RuntimeMetrics, worker| metrics.worker_total_busy_duration(worker).as_nanos() as u64,
        ];
        counters.extend(per_worker.iter().flat_map(|count| (0..workers).map(|worker| count(metrics, worker))));
        // Threads that carry a worker, or have handed one on and not finished their poll, are beside the pool's maximum.
        let threads = POOL + workers + CLIENTS;
        let mut levels = vec![
            ("tasks", metrics.num_alive_tasks(), TASKS),
            ("global queue", metrics.global_queue_depth(), TASKS),
            ("timers", metrics.timers_live(), 2 * TASKS),
            ("threads", metrics.num_blocking_threads(), threads),
            ("idle threads", metrics.num_idle_blocking_threads(), threads),
            ("jobs", metrics.blocking_queue_depth(), JOBS),
        ];
        levels.extend((0..workers).map(|worker| ("local queue", metrics.worker_local_queue_depth(worker), TASKS)));
        Self { counters, levels }
    }

    fn assert_follows(&self, earlier: &Self) {
        for (at, (now, before)) in self.counters.iter().zip(&earlier.counters).enumerate() {
            assert!(now >= before, "counter {at} went down from {before} to {now}");
        }
        for (what, level, most) in &self.levels {
            assert!(level <= most, "{what}: {level}, where there were never more than {most}");
        }
    }
}

/// Spawns a few tasks of one kind and sees them through.
async fn round(handle: &Handle, random: &mut Random) {
    let kind = random.below(7);
    let may_block = handle.runtime_flavor() == RuntimeFlavor::MultiThread;
    let children: Vec<_> = (0..CHILDREN as u64)
        .map(|child| {
            handle.spawn(async move {
                match kind {
                    0 => yield_now().await,
                    1 => sleep(Duration::from_micros(50 * child)).await,
                    2 => _ = timeout(Duration::from_micros(50 * child), sleep(HOUR)).await,
                    3 => _ = poll_once(&mut sleep(HOUR), std::task::Waker::noop()),
                    4 => std::future::pending().await,
                    5 if child == 0 => spawn_blocking(|| ()).await.unwrap(),
                    6 if child == 0 && may_block => block_in_place(|| ()),
                    _ => (0..300).for_each(|_| std::hint::spin_loop()),
                }
            })
        })
        .collect();
    if kind == 4 {
        yield_now().await;
        children.iter().for_each(|child| child.abort());
    }
    for outcome in join_all(children).await {
        assert_eq!(outcome.is_err(), kind == 4);
    }
}

fn clients(runtime: &Runtime, read: &Arc<AtomicUsize>) {
    let metrics = runtime.metrics();
    let run = |seed: usize| {
        let (handle, read) = (runtime.handle().clone(), read.clone());
        async move {
            let mut random = Random::new(seed as u64);
            let mut rounds = 0;
            while rounds < ROUNDS || read.load(Ordering::Relaxed) < READINGS {
                round(&handle, &mut random).await;
                rounds += 1;
            }
            rounds
        }
    };
    let rounds: usize = thread::scope(|scope| {
        let outsiders: Vec<_> = (0..OUTSIDERS).map(|n| scope.spawn(move || runtime.block_on(run(n)))).collect();
        let inside = (0..CLIENTS).map(|n| runtime.spawn(run(OUTSIDERS + n)));
        let inside: Vec<_> = runtime.block_on(join_all(inside)).into_iter().map(Result::unwrap).collect();
        let outside = outsiders.into_iter().map(|outsider| outsider.join().unwrap());
        outside.chain(inside).sum()
    });
    // At rest they add up.
    let tasks = (CLIENTS + rounds * CHILDREN) as u64;
    assert_eq!((metrics.spawned_tasks_count(), metrics.num_alive_tasks()), (tasks, 0));
    // A rescued task was scheduled twice, and polled once.
    let schedules = local_schedules(&metrics) + metrics.remote_schedule_count();
    assert_eq!(polls(&metrics) + metrics.slot_rescue_count(), schedules);
    assert!(polls(&metrics) >= tasks);
    assert_eq!(metrics.timers_live(), 0);
    let ended = metrics.timers_fired_count() + metrics.timers_cancelled_count();
    assert_eq!(metrics.timers_registered_count(), ended);
    let [operations, stolen, tries] = [
        RuntimeMetrics::worker_steal_operations,
        RuntimeMetrics::worker_steal_count,
        RuntimeMetrics::worker_steal_try_count,
    ]
    .map(|count| sum(&metrics, count));
    assert!(operations <= stolen && operations <= tries);
}

fn builders() -> impl Iterator<Item = Builder> {
    let multi_thread = [1, 2, 4].map(|count| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(count);
        builder
    });
    multi_thread.into_iter().chain([Builder::new_current_thread()])
}

#[test]
fn no_counter_goes_down_and_no_level_exceeds_what_there_was() {
    watchdog(|| {
        for mut builder in builders() {
            let runtime = builder.max_blocking_threads(POOL).build().unwrap();
            let (metrics, read) = (runtime.metrics(), Arc::new(AtomicUsize::new(0)));
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let mut last = Reading::take(&metrics);
                        while !done.load(Ordering::Relaxed) {
                            let next = Reading::take(&metrics);
                            next.assert_follows(&last);
                            last = next;
                            read.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
                clients(&runtime, &read);
                done.store(true, Ordering::Relaxed);
            });
            // After the end they can be read, and stay what they are.
            let last = Reading::take(&metrics);
            drop(runtime);
            let after = Reading::take(&metrics);
            after.assert_follows(&last);
            let text = format!("{metrics:?}");
            assert!(text.contains(&format!("spawned_tasks: {}", after.counters[0])), "{text}");
            assert_eq!(Reading::take(&metrics).counters, after.counters);
        }
    });
}
