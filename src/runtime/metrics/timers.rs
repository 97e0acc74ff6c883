//! The timers' counters. Those of timers take the lock of each shard, one after the other.

use super::RuntimeMetrics;
use crate::time::shard::Counts;

impl RuntimeMetrics {
    /// Timers that are there: sleeps that wait, and those that were fired and whose owner has not polled them since.
    ///
    /// Each timer registered waits, was fired or was cancelled. So when all owners have polled,
    /// `registered = fired + cancelled + live`; in general `live` holds besides those that were fired and not polled since, and is higher
    /// by their number. Once the runtime has ended it is zero.
    ///
    /// ```
    /// use fusee::time::{Duration, sleep, timeout};
    ///
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let metrics = runtime.metrics();
    /// runtime.block_on(async {
    ///     let _ = timeout(Duration::from_millis(1), sleep(Duration::from_secs(3600))).await;
    /// });
    /// // The hour's timer was cancelled. The limit's was fired, if it had not passed when it was first looked at.
    /// assert_eq!(metrics.timers_registered_count(), metrics.timers_fired_count() + 1);
    /// assert_eq!((metrics.timers_cancelled_count(), metrics.timers_live()), (1, 0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn timers_live(&self) -> usize {
        self.timers().live
    }

    /// Timers registered so far. A sleep registers when it is polled for the first time and has to wait, and again when it is polled
    /// after it had ended and was reset; moved to another deadline while it waits, it stays the same timer.
    pub fn timers_registered_count(&self) -> u64 {
        self.timers().registered
    }

    /// Timers fired so far: their time came while they waited.
    pub fn timers_fired_count(&self) -> u64 {
        self.timers().fired
    }

    /// Timers that went before they were fired: their sleep was dropped, or the runtime ended.
    pub fn timers_cancelled_count(&self) -> u64 {
        self.timers().cancelled
    }

    /// Times that the timer driver woke, the thread that fires what no worker does: because a timer was due, because it was told of one that is due
    /// before all others, or to end.
    pub fn driver_wake_count(&self) -> u64 {
        self.handle.timers().wakeups()
    }

    /// Times that the timer driver woke, not to end, and fired none: the timer that it woke for was cancelled, moved, or fired by its worker, behind
    /// which the driver stands; or it was told of one that is due before all others, and went back to sleep for that.
    pub fn driver_spurious_wake_count(&self) -> u64 {
        self.handle.timers().spurious_wakeups()
    }

    pub(super) fn timers(&self) -> Counts {
        self.handle.timers().counts()
    }
}
