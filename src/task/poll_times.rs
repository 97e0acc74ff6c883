//! How long the polls of a runtime's counted tasks take, and how long a task waits for its poll once it is woken:
//! histograms, where the runtime was [built](crate::runtime::Builder::task_statistics) to count its tasks. The clock is
//! read for `statistics.rs` already.
//!
//! Each worker has some of its own, on lines of their own, which the thread that has the worker writes alone, as it
//! does its counters (`scheduler/metrics.rs`). All else has some in common, to which each adds: a poll whose worker was
//! handed on in the middle of it by `block_in_place`, and the tasks of a `LocalRuntime`'s local set, which know no
//! worker. A blocking job is counted nowhere: it is no poll that others wait behind.
//!
//! Who calls it: `hooks.rs`, around each poll, on the thread that polls; `runtime/metrics/`, for users, on any.

use crate::facade::CachePadded;
use crate::histogram::{Counts, Histogram};

/// A runtime's.
pub(crate) struct PollTimes {
    workers: Box<[CachePadded<Lane>]>,
    elsewhere: CachePadded<Lane>,
}

/// Who polls.
struct Lane {
    polls: Counts,
    waits: Counts,
}

/// Which times.
#[derive(Clone, Copy)]
pub(crate) enum Timed {
    /// Those of polls.
    Poll,
    /// Those from the wake, or the spawn, to the poll.
    Wait,
}

impl PollTimes {
    pub(super) fn new(workers: usize) -> Self {
        let lane = || CachePadded::new(Lane { polls: Counts::new(), waits: Counts::new() });
        Self { workers: (0..workers).map(|_| lane()).collect(), elsewhere: lane() }
    }

    /// Counts one, on the thread that has `worker`, if that is known.
    pub(super) fn record(&self, worker: Option<usize>, timed: Timed, nanoseconds: u64) {
        match worker {
            Some(worker) => self.workers[worker].of(timed).record(nanoseconds),
            None => self.elsewhere.of(timed).record_shared(nanoseconds),
        }
    }

    /// What was counted on a worker; or of all, also by no worker.
    pub(crate) fn read(&self, worker: Option<usize>, timed: Timed) -> Histogram {
        let mut histogram = Histogram::new();
        match worker {
            Some(worker) => histogram.add(self.workers[worker].of(timed)),
            None => self.workers.iter().chain([&self.elsewhere]).for_each(|lane| histogram.add(lane.of(timed))),
        }
        histogram
    }
}

impl Lane {
    fn of(&self, timed: Timed) -> &Counts {
        match timed {
            Timed::Poll => &self.polls,
            Timed::Wait => &self.waits,
        }
    }
}
