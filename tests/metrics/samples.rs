//! All counters under the names of monitoring: none is missing, and each name stands for the counter that it is named for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use fusee::runtime::{Builder, Histogram, Runtime, RuntimeMetrics, SampleKind, SampleValue};
use fusee::task::{consume_budget, spawn_blocking, yield_now};
use fusee::time::{sleep, timeout};

use super::support::{watchdog, workers};

/// How a test reads a counter by its method.
enum Read {
    Times(fn(&RuntimeMetrics) -> Option<Histogram>),
    Whole(fn(&RuntimeMetrics) -> u64),
    Worker(fn(&RuntimeMetrics, usize) -> u64),
    Time(fn(&RuntimeMetrics, usize) -> Duration),
}

use Read::{Time, Times, Whole, Worker};

/// A method, the name of its samples, and the method once more. The names are promised: who changes one breaks users' dashboards.
macro_rules! promised {
    ($($read:ident $method:ident $name:literal,)*) => {
        &[$((stringify!($method), $name, promised!(@$read $method)),)*]
    };
    (@Size $method:ident) => { Whole(|metrics| metrics.$method() as u64) };
    (@Whole $method:ident) => { Whole(RuntimeMetrics::$method) };
    (@WorkerSize $method:ident) => { Worker(|metrics, worker| metrics.$method(worker) as u64) };
    (@Worker $method:ident) => { Worker(RuntimeMetrics::$method) };
    (@Times $method:ident) => { Times(RuntimeMetrics::$method) };
    (@Time $method:ident) => { Time(RuntimeMetrics::$method) };
}

static PROMISED: &[(&str, &str, Read)] = promised! {
    Size num_workers "fusee_workers",
    Size num_alive_tasks "fusee_alive_tasks",
    Whole spawned_tasks_count "fusee_spawned_tasks_total",
    Size global_queue_depth "fusee_global_queue_depth",
    Whole remote_schedule_count "fusee_remote_schedules_total",
    Whole slot_rescue_count "fusee_slot_rescues_total",
    Whole budget_forced_yield_count "fusee_budget_forced_yields_total",
    Size num_blocking_threads "fusee_blocking_threads",
    Size num_idle_blocking_threads "fusee_idle_blocking_threads",
    Size blocking_queue_depth "fusee_blocking_queue_depth",
    Size timers_live "fusee_timers_live",
    Whole timers_registered_count "fusee_timers_registered_total",
    Whole timers_fired_count "fusee_timers_fired_total",
    Whole timers_cancelled_count "fusee_timers_cancelled_total",
    Whole driver_wake_count "fusee_driver_wakes_total",
    Whole driver_spurious_wake_count "fusee_driver_spurious_wakes_total",
    Worker worker_poll_count "fusee_worker_polls_total",
    Time worker_total_busy_duration "fusee_worker_busy_seconds_total",
    Worker worker_park_count "fusee_worker_parks_total",
    Worker worker_park_unpark_count "fusee_worker_park_unparks_total",
    Worker worker_noop_count "fusee_worker_noops_total",
    Worker worker_slot_hit_count "fusee_worker_slot_hits_total",
    Worker worker_steal_try_count "fusee_worker_steal_tries_total",
    Worker worker_steal_operations "fusee_worker_steal_operations_total",
    Worker worker_steal_count "fusee_worker_stolen_tasks_total",
    Worker worker_local_schedule_count "fusee_worker_local_schedules_total",
    WorkerSize worker_local_queue_depth "fusee_worker_local_queue_depth",
    Worker worker_overflow_count "fusee_worker_overflows_total",
    Times poll_times "fusee_poll_seconds",
    Times wake_to_poll_times "fusee_wake_to_poll_seconds",
};

/// Has a runtime do something of everything.
pub(super) fn exercise(runtime: &Runtime) {
    runtime.block_on(async {
        let inner = fusee::spawn(async {
            for _ in 0..1000 {
                consume_budget().await;
            }
            for _ in 0..20 {
                drop(fusee::spawn(yield_now()));
            }
            fusee::spawn(async {}).await.unwrap();
            sleep(Duration::from_millis(1)).await;
            timeout(Duration::from_secs(3600), sleep(Duration::from_millis(1))).await.unwrap();
        });
        inner.await.unwrap();
        spawn_blocking(|| ()).await.unwrap();
    });
}

/// The public functions of `RuntimeMetrics` that answer a number, a time or a histogram, as its files have them.
fn methods_of_source() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runtime/metrics");
    let files = fs::read_dir(folder).expect("the folder").map(|file| file.expect("an entry").path());
    let source: String = files.map(|file| fs::read_to_string(file).expect("a source file")).collect();
    let heads = source.split("pub fn ").skip(1).filter_map(|rest| rest.split_once('{')).map(|(head, _)| head);
    let counters = heads.filter(|head| {
        let answer = head.rsplit_once("->").map_or("", |(_, answer)| answer.trim());
        // A histogram is told as that of all workers together.
        let is_told = answer == "Option<Histogram>" && !head.starts_with("worker_");
        head.contains("(&self") && (is_told || ["u64", "usize", "Duration"].contains(&answer))
    });
    counters.map(|head| head.split('(').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_public_counter_has_a_sample() {
    let promised: BTreeSet<String> = PROMISED.iter().map(|(method, ..)| (*method).to_owned()).collect();
    assert_eq!(promised.len(), PROMISED.len(), "one row a method");
    assert_eq!(methods_of_source(), promised, "a counter without a row, or a row without a counter");
}

/// A sample's value, to be kept.
#[derive(Debug, PartialEq)]
enum Told {
    Number(u64),
    Time(Duration),
    Times(Histogram),
}

impl Told {
    fn of(value: SampleValue<'_>) -> Self {
        match value {
            SampleValue::Number(number) => Self::Number(number),
            SampleValue::Time(time) => Self::Time(time),
            SampleValue::Histogram(times) => Self::Times(times.clone()),
            other => panic!("{other:?} is new"),
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Self::Number(0) | Self::Time(Duration::ZERO))
    }
}

/// With a histogram of each kind.
pub(super) fn counting(name: &str) -> Runtime {
    Builder::new_multi_thread().worker_threads(2).name(name).task_statistics(true).build().expect("a runtime")
}

#[test]
fn a_sample_says_what_its_method_says() {
    watchdog(|| {
        for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            let runtime = builder.worker_threads(2).name("mine").task_statistics(true).build().expect("a runtime");
            exercise(&runtime);
            let metrics = runtime.metrics();
            // Nothing moves any more.
            drop(runtime);
            let mut told = Vec::new();
            metrics.visit(|sample| {
                assert_eq!(sample.runtime, Some("mine"));
                told.push((sample.name, sample.worker, Told::of(sample.value)));
            });
            // By their names alone they are the same.
            let mut named = Vec::new();
            PROMISED.iter().map(|(_, name, _)| *name).chain(["fusee_nothing"]).for_each(|name| {
                metrics.visit_named(name, |sample| named.push((sample.name, sample.worker, Told::of(sample.value))));
            });
            assert_eq!(named, told);
            let workers = || 0..metrics.num_workers();
            let mut expected = Vec::new();
            for (_, name, read) in PROMISED {
                match read {
                    Whole(read) => expected.push((*name, None, Told::Number(read(&metrics)))),
                    Times(read) => {
                        expected.push((*name, None, Told::Times(read(&metrics).expect("tasks are counted"))));
                    }
                    Worker(read) => {
                        expected.extend(workers().map(|w| (*name, Some(w), Told::Number(read(&metrics, w)))));
                    }
                    Time(read) => {
                        expected.extend(workers().map(|w| (*name, Some(w), Told::Time(read(&metrics, w)))));
                    }
                }
            }
            assert_eq!(told, expected);
            let counted = told.iter().filter(|(.., value)| !value.is_zero()).count();
            assert!(counted > 10, "most of them have moved, or the comparison says little: {told:?}");
        }
    });
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    counting("mine").metrics().visit(|sample| {
        let name = sample.name;
        assert_eq!(name.ends_with("_total"), sample.kind == SampleKind::Counter, "{name}");
        assert!(name.starts_with("fusee_") && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
        assert_eq!(name.starts_with("fusee_worker_"), sample.worker.is_some(), "{name}");
        let base = name.trim_end_matches("_total");
        assert_eq!(sample.kind == SampleKind::Histogram, matches!(sample.value, SampleValue::Histogram(_)), "{name}");
        let unit = (!matches!(sample.value, SampleValue::Number(_))).then_some("seconds");
        assert_eq!(sample.unit, unit, "{name}");
        assert_eq!(base.ends_with("_seconds"), unit.is_some(), "{name}");
        assert!(sample.help.ends_with('.') && !sample.help.contains(['\\', '"', '\n']), "{name}");
    });
}

#[test]
fn a_visitor_may_use_the_runtime_and_its_panic_passes_on() {
    watchdog(|| {
        let runtime = workers(1);
        let metrics = runtime.metrics();
        metrics.visit(|_| {
            runtime.block_on(async { sleep(Duration::ZERO).await });
            metrics.visit(|_| ());
        });
        let visit = || metrics.visit(|sample| assert!(sample.name != "fusee_timers_live", "no timers, please"));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(visit)).expect_err("it panics");
        exercise(&runtime);
    });
}

#[test]
fn a_time_is_written_in_seconds_to_the_nanosecond() {
    let written = |time| SampleValue::Time(time).to_string();
    assert_eq!(written(Duration::new(3, 4)), "3.000000004");
    assert_eq!(written(Duration::from_millis(250)), "0.250000000");
    assert_eq!(SampleValue::Number(u64::MAX).to_string(), "18446744073709551615");
    let none = counting("mine").metrics().poll_times().unwrap();
    assert_eq!(SampleValue::Histogram(&none).to_string(), "0 in 0ns, the longest 0ns");
}
