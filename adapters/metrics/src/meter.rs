//! opentelemetry: instruments that are read whenever somebody collects.
//!
//! Who calls it: users, once; then the SDK, on the threads of its readers. Deliberately not here: an SDK.

use fusee::runtime::{RuntimeMetrics, Sample, SampleKind, SampleValue};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter};

/// Has a meter of [`opentelemetry`] observe a runtime's counters, gauges and histograms: feature `opentelemetry`.
///
/// It registers an observable instrument for each, which reads at collection and not before: nothing runs in between,
/// and a collection works while all workers are stuck. The instruments last as long as the meter's provider, which
/// cannot take any back, and they keep what is left of the runtime after its end: its counters, and some kilobytes.
/// Call it once for each runtime.
///
/// Names are those of [`Sample::name`] with a dot after each scope, and without unit and `_total`, which Prometheus'
/// exporters add: `fusee_worker_busy_seconds_total` is `fusee.worker.busy`, whose unit is `s`. A histogram
/// `fusee_poll_seconds` is three counters, `fusee.poll.bucket` with the attribute `le`, `fusee.poll.count` and
/// `fusee.poll.sum`.
///
/// ```
/// use opentelemetry::metrics::MeterProvider;
/// use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
///
/// // In an application, an exporter of OTLP.
/// let exporter = InMemoryMetricExporter::default();
/// let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
///
/// let runtime = fusee::runtime::Runtime::new()?;
/// fusee_metrics::observe(&provider.meter("fusee"), &runtime.metrics());
/// # provider.force_flush()?;
/// # let collected = exporter.get_finished_metrics()?;
/// # assert!(collected[0].scope_metrics().flat_map(|scope| scope.metrics()).any(|metric| metric.name() == "fusee.worker.busy"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn observe(meter: &Meter, metrics: &RuntimeMetrics) {
    let mut last = "";
    metrics.visit(|sample| {
        // The samples of all workers are one instrument's.
        if std::mem::replace(&mut last, sample.name) != sample.name {
            register(meter, metrics, &sample);
        }
    });
}

/// The instruments for all samples of the name that this one has.
fn register(meter: &Meter, metrics: &RuntimeMetrics, sample: &Sample<'_>) {
    let (source, name) = (Source { metrics: metrics.clone(), name: sample.name }, name_of(sample));
    match (sample.value, sample.kind) {
        (SampleValue::Number(_), SampleKind::Counter) => {
            let builder = meter.u64_observable_counter(name).with_description(sample.help);
            builder.with_callback(move |instrument| source.observe(instrument, number)).build();
        }
        (SampleValue::Number(_), _) => {
            let builder = meter.u64_observable_gauge(name).with_description(sample.help);
            builder.with_callback(move |instrument| source.observe(instrument, number)).build();
        }
        (SampleValue::Time(_), SampleKind::Counter) => {
            let builder = meter.f64_observable_counter(name).with_description(sample.help).with_unit("s");
            builder.with_callback(move |instrument| source.observe(instrument, seconds)).build();
        }
        (SampleValue::Time(_), _) => {
            let builder = meter.f64_observable_gauge(name).with_description(sample.help).with_unit("s");
            builder.with_callback(move |instrument| source.observe(instrument, seconds)).build();
        }
        (SampleValue::Histogram(_), _) => {
            let [buckets, counts] = [(); 2].map(|()| source.clone());
            let builder = meter.u64_observable_counter(format!("{name}.bucket")).with_description(sample.help);
            builder.with_callback(move |instrument| buckets.observe_buckets(instrument)).build();
            let builder = meter.u64_observable_counter(format!("{name}.count")).with_description(sample.help);
            builder.with_callback(move |instrument| counts.observe(instrument, number)).build();
            let builder =
                meter.f64_observable_counter(format!("{name}.sum")).with_description(sample.help).with_unit("s");
            builder.with_callback(move |instrument| source.observe(instrument, seconds)).build();
        }
        // A kind that later versions may have.
        _ => {}
    }
}

/// What an instrument reads.
#[derive(Clone)]
struct Source {
    metrics: RuntimeMetrics,
    name: &'static str,
}

impl Source {
    fn observe<M>(&self, instrument: &dyn AsyncInstrument<M>, value: impl Fn(SampleValue<'_>) -> Option<M>) {
        self.metrics.visit_named(self.name, |sample| {
            if let Some(value) = value(sample.value) {
                instrument.observe(value, &attributes(&sample));
            }
        });
    }

    fn observe_buckets(&self, instrument: &dyn AsyncInstrument<u64>) {
        self.metrics.visit_named(self.name, |sample| {
            let SampleValue::Histogram(times) = sample.value else { return };
            let attributes = attributes(&sample);
            for (bound, count) in crate::buckets(times) {
                let bound = KeyValue::new("le", bound);
                instrument.observe(count, &[attributes.as_slice(), &[bound]].concat());
            }
        });
    }
}

/// A number, or that of a histogram's times.
fn number(value: SampleValue<'_>) -> Option<u64> {
    match value {
        SampleValue::Number(number) => Some(number),
        SampleValue::Histogram(times) => Some(times.count()),
        _ => None,
    }
}

/// A time, or the sum of a histogram's, in seconds.
fn seconds(value: SampleValue<'_>) -> Option<f64> {
    match value {
        SampleValue::Time(time) => Some(time.as_secs_f64()),
        SampleValue::Histogram(times) => Some(times.sum().as_secs_f64()),
        _ => None,
    }
}

/// `fusee_worker_busy_seconds_total`, in seconds, is `fusee.worker.busy`.
fn name_of(sample: &Sample<'_>) -> String {
    let name = sample.name.trim_end_matches("_total");
    let name = sample.unit.and_then(|unit| name.strip_suffix(unit)?.strip_suffix('_')).unwrap_or(name);
    let name = name.replacen("fusee_worker_", "fusee.worker.", 1);
    name.replacen("fusee_", "fusee.", 1)
}

fn attributes(sample: &Sample<'_>) -> Vec<KeyValue> {
    let runtime = sample.runtime.map(|name| KeyValue::new("runtime", name.to_owned()));
    let worker = sample.worker.map(|worker| KeyValue::new("worker", worker as i64));
    runtime.into_iter().chain(worker).collect()
}
