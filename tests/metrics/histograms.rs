//! The histograms of poll times: who counts where, what lands in which bucket, and that nothing counted is ever taken back.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use fusee::runtime::{Builder, Histogram, LocalOptions, LocalRuntime, Runtime, RuntimeMetrics};
use fusee::task::{LocalSet, block_in_place, spawn_blocking, spawn_local, yield_now};
use fusee::time::sleep;
use futures::channel::oneshot;
use futures::future::join_all;

use super::support::{watchdog, workers};
use super::{on_all, polls};

const LONG: Duration = Duration::from_millis(50);

fn counting(mut builder: Builder, workers: usize) -> Runtime {
    builder.worker_threads(workers).task_statistics(true).build().expect("a runtime")
}

fn on_both(body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        [counting(Builder::new_multi_thread(), 2), counting(Builder::new_current_thread(), 1)]
            .into_iter()
            .for_each(body);
    });
}

/// Keeps the thread for as long as a long poll takes.
fn block() {
    // tidy: real time, because how long it is kept is what is measured.
    thread::sleep(LONG);
}

/// The counters of a runtime that has ended: nothing moves any more.
fn end(runtime: Runtime) -> RuntimeMetrics {
    let metrics = runtime.metrics();
    drop(runtime);
    metrics
}

fn poll_times(metrics: &RuntimeMetrics) -> Histogram {
    metrics.poll_times().expect("tasks are counted")
}

fn waits(metrics: &RuntimeMetrics) -> Histogram {
    metrics.wake_to_poll_times().expect("tasks are counted")
}

/// Those of each worker.
fn of_workers(metrics: &RuntimeMetrics, read: fn(&RuntimeMetrics, usize) -> Option<Histogram>) -> Vec<Histogram> {
    (0..metrics.num_workers()).map(|worker| read(metrics, worker).expect("tasks are counted")).collect()
}

fn count(histograms: &[Histogram]) -> u64 {
    histograms.iter().map(Histogram::count).sum()
}

fn sum(histograms: &[Histogram]) -> Duration {
    histograms.iter().map(Histogram::sum).sum()
}

/// The counts of the buckets whose times may be `time` or longer.
fn at_least(histogram: &Histogram, time: Duration) -> u64 {
    histogram.buckets().filter(|(longest, _)| *longest >= time).map(|(_, count)| count).sum()
}

#[test]
fn where_tasks_are_not_counted_there_are_none() {
    on_all(|runtime| {
        runtime.block_on(async { fusee::spawn(yield_now()).await.unwrap() });
        let metrics = end(runtime);
        assert_eq!((metrics.poll_times(), metrics.wake_to_poll_times()), (None, None));
        assert_eq!((metrics.worker_poll_times(0), metrics.worker_wake_to_poll_times(0)), (None, None));
        assert!(!metrics.open_metrics().to_string().contains("histogram"));
        metrics.visit(|sample| assert!(sample.value.as_f64().is_some(), "{} is no number", sample.name));
    });
}

#[test]
fn each_poll_is_counted_with_the_worker_that_has_made_it() {
    on_both(|runtime| {
        runtime.block_on(async {
            join_all((0..50).map(|_| fusee::spawn(async { join_all((0..3).map(|_| yield_now())).await }))).await;
            fusee::spawn(sleep(Duration::from_millis(1))).await.unwrap();
        });
        let metrics = end(runtime);
        assert!(polls(&metrics) > 100, "each of them yields");
        let times = of_workers(&metrics, RuntimeMetrics::worker_poll_times);
        let waited = of_workers(&metrics, RuntimeMetrics::worker_wake_to_poll_times);
        for (worker, (times, waited)) in times.iter().zip(&waited).enumerate() {
            let polls = metrics.worker_poll_count(worker);
            assert_eq!((times.count(), waited.count()), (polls, polls), "worker {worker}");
        }
        assert_eq!((poll_times(&metrics).count(), poll_times(&metrics).sum()), (count(&times), sum(&times)));
        assert_eq!((waits(&metrics).count(), waits(&metrics).sum()), (count(&waited), sum(&waited)));
    });
}

#[test]
fn a_long_poll_is_in_the_bucket_of_its_length() {
    on_both(|runtime| {
        let begun = Instant::now();
        let within = runtime.block_on(async {
            let poll = async {
                let begun = Instant::now();
                block();
                begun.elapsed()
            };
            fusee::spawn(poll).await.unwrap()
        });
        let times = poll_times(&end(runtime));
        assert!(within <= times.max() && times.max() <= begun.elapsed(), "{within:?} {times:?}");
        let (longest, count) = times.buckets().next().unwrap();
        assert_eq!((times.buckets().count(), count), (1, 1), "{times:?}");
        assert!(times.max() <= longest && longest <= times.max().mul_f64(1.0 + 1.0 / 16.0), "{longest:?} {times:?}");
        assert_eq!([times.sum(), times.mean(), times.quantile(0.0), times.quantile(1.0)], [times.max(); 4]);
        for (bound, count) in times.cumulative() {
            assert_eq!(count, u64::from(times.max() < bound), "below {bound:?}: {times:?}");
        }
    });
}

#[test]
fn what_is_spawned_behind_a_long_poll_waits_as_long() {
    watchdog(|| {
        let runtime = counting(Builder::new_current_thread(), 1);
        let (started, waited) = (runtime.spawn(async { block() }), runtime.spawn(async {}));
        runtime.block_on(async {
            started.await.unwrap();
            waited.await.unwrap();
        });
        let metrics = end(runtime);
        assert!(at_least(&waits(&metrics), LONG) >= 1, "{:?}", waits(&metrics));
        assert_eq!(waits(&metrics).count(), 2);
    });
}

#[test]
fn a_wait_begins_with_the_wake_and_not_with_the_spawn() {
    watchdog(|| {
        let runtime = counting(Builder::new_current_thread(), 1);
        let (wake, woken) = oneshot::channel::<()>();
        let begun = Instant::now();
        let task = runtime.spawn(woken);
        runtime.block_on(until_polled(&runtime, 1));
        let first = begun.elapsed();
        // It is idle, and not kept waiting.
        block();
        let begun = Instant::now();
        wake.send(()).unwrap();
        runtime.block_on(task).unwrap().unwrap();
        let second = begun.elapsed();
        let waits = waits(&end(runtime));
        assert_eq!(waits.count(), 2);
        assert!(waits.sum() <= first + second, "{waits:?} in {first:?} and {second:?}");
    });
}

async fn until_polled(runtime: &Runtime, count: u64) {
    while poll_times(&runtime.metrics()).count() < count {
        yield_now().await;
    }
}

#[test]
fn a_task_that_is_woken_while_it_is_polled_waits_from_the_end_of_that() {
    watchdog(|| {
        let runtime = counting(Builder::new_multi_thread(), 1);
        let mut polls = 0;
        let task = poll_fn(move |context| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            block();
            Poll::Pending
        });
        let begun = Instant::now();
        runtime.block_on(runtime.spawn(task)).unwrap();
        let all = begun.elapsed();
        let metrics = end(runtime);
        assert!(at_least(&poll_times(&metrics), LONG) >= 2 && waits(&metrics).count() == 3);
        // It is polled, or it waits, and never both.
        let (polled, waited) = (poll_times(&metrics).sum(), waits(&metrics).sum());
        assert!(polled + waited <= all, "{polled:?} and {waited:?} in {all:?}");
    });
}

#[test]
fn a_poll_whose_worker_was_handed_on_is_counted_with_no_worker() {
    watchdog(|| {
        let runtime = counting(Builder::new_multi_thread(), 2);
        runtime.block_on(async { fusee::spawn(async { block_in_place(block) }).await.unwrap() });
        let metrics = end(runtime);
        assert_eq!((poll_times(&metrics).count(), at_least(&poll_times(&metrics), LONG)), (1, 1));
        assert_eq!(count(&of_workers(&metrics, RuntimeMetrics::worker_poll_times)), 0);
        // It has begun on one.
        let waited = of_workers(&metrics, RuntimeMetrics::worker_wake_to_poll_times);
        assert_eq!((count(&waited), waits(&metrics).count()), (1, 1));
    });
}

#[test]
fn tasks_of_a_local_runtime_are_counted_with_no_worker() {
    watchdog(|| {
        let mut builder = Builder::new_current_thread();
        let runtime: LocalRuntime =
            builder.task_statistics(true).build_local(LocalOptions::default()).expect("a runtime");
        runtime.block_on(async {
            spawn_local(yield_now()).await.unwrap();
            fusee::spawn(async {}).await.unwrap();
        });
        let metrics = runtime.metrics();
        drop(runtime);
        let worker = metrics.worker_poll_times(0).unwrap().count();
        assert_eq!((worker, metrics.worker_poll_count(0)), (1, 1));
        assert_eq!((poll_times(&metrics).count(), waits(&metrics).count()), (3, 3));
    });
}

#[test]
fn jobs_root_futures_and_tasks_of_local_sets_are_not_counted() {
    on_both(|runtime| {
        runtime.block_on(async {
            yield_now().await;
            spawn_blocking(|| ()).await.unwrap();
            LocalSet::new().run_until(async { spawn_local(yield_now()).await.unwrap() }).await;
        });
        let metrics = end(runtime);
        assert_eq!((poll_times(&metrics).count(), waits(&metrics).count()), (0, 0));
    });
}

#[test]
fn a_poll_that_panics_is_counted_and_a_task_that_is_aborted_unpolled_is_not() {
    watchdog(|| {
        let runtime = counting(Builder::new_current_thread(), 1);
        let panics = runtime.spawn(async { std::panic::resume_unwind(Box::new(())) });
        let aborted = runtime.spawn(async {});
        aborted.abort();
        let idle = runtime.spawn(pending::<()>());
        runtime.block_on(async {
            panics.await.unwrap_err();
            aborted.await.unwrap_err();
            until_polled(&runtime, 2).await;
            idle.abort();
            idle.await.unwrap_err();
        });
        let metrics = end(runtime);
        assert_eq!((poll_times(&metrics).count(), waits(&metrics).count()), (2, 2));
    });
}

#[test]
#[should_panic(expected = "there is no worker 1")]
fn there_is_no_histogram_of_a_worker_that_is_not_there() {
    workers(1).metrics().worker_poll_times(1);
}

/// Readers run beside workers that count: no bucket ever goes down, nor the sum, nor the longest, and in the end all is there.
#[test]
fn what_is_read_beside_writers_never_goes_down() {
    const TASKS: usize = 8;
    const YIELDS: usize = 5_000;
    const READINGS: usize = 10;
    watchdog(|| {
        let runtime = counting(Builder::new_multi_thread(), 2);
        let (read, done) = (Arc::new(AtomicUsize::new(0)), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| read_until(&runtime.metrics(), &done, &read));
            }
            let yields = |read: Arc<AtomicUsize>| async move {
                let mut turn = 0;
                while turn < YIELDS || read.load(Ordering::Relaxed) < READINGS {
                    turn += 1;
                    // Some with no worker.
                    if turn % 1000 == 0 {
                        block_in_place(|| ());
                    }
                    yield_now().await;
                }
            };
            let tasks = (0..TASKS).map(|_| runtime.spawn(yields(read.clone())));
            assert!(runtime.block_on(join_all(tasks)).iter().all(Result::is_ok));
            done.store(true, Ordering::Relaxed);
        });
        let metrics = end(runtime);
        let count = polls(&metrics);
        assert!(count > (TASKS * YIELDS) as u64);
        assert_eq!((poll_times(&metrics).count(), waits(&metrics).count()), (count, count));
    });
}

/// Reads until `done`, and counts how often.
fn read_until(metrics: &RuntimeMetrics, done: &AtomicBool, read: &AtomicUsize) {
    let mut before = poll_times(metrics);
    while !done.load(Ordering::Relaxed) {
        let now = poll_times(metrics);
        assert!(now.sum() >= before.sum() && now.max() >= before.max(), "{before:?} {now:?}");
        let mut later = now.buckets().peekable();
        for (time, count) in before.buckets() {
            while later.next_if(|(shorter, _)| *shorter < time).is_some() {}
            let count_now = later.next_if(|(other, _)| *other == time).map(|(_, count)| count);
            assert!(count_now >= Some(count), "{time:?}: {count}, then {count_now:?}");
        }
        before = now.clone();
        read.fetch_add(1, Ordering::Relaxed);
    }
}
