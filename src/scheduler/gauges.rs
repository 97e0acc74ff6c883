//! What is read of the scheduler from outside: its counters, and how much there is of what.
//!
//! Who calls it: `runtime/metrics/`, for users, on any thread and at any time, beside workers that go on.
//!
//! # Invariants (ordering labels)
//! - `queue_account`: see `metrics.rs`. A task that was put into the injector is counted once, there or as taken out. One that had ended before another was
//!   spawned is not counted as alive beside it.
//! - An answer put together of parts never tells of more than there was: what came while the parts were read is left out.
//! - No two locks are held at a time: a reader that is held up holds up one worker at most.
//!
//! Checked by the models `remote_schedules_never_twice` and `live_tasks_never_too_many`.
//! Deliberately not here: the counting.

use super::metrics::Progress;
use super::metrics::WorkerMetrics;
use super::{Remote, Scheduler};
use crate::facade::atomic::Ordering;
use crate::facade::ord;
use crate::facade::thread::ThreadId;
use crate::task::poll_times::PollTimes;

impl Scheduler {
    pub(crate) fn metrics(&self, worker: usize) -> &WorkerMetrics {
        &self.remotes[worker].metrics
    }

    /// Tasks spawned and not complete yet. Too few may be told while tasks come and go, and never too many: who completes a task has counted it as
    /// spawned, so what is read first are the spawns, and with each all that had ended before it.
    pub(crate) fn live_tasks(&self) -> usize {
        let spawned = self.spawned_tasks();
        let finished = self.sum(|metrics| metrics.finished.get()).saturating_add(self.foreign.finished());
        usize::try_from(spawned.saturating_sub(finished)).unwrap_or(usize::MAX)
    }

    /// Tasks that were spawned, and not refused.
    pub(crate) fn spawned_tasks(&self) -> u64 {
        self.sum(|metrics| metrics.spawned.get_published()).saturating_add(self.foreign.spawned())
    }

    fn sum(&self, counter: impl Fn(&WorkerMetrics) -> u64) -> u64 {
        self.remotes.iter().map(|remote| counter(&remote.metrics)).fold(0, u64::saturating_add)
    }

    /// Times that a task was put into the injector.
    ///
    /// Nobody counts them one by one: each queue entry ends in a poll, so they are the polls that no local schedule accounts for, and
    /// what is still in the injector. A rescued task was scheduled twice and is polled once. What is on its way is missed, and the next
    /// answer makes up for it: none is too high, and thanks to the high water none is lower than another before.
    pub(crate) fn remote_schedules(&self) -> u64 {
        // ORDERING(queue_account): acquire, first; then all else.
        let polls = self.sum(|metrics| metrics.polls.get_published());
        // ORDERING(queue_account): acquire; see `count_discarded`.
        let discarded = self.discarded.load(ord("queue_account", Ordering::Acquire));
        let entries = polls + discarded + self.rescued.get() + self.injector.len() as u64;
        self.remote_schedules.raise(entries.saturating_sub(self.sum(|metrics| metrics.local_schedules.get())))
    }

    /// Tasks that the watch has moved out of a slot.
    pub(crate) fn rescued_tasks(&self) -> u64 {
        self.rescued.get()
    }

    /// Nanoseconds for which a worker was busy.
    pub(crate) fn busy(&self, worker: usize) -> u64 {
        let remote = &self.remotes[worker];
        remote.busy.raise(remote.metrics.busy.get())
    }

    /// How long polls take, where tasks are counted.
    pub(crate) fn poll_times(&self) -> Option<&PollTimes> {
        self.task_hooks.as_deref()?.times.as_deref()
    }

    /// The thread that works as a worker, or was the last to.
    pub(crate) fn thread(&self, worker: usize) -> Option<ThreadId> {
        self.remotes[worker].thread.lock().map(|(id, _)| id)
    }

    /// The kernel's number of that thread.
    pub(crate) fn thread_number(&self, worker: usize) -> Option<u32> {
        self.remotes[worker].thread.lock().and_then(|(_, number)| number)
    }

    /// How far a worker has come.
    pub(crate) fn progress(&self, worker: usize) -> Progress {
        self.remotes[worker].metrics.progress()
    }

    /// Tasks in the injector.
    pub(crate) fn injected(&self) -> usize {
        self.injector.len()
    }

    /// Tasks in a worker's local queue and its slot; about so many, while tasks come and go, and no more than are alive.
    pub(crate) fn queued(&self, worker: usize) -> usize {
        let Remote { stealer, slot, .. } = &self.remotes[worker];
        // The deque reads its two ends one after the other: what has gone through it meanwhile is in the difference.
        let length = stealer.len() + usize::from(!slot.is_empty());
        length.min(self.live_tasks())
    }
}
