//! A runtime's counters, as users see them.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | those of the runtime as a whole: tasks and where they come from |
//! | `workers.rs` | those of each worker |
//! | `threads.rs` | those of the blocking pool |
//! | `timers.rs` | those of the timers and of the thread that fires them |
//! | `histograms.rs` | how long polls take, where tasks are counted |
//! | `samples.rs` | all of them under the names by which monitoring knows them |
//! | `open_metrics.rs` | all of them as text that Prometheus reads |
//!
//! Who calls it: users, on any thread, also after the runtime has shut down: what is counted lives as long as a handle.
//!
//! Deliberately not here: the counting. It is done where the thing happens, by who happens to be the only writer or holds the lock
//! anyway (`scheduler/metrics.rs`, `time/shard.rs`, `blocking/roster.rs`, `task/poll_times.rs`). Checked by `tests/metrics/`.

mod histograms;
mod open_metrics;
mod samples;
mod threads;
mod timers;
mod workers;

pub use open_metrics::OpenMetrics;
pub use samples::{Sample, SampleKind, SampleValue};

use std::fmt;

use super::handle::Handle;

/// A runtime's counters: always on, and read by any thread at any time, also after the runtime has shut down.
///
/// Those whose name ends in `_count` never go down, nor does a duration; the others say how much there is at the moment, and never more
/// than there has been. Each is right on its own. Two that are read one after the other may be of different moments.
///
/// Reading delays workers little: the counters of tasks and workers are plain loads; for timers and for the blocking pool short locks are taken, one after
/// the other.
///
/// [`visit`](Self::visit) tells all of them, and [`open_metrics`](Self::open_metrics) is the text that Prometheus reads: see
/// [Serving metrics](OpenMetrics#serving-metrics).
///
/// ```
/// let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
/// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
/// let metrics = runtime.metrics();
/// let polls: u64 = (0..metrics.num_workers()).map(|worker| metrics.worker_poll_count(worker)).sum();
/// assert_eq!((metrics.spawned_tasks_count(), polls), (1, 1));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct RuntimeMetrics {
    handle: Handle,
}

impl RuntimeMetrics {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// The workers: one, on a current-thread runtime.
    pub fn num_workers(&self) -> usize {
        self.handle.scheduler().workers()
    }

    /// Tasks spawned and not complete yet. Those of a [`LocalSet`](crate::task::LocalSet) and blocking jobs are others.
    ///
    /// While tasks come and go it may say too few: never more than there were at once. Once the runtime has shut down only those count that are still being polled.
    pub fn num_alive_tasks(&self) -> usize {
        self.handle.scheduler().live_tasks()
    }

    /// Tasks spawned so far. Those that a closed runtime has refused were not, and those of a [`LocalSet`](crate::task::LocalSet) and
    /// blocking jobs are others.
    pub fn spawned_tasks_count(&self) -> u64 {
        self.handle.scheduler().spawned_tasks()
    }

    /// Tasks that wait in the global queue: spawned or woken by a thread that is none of the workers, and not taken by one yet.
    pub fn global_queue_depth(&self) -> usize {
        self.handle.scheduler().injected()
    }

    /// Times that a task was put into the global queue: it was spawned or woken by a thread that is none of the workers. That is also what the
    /// thread that fires timers does, and a task in [`block_in_place`](crate::task::block_in_place) whose worker has gone on without it. A task
    /// that is [rescued](Self::slot_rescue_count) from a slot is put there too, and counts once more.
    ///
    /// It may lag, by no more than the tasks that workers have taken out and not polled yet and those that wait in their own queues; when they
    /// rest, it is exact.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_current_thread().build()?;
    /// let task = runtime.spawn(async {});
    /// assert_eq!(runtime.metrics().remote_schedule_count(), 1);
    /// # runtime.block_on(task).unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn remote_schedule_count(&self) -> u64 {
        self.handle.scheduler().remote_schedules()
    }

    /// Tasks that were moved out of the slot of a worker that was stuck in a poll, for another to run.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// assert_eq!(runtime.metrics().slot_rescue_count(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn slot_rescue_count(&self) -> u64 {
        self.handle.scheduler().rescued_tasks()
    }

    /// Polls of tasks, by all workers, that were made to give way because their budget was spent; see [`task::coop`](crate::task::coop). On a
    /// current-thread runtime polls of `block_on`'s future count too.
    ///
    /// A poll that gave its worker away by [`block_in_place`](crate::task::block_in_place) is not counted.
    pub fn budget_forced_yield_count(&self) -> u64 {
        let yields = (0..self.num_workers()).map(|worker| self.worker(worker).forced_yields.get());
        yields.fold(0, u64::saturating_add)
    }
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timers = self.timers();
        f.debug_struct("RuntimeMetrics")
            .field("workers", &self.num_workers())
            .field("alive_tasks", &self.num_alive_tasks())
            .field("spawned_tasks", &self.spawned_tasks_count())
            .field("global_queue_depth", &self.global_queue_depth())
            .field("remote_schedules", &self.remote_schedule_count())
            .field("polls", &self.of_workers(Self::worker_poll_count))
            .field("parks", &self.of_workers(Self::worker_park_count))
            .field("stolen_tasks", &self.of_workers(Self::worker_steal_count))
            .field("busy", &self.of_workers(Self::worker_total_busy_duration))
            .field("blocking_threads", &self.num_blocking_threads())
            .field("blocking_queue_depth", &self.blocking_queue_depth())
            .field("timers_live", &timers.live)
            .field("timers_fired", &timers.fired)
            .finish_non_exhaustive()
    }
}
