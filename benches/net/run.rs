//! What one load has found out: how many answers, how late, in which time.

use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// The longest latency that is told apart from longer ones, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;

/// As long is a part of the time that has a percentile of its own.
const SLICE: Duration = Duration::from_millis(100);

pub(super) struct Run {
    start: Instant,
    /// In nanoseconds, as all that follows: of all requests.
    latencies: Histogram<u64>,
    /// How much later than due requests were sent: the client itself is late, or all connections were busy.
    delays: Histogram<u64>,
    /// Of the requests that were answered in the current slice.
    of_slice: Histogram<u64>,
    /// When it ends.
    slice_end: Instant,
    /// The 99th percentiles of the slices before.
    slices: Vec<u64>,
    /// Until the last answer.
    pub(super) time: Duration,
}

impl Run {
    pub(super) fn new(start: Instant) -> Self {
        let histogram = || Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds make sense");
        Self {
            start,
            latencies: histogram(),
            delays: histogram(),
            of_slice: histogram(),
            slice_end: start + SLICE,
            slices: Vec::new(),
            time: Duration::ZERO,
        }
    }

    /// A request is answered now, so late.
    pub(super) fn answered(&mut self, now: Instant, latency: Duration) {
        while now >= self.slice_end {
            self.end_slice();
        }
        self.latencies.saturating_record(latency.as_nanos() as u64);
        self.of_slice.saturating_record(latency.as_nanos() as u64);
    }

    /// A request was sent so much later than due.
    pub(super) fn sent_after(&mut self, delay: Duration) {
        self.delays.saturating_record(delay.as_nanos() as u64);
    }

    /// The last answer is there.
    pub(super) fn end(&mut self) {
        self.time = self.start.elapsed();
        if self.slices.is_empty() {
            self.end_slice();
        }
    }

    pub(super) fn answers(&self) -> u64 {
        self.latencies.len()
    }

    /// A percentile of the latencies of all.
    pub(super) fn latency(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.latencies.value_at_quantile(quantile))
    }

    /// The median of the slices' 99th percentiles; zero without an answer.
    pub(super) fn usual_p99(&self) -> Duration {
        let mut slices = self.slices.clone();
        slices.sort_unstable();
        Duration::from_nanos(slices.get(slices.len() / 2).copied().unwrap_or(0))
    }

    pub(super) fn median_delay(&self) -> Duration {
        Duration::from_nanos(self.delays.value_at_quantile(0.5))
    }

    fn end_slice(&mut self) {
        // Without an answer a slice says nothing by itself: those that it has held up are in a later one.
        if !self.of_slice.is_empty() {
            self.slices.push(self.of_slice.value_at_quantile(0.99));
            self.of_slice.reset();
        }
        self.slice_end += SLICE;
    }
}
