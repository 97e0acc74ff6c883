//! The runtime's counters: each is moved by the event that it is named for, and by nothing else.

mod histograms;
mod samples;
mod stress;
#[path = "../support/mod.rs"]
mod support;
mod text;
mod timers;

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fusee::runtime::{Builder, Runtime, RuntimeMetrics};
use fusee::task::{block_in_place, consume_budget, yield_now};
use futures::channel::oneshot;
use futures::future::join_all;
use support::{Latch, on_1_2_and_4_workers, until, watchdog, workers};

const HOUR: Duration = Duration::from_secs(3600);

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

/// On 1, 2 and 4 workers and on a current-thread runtime.
#[track_caller]
fn on_all(body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        [1, 2, 4].map(workers).into_iter().chain([current_thread()]).for_each(body);
    });
}

fn sum(metrics: &RuntimeMetrics, count: impl Fn(&RuntimeMetrics, usize) -> u64) -> u64 {
    (0..metrics.num_workers()).map(|worker| count(metrics, worker)).sum()
}

fn polls(metrics: &RuntimeMetrics) -> u64 {
    sum(metrics, RuntimeMetrics::worker_poll_count)
}

fn local_schedules(metrics: &RuntimeMetrics) -> u64 {
    sum(metrics, RuntimeMetrics::worker_local_schedule_count)
}

/// Waits until all workers of a multi-thread runtime are parked.
fn until_parked(metrics: &RuntimeMetrics) {
    until("all are parked", || {
        (0..metrics.num_workers()).all(|worker| metrics.worker_park_unpark_count(worker) % 2 == 1)
    });
}

fn busy(metrics: &RuntimeMetrics) -> Vec<Duration> {
    (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker)).collect()
}

/// Waits until no worker's busy time grows. A worker counts as parked a moment before its time stops.
fn until_still(metrics: &RuntimeMetrics) {
    until("no worker is busy", || {
        let before = busy(metrics);
        spin(Duration::from_millis(1));
        before == busy(metrics)
    });
}

/// Lets time pass, for which there is no event to wait for: time is what is counted.
fn spin(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {}
}

#[test]
fn a_task_is_spawned_once_and_alive_until_it_is_complete() {
    on_all(|runtime| {
        let (metrics, handle) = (runtime.metrics(), runtime.handle().clone());
        let (open, opened) = oneshot::channel::<()>();
        let waits = runtime.spawn(opened);
        runtime.block_on(async {
            join_all((0..10).map(|_| fusee::spawn(async { fusee::spawn(async {}).await.unwrap() }))).await;
        });
        assert_eq!((metrics.spawned_tasks_count(), metrics.num_alive_tasks()), (21, 1));
        open.send(()).unwrap();
        runtime.block_on(waits).unwrap().unwrap();
        until("it is gone", || metrics.num_alive_tasks() == 0);
        let aborted = runtime.spawn(std::future::pending::<()>());
        aborted.abort();
        assert!(runtime.block_on(aborted).unwrap_err().is_cancelled());
        drop(runtime);
        assert!(handle.spawn(async {}).is_finished(), "it is refused");
        assert_eq!((metrics.spawned_tasks_count(), metrics.num_alive_tasks()), (22, 0));
    });
}

#[test]
fn tasks_from_outside_are_scheduled_remotely_and_each_once() {
    on_all(|runtime| {
        let (metrics, hold) = (runtime.metrics(), Latch::new());
        let multi_thread = runtime.handle().runtime_flavor() == fusee::runtime::RuntimeFlavor::MultiThread;
        // All workers are held, so that what is injected stays where it is.
        let held = if multi_thread { metrics.num_workers() } else { 0 };
        let holders: Vec<_> = (0..held)
            .map(|_| {
                let hold = hold.clone();
                runtime.spawn(async move { hold.wait() })
            })
            .collect();
        until("all are held", || polls(&metrics) == held as u64);
        let tasks: Vec<_> = (0..100).map(|_| runtime.spawn(async {})).collect();
        assert_eq!(metrics.remote_schedule_count(), held as u64 + 100);
        assert_eq!(metrics.global_queue_depth(), 100);
        hold.open();
        runtime.block_on(join_all(holders.into_iter().chain(tasks)));
        assert_eq!(metrics.remote_schedule_count(), held as u64 + 100, "however they got to their workers");
        assert_eq!(metrics.global_queue_depth(), 0);
        assert_eq!((polls(&metrics), local_schedules(&metrics)), (held as u64 + 100, 0));
    });
}

#[test]
fn what_shutdown_drops_from_the_global_queue_stays_counted() {
    watchdog(|| {
        let runtime = current_thread();
        let metrics = runtime.metrics();
        let tasks: Vec<_> = (0..10).map(|_| runtime.spawn(async {})).collect();
        drop(runtime);
        assert!(tasks.iter().all(|task| task.is_finished()));
        assert_eq!((metrics.remote_schedule_count(), metrics.global_queue_depth(), polls(&metrics)), (10, 0, 0));
    });
}

#[test]
fn tasks_from_a_worker_are_scheduled_locally() {
    on_all(|runtime| {
        let metrics = runtime.metrics();
        let inside = metrics.clone();
        let spawner = runtime.spawn(async move {
            for _ in 0..1000 {
                drop(fusee::spawn(async {}));
            }
            let depths: Vec<_> = (0..inside.num_workers()).map(|n| inside.worker_local_queue_depth(n)).collect();
            for _ in 0..5 {
                yield_now().await;
            }
            depths
        });
        let depths = runtime.block_on(spawner).unwrap();
        if depths.len() == 1 {
            assert_eq!(depths, [1000], "nobody takes any while they are spawned");
        }
        assert!(depths.iter().sum::<usize>() <= 1000);
        until("all are done", || metrics.num_alive_tasks() == 0);
        let rescued = metrics.slot_rescue_count();
        assert_eq!((local_schedules(&metrics), metrics.remote_schedule_count() - rescued), (1005, 1));
        assert_eq!(polls(&metrics), 1006);
        for worker in 0..metrics.num_workers() {
            assert_eq!((metrics.worker_local_queue_depth(worker), metrics.worker_overflow_count(worker)), (0, 0));
        }
    });
}

#[test]
fn tasks_of_a_blocked_worker_are_stolen_and_counted_by_the_thieves() {
    watchdog(|| {
        for count in [2, 4] {
            let runtime = workers(count);
            let metrics = runtime.metrics();
            let task = runtime.spawn(async {
                let (done, all) = mpsc::channel();
                for _ in 0..1000 {
                    let done = done.clone();
                    drop(fusee::spawn(async move { done.send(()).unwrap() }));
                }
                assert_eq!(all.iter().take(1000).count(), 1000);
                thread::current().id()
            });
            let robbed = runtime.block_on(task).unwrap();
            until("all are done", || metrics.num_alive_tasks() == 0);
            let stolen = sum(&metrics, RuntimeMetrics::worker_steal_count);
            let rescued = metrics.slot_rescue_count();
            assert!(rescued > 0, "the last one spawned was in the slot");
            // Of more than two workers, one may steal what another has stolen, before that has counted it or after.
            assert!(count > 2 || stolen + rescued == 1000, "{stolen} were stolen and {rescued} rescued");
            for worker in 0..count {
                let operations = metrics.worker_steal_operations(worker);
                assert!(operations <= metrics.worker_steal_count(worker), "each has moved one at least");
                assert!(operations <= metrics.worker_steal_try_count(worker));
                if metrics.worker_thread_id(worker) == Some(robbed) {
                    assert_eq!(metrics.worker_poll_count(worker), 1);
                }
            }
            assert_eq!(polls(&metrics), 1001);
        }
    });
}

#[test]
fn a_lone_worker_steals_nothing() {
    watchdog(|| {
        for runtime in [workers(1), current_thread()] {
            runtime.block_on(async { join_all((0..100).map(|_| fusee::spawn(yield_now()))).await });
            let metrics = runtime.metrics();
            assert_eq!(metrics.worker_steal_try_count(0), 0);
            assert_eq!((metrics.worker_steal_operations(0), metrics.worker_steal_count(0)), (0, 0));
        }
    });
}

#[test]
fn parks_and_unparks_alternate_and_those_for_nothing_are_counted() {
    on_1_2_and_4_workers(|runtime| {
        let metrics = runtime.metrics();
        until_parked(&metrics);
        for worker in 0..metrics.num_workers() {
            assert_eq!((metrics.worker_park_unpark_count(worker), metrics.worker_park_count(worker)), (1, 1));
            assert_eq!(metrics.worker_noop_count(worker), 0);
        }
        runtime.block_on(runtime.spawn(async {})).unwrap();
        until_parked(&metrics);
        if metrics.num_workers() == 1 {
            assert_eq!((metrics.worker_park_unpark_count(0), metrics.worker_park_count(0)), (3, 2));
            assert_eq!(metrics.worker_noop_count(0), 0, "there was a task");
        }
        drop(runtime);
        for worker in 0..metrics.num_workers() {
            let (both, parks) = (metrics.worker_park_unpark_count(worker), metrics.worker_park_count(worker));
            assert_eq!(both, 2 * parks, "each was unparked to end");
            let noops = metrics.worker_noop_count(worker);
            assert!((1..=parks).contains(&noops), "the last was for nothing");
        }
        if metrics.num_workers() == 1 {
            assert_eq!((metrics.worker_park_count(0), metrics.worker_noop_count(0)), (2, 1));
        }
    });
}

#[test]
fn a_current_thread_worker_parks_in_block_on_alone() {
    watchdog(|| {
        let runtime = current_thread();
        let metrics = runtime.metrics();
        assert_eq!((metrics.worker_park_unpark_count(0), metrics.worker_thread_id(0)), (0, None));
        let wake = |root: oneshot::Sender<()>| {
            let metrics = metrics.clone();
            let parked = metrics.worker_park_count(0) + 1;
            thread::spawn(move || {
                until("it is parked", || metrics.worker_park_count(0) == parked);
                root.send(()).unwrap();
            })
        };
        let (root, woken) = oneshot::channel();
        let waker = wake(root);
        runtime.block_on(woken).unwrap();
        waker.join().unwrap();
        assert_eq!((metrics.worker_park_unpark_count(0), metrics.worker_noop_count(0)), (2, 1), "it polled no task");
        let (task, woken) = oneshot::channel();
        let waker = wake(task);
        runtime.block_on(async { fusee::spawn(woken).await.unwrap().unwrap() });
        waker.join().unwrap();
        assert_eq!((metrics.worker_park_unpark_count(0), metrics.worker_noop_count(0)), (4, 1));
        assert_eq!((metrics.worker_thread_id(0), polls(&metrics)), (Some(thread::current().id()), 2));
    });
}

#[test]
fn a_worker_that_is_handed_on_counts_on() {
    watchdog(|| {
        let runtime = workers(1);
        let metrics = runtime.metrics();
        runtime.block_on(async {
            for _ in 0..20 {
                let task = fusee::spawn(async {
                    let here = thread::current().id();
                    let (done, wait) = mpsc::channel();
                    drop(fusee::spawn(async move { done.send(thread::current().id()).unwrap() }));
                    (here, block_in_place(|| wait.recv().unwrap()))
                });
                let (here, there) = task.await.unwrap();
                assert_ne!(here, there);
            }
        });
        until("all are done", || metrics.num_alive_tasks() == 0);
        assert_eq!((polls(&metrics), local_schedules(&metrics)), (40, 20));
        assert_eq!((metrics.remote_schedule_count(), metrics.spawned_tasks_count()), (20, 40));
        let ran_on = runtime.block_on(runtime.spawn(async { thread::current().id() })).unwrap();
        assert_eq!(metrics.worker_thread_id(0), Some(ran_on));
        drop(runtime);
        assert_eq!(metrics.worker_park_unpark_count(0) % 2, 0);
    });
}

#[test]
fn time_is_busy_while_a_task_runs_and_not_while_its_worker_is_parked() {
    on_1_2_and_4_workers(|runtime| {
        let metrics = runtime.metrics();
        let release = Latch::new();
        let held = runtime.spawn({
            let release = release.clone();
            async move { release.wait() }
        });
        until("one is busy for a while", || busy(&metrics).iter().any(|busy| *busy > Duration::from_millis(5)));
        let (start, before) = (Instant::now(), busy(&metrics));
        spin(Duration::from_millis(1));
        let after = busy(&metrics);
        // The one reading may have taken as long as the whole.
        let passed = start.elapsed();
        assert!(before.iter().zip(&after).all(|(before, after)| *after - *before <= passed));
        release.open();
        runtime.block_on(held).unwrap();
        until_parked(&metrics);
        until_still(&metrics);
        drop(runtime);
        let end = busy(&metrics);
        assert!(end.iter().all(|busy| !busy.is_zero()));
        assert_eq!(end, busy(&metrics));
    });
}

#[test]
fn a_root_that_is_made_to_give_way_counts_where_its_thread_is_the_worker() {
    watchdog(|| {
        let spend = |units: u32| async move {
            for _ in 0..units {
                consume_budget().await;
            }
        };
        let runtime = current_thread();
        let metrics = runtime.metrics();
        runtime.block_on(spend(128));
        assert_eq!(metrics.budget_forced_yield_count(), 0, "what it had was enough");
        runtime.block_on(spend(129));
        assert_eq!(metrics.budget_forced_yield_count(), 1);
        runtime.block_on(runtime.spawn(spend(129))).unwrap();
        assert_eq!(metrics.budget_forced_yield_count(), 2, "and so does a task");
        let runtime = workers(1);
        runtime.block_on(spend(100_000));
        assert_eq!(runtime.metrics().budget_forced_yield_count(), 0, "no worker polls it");
    });
}

#[test]
fn a_current_thread_worker_is_busy_in_block_on_alone() {
    watchdog(|| {
        let runtime = current_thread();
        let busy = || runtime.metrics().worker_total_busy_duration(0);
        assert_eq!(busy(), Duration::ZERO);
        let before = Instant::now();
        runtime.block_on(async { spin(Duration::from_millis(2)) });
        let spent = busy();
        assert!((Duration::from_millis(2)..=before.elapsed()).contains(&spent), "{spent:?}");
        let (root, woken) = oneshot::channel();
        let stands_still = {
            let metrics = runtime.metrics();
            move || {
                until("it is parked", || metrics.worker_park_unpark_count(0) == 1);
                until_still(&metrics);
                root.send(()).unwrap();
            }
        };
        let waker = thread::spawn(stands_still);
        runtime.block_on(woken).unwrap();
        waker.join().unwrap();
        let spent = busy();
        spin(Duration::from_millis(1));
        assert_eq!(busy(), spent, "the worker waits for a thread");
    });
}
