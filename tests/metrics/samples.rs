//! All counters under the names of monitoring: none is missing, each name stands for the counter that it is named for, and the text is what
//! scrapers read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use fusee::runtime::{Builder, Histogram, OpenMetrics, Runtime, RuntimeMetrics, SampleKind, SampleValue};
use fusee::task::{consume_budget, spawn_blocking, yield_now};
use fusee::time::{sleep, timeout};
use openmetrics_parser::openmetrics::parse_openmetrics;
use openmetrics_parser::{OpenMetricsType, OpenMetricsValue};

use super::support::{Latch, watchdog, workers};

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
fn exercise(runtime: &Runtime) {
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
            || matches!(self, Self::Times(times) if times.count() == 0)
    }
}

/// With a histogram of each kind.
fn counting(name: &str) -> Runtime {
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
fn text_can_be_made_while_all_workers_are_stuck() {
    watchdog(|| {
        let (runtime, hold) = (workers(1), Latch::new());
        let held = hold.clone();
        let task = runtime.spawn(async move { held.wait() });
        super::until("it is polled", || super::polls(&runtime.metrics()) == 1);
        assert!(runtime.metrics().open_metrics().to_string().contains("fusee_worker_polls_total{worker=\"0\"} 1\n"));
        hold.open();
        runtime.block_on(task).unwrap();
    });
}

const HISTOGRAMS: [&str; 2] = ["fusee_poll_seconds", "fusee_wake_to_poll_seconds"];

/// A name and the labels of a sample.
type Series = (String, BTreeMap<String, String>);

/// What a parser of OpenMetrics reads in the text. It refuses text that is not as the format says.
fn read_as_open_metrics(text: &str) -> BTreeMap<Series, f64> {
    let mut series = BTreeMap::new();
    // It refuses the unit of a histogram, which the format has.
    let (text, units) = HISTOGRAMS.iter().fold((text.to_owned(), 0), |(text, units), name| {
        let unit = format!("# UNIT {name} seconds\n");
        (text.replace(&unit, ""), units + text.matches(&unit).count())
    });
    assert_eq!(units, text.matches(" histogram\n").count());
    for (name, family) in parse_openmetrics(&text).expect("it is OpenMetrics").families {
        let is_histogram = HISTOGRAMS.contains(&name.as_str());
        assert!(!family.help.is_empty(), "{name}");
        let unit = if name.ends_with("_seconds") && !is_histogram { "seconds" } else { "" };
        assert_eq!(family.unit, unit, "{name}");
        for sample in family.iter_samples() {
            let labels = sample.get_labelset().expect("labels");
            let labels: BTreeMap<_, _> = labels.iter().map(|(label, value)| (label.clone(), value.clone())).collect();
            let told = match &sample.value {
                OpenMetricsValue::Counter(counter) => vec![((format!("{name}_total"), labels), counter.value.as_f64())],
                OpenMetricsValue::Gauge(value) => vec![((name.clone(), labels), value.as_f64())],
                OpenMetricsValue::Histogram(read) => {
                    let buckets = read.buckets.iter().map(|bucket| (bucket.upper_bound, bucket.count.as_f64()));
                    let (count, sum) = (read.count.expect("a count"), read.sum.expect("a sum"));
                    histogram_series(&name, &labels, buckets, count as f64, sum.as_f64())
                }
                other => panic!("{name} is {other:?}"),
            };
            let kind = match () {
                () if is_histogram => OpenMetricsType::Histogram,
                () if told[0].0.0.ends_with("_total") => OpenMetricsType::Counter,
                () => OpenMetricsType::Gauge,
            };
            assert_eq!(family.family_type, kind, "{name}");
            for (new, value) in told {
                assert!(series.insert(new, value).is_none(), "a series that is there already");
            }
        }
    }
    series
}

/// The series of a histogram: its buckets, each with its bound, its count and its sum.
fn histogram_series(
    name: &str,
    labels: &BTreeMap<String, String>,
    buckets: impl Iterator<Item = (f64, f64)>,
    count: f64,
    sum: f64,
) -> Vec<(Series, f64)> {
    let bucket = |(bound, count): (f64, f64)| {
        let labels = labels.clone().into_iter().chain([("le".to_owned(), bound.to_string())]);
        ((format!("{name}_bucket"), labels.collect()), count)
    };
    let ends =
        [("count", count), ("sum", sum)].map(|(part, value)| ((format!("{name}_{part}"), labels.clone()), value));
    buckets.map(bucket).chain(ends).collect()
}

/// What the visitor tells, as series with a label of the runtime, if one is given.
fn series_of(metrics: &RuntimeMetrics, runtime: Option<&str>) -> BTreeMap<Series, f64> {
    let mut series = BTreeMap::new();
    metrics.visit(|sample| {
        let worker = sample.worker.map(|worker| ("worker".to_owned(), worker.to_string()));
        let runtime = runtime.map(|name| ("runtime".to_owned(), name.to_owned()));
        let labels: BTreeMap<_, _> = worker.into_iter().chain(runtime).collect();
        let told = match sample.value {
            SampleValue::Histogram(times) => {
                let below = times.cumulative().map(|(bound, count)| (bound.as_secs_f64(), count));
                let buckets = below.chain([(f64::INFINITY, times.count())]).map(|(bound, count)| (bound, count as f64));
                histogram_series(sample.name, &labels, buckets, times.count() as f64, times.sum().as_secs_f64())
            }
            value => vec![((sample.name.to_owned(), labels), value.as_f64().expect("a number"))],
        };
        series.extend(told);
    });
    series
}

#[test]
fn a_parser_of_open_metrics_reads_what_the_visitor_tells() {
    watchdog(|| {
        for (runtime, name, histograms) in [(workers(2), None, 0), (counting("mine"), Some("mine"), 2)] {
            exercise(&runtime);
            let metrics = runtime.metrics();
            drop(runtime);
            let text = metrics.open_metrics().to_string();
            assert_eq!(read_as_open_metrics(&text), series_of(&metrics, name));
            assert_eq!(text.matches(" histogram\n").count(), histograms);
        }
    });
}

#[test]
fn runtimes_in_one_text_are_told_apart_whatever_their_names() {
    // The names that are given, and the labels that they get.
    let names = [
        (Some("front"), "front"),
        (None, ""),
        (Some("a \\ of \"b\"\nand {c=\"d\"} 5, ü"), "a \\ of \"b\"\nand {c=\"d\"} 5, ü"),
        (Some("front#2"), "front#2"),
        (Some("front"), "front#3"),
        (None, "#2"),
        (Some("\\n"), "\\n"),
    ];
    watchdog(move || {
        let runtimes = names.map(|(name, _)| {
            let mut builder = Builder::new_multi_thread();
            if let Some(name) = name {
                builder.name(name);
            }
            // One of them counts its tasks, and has series that the others have not.
            builder.worker_threads(1).task_statistics(name == Some("front#2")).build().expect("a runtime")
        });
        runtimes[0].block_on(async { fusee::spawn(async {}).await.unwrap() });
        let metrics = runtimes.each_ref().map(Runtime::metrics);
        drop(runtimes);
        let text = OpenMetrics::from_iter(metrics.clone()).to_string();
        let expected = metrics.iter().zip(names).flat_map(|(metrics, (_, label))| series_of(metrics, Some(label)));
        assert_eq!(read_as_open_metrics(&text), expected.collect());
    });
}

#[test]
fn a_text_of_no_runtime_has_no_samples() {
    assert_eq!(OpenMetrics::from_iter([]).to_string(), "# EOF\n");
}

#[test]
fn a_parser_of_prometheus_own_format_reads_all_samples() {
    watchdog(|| {
        let runtime = counting("mine");
        exercise(&runtime);
        let metrics = runtime.metrics();
        drop(runtime);
        let text = metrics.open_metrics().to_string();
        let lines = text.lines().map(|line| Ok(line.to_owned()));
        let read = prometheus_parse::Scrape::parse(lines).expect("it is Prometheus' format");
        let read = read.samples.into_iter().flat_map(|sample| {
            let name = sample.metric;
            let labels: BTreeMap<_, _> =
                sample.labels.iter().map(|(label, value)| (label.clone(), value.clone())).collect();
            // What it knows by a suffix it does not type.
            let is_untyped = ["_total", "_count", "_sum"].iter().any(|suffix| name.ends_with(suffix));
            match sample.value {
                prometheus_parse::Value::Gauge(value) if !is_untyped => vec![((name, labels), value)],
                prometheus_parse::Value::Untyped(value) if is_untyped => vec![((name, labels), value)],
                prometheus_parse::Value::Histogram(buckets) => {
                    let buckets = buckets.iter().map(|bucket| (bucket.less_than, bucket.count));
                    let mut series = histogram_series(&name, &labels, buckets, 0.0, 0.0);
                    // Count and sum are samples of their own.
                    series.truncate(series.len() - 2);
                    series
                }
                other => panic!("{name} is {other:?}"),
            }
        });
        assert_eq!(read.collect::<BTreeMap<Series, f64>>(), series_of(&metrics, Some("mine")));
    });
}

#[test]
fn a_time_is_written_in_seconds_to_the_nanosecond() {
    let written = |time| SampleValue::Time(time).to_string();
    assert_eq!(written(Duration::new(3, 4)), "3.000000004");
    assert_eq!(written(Duration::from_millis(250)), "0.250000000");
    assert_eq!(SampleValue::Number(u64::MAX).to_string(), "18446744073709551615");
    let none = counting("mine").metrics().poll_times().expect("tasks are counted");
    assert_eq!(SampleValue::Histogram(&none).to_string(), "0 in 0ns, the longest 0ns");
}
