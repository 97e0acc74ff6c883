//! The blocking pool's counters. Each takes the pool's lock.

use super::RuntimeMetrics;

impl RuntimeMetrics {
    /// The threads of the blocking pool, busy or idle: for blocking jobs, and for the workers of tasks in
    /// [`block_in_place`](crate::task::block_in_place).
    pub fn num_blocking_threads(&self) -> usize {
        self.handle.scheduler().blocking().threads()
    }

    /// The threads of the blocking pool that have nothing to do, and are about to get nothing.
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.handle.scheduler().blocking().idle()
    }

    /// Blocking jobs that wait for a thread.
    pub fn blocking_queue_depth(&self) -> usize {
        self.handle.scheduler().blocking().queued()
    }
}
