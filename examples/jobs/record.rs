//! What the jobs leave behind: their numbers, and how late each of them woke.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::numbers::Numbers;

/// What a job that woke before its deadline leaves, which must not be.
const EARLY: u64 = u64::MAX;

/// The record of a run. Each job writes lines of its own, so that none waits for another.
pub(crate) struct Record {
    numbers: Numbers,
    /// Nanoseconds past the deadline.
    late: Vec<AtomicU64>,
}

impl Record {
    /// A record for `jobs` jobs that lasts as long as the program: the tasks share a plain reference, and do not
    /// queue for one reference count.
    pub(crate) fn leaked(jobs: usize, visibly: bool) -> &'static Self {
        let late = (0..jobs).map(|_| AtomicU64::new(0)).collect();
        Box::leak(Box::new(Self { numbers: Numbers::new(jobs, visibly), late }))
    }

    /// Notes how late job `n` woke; nothing for a job that woke early.
    pub(crate) fn woke(&self, n: usize, late: Option<Duration>) {
        let nanos = late.map_or(EARLY, |late| u64::try_from(late.as_nanos()).unwrap_or(EARLY - 1));
        self.late[n - 1].store(nanos, Ordering::Relaxed);
    }

    /// The numbers.
    pub(crate) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// How many jobs woke early.
    pub(crate) fn early(&self) -> usize {
        self.late.iter().filter(|late| late.load(Ordering::Relaxed) == EARLY).count()
    }

    /// The lateness of every job that was not early, least first.
    pub(crate) fn lateness(&self) -> Vec<Duration> {
        let nanos = self.late.iter().map(|late| late.load(Ordering::Relaxed)).filter(|nanos| *nanos != EARLY);
        let mut lateness: Vec<_> = nanos.map(Duration::from_nanos).collect();
        lateness.sort_unstable();
        lateness
    }
}
