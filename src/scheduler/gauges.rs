//! What is read of the scheduler from outside: its counters, and how much there is of what.
//!
//! Who calls it: `runtime/metrics/`, for users, on any thread and at any time, beside workers that go on.
//!
//! # Invariants (ordering labels)
//! - `queue_account`: see `metrics.rs`. A task that was put into the injector is counted once, there or as taken out.
//! - An answer put together of parts never tells of more than there was: what came while the parts were read is left out.
//! - No two locks are held at a time: a reader that is held up holds up one worker at most.
//!
//! Checked by the model `remote_schedules_never_twice`.
//! Deliberately not here: the counting.

use super::metrics::{WorkerMetrics, there_at_once};
use super::{Remote, Scheduler};
use crate::sync::atomic::Ordering;
use crate::sync::ord;
use crate::sync::thread::ThreadId;

impl Scheduler {
    pub(crate) fn metrics(&self, worker: usize) -> &WorkerMetrics {
        &self.remotes[worker].metrics
    }

    /// Tasks spawned and not complete yet. Too few may be told while others are spawned.
    pub(crate) fn live_tasks(&self) -> usize {
        let census = || self.lists.iter().map(|list| list.census());
        let before = census().map(|census| census.entered).fold(0, u64::wrapping_add);
        let (live, entered) = census()
            .fold((0, 0_u64), |(live, entered), census| (live + census.live, entered.wrapping_add(census.entered)));
        there_at_once(live, entered.wrapping_sub(before))
    }

    /// Tasks that were spawned.
    pub(crate) fn spawned_tasks(&self) -> u64 {
        self.lists.iter().map(|list| list.census().entered).fold(0, u64::saturating_add)
    }

    /// Tasks that were put into the injector: those taken out of it, then those that are in.
    ///
    /// One that is taken out in between is missed, and the next answer makes up for it: no answer is too high, and thanks to the high water
    /// none is lower than another before.
    pub(crate) fn remote_schedules(&self) -> u64 {
        // ORDERING(queue_account): acquire, before the injector's length; see `empty_injector`.
        let discarded = self.discarded.load(ord("queue_account", Ordering::Acquire));
        let taken = self.remotes.iter().map(|remote| remote.metrics.injected.get_before_queue());
        let taken = taken.fold(discarded, u64::saturating_add);
        self.remote_schedules.raise(taken.saturating_add(self.injector.len() as u64))
    }

    /// Nanoseconds for which a worker was busy.
    pub(crate) fn busy(&self, worker: usize) -> u64 {
        let remote = &self.remotes[worker];
        remote.busy.raise(remote.metrics.busy.get())
    }

    /// The thread that works as a worker, or was the last to.
    pub(crate) fn thread(&self, worker: usize) -> Option<ThreadId> {
        *self.remotes[worker].thread.lock()
    }

    /// Tasks in the injector.
    pub(crate) fn injected(&self) -> usize {
        self.injector.len()
    }

    /// Tasks in a worker's local queue. Too few may be told while others come in.
    pub(crate) fn queued(&self, worker: usize) -> usize {
        let Remote { stealer, metrics, .. } = &self.remotes[worker];
        let before = metrics.arrivals();
        let length = stealer.len();
        there_at_once(length, metrics.arrivals().wrapping_sub(before))
    }
}
