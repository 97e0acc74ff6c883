//! The counts of a histogram, written by one thread at a time and read by any.
//!
//! Who calls it: `task/poll_times.rs`. A count decides nothing, so there is no protocol, and no model: each is one
//! word, which its writer alone stores ([`record`](Counts::record)) or all add to
//! ([`record_shared`](Counts::record_shared)); whoever reads finds each as it was at some moment, and never less than
//! it found before. What a reading says of how many there were is the sum of its buckets, so that these two cannot
//! disagree; sum and maximum may be of another moment.

use super::{BUCKETS, bucket_of};
use crate::facade::plain::{AtomicU64, Ordering};

/// How often each length was met, how long all took, and the longest. In nanoseconds.
pub(crate) struct Counts {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
    max: AtomicU64,
}

impl Counts {
    pub(crate) const fn new() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKETS], sum: AtomicU64::new(0), max: AtomicU64::new(0) }
    }

    /// Counts one. By the only writer, which needs no read-modify-write.
    pub(crate) fn record(&self, nanoseconds: u64) {
        if nanoseconds > self.max() {
            // Counter only: one writer.
            self.max.store(nanoseconds, Ordering::Relaxed);
        }
        // Counter only: one writer.
        self.sum.store(self.sum().wrapping_add(nanoseconds), Ordering::Relaxed);
        let bucket = bucket_of(nanoseconds);
        // Counter only: one writer.
        self.buckets[bucket].store(self.of(bucket).wrapping_add(1), Ordering::Relaxed);
    }

    /// Counts one, where several threads may at once.
    pub(crate) fn record_shared(&self, nanoseconds: u64) {
        // Counter only.
        self.max.fetch_max(nanoseconds, Ordering::Relaxed);
        // Counter only.
        self.sum.fetch_add(nanoseconds, Ordering::Relaxed);
        // Counter only.
        self.buckets[bucket_of(nanoseconds)].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn of(&self, bucket: usize) -> u64 {
        // Counter only.
        self.buckets[bucket].load(Ordering::Relaxed)
    }

    pub(super) fn sum(&self) -> u64 {
        // Counter only.
        self.sum.load(Ordering::Relaxed)
    }

    pub(super) fn max(&self) -> u64 {
        // Counter only.
        self.max.load(Ordering::Relaxed)
    }
}
