//! The crate `metrics`: a recorder is told all values whenever somebody asks for that.
//!
//! Who calls it: users, on any thread. Deliberately not here: a recorder.

use std::convert::Infallible;

use fusee::runtime::{RuntimeMetrics, Sample, SampleKind, SampleValue};
use fusee::time::{Duration, interval};
use metrics::{Label, Unit, counter, describe_counter, describe_gauge, gauge};

/// Tells the recorder of the crate [`metrics`] what a runtime's counters, gauges and histograms are now, each with its
/// description: feature `metrics`.
///
/// Call it before the recorder is asked for what it knows, as where Prometheus scrapes; or see [`publish_every`]. The
/// recorder is the thread's, or else the process's; without one nothing happens. A call costs what the recorder takes
/// for some thirty metrics, those of workers once for each.
///
/// Names are those of [`Sample::name`]. Counters of times are gauges, for `metrics` has counters of whole numbers
/// alone: their values are in seconds, and go up as they should. A histogram `fusee_poll_seconds` is the counters
/// `fusee_poll_seconds_bucket` and `fusee_poll_seconds_count`, and the gauge `fusee_poll_seconds_sum`.
///
/// ```
/// use metrics_exporter_prometheus::PrometheusBuilder;
///
/// let recorder = PrometheusBuilder::new().build_recorder();
/// let runtime = fusee::runtime::Runtime::new()?;
/// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
/// metrics::with_local_recorder(&recorder, || fusee_metrics::publish(&runtime.metrics()));
/// assert!(recorder.handle().render().contains("\nfusee_spawned_tasks_total 1\n"));
/// # std::io::Result::Ok(())
/// ```
pub fn publish(metrics: &RuntimeMetrics) {
    metrics.visit(|sample| {
        let labels = labels(&sample);
        match (sample.value, sample.kind) {
            (SampleValue::Number(number), SampleKind::Counter) => {
                describe_counter!(sample.name, Unit::Count, sample.help);
                counter!(sample.name, labels).absolute(number);
            }
            (SampleValue::Number(number), _) => {
                describe_gauge!(sample.name, Unit::Count, sample.help);
                gauge!(sample.name, labels).set(number as f64);
            }
            (SampleValue::Time(time), _) => {
                describe_gauge!(sample.name, Unit::Seconds, sample.help);
                gauge!(sample.name, labels).set(time.as_secs_f64());
            }
            (SampleValue::Histogram(times), _) => {
                let [bucket, count, sum] = ["bucket", "count", "sum"].map(|part| format!("{}_{part}", sample.name));
                describe_counter!(bucket.clone(), Unit::Count, sample.help);
                for (bound, count) in crate::buckets(times) {
                    let mut labels = labels.clone();
                    labels.push(Label::new("le", bound));
                    counter!(bucket.clone(), labels).absolute(count);
                }
                describe_counter!(count.clone(), Unit::Count, sample.help);
                counter!(count, labels.clone()).absolute(times.count());
                describe_gauge!(sum.clone(), Unit::Seconds, sample.help);
                gauge!(sum, labels).set(times.sum().as_secs_f64());
            }
            // A kind that later versions may have.
            _ => {}
        }
    });
}

/// [Publishes](publish) a runtime's counters now, and whenever a `period` has passed: for recorders that are asked by
/// nobody, or cannot say when they are.
///
/// It never ends. To be spawned, on any runtime, and dropped or aborted at any point; what was told stays. A
/// publication that was missed, for the runtime was too busy, is not made up for.
///
/// # Panics
/// If the period is zero.
///
/// ```
/// use fusee::time::Duration;
///
/// # let runtime = fusee::runtime::Runtime::new()?;
/// # runtime.block_on(async {
/// let metrics = fusee::runtime::Handle::current().metrics();
/// let publishes = fusee::spawn(fusee_metrics::publish_every(metrics, Duration::from_secs(10)));
/// // At the end, if the application has one:
/// publishes.abort();
/// # });
/// # std::io::Result::Ok(())
/// ```
pub async fn publish_every(metrics: RuntimeMetrics, period: Duration) -> Infallible {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(fusee::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        publish(&metrics);
    }
}

fn labels(sample: &Sample<'_>) -> Vec<Label> {
    let runtime = sample.runtime.map(|name| Label::new("runtime", name.to_owned()));
    let worker = sample.worker.map(|worker| Label::new("worker", worker.to_string()));
    runtime.into_iter().chain(worker).collect()
}
