//! The counters of a fusee runtime, told to whom an application tells its own: a module's worth for each, behind a feature of its own.
//!
//! | crate | feature | what tells it |
//! |---|---|---|
//! | [metrics](https://docs.rs/metrics) | `metrics` | `publish`, `publish_every` |
//! | [opentelemetry](https://docs.rs/opentelemetry) | `opentelemetry` | `observe` |
//!
//! None is on by default. Both tell all that [`RuntimeMetrics::visit`](fusee::runtime::RuntimeMetrics::visit) does,
//! which counts whether or not anybody asks. Prometheus needs neither:
//! [`RuntimeMetrics::open_metrics`](fusee::runtime::RuntimeMetrics::open_metrics) is the text that it reads.
//!
//! # Labels
//! The label `worker` is a worker's number, and `runtime` the runtime's [name](fusee::runtime::Builder::name), absent
//! if it has none. Runtimes of one process are told apart by their names alone: give each its own.
//!
//! # Histograms
//! Where a runtime [counts its tasks](fusee::runtime::Builder::task_statistics) there are histograms of how long polls
//! take, and are waited for. Neither crate takes a histogram that somebody else has counted, so each is told as
//! Prometheus stores it: counters of how many times were below each bound, with a label `le`, their number and their
//! sum. PromQL's `histogram_quantile` takes them as they are.

// Who calls it: users, on any thread. Deliberately not here: what is counted.

#[cfg(feature = "opentelemetry")]
mod meter;
#[cfg(feature = "metrics")]
mod recorder;

#[cfg(feature = "opentelemetry")]
pub use meter::observe;
#[cfg(feature = "metrics")]
pub use recorder::{publish, publish_every};

#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
use fusee::runtime::Histogram;

/// The buckets of a histogram: the label of each bound, in seconds, and how many times were below.
#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
fn buckets(times: &Histogram) -> impl Iterator<Item = (String, u64)> {
    let below =
        times.cumulative().map(|(bound, count)| (format!("{}.{:09}", bound.as_secs(), bound.subsec_nanos()), count));
    below.chain([("+Inf".to_owned(), times.count())])
}

#[cfg(all(doctest, feature = "metrics", feature = "opentelemetry"))]
#[doc = include_str!("../README.md")]
mod readme {}
