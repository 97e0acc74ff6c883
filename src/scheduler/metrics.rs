//! Counters of one worker: written by its thread alone, read by anybody.
//!
//! A single writer needs no read-modify-write: it stores what it knows plus one.

use crate::sync::atomic::{AtomicU64, Ordering};

/// A worker's counters, on a line of their own.
#[derive(Debug, Default)]
pub(crate) struct WorkerMetrics {
    pub(crate) polls: Counter,
    /// Polls that were made to give way, their budget being spent.
    pub(crate) forced_yields: Counter,
    pub(crate) steal_operations: Counter,
    pub(crate) stolen_tasks: Counter,
    pub(crate) parks: Counter,
    /// Tasks taken from the slot for the task woken last.
    pub(crate) slot_hits: Counter,
}

/// A number that only one thread increases.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds `count`. On the writer's thread only.
    pub(crate) fn add(&self, count: u64) {
        // Counter only: one writer.
        let now = self.0.load(Ordering::Relaxed);
        // Counter only: one writer.
        self.0.store(now.wrapping_add(count), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        // Counter only.
        self.0.load(Ordering::Relaxed)
    }
}
