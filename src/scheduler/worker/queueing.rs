//! Where a task goes that is woken or spawned on a worker's thread, or has to give way: into the slot, or to the back of the local queue.
//!
//! Who calls it: `membership.rs`, on any thread; here it turns out whether that has a worker on its seat. The invariants are told in `mod.rs`
//! (`worker_requeue_silent`).
//! Deliberately not here: what comes from any other thread (the injector, `scheduler/mod.rs`).

use super::Worker;
use super::firing::Firing;
use crate::facade::mutant;
use crate::recorder::word::Kind;
use crate::scheduler::Scheduler;
use crate::task::runnable::Runnable;

impl Worker {
    /// Queues a woken task locally if this thread is a worker of `scheduler`; gives it back if not.
    pub(in crate::scheduler) fn push_current(scheduler: *const Scheduler, task: Runnable) -> Result<(), Runnable> {
        Self::with_current(scheduler, task, Self::push)
    }

    /// As [`push_current`](Self::push_current), for a task that is new.
    pub(in crate::scheduler) fn push_new_current(scheduler: *const Scheduler, task: Runnable) -> Result<(), Runnable> {
        Self::with_current(scheduler, task, Self::push_new)
    }

    /// As [`push_current`](Self::push_current), for a task that this worker has just polled.
    #[inline]
    pub(in crate::scheduler) fn requeue_current(scheduler: *const Scheduler, task: Runnable) -> Result<(), Runnable> {
        Self::with_current(scheduler, task, Self::give_way)
    }

    #[inline]
    fn with_current(
        scheduler: *const Scheduler,
        task: Runnable,
        queue: impl FnOnce(&Self, Runnable),
    ) -> Result<(), Runnable> {
        let mut task = Some(task);
        Self::of(scheduler, |worker| {
            if let Some(task) = task.take() {
                queue(worker, task);
            }
        });
        task.map_or(Ok(()), Err)
    }

    /// Queues `task`, which the worker has just polled; behind what events that have come meanwhile wake, if that may have been long.
    fn give_way(&self, task: Runnable) {
        self.pen().goes_on();
        if self.has_been_long() {
            self.timing.hold_back(task);
        } else {
            self.requeue(task);
        }
    }

    /// Queues `task`, which the worker has just polled, behind the others.
    ///
    /// With nothing in the slot the worker goes on with its queue at once, and nobody is woken: either this task is what it runs next, or another that somebody
    /// was told of, or that the watch stands behind, and whoever sees that one gone sees this one behind it (`scheduler/queue.rs`, 5).
    pub(super) fn requeue(&self, task: Runnable) {
        let is_next = self.slot().is_empty();
        self.metrics.local_schedules.add(1);
        self.queue.push(task);
        if !is_next && !mutant("worker_requeue_silent") {
            self.shard.scheduler.notify();
        }
    }

    /// Has `task`, which was woken, run next. What was to be next is queued, and somebody woken who can share the work.
    fn push(&self, task: Runnable) {
        self.record(Kind::Wake, &task);
        self.queue_first(task);
    }

    fn queue_first(&self, task: Runnable) {
        match self.timing.firing.get() {
            Firing::Nothing => self.push_first(task),
            Firing::Quietly => {
                self.metrics.local_schedules.add(1);
                self.queue.push(task);
            }
            Firing::Loudly => {
                self.metrics.local_schedules.add(1);
                self.enqueue(task);
            }
        }
    }

    fn push_first(&self, task: Runnable) {
        self.metrics.local_schedules.add(1);
        match self.slot().replace(task) {
            None => {
                self.shard.scheduler.watch_slot();
                self.shard.scheduler.tell_if_closed();
            }
            Some(task) => self.enqueue(task),
        }
    }

    /// Queues `task`, which is new: it runs next if nothing else is to, and else behind the others.
    fn push_new(&self, task: Runnable) {
        self.record_spawn(&task);
        if self.slot().is_empty() {
            return self.queue_first(task);
        }
        self.metrics.local_schedules.add(1);
        self.enqueue(task);
    }

    /// Queues `task` behind the others, and wakes somebody who can share the work.
    pub(super) fn enqueue(&self, task: Runnable) {
        self.queue.push(task);
        self.shard.scheduler.notify();
        self.shard.scheduler.tell_if_closed();
    }
}
