//! The histograms of poll times, where tasks are counted.

use super::RuntimeMetrics;
use crate::histogram::Histogram;
use crate::task::poll_times::Timed;

/// Histograms are there where the runtime [counts its tasks](crate::runtime::Builder::task_statistics), and else
/// `None`. Times are the machine's, also while the runtime's clock is paused.
impl RuntimeMetrics {
    /// How long polls of tasks have taken, by all workers and elsewhere. Those of jobs, of the future of `block_on` and
    /// of the tasks of a [`LocalSet`](crate::task::LocalSet) are none of them.
    ///
    /// Elsewhere are the tasks of a [`LocalRuntime`](crate::runtime::LocalRuntime)'s own set, and polls that have given
    /// their worker away by [`block_in_place`](crate::task::block_in_place), which last as long as it did: all these
    /// are here, and with no worker. A poll is counted as it ends.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = fusee::runtime::Builder::new_multi_thread().task_statistics(true).build()?;
    /// runtime.block_on(async { fusee::spawn(async { std::thread::sleep(Duration::from_millis(5)) }).await.unwrap() });
    /// # let metrics = runtime.metrics();
    /// # drop(runtime);
    /// for (time, polls) in metrics.poll_times().unwrap().buckets() {
    ///     println!("{polls} polls took up to {time:?}");
    ///     # assert!(time >= Duration::from_millis(5) && polls == 1);
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn poll_times(&self) -> Option<Histogram> {
        self.times(None, Timed::Poll)
    }

    /// As [`poll_times`](Self::poll_times): how long tasks have waited for a poll, each time since they were woken, or
    /// spawned; a task that was woken while it was polled, since that poll ended. A wait is counted as the poll begins.
    ///
    /// It tells of workers that are too busy, or stuck, where poll times tell of what keeps them so.
    pub fn wake_to_poll_times(&self) -> Option<Histogram> {
        self.times(None, Timed::Wait)
    }

    /// How long polls of tasks by a worker have taken.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_poll_times(&self, worker: usize) -> Option<Histogram> {
        self.check(worker);
        self.times(Some(worker), Timed::Poll)
    }

    /// How long tasks have waited for their polls by a worker, as [`wake_to_poll_times`](Self::wake_to_poll_times) says.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_wake_to_poll_times(&self, worker: usize) -> Option<Histogram> {
        self.check(worker);
        self.times(Some(worker), Timed::Wait)
    }

    fn times(&self, worker: Option<usize>, timed: Timed) -> Option<Histogram> {
        self.handle.scheduler().poll_times().map(|times| times.read(worker, timed))
    }
}
