//! The counters as text that Prometheus reads.
//!
//! Who calls it: users, on whichever thread answers the scraper.
//!
//! The format is that of *OpenMetrics 1.0.0*, section "Text format" (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write as _};

use super::RuntimeMetrics;
use super::samples::{METRICS, Metric, Sample, SampleKind, SampleValue};

impl RuntimeMetrics {
    /// The counters, gauges and histograms as OpenMetrics text: see [Serving metrics](OpenMetrics#serving-metrics).
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let text = runtime.metrics().open_metrics().to_string();
    /// assert!(text.contains("\nfusee_spawned_tasks_total 0\n") && text.ends_with("# EOF\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn open_metrics(&self) -> OpenMetrics {
        OpenMetrics { runtimes: vec![self.clone()] }
    }
}

/// The counters of a runtime, or of several, as OpenMetrics text, which Prometheus reads: from [`RuntimeMetrics::open_metrics`], or collected.
///
/// It displays as the whole text, up to its last line, `# EOF`, with the values of the moment in which it is displayed.
/// Each metric has its HELP and TYPE, and UNIT where it has one. Times are in seconds. The histograms of runtimes that
/// [count their tasks](super::super::Builder::task_statistics) are those of all workers together; a bucket's label `le`
/// is a time that none in it has reached. The label `worker` is a worker's number; `runtime` is the
/// [name](super::super::Builder::name) of the runtime. The name of one without is empty, and absent if no runtime of
/// the text has one. If several in one text have the same name, a number follows from the second on, by which they are
/// told apart: `requests`, `requests#2`.
///
/// ```
/// use fusee::runtime::{Builder, OpenMetrics};
///
/// let front = Builder::new_multi_thread().worker_threads(1).name("front").build()?;
/// let batch = Builder::new_current_thread().name("batch").build()?;
/// let text = OpenMetrics::from_iter([front.metrics(), batch.metrics()]).to_string();
/// assert!(text.contains("fusee_worker_polls_total{runtime=\"front\",worker=\"0\"} 0\n"));
/// assert!(text.contains("fusee_worker_polls_total{runtime=\"batch\",worker=\"0\"} 0\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Serving metrics
/// The text is the body of an HTTP answer whose `Content-Type` is [`CONTENT_TYPE`](Self::CONTENT_TYPE). Prometheus' own text format is much the same: it takes HELP and TYPE of
/// gauges from it, and the samples of counters as untyped. To put it behind metrics of your own, let theirs go without `# EOF`, which may stand at the end only.
///
/// Any thread may make it. One outside of the runtime, as here, answers also while all workers are stuck; in a service it is as well a route of its server.
///
/// ```
/// use std::io::{BufRead, BufReader, Read, Write};
/// use std::net::{TcpListener, TcpStream};
///
/// use fusee::runtime::{OpenMetrics, Runtime};
///
/// let runtime = Runtime::new()?;
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
///
/// let metrics = runtime.metrics();
/// std::thread::spawn(move || {
///     for stream in listener.incoming().flatten() {
///         // The head of the request ends in an empty line.
///         let head = BufReader::new(&stream).lines().map_while(Result::ok);
///         head.take_while(|line| !line.is_empty()).for_each(drop);
///
///         let (kind, body) = (OpenMetrics::CONTENT_TYPE, metrics.open_metrics());
///         // A scraper that has gone away is no concern of ours.
///         let _ = write!(&stream, "HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n{body}");
///     }
/// });
///
/// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
///
/// let mut scraper = TcpStream::connect(address)?;
/// scraper.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
/// let mut answer = String::new();
/// scraper.read_to_string(&mut answer)?;
/// assert!(answer.contains("\nfusee_spawned_tasks_total 1\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenMetrics {
    runtimes: Vec<RuntimeMetrics>,
}

impl OpenMetrics {
    /// The `Content-Type` of the text.
    pub const CONTENT_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// Each runtime with the value of its label, which no other has.
    fn labelled(&self) -> Vec<(&RuntimeMetrics, String)> {
        let (mut taken, mut numbers) = (HashSet::new(), HashMap::new());
        let label = |runtime: &RuntimeMetrics| {
            let name = runtime.handle.name().unwrap_or_default();
            let mut label = name.to_owned();
            let number = numbers.entry(name.to_owned()).or_insert(1);
            while !taken.insert(label.clone()) {
                *number += 1;
                label = format!("{name}#{number}");
            }
            label
        };
        let labels: Vec<_> = self.runtimes.iter().map(label).collect();
        self.runtimes.iter().zip(labels).collect()
    }
}

impl FromIterator<RuntimeMetrics> for OpenMetrics {
    fn from_iter<I: IntoIterator<Item = RuntimeMetrics>>(runtimes: I) -> Self {
        Self { runtimes: runtimes.into_iter().collect() }
    }
}

impl fmt::Display for OpenMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runtimes = self.labelled();
        // The samples of a metric are to have the same labels, all of them.
        let is_told = runtimes.iter().any(|(_, label)| !label.is_empty());
        for metric in METRICS {
            // What has no samples has no head either.
            let mut has_head = false;
            for (runtime, label) in &runtimes {
                let mut written = Ok(());
                metric.visit(runtime, &mut |sample| {
                    written = written.and_then(|()| {
                        if !std::mem::replace(&mut has_head, true) {
                            write_head(f, metric)?;
                        }
                        write_sample(f, &sample, is_told.then_some(label))
                    });
                });
                written?;
            }
        }
        f.write_str("# EOF\n")
    }
}

/// What stands above the samples of a metric. A counter's family goes without the suffix of its samples.
fn write_head(f: &mut fmt::Formatter<'_>, metric: &Metric) -> fmt::Result {
    let (family, kind) = match metric.kind {
        SampleKind::Counter => (metric.name.trim_end_matches("_total"), "counter"),
        SampleKind::Gauge => (metric.name, "gauge"),
        SampleKind::Histogram => (metric.name, "histogram"),
    };
    writeln!(f, "# TYPE {family} {kind}")?;
    if let Some(unit) = metric.unit() {
        writeln!(f, "# UNIT {family} {unit}")?;
    }
    writeln!(f, "# HELP {family} {}", metric.help)
}

fn write_sample(f: &mut fmt::Formatter<'_>, sample: &Sample<'_>, runtime: Option<&String>) -> fmt::Result {
    let mut write = |suffix, below: Option<&str>, value: SampleValue<'_>| {
        f.write_str(sample.name)?;
        f.write_str(suffix)?;
        write_labels(f, sample, runtime, below)?;
        writeln!(f, " {value}")
    };
    match sample.value {
        SampleValue::Number(_) | SampleValue::Time(_) => write("", None, sample.value),
        SampleValue::Histogram(times) => {
            for (bound, count) in times.cumulative() {
                let bound = SampleValue::Time(bound).to_string();
                write("_bucket", Some(&bound), SampleValue::Number(count))?;
            }
            let count = SampleValue::Number(times.count());
            write("_bucket", Some("+Inf"), count)?;
            write("_count", None, count)?;
            write("_sum", None, SampleValue::Time(times.sum()))
        }
    }
}

fn write_labels(
    f: &mut fmt::Formatter<'_>,
    sample: &Sample<'_>,
    runtime: Option<&String>,
    below: Option<&str>,
) -> fmt::Result {
    let mut open = '{';
    if let Some(runtime) = runtime {
        f.write_str("{runtime=\"")?;
        write_escaped(f, runtime)?;
        f.write_char('"')?;
        open = ',';
    }
    if let Some(worker) = sample.worker {
        write!(f, "{open}worker=\"{worker}\"")?;
        open = ',';
    }
    if let Some(below) = below {
        write!(f, "{open}le=\"{below}\"")?;
        open = ',';
    }
    if open == ',' { f.write_char('}') } else { Ok(()) }
}

/// A label's value within its quotes.
fn write_escaped(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    value.chars().try_for_each(|character| match character {
        '\\' => f.write_str("\\\\"),
        '"' => f.write_str("\\\""),
        '\n' => f.write_str("\\n"),
        other => f.write_char(other),
    })
}
