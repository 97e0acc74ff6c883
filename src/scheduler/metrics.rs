//! What a worker counts.
//!
//! Who calls it: the thread on whose seat the worker is writes; anybody reads, at any time.
//!
//! A single writer needs no read-modify-write: it stores what it knows plus one. The writer may change: `block_in_place` hands a worker to
//! another thread, and so does a current-thread runtime. It stays single, for a worker is a box that one thread at a time
//! owns, and what hands the box over orders the one's last store before the other's first load.
//!
//! # Invariants (ordering labels)
//! - No answer that counts ever goes down, and none counts what has not been: each is one word, or a sum of such, or is held by a
//!   [`HighWater`] where parts of it are on their way.
//! - `queue_account`: who counts polls, and then the local schedules, knows of the schedule of each of the polls; and who goes on
//!   to read the injector's length finds none of them in it. And who counts spawns, and then the tasks that have ended, knows of each that had ended before one of
//!   the spawns. Checked by the models `remote_schedules_never_twice` and `live_tasks_never_too_many`.
//! - A clock is read as a worker sits down, stands up, parks and is unparked, and never for a task.
//!
//! Deliberately not here: timers' numbers (`time/shard.rs`), jobs' (`blocking/roster.rs`): those are
//! counted under locks that are taken anyway.

use crate::facade::atomic::{AtomicU64, Ordering};
use crate::facade::{RawInstant, ord};

/// A worker's counters, to be put on a line of their own.
#[derive(Debug)]
pub(crate) struct WorkerMetrics {
    /// Tasks that were spawned, and that were completed, by this worker's thread.
    pub(crate) spawned: Counter,
    pub(crate) finished: Counter,
    pub(crate) polls: Counter,
    /// Polls of root futures.
    pub(crate) root_polls: Counter,
    /// Times that it began to wake whom timers and sources wake.
    pub(crate) fires: Counter,
    /// Calls of the hooks for parking and unparking, where a recorder tells of them.
    pub(crate) hooks: Counter,
    /// Tasks that were queued on this worker by its own thread.
    pub(crate) local_schedules: Counter,
    /// Polls that were made to give way, their budget being spent.
    pub(crate) forced_yields: Counter,
    /// Queues of other workers that it tried to steal from, empty or not.
    pub(crate) steal_tries: Counter,
    pub(crate) steal_operations: Counter,
    pub(crate) stolen_tasks: Counter,
    /// Tasks taken from the slot for the task woken last.
    pub(crate) slot_hits: Counter,
    /// Parks and unparks: odd while the worker is parked.
    pub(crate) park_unparks: Counter,
    pub(crate) noops: Counter,
    pub(crate) busy: BusyTime,
    /// The polls so far when it was last unparked; [`SETTLED`] once it is known what came of that.
    polls_at_unpark: Counter,
}

/// How far a worker has come: two that are alike, of one that is busy, say that it has neither begun a poll, nor to fire, nor called a hook, nor slept in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    begun: [u64; 4],
    parks: u64,
    /// It is on a thread's seat, and does not sleep.
    pub(crate) is_busy: bool,
}

/// There is no unpark of which it is open what came.
const SETTLED: u64 = u64::MAX;

impl WorkerMetrics {
    pub(crate) fn new() -> Self {
        Self {
            spawned: Counter::new(0),
            finished: Counter::new(0),
            polls: Counter::new(0),
            root_polls: Counter::new(0),
            fires: Counter::new(0),
            hooks: Counter::new(0),
            local_schedules: Counter::new(0),
            forced_yields: Counter::new(0),
            steal_tries: Counter::new(0),
            steal_operations: Counter::new(0),
            stolen_tasks: Counter::new(0),
            slot_hits: Counter::new(0),
            park_unparks: Counter::new(0),
            noops: Counter::new(0),
            busy: BusyTime::new(),
            polls_at_unpark: Counter::new(SETTLED),
        }
    }

    /// A thread works as this worker from now on: when that is.
    pub(crate) fn sit(&self) -> RawInstant {
        self.busy.begin()
    }

    /// The thread does so no more.
    pub(crate) fn stand(&self) {
        self.settle_unpark();
        self.busy.end();
    }

    /// The worker blocks.
    pub(crate) fn park(&self) {
        self.settle_unpark();
        self.park_unparks.add(1);
        self.busy.end();
    }

    /// The worker blocks no more: since when.
    pub(crate) fn unpark(&self) -> RawInstant {
        let now = self.busy.begin();
        self.park_unparks.add(1);
        self.polls_at_unpark.set(self.polls.get());
        now
    }

    /// How far it has come.
    pub(crate) fn progress(&self) -> Progress {
        let begun = [&self.polls, &self.root_polls, &self.fires, &self.hooks].map(Counter::get);
        Progress { begun, parks: self.park_unparks.get(), is_busy: self.busy.is_busy() }
    }

    /// Counts the last unpark as one for nothing, if no task was polled since.
    fn settle_unpark(&self) {
        if self.polls_at_unpark.get() == self.polls.get() {
            self.noops.add(1);
        }
        self.polls_at_unpark.set(SETTLED);
    }
}

/// Tasks that no worker's thread has spawned, or completed.
#[derive(Debug)]
pub(super) struct ForeignTasks {
    spawned: AtomicU64,
    finished: AtomicU64,
}

impl ForeignTasks {
    pub(super) fn new() -> Self {
        Self { spawned: AtomicU64::new(0), finished: AtomicU64::new(0) }
    }

    pub(super) fn add_spawned(&self, count: u64) {
        // ORDERING(queue_account): release, as `Counter::add_published`; pairs with `spawned`.
        self.spawned.fetch_add(count, ord("queue_account", Ordering::Release));
    }

    pub(super) fn spawned(&self) -> u64 {
        // ORDERING(queue_account): acquire; pairs with `add_spawned`.
        self.spawned.load(ord("queue_account", Ordering::Acquire))
    }

    pub(super) fn add_finished(&self) {
        // Counter only.
        self.finished.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn finished(&self) -> u64 {
        // Counter only.
        self.finished.load(Ordering::Relaxed)
    }
}

/// A number that one thread at a time increases.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn new(count: u64) -> Self {
        Self(AtomicU64::new(count))
    }

    /// Adds `count`. By the writer only.
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.set(self.get().wrapping_add(count));
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        // Counter only.
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    fn set(&self, count: u64) {
        // Counter only: one writer.
        self.0.store(count, Ordering::Relaxed);
    }

    /// As [`add`](Self::add), for polls and spawns: what was counted before is seen by whoever counts this one.
    #[inline]
    pub(crate) fn add_published(&self, count: u64) {
        let count = self.get().wrapping_add(count);
        // ORDERING(queue_account): release; pairs with `get_published`.
        self.0.store(count, ord("queue_account", Ordering::Release));
    }

    /// As [`get`](Self::get), for who goes on to read what must not be older.
    pub(super) fn get_published(&self) -> u64 {
        // ORDERING(queue_account): acquire; pairs with `add_published`.
        self.0.load(ord("queue_account", Ordering::Acquire))
    }
}

/// How long a worker has been busy: on a thread's seat, and not parked. One word, so that what is read of it belongs together.
///
/// While the worker is busy the word holds [`BUSY`] and the moment at which it would have begun, had it been busy ever since; else
/// the time that it was busy. Both in nanoseconds, the moment since `epoch`: 292 years fit.
#[derive(Debug)]
pub(crate) struct BusyTime {
    epoch: RawInstant,
    word: AtomicU64,
}

const BUSY: u64 = 1 << 63;

impl BusyTime {
    fn new() -> Self {
        Self { epoch: RawInstant::now(), word: AtomicU64::new(0) }
    }

    /// By the writer only.
    fn begin(&self) -> RawInstant {
        // Counter only: one writer.
        let spent = self.word.load(Ordering::Relaxed);
        debug_assert!(spent & BUSY == 0, "a worker sits down, or is unparked, once at a time");
        let now = RawInstant::now();
        // Counter only: one writer.
        self.word.store(BUSY | self.since_epoch(now).saturating_sub(spent), Ordering::Relaxed);
        now
    }

    /// By the writer only.
    fn end(&self) {
        let spent = self.get();
        // Counter only: one writer.
        self.word.store(spent, Ordering::Relaxed);
    }

    /// Nanoseconds, up to now. One that is read as the worker ceases to be busy may be a little more than the next.
    pub(crate) fn get(&self) -> u64 {
        let now = self.now();
        // Counter only.
        let word = self.word.load(Ordering::Relaxed);
        if word & BUSY == 0 { word } else { now.saturating_sub(word & !BUSY) }
    }

    fn is_busy(&self) -> bool {
        // Counter only.
        self.word.load(Ordering::Relaxed) & BUSY != 0
    }

    fn now(&self) -> u64 {
        self.since_epoch(RawInstant::now())
    }

    fn since_epoch(&self, now: RawInstant) -> u64 {
        let nanoseconds = now.saturating_duration_since(self.epoch).as_nanos();
        u64::try_from(nanoseconds).unwrap_or(u64::MAX) & !BUSY
    }
}

/// The highest answer that was given: readers' answers come from parts that are read one after the other, and still never go down.
///
/// Written by readers alone, on a line that no worker needs.
#[derive(Debug)]
pub(crate) struct HighWater(AtomicU64);

impl HighWater {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The answer to give for one who has found `count`.
    pub(crate) fn raise(&self, count: u64) -> u64 {
        // Counter only.
        self.0.fetch_max(count, Ordering::Relaxed).max(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facade::testing::{alone, let_time_pass};

    #[test]
    fn an_answer_given_is_never_taken_back() {
        alone(|| {
            let high = HighWater::new();
            assert_eq!([3, 2, 5, 0].map(|count| high.raise(count)), [3, 3, 5, 5]);
        });
    }

    #[test]
    fn an_unpark_without_a_poll_counts_once_as_one_for_nothing() {
        alone(|| {
            let metrics = WorkerMetrics::new();
            let noops_after = |polls| {
                metrics.polls.add(polls);
                metrics.park();
                let noops = metrics.noops.get();
                metrics.unpark();
                noops
            };
            metrics.sit();
            assert_eq!([0, 1, 0, 2, 0].map(noops_after), [0, 0, 1, 1, 2]);
            metrics.stand();
            assert_eq!((metrics.noops.get(), metrics.park_unparks.get()), (3, 10));
            metrics.sit();
            metrics.stand();
            assert_eq!(metrics.noops.get(), 3, "what came of the last unpark is counted already");
        });
    }

    #[test]
    fn time_is_busy_on_a_seat_and_not_parked() {
        alone(|| {
            let metrics = WorkerMetrics::new();
            let grows = || {
                let before = metrics.busy.get();
                let_time_pass();
                metrics.busy.get() > before
            };
            assert!(!grows() && metrics.busy.get() == 0, "before");
            metrics.sit();
            assert!(grows(), "on a seat");
            metrics.park();
            assert!(!grows() && metrics.busy.get() > 0, "parked");
            metrics.unpark();
            assert!(grows(), "unparked");
            metrics.stand();
            assert!(!grows(), "after");
        });
    }
}
