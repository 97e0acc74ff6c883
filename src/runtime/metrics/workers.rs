//! Each worker's counters.
//!
//! Deliberately not here: how long polls take. That costs two clock readings for each, and is for who asks for it (`histograms.rs`).

use std::time::Duration;

use super::RuntimeMetrics;
use crate::facade::thread::ThreadId;
use crate::scheduler::metrics::WorkerMetrics;

/// A worker is named by its number, which it keeps: from 0, below [`num_workers`](Self::num_workers). A method that is asked for a worker that is
/// not there panics.
impl RuntimeMetrics {
    /// The thread that works as a worker, or was the last to. None before the first has begun.
    ///
    /// It changes when a task in [`block_in_place`](crate::task::block_in_place) gives the worker to another thread, and on a current-thread
    /// runtime with the thread in [`block_on`](crate::runtime::Runtime::block_on).
    ///
    /// # Panics
    /// If there is no such worker, as do all methods that take one.
    #[track_caller]
    pub fn worker_thread_id(&self, worker: usize) -> Option<ThreadId> {
        self.check(worker);
        self.handle.scheduler().thread(worker)
    }

    /// Polls of tasks by a worker. The future given to `block_on` is no task.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.worker(worker).polls.get()
    }

    /// How long a worker has been busy: its thread worked as it, running tasks or looking for some, and was not parked. It grows while that lasts.
    ///
    /// On a current-thread runtime only time in [`Runtime::block_on`](crate::runtime::Runtime::block_on) counts, and there also that of its own
    /// future. What runs in [`block_in_place`](crate::task::block_in_place) is not the worker's time.
    ///
    /// # Panics
    /// If there is no such worker.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// let task = runtime.spawn(async {
    ///     let start = Instant::now();
    ///     while start.elapsed() < Duration::from_millis(2) {}
    /// });
    /// runtime.block_on(task).unwrap();
    /// assert!(runtime.metrics().worker_total_busy_duration(0) >= Duration::from_millis(2));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn worker_total_busy_duration(&self, worker: usize) -> Duration {
        self.check(worker);
        Duration::from_nanos(self.handle.scheduler().busy(worker))
    }

    /// Times that a worker parked: it found nothing to do and blocked its thread.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.worker_park_unpark_count(worker).div_ceil(2)
    }

    /// Times that a worker parked and times that it was unparked, together: an odd number means that it is parked now.
    ///
    /// An even one means that it is busy, has ended, or waits for a thread in `block_on`.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        self.worker(worker).park_unparks.get()
    }

    /// Times that a worker was unparked for nothing: it polled no task before it parked again, or ended.
    ///
    /// On a current-thread runtime that includes the wake-ups after which only the future given to `block_on` was polled.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_noop_count(&self, worker: usize) -> u64 {
        self.worker(worker).noops.get()
    }

    /// Tasks that a worker has taken from its slot for the task woken last, without a turn of its queue.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_current_thread().build()?;
    /// let task = async { fusee::spawn(async {}).await.unwrap() };
    /// runtime.block_on(runtime.spawn(task)).unwrap();
    /// assert!(runtime.metrics().worker_slot_hit_count(0) > 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn worker_slot_hit_count(&self, worker: usize) -> u64 {
        self.worker(worker).slot_hits.get()
    }

    /// Queues of other workers that a worker has tried to steal from, with or without success.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_steal_try_count(&self, worker: usize) -> u64 {
        self.worker(worker).steal_tries.get()
    }

    /// Times that a worker stole from another, one task or several at once. Always zero on a runtime with one worker.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_steal_operations(&self, worker: usize) -> u64 {
        self.worker(worker).steal_operations.get()
    }

    /// Tasks that a worker stole from others, so many at least: what another worker stole from it at the same moment may be missing. Always zero on a
    /// runtime with one worker.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_steal_count(&self, worker: usize) -> u64 {
        self.worker(worker).stolen_tasks.get()
    }

    /// Times that a task was put into a worker's local queue by its own thread: a task that it ran spawned another or woke one, maybe itself.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_local_schedule_count(&self, worker: usize) -> u64 {
        self.worker(worker).local_schedules.get()
    }

    /// Tasks that wait in a worker's local queue.
    ///
    /// While the worker queues some it may say too few: never more than there were at once.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        self.check(worker);
        self.handle.scheduler().queued(worker)
    }

    /// Times that a worker's local queue was full and tasks had to go to the global one: always zero, for local queues grow.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_overflow_count(&self, worker: usize) -> u64 {
        self.check(worker);
        0
    }

    /// One answer for each worker.
    pub(super) fn of_workers<T>(&self, answer: impl Fn(&Self, usize) -> T) -> Vec<T> {
        (0..self.num_workers()).map(|worker| answer(self, worker)).collect()
    }

    #[track_caller]
    pub(super) fn worker(&self, worker: usize) -> &WorkerMetrics {
        self.check(worker);
        self.handle.scheduler().metrics(worker)
    }

    #[track_caller]
    pub(super) fn check(&self, worker: usize) {
        let workers = self.num_workers();
        assert!(worker < workers, "there is no worker {worker}: the runtime has {workers}");
    }
}
