//! All of a runtime's counters under the names by which monitoring knows them: one table, and what walks it.
//!
//! Who calls it: users, for what ships or shows metrics, and `open_metrics.rs`.
//!
//! A counter that `RuntimeMetrics` gains gets a row: `tests/metrics/samples.rs` reads the files of this folder and fails if it has none.

use std::fmt;
use std::time::Duration;

use super::RuntimeMetrics;
use crate::histogram::Histogram;
use SampleKind::{Counter, Gauge};

/// One of a runtime's counters, gauges or histograms, as it is read: [`RuntimeMetrics::visit`] tells all of them.
///
/// A name means the same in later versions, and stays; new ones may join.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sample<'a> {
    /// What is measured, as Prometheus names it: it begins with `fusee_`, has the [unit](Self::unit) in it, if there is one, and ends in `_total` if
    /// it is a counter. `fusee_worker_polls_total`, `fusee_worker_busy_seconds_total`, `fusee_alive_tasks`.
    pub name: &'static str,
    /// What it is, in a sentence. It has no quotes, backslashes or newlines.
    pub help: &'static str,
    /// The unit, as Prometheus names it: `seconds`. None for what is counted in ones.
    pub unit: Option<&'static str>,
    /// Whether it can go down, or has parts.
    pub kind: SampleKind,
    /// The worker's number, from 0 on, for what is counted for each of them. To be shown as a label `worker`.
    pub worker: Option<usize>,
    /// The runtime's [name](super::super::Builder::name), if it has one. To be shown as a label `runtime`.
    pub runtime: Option<&'a str>,
    /// How much it is.
    pub value: SampleValue<'a>,
}

/// Whether a [`Sample`] can go down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleKind {
    /// It never goes down while the runtime exists.
    Counter,
    /// It says how much there is at the moment.
    Gauge,
    /// It says how many there were of each length: its value is a [`SampleValue::Histogram`]. No part of it goes down.
    Histogram,
}

/// How much a [`Sample`] says that there is: a number, a time, or times by their lengths. It displays as a decimal
/// number, times in seconds, without rounding; a histogram in a few words, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleValue<'a> {
    /// So many.
    Number(u64),
    /// So long.
    Time(Duration),
    /// So many of each length, in seconds as Prometheus has them: see [`Histogram::cumulative`].
    Histogram(&'a Histogram),
}

impl SampleValue<'_> {
    /// As a number, times in seconds: rounded from 2⁵³ on, times to the nearest nanosecond up to 52 days. A histogram is no number: none.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fusee::runtime::SampleValue;
    ///
    /// assert_eq!(SampleValue::Number(3).as_f64(), Some(3.0));
    /// assert_eq!(SampleValue::Time(Duration::from_millis(1500)).as_f64(), Some(1.5));
    /// ```
    pub fn as_f64(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number as f64),
            Self::Time(time) => Some(time.as_secs_f64()),
            Self::Histogram(_) => None,
        }
    }
}

impl fmt::Display for SampleValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Time(time) => write!(f, "{}.{:09}", time.as_secs(), time.subsec_nanos()),
            Self::Histogram(times) => {
                write!(f, "{} in {:?}, the longest {:?}", times.count(), times.sum(), times.max())
            }
        }
    }
}

impl RuntimeMetrics {
    /// Calls `visitor` with each of the counters and gauges, those of workers once for each worker, and the histograms,
    /// if there are any: for what ships metrics by ways of its own. [`open_metrics`](Self::open_metrics) is the text
    /// that Prometheus reads.
    ///
    /// Samples of one name come one after the other, by workers. Each is read just before the visitor is told, and no lock is held then; a panic of the visitor passes on
    /// to the caller.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(2).name("requests").build()?;
    /// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
    ///
    /// let mut polls = 0.0;
    /// runtime.metrics().visit(|sample| {
    ///     if sample.name == "fusee_worker_polls_total" {
    ///         assert!(sample.runtime == Some("requests") && sample.worker.is_some());
    ///         // Numbers and times are all that there is, unless tasks are counted.
    ///         polls += sample.value.as_f64().unwrap();
    ///     }
    /// });
    /// assert_eq!(polls, 1.0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn visit(&self, mut visitor: impl FnMut(Sample<'_>)) {
        for metric in METRICS {
            metric.visit(self, &mut visitor);
        }
    }

    /// As [`visit`](Self::visit), with the samples of one name alone, and nothing else is read: for what asks for each
    /// metric by itself. An unknown name has no samples.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    /// let mut workers = Vec::new();
    /// runtime.metrics().visit_named("fusee_worker_polls_total", |sample| workers.push(sample.worker));
    /// assert_eq!(workers, [Some(0), Some(1)]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn visit_named(&self, name: &str, mut visitor: impl FnMut(Sample<'_>)) {
        for metric in METRICS.iter().filter(|metric| metric.name == name) {
            metric.visit(self, &mut visitor);
        }
    }
}

/// A row of the table.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: SampleKind,
    reading: Reading,
}

/// How a metric is read.
enum Reading {
    Number(fn(&RuntimeMetrics) -> u64),
    WorkerNumber(fn(&RuntimeMetrics, usize) -> u64),
    WorkerTime(fn(&RuntimeMetrics, usize) -> Duration),
    Times(fn(&RuntimeMetrics) -> Option<Histogram>),
}

use Reading::{Number, Times, WorkerNumber, WorkerTime};

impl Metric {
    const fn new(kind: SampleKind, name: &'static str, reading: Reading, help: &'static str) -> Self {
        Self { name, help, kind, reading }
    }

    pub(super) fn unit(&self) -> Option<&'static str> {
        match self.reading {
            Number(_) | WorkerNumber(_) => None,
            WorkerTime(_) | Times(_) => Some("seconds"),
        }
    }

    pub(super) fn visit(&self, metrics: &RuntimeMetrics, visitor: &mut impl FnMut(Sample<'_>)) {
        let mut tell = |worker, value| {
            visitor(Sample {
                name: self.name,
                help: self.help,
                unit: self.unit(),
                kind: self.kind,
                worker,
                runtime: metrics.handle.name(),
                value,
            });
        };
        let workers = 0..metrics.num_workers();
        match self.reading {
            Number(read) => tell(None, SampleValue::Number(read(metrics))),
            WorkerNumber(read) => workers.for_each(|w| tell(Some(w), SampleValue::Number(read(metrics, w)))),
            WorkerTime(read) => workers.for_each(|w| tell(Some(w), SampleValue::Time(read(metrics, w)))),
            Times(read) => read(metrics).iter().for_each(|times| tell(None, SampleValue::Histogram(times))),
        }
    }
}

#[rustfmt::skip]
pub(super) static METRICS: &[Metric] = &[
    Metric::new(Gauge, "fusee_workers", Number(|m| m.num_workers() as u64),
        "Workers of the runtime."),
    Metric::new(Gauge, "fusee_alive_tasks", Number(|m| m.num_alive_tasks() as u64),
        "Tasks spawned and not complete yet."),
    Metric::new(Counter, "fusee_spawned_tasks_total", Number(RuntimeMetrics::spawned_tasks_count),
        "Tasks spawned."),
    Metric::new(Gauge, "fusee_global_queue_depth", Number(|m| m.global_queue_depth() as u64),
        "Tasks that wait in the global queue."),
    Metric::new(Counter, "fusee_remote_schedules_total", Number(RuntimeMetrics::remote_schedule_count),
        "Times that a task was put into the global queue."),
    Metric::new(Counter, "fusee_slot_rescues_total", Number(RuntimeMetrics::slot_rescue_count),
        "Tasks moved out of the slot of a worker that was stuck in a poll."),
    Metric::new(Counter, "fusee_budget_forced_yields_total", Number(RuntimeMetrics::budget_forced_yield_count),
        "Polls that were made to give way because their budget was spent."),
    Metric::new(Gauge, "fusee_blocking_threads", Number(|m| m.num_blocking_threads() as u64),
        "Threads of the blocking pool, busy or idle."),
    Metric::new(Gauge, "fusee_idle_blocking_threads", Number(|m| m.num_idle_blocking_threads() as u64),
        "Threads of the blocking pool that have nothing to do."),
    Metric::new(Gauge, "fusee_blocking_queue_depth", Number(|m| m.blocking_queue_depth() as u64),
        "Blocking jobs that wait for a thread."),
    Metric::new(Gauge, "fusee_timers_live", Number(|m| m.timers_live() as u64),
        "Timers that wait, or were fired and not polled since."),
    Metric::new(Counter, "fusee_timers_registered_total", Number(RuntimeMetrics::timers_registered_count),
        "Timers registered."),
    Metric::new(Counter, "fusee_timers_fired_total", Number(RuntimeMetrics::timers_fired_count),
        "Timers fired."),
    Metric::new(Counter, "fusee_timers_cancelled_total", Number(RuntimeMetrics::timers_cancelled_count),
        "Timers that went before they were fired."),
    Metric::new(Counter, "fusee_driver_wakes_total", Number(RuntimeMetrics::driver_wake_count),
        "Times that the timer driver woke."),
    Metric::new(Counter, "fusee_driver_spurious_wakes_total", Number(RuntimeMetrics::driver_spurious_wake_count),
        "Times that the timer driver woke, not to end, and fired no timer."),
    Metric::new(Counter, "fusee_worker_polls_total", WorkerNumber(RuntimeMetrics::worker_poll_count),
        "Polls of tasks by a worker."),
    Metric::new(Counter, "fusee_worker_busy_seconds_total", WorkerTime(RuntimeMetrics::worker_total_busy_duration),
        "How long a worker has run tasks or looked for some, and was not parked."),
    Metric::new(Counter, "fusee_worker_parks_total", WorkerNumber(RuntimeMetrics::worker_park_count),
        "Times that a worker parked."),
    Metric::new(Counter, "fusee_worker_park_unparks_total", WorkerNumber(RuntimeMetrics::worker_park_unpark_count),
        "Times that a worker parked or was unparked: odd while it is parked."),
    Metric::new(Counter, "fusee_worker_noops_total", WorkerNumber(RuntimeMetrics::worker_noop_count),
        "Times that a worker was unparked and polled no task."),
    Metric::new(Counter, "fusee_worker_slot_hits_total", WorkerNumber(RuntimeMetrics::worker_slot_hit_count),
        "Tasks that a worker took from its slot for the task woken last."),
    Metric::new(Counter, "fusee_worker_steal_tries_total", WorkerNumber(RuntimeMetrics::worker_steal_try_count),
        "Queues of other workers that a worker tried to steal from."),
    Metric::new(Counter, "fusee_worker_steal_operations_total", WorkerNumber(RuntimeMetrics::worker_steal_operations),
        "Times that a worker stole from another, one task or several."),
    Metric::new(Counter, "fusee_worker_stolen_tasks_total", WorkerNumber(RuntimeMetrics::worker_steal_count),
        "Tasks that a worker stole from others."),
    Metric::new(Counter, "fusee_worker_local_schedules_total", WorkerNumber(RuntimeMetrics::worker_local_schedule_count),
        "Times that a task was put into the local queue of a worker by its own thread."),
    Metric::new(Gauge, "fusee_worker_local_queue_depth", WorkerNumber(|m, w| m.worker_local_queue_depth(w) as u64),
        "Tasks that wait in the local queue of a worker."),
    Metric::new(Counter, "fusee_worker_overflows_total", WorkerNumber(RuntimeMetrics::worker_overflow_count),
        "Times that a local queue was full: always zero, for local queues grow."),
    Metric::new(SampleKind::Histogram, "fusee_poll_seconds", Times(RuntimeMetrics::poll_times),
        "How long polls of tasks took."),
    Metric::new(SampleKind::Histogram, "fusee_wake_to_poll_seconds", Times(RuntimeMetrics::wake_to_poll_times),
        "How long tasks waited to be polled once they were woken or spawned."),
];
