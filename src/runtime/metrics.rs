//! A runtime's counters, as users see them.

use std::fmt;

use super::handle::Handle;
use crate::scheduler::metrics::WorkerMetrics;

/// A runtime's counters: read without a lock on any worker's path (those of blocking jobs take their pool's). Each is right on its own; two read one after the
/// other may be of different moments.
///
/// ```
/// let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
/// runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
/// let metrics = runtime.metrics();
/// let polls: u64 = (0..metrics.num_workers()).map(|worker| metrics.worker_poll_count(worker)).sum();
/// assert_eq!(polls, 1);
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

    /// The workers.
    pub fn num_workers(&self) -> usize {
        self.handle.scheduler().workers()
    }

    /// Tasks spawned and not complete yet.
    pub fn num_alive_tasks(&self) -> usize {
        self.handle.scheduler().live_tasks()
    }

    /// Tasks that wait in the injector.
    pub fn global_queue_depth(&self) -> usize {
        self.handle.scheduler().injected()
    }

    /// Tasks that wait in a worker's local queue.
    ///
    /// # Panics
    /// If there is no such worker, as do all methods that take one.
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        self.check(worker);
        self.handle.scheduler().queued(worker)
    }

    /// Polls of tasks by a worker.
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.worker(worker).polls.get()
    }

    /// Polls of tasks, by all workers, that were made to give way because their budget was spent; see [`task::coop`](crate::task::coop).
    pub fn budget_forced_yield_count(&self) -> u64 {
        (0..self.num_workers()).map(|worker| self.worker(worker).forced_yields.get()).sum()
    }

    /// Times that a worker stole from another.
    pub fn worker_steal_operations(&self, worker: usize) -> u64 {
        self.worker(worker).steal_operations.get()
    }

    /// Tasks that a worker stole from others.
    pub fn worker_steal_count(&self, worker: usize) -> u64 {
        self.worker(worker).stolen_tasks.get()
    }

    /// Tasks that a worker has run straight from its slot for the task woken last, without a turn of its queue.
    pub fn worker_slot_hit_count(&self, worker: usize) -> u64 {
        self.worker(worker).slot_hits.get()
    }

    /// Times that a worker parked.
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.worker(worker).parks.get()
    }

    /// The threads for blocking jobs, busy or idle.
    pub fn num_blocking_threads(&self) -> usize {
        self.handle.scheduler().blocking().threads()
    }

    /// The threads for blocking jobs that have no job.
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.handle.scheduler().blocking().idle()
    }

    /// Blocking jobs that wait for a thread.
    pub fn blocking_queue_depth(&self) -> usize {
        self.handle.scheduler().blocking().queued()
    }

    /// Timers that were fired.
    pub fn timers_fired_count(&self) -> u64 {
        self.handle.timers().fired()
    }

    /// Timers that are registered: sleeps polled and not yet over.
    pub fn timers_live(&self) -> usize {
        self.handle.timers().live()
    }

    /// Times that the timer driver woke.
    pub fn driver_wake_count(&self) -> u64 {
        self.handle.timers().wakeups()
    }

    fn worker(&self, worker: usize) -> &WorkerMetrics {
        self.check(worker);
        self.handle.scheduler().metrics(worker)
    }

    #[track_caller]
    fn check(&self, worker: usize) {
        let workers = self.num_workers();
        assert!(worker < workers, "there is no worker {worker}: the runtime has {workers}");
    }
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeMetrics")
            .field("workers", &self.num_workers())
            .field("alive_tasks", &self.num_alive_tasks())
            .field("timers_fired", &self.timers_fired_count())
            .finish_non_exhaustive()
    }
}
