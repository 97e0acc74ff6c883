//! What a recorder of the crate `metrics` is told: the values of the runtime, under its names.

mod support;

use std::collections::BTreeMap;

use fusee::runtime::{Builder, Handle, RuntimeMetrics};
use fusee::time::{Duration, sleep};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use prometheus_parse::{Scrape, Value};
use support::{Values, run_some, used, values_of};

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new().build_recorder()
}

fn publish(recorder: &PrometheusRecorder, metrics: &RuntimeMetrics) {
    metrics::with_local_recorder(recorder, || fusee_metrics::publish(metrics));
}

fn scrape(recorder: &PrometheusRecorder) -> Scrape {
    let text = recorder.handle().render();
    Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).expect("it is Prometheus' format")
}

/// All that a recorder knows.
fn values(recorder: &PrometheusRecorder) -> Values {
    let told = scrape(recorder).samples.into_iter().map(|sample| {
        let (Value::Counter(value) | Value::Gauge(value)) = sample.value else {
            panic!("{} is {:?}", sample.metric, sample.value)
        };
        let labels: BTreeMap<_, _> =
            sample.labels.iter().map(|(label, value)| (label.clone(), value.clone())).collect();
        ((sample.metric, labels), value)
    });
    told.collect()
}

fn expected(metrics: &RuntimeMetrics) -> Values {
    values_of(metrics, |name, part| if part.is_empty() { name.to_owned() } else { format!("{name}_{part}") })
}

#[test]
fn a_recorder_is_told_what_the_runtime_says() {
    let (runtime, recorder) = (used("mine"), recorder());
    let metrics = runtime.metrics();
    drop(runtime);
    publish(&recorder, &metrics);
    assert_eq!(values(&recorder), expected(&metrics));
}

#[test]
fn each_metric_has_its_description_and_its_kind() {
    let (runtime, recorder) = (used("mine"), recorder());
    publish(&recorder, &runtime.metrics());
    let (docs, samples) = (scrape(&recorder).docs, scrape(&recorder).samples);
    runtime.metrics().visit(|sample| {
        // Those of a histogram have that of the whole.
        let named = samples.iter().filter(|told| told.metric.starts_with(sample.name));
        let named: Vec<_> = named.collect();
        assert!(!named.is_empty(), "{}", sample.name);
        for told in named {
            assert_eq!(docs[&told.metric], sample.help);
            let counts = ["_total", "_bucket", "_count"].iter().any(|suffix| told.metric.ends_with(suffix));
            let counts = counts && !told.metric.ends_with("_seconds_total");
            assert_eq!(matches!(told.value, Value::Counter(_)), counts, "{}", told.metric);
        }
    });
}

#[test]
fn what_is_published_again_replaces_what_was() {
    let (runtime, recorder) = (used("mine"), recorder());
    publish(&recorder, &runtime.metrics());
    let before = values(&recorder);
    run_some(&runtime);
    let metrics = runtime.metrics();
    drop(runtime);
    publish(&recorder, &metrics);
    assert_eq!(values(&recorder), expected(&metrics));
    assert_ne!(values(&recorder), before);
}

#[test]
fn runtimes_are_told_apart_by_their_names() {
    let recorder = recorder();
    let metrics = ["one", "two"].map(|name| used(name).metrics());
    metrics.iter().for_each(|metrics| publish(&recorder, metrics));
    assert_eq!(values(&recorder), metrics.iter().flat_map(expected).collect());
}

#[test]
fn where_nobody_records_nothing_happens() {
    fusee_metrics::publish(&used("mine").metrics());
}

#[test]
fn it_is_published_once_a_period_from_the_beginning_on() {
    let recorder = recorder();
    let runtime = Builder::new_current_thread().start_paused(true).build().expect("a runtime");
    let spawned = || values(&recorder).get(&("fusee_spawned_tasks_total".to_owned(), BTreeMap::new())).copied();
    let spawns = || drop(fusee::spawn(async {}));
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let publishes = fusee_metrics::publish_every(Handle::current().metrics(), Duration::from_secs(10));
            let publishes = fusee::spawn(publishes);
            sleep(Duration::from_secs(1)).await;
            assert_eq!(spawned(), Some(1.0), "itself");
            spawns();
            sleep(Duration::from_secs(8)).await;
            assert_eq!(spawned(), Some(1.0), "it is not time yet");
            sleep(Duration::from_secs(2)).await;
            assert_eq!(spawned(), Some(2.0));
            publishes.abort();
            assert!(publishes.await.unwrap_err().is_cancelled());
            spawns();
            sleep(Duration::from_secs(100)).await;
            assert_eq!(spawned(), Some(2.0), "it was aborted");
        });
    });
}
