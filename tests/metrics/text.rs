//! The counters as text: parsers read in it what the visitor tells.

use std::collections::BTreeMap;

use fusee::runtime::{Builder, OpenMetrics, Runtime, RuntimeMetrics, SampleValue};
use openmetrics_parser::openmetrics::parse_openmetrics;
use openmetrics_parser::{OpenMetricsType, OpenMetricsValue};

use super::samples::{counting, exercise};
use super::support::{Latch, watchdog, workers};

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
    let text = HISTOGRAMS.iter().fold(text.to_owned(), |text, name| {
        let unit = format!("# UNIT {name} seconds\n");
        assert_eq!(text.contains(&unit), text.contains(&format!("# TYPE {name} ")));
        text.replace(&unit, "")
    });
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
