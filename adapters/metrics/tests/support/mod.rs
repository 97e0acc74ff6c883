//! What the tests share: runtimes that have done something, and what their counters say.

use std::collections::BTreeMap;

use fusee::runtime::{Builder, Runtime, RuntimeMetrics, SampleValue};
use fusee::task::yield_now;
use fusee::time::{Duration, sleep};

/// A name and its labels.
pub(crate) type Series = (String, BTreeMap<String, String>);

/// What one says: a number, or seconds.
pub(crate) type Values = BTreeMap<Series, f64>;

/// A runtime that counts its tasks and has run some.
pub(crate) fn used(name: &str) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).name(name).task_statistics(true).build().expect("a runtime");
    run_some(&runtime);
    runtime
}

pub(crate) fn run_some(runtime: &Runtime) {
    runtime.block_on(async {
        for _ in 0..10 {
            fusee::spawn(yield_now()).await.expect("its output");
        }
        fusee::spawn(sleep(Duration::from_millis(1))).await.expect("its output");
    });
}

/// All that a runtime's counters say, histograms in parts, under the names that `name` makes of a sample's name and the part.
pub(crate) fn values_of(metrics: &RuntimeMetrics, name: impl Fn(&str, &str) -> String) -> Values {
    let mut values = Values::new();
    metrics.visit(|sample| {
        let runtime = sample.runtime.map(|name| ("runtime".to_owned(), name.to_owned()));
        let worker = sample.worker.map(|worker| ("worker".to_owned(), worker.to_string()));
        let labels: BTreeMap<_, _> = runtime.into_iter().chain(worker).collect();
        let mut put = |part, labels, value| values.insert((name(sample.name, part), labels), value);
        match sample.value {
            SampleValue::Number(number) => _ = put("", labels, number as f64),
            SampleValue::Time(time) => _ = put("", labels, time.as_secs_f64()),
            SampleValue::Histogram(times) => {
                assert!(times.count() > 0, "{}", sample.name);
                let bounds = times.cumulative().map(|(bound, count)| (format!("{:.9}", bound.as_secs_f64()), count));
                for (bound, count) in bounds.chain([("+Inf".to_owned(), times.count())]) {
                    let labels = labels.clone().into_iter().chain([("le".to_owned(), bound)]).collect();
                    put("bucket", labels, count as f64);
                }
                put("count", labels.clone(), times.count() as f64);
                put("sum", labels, times.sum().as_secs_f64());
            }
            other => panic!("{other:?} is new"),
        }
    });
    assert!(values.values().filter(|value| **value > 0.0).count() > 20, "most have moved: {values:?}");
    values
}
