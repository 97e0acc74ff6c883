//! How long many things took, by how often each length was met: fixed room, whatever comes.
//!
//! The buckets are those of HdrHistogram with one significant digit (Gil Tene, <http://hdrhistogram.org>, *Dynamic
//! Range*): up to 32 ns one for each nanosecond, from there 16 for each power of two, so that none is wider than a
//! sixteenth of what it holds; 976 of them hold any `u64`.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | which bucket is whose, and a reading of all |
//! | `counts.rs` | the counts that are written while others read them |
//!
//! Who calls it: `task/poll_times.rs` counts, on the thread that polls; users read, on any. Deliberately not here: what is counted.

mod counts;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

pub(crate) use counts::Counts;

/// Buckets for each power of two, by its logarithm and as a number.
const HALF_BITS: u32 = 4;
const HALF: u64 = 1 << HALF_BITS;

/// All buckets: those of the first power of two count from zero on.
const BUCKETS: usize = ((u64::BITS - HALF_BITS + 1) * HALF as u32) as usize;

/// The bounds of [`Histogram::cumulative`], as powers of two of nanoseconds.
const BOUNDS: std::ops::RangeInclusive<u32> = 8..=32;

/// The bucket that holds `nanoseconds`.
fn bucket_of(nanoseconds: u64) -> usize {
    let shift = (nanoseconds | HALF).ilog2() - HALF_BITS;
    u64::from(shift) as usize * HALF as usize + (nanoseconds >> shift) as usize
}

/// The least and the most that a bucket holds.
fn range_of(bucket: usize) -> (u64, u64) {
    let bucket = bucket as u64;
    match (bucket / HALF).checked_sub(1) {
        None => (bucket, bucket),
        Some(shift) => {
            let lowest = (HALF + bucket % HALF) << shift;
            (lowest, lowest | ((1 << shift) - 1))
        }
    }
}

/// How long many things took, as they were counted up to some moment:
/// [`RuntimeMetrics::poll_times`](crate::runtime::RuntimeMetrics::poll_times).
///
/// Each time was cut to whole nanoseconds and counted in a bucket, none of which is wider than a sixteenth of the times
/// in it; up to 32 ns a bucket holds one time. They are those of [HdrHistogram](http://hdrhistogram.org) with one
/// significant digit. Sum and maximum are exact.
///
/// ```
/// use std::time::Duration;
///
/// let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(1).task_statistics(true).build()?;
/// let nap = || std::thread::sleep(Duration::from_millis(20));
/// runtime.block_on(async { fusee::spawn(async move { nap() }).await.unwrap() });
/// # let metrics = runtime.metrics();
/// # drop(runtime);
///
/// let times = metrics.poll_times().unwrap();
/// assert_eq!(times.count(), 1);
/// assert!(times.quantile(0.99) >= Duration::from_millis(20) && times.quantile(0.99) == times.max());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64]>,
    /// Nanoseconds.
    sum: u64,
    max: u64,
}

impl Histogram {
    /// Of nothing.
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; BUCKETS].into(), sum: 0, max: 0 }
    }

    /// Adds what is counted in `counts` now.
    pub(crate) fn add(&mut self, counts: &Counts) {
        self.counts.iter_mut().enumerate().for_each(|(bucket, count)| *count += counts.of(bucket));
        self.sum = self.sum.saturating_add(counts.sum());
        self.max = self.max.max(counts.max());
        // What was counted meanwhile may be in its bucket, and not yet have been the longest when that was read.
        let last = self.counts.iter().rposition(|count| *count > 0);
        self.max = self.max.max(last.map_or(0, |last| range_of(last).0));
    }

    /// How many times were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together. One that is counted at this moment may be in the sum and not in the count, or the other way round.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum)
    }

    /// The mean; zero if nothing was counted.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.sum.checked_div(self.count()).unwrap_or(0))
    }

    /// The longest; zero if nothing was counted.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// The time that a share `share` of all did not exceed, 0.5 for the median: the upper end of its bucket, and never
    /// more than [`max`](Self::max). So it is at most a sixteenth too long, and never too short. Zero if nothing was
    /// counted.
    ///
    /// # Panics
    /// If `share` is not from 0 to 1.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread().task_statistics(true).build()?;
    /// let times = runtime.metrics().wake_to_poll_times().unwrap();
    /// println!("half of all tasks waited {:?} to be polled, one in a thousand {:?}", times.quantile(0.5), times.quantile(0.999));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn quantile(&self, share: f64) -> Duration {
        assert!((0.0..=1.0).contains(&share), "a share is from 0 to 1, and not {share}");
        let count = self.count();
        let rank = ((share * count as f64).ceil() as u64).clamp(1, count.max(1));
        // The product may be rounded up: 0.07 of a hundred are seven.
        let is_one_less = rank > 1 && (rank - 1) as f64 / count as f64 >= share;
        let mut left = rank - u64::from(is_one_less);
        let found = self.counts.iter().position(|count| {
            let is_here = left <= *count;
            left = left.saturating_sub(*count);
            is_here
        });
        Duration::from_nanos(found.map_or(0, |bucket| range_of(bucket).1.min(self.max)))
    }

    /// The buckets that hold something, from the shortest times on: the longest time that a bucket can hold, and how many it does.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let counts = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(bucket, count)| (Duration::from_nanos(range_of(bucket).1), *count))
    }

    /// How many times were shorter than each of a few bounds, from the least bound on: what monitoring is told. The
    /// bounds are always the same, 256 ns, 1.024 µs and so on, four times as much each, up to 4.295 s, 13 of them;
    /// times of that and longer are in [`count`](Self::count) alone.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut counted = 0;
        let mut from = 0;
        BOUNDS.step_by(2).map(move |power| {
            // The first of its bucket, as every power of two is.
            let end = bucket_of(1 << power);
            counted += self.counts[from..end].iter().sum::<u64>();
            from = end;
            (Duration::from_nanos(1 << power), counted)
        })
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("sum", &self.sum())
            .field("median", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish_non_exhaustive()
    }
}
