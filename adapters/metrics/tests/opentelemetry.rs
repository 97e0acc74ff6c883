//! What instruments of opentelemetry observe: the values of the runtime at the moment of the collection.

mod support;

use std::collections::BTreeMap;
use std::sync::mpsc::channel;

use fusee::runtime::RuntimeMetrics;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use support::{Series, Values, run_some, used, values_of};

/// A provider that exports when it is told to, and what it has exported.
struct Collector {
    provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
}

impl Collector {
    fn of(runtimes: &[&RuntimeMetrics]) -> Self {
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
        let meter = provider.meter("fusee");
        runtimes.iter().for_each(|metrics| fusee_metrics::observe(&meter, metrics));
        Self { provider, exporter }
    }

    /// What is collected now.
    fn collect<T>(&self, read: impl Fn(&Metric) -> Vec<T>) -> Vec<T> {
        self.exporter.reset();
        self.provider.force_flush().expect("it is exported");
        let collected = self.exporter.get_finished_metrics().expect("what was exported");
        let [collected] = collected.as_slice() else { panic!("one collection, and not {}", collected.len()) };
        collected.scope_metrics().flat_map(|scope| scope.metrics()).flat_map(read).collect()
    }

    fn values(&self) -> Values {
        let told = self.collect(points);
        let values: Values = told.iter().cloned().collect();
        assert_eq!(values.len(), told.len(), "each series once");
        values
    }
}

/// The values of an instrument.
fn points(metric: &Metric) -> Vec<(Series, f64)> {
    let point = |attributes: &mut dyn Iterator<Item = &KeyValue>, value| {
        let labels: BTreeMap<_, _> = attributes.map(|pair| (pair.key.to_string(), pair.value.to_string())).collect();
        ((metric.name().to_owned(), labels), value)
    };
    match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => {
            sum.data_points().map(|read| point(&mut read.attributes(), read.value() as f64)).collect()
        }
        AggregatedMetrics::U64(MetricData::Gauge(gauge)) => {
            gauge.data_points().map(|read| point(&mut read.attributes(), read.value() as f64)).collect()
        }
        AggregatedMetrics::F64(MetricData::Sum(sum)) => {
            sum.data_points().map(|read| point(&mut read.attributes(), read.value())).collect()
        }
        other => panic!("{} is {other:?}", metric.name()),
    }
}

/// Without unit and suffix, with dots between scopes.
fn renamed(name: &str, part: &str) -> String {
    let name = name.trim_end_matches("_total").trim_end_matches("_seconds");
    let name = name.replace("fusee_worker_", "fusee.worker.").replace("fusee_", "fusee.");
    if part.is_empty() { name } else { format!("{name}.{part}") }
}

#[test]
fn what_is_collected_is_what_the_runtime_says() {
    let runtime = used("mine");
    let metrics = runtime.metrics();
    drop(runtime);
    let values = Collector::of(&[&metrics]).values();
    assert_eq!(values, values_of(&metrics, renamed));
    let worker = |name: &str| values.keys().any(|(other, labels)| other == name && labels["worker"] == "1");
    assert!(worker("fusee.worker.busy") && worker("fusee.worker.polls"), "{values:?}");
}

#[test]
fn each_collection_reads_anew() {
    let runtime = used("mine");
    let collector = Collector::of(&[&runtime.metrics()]);
    let before = collector.values();
    run_some(&runtime);
    let metrics = runtime.metrics();
    drop(runtime);
    assert_ne!(collector.values(), before);
    assert_eq!(collector.values(), values_of(&metrics, renamed));
}

#[test]
fn each_instrument_has_its_description_its_unit_and_its_kind() {
    let runtime = used("mine");
    let told = Collector::of(&[&runtime.metrics()]).collect(|metric| {
        let is_monotonic = match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(sum)) => sum.is_monotonic(),
            AggregatedMetrics::F64(MetricData::Sum(sum)) => sum.is_monotonic(),
            _ => false,
        };
        vec![(metric.name().to_owned(), metric.unit().to_owned(), metric.description().to_owned(), is_monotonic)]
    });
    runtime.metrics().visit(|sample| {
        let name = renamed(sample.name, "");
        let told: Vec<_> =
            told.iter().filter(|(other, ..)| *other == name || other.starts_with(&format!("{name}."))).collect();
        assert!(!told.is_empty(), "{name}");
        for (part, unit, description, is_monotonic) in told {
            assert_eq!(description, sample.help, "{part}");
            let is_time = sample.unit.is_some() && !part.ends_with(".bucket") && !part.ends_with(".count");
            assert_eq!(unit == "s", is_time, "{part}");
            let grows = sample.name.ends_with("_total") || sample.name.ends_with("_poll_seconds");
            assert_eq!(*is_monotonic, grows, "{part}");
        }
    });
}

#[test]
fn a_collection_works_while_all_workers_are_stuck() {
    let runtime = used("mine");
    let metrics = runtime.metrics();
    let collector = Collector::of(&[&metrics]);
    let (holds, held) = channel::<()>();
    let (tell, stuck) = channel();
    let held = std::sync::Arc::new(std::sync::Mutex::new(held));
    for _ in 0..metrics.num_workers() {
        let (tell, held) = (tell.clone(), held.clone());
        runtime.spawn(async move {
            tell.send(()).expect("somebody counts");
            // Until the other end is dropped.
            let _ = held.lock().expect("nobody panics").recv();
        });
    }
    stuck.iter().take(metrics.num_workers()).for_each(drop);
    let alive = ("fusee.alive_tasks".to_owned(), BTreeMap::from([("runtime".to_owned(), "mine".to_owned())]));
    assert_eq!(collector.values()[&alive], 2.0);
    drop(holds);
}

#[test]
fn runtimes_are_told_apart_by_their_names() {
    let metrics = ["one", "two"].map(|name| used(name).metrics());
    let values = Collector::of(&[&metrics[0], &metrics[1]]).values();
    assert_eq!(values, metrics.iter().flat_map(|metrics| values_of(metrics, renamed)).collect());
}
