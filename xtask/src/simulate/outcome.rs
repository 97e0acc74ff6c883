//! What a run has counted.

use super::Nanos;

/// What happened in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Until the last task was complete, from the first poll on.
    pub(super) time: Nanos,
    /// Until each worker had polled its first task; nothing if one never did.
    pub(super) spread: Option<Nanos>,
    /// Workers that polled a task.
    pub(super) took_part: usize,
    pub(super) completed: u64,
    pub(super) polls: u64,
    /// The work that the tasks did, in nanoseconds.
    pub(super) worked: Nanos,
    /// System calls that woke a worker.
    pub(super) wakes: u64,
    /// Times that a worker went to sleep.
    pub(super) parks: u64,
    /// Parks that ended in no poll.
    pub(super) noops: u64,
    /// Queues of others that were looked at by thieves.
    pub(super) steal_tries: u64,
    pub(super) steals: u64,
    pub(super) stolen: u64,
    /// Steals, and batches from the injector, that lost a race and began anew.
    pub(super) retries: u64,
    /// What the workers spent, in nanoseconds, while not asleep.
    pub(super) busy: Nanos,
    /// From when a task was queued until it was polled; of each poll.
    pub(super) waits: Vec<Nanos>,
    /// Tasks that were left when all workers slept: lost, if there are any.
    pub(super) lost: u64,
}

impl Outcome {
    /// The wait that this share of all waits does not exceed.
    pub(super) fn wait(&self, share: f64) -> Nanos {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let at = (share * waits.len() as f64).ceil() as usize;
        waits.get(at.saturating_sub(1)).copied().unwrap_or(0)
    }

    /// `count` for each task that completed.
    pub(super) fn per_task(&self, count: u64) -> f64 {
        count as f64 / self.completed.max(1) as f64
    }
}
