//! The end of a scheduler: every future is dropped, every queue entry is gone.
//!
//! A task is in a list, once it has been pending; before that it is in a queue. Whoever exits closes the lists, and then empties the queues of all workers and
//! the injector: a worker that never returns from its poll keeps nobody else's tasks alive.
//!
//! # Who drops what
//! - Workers that exit drop futures, and so does the timer driver, if a worker that still polls has queued a task where those that have exited did not see it.
//! - A spawn that finds the scheduler closed drops its own future, and no other; a waker drops none. What either leaves in the injector is an entry whose
//!   future is gone, or dropped by somebody else: the last owner (of a [`Shard`], which tasks are not) drops such entries, or whoever injects after it.
//!
//! # Invariants (ordering labels)
//! - `scheduler_close`: a task that is queued while the scheduler closes is found. Who queues pushes, passes a fence (`idle_publish`, `slot_publish`, or this one
//!   for a batch that was moved) and reads `closed`, or the number of owners; who empties the queues has read or written that, passes this fence, and looks.
//!   `scheduler_check_before_push`, `worker_ignores_close`, `close_tells_nobody`, `close_keeps_late_wake` (structural): in this order, by all of them.
//!   `worker_exit_keeps_queue` (structural): the queues are emptied, for others can reach them, and so keep them.
//! - `scheduler_unpark_before_flag` (structural): the closing flag is written before the unparks, whose tokens carry it to workers that sleep.
//!
//! Checked by the models `injector_shutdown`, `injector_vs_exit`, `shutdown_inflight_wake`, `spawn_vs_close`, `current_thread_drop_vs_spawn`,
//! `displaced_vs_close`, `batch_vs_close` and `first_pending_vs_close`.

use super::{Scheduler, Shard};
use crate::facade::atomic::Ordering;
use crate::facade::{Arc, catch_unwind, fence_seq_cst, mutant, ord};
use crate::task::raw::discard;
use crate::task::runnable::Runnable;

impl Scheduler {
    /// Begins the shutdown: workers exit after the poll that they are in. Later calls do nothing.
    pub(crate) fn close(&self) {
        if mutant("scheduler_unpark_before_flag") {
            self.unpark_all();
            // Relaxed: as below (counter only).
            self.closed.swap(true, Ordering::Relaxed);
            return;
        }
        // ORDERING(scheduler_close): relaxed; nothing but the flag is passed on. The unparks come after, and their tokens carry it
        // to the workers that sleep.
        if self.closed.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some(hooks) = &self.task_hooks {
            hooks.end();
        }
        self.unpark_all();
    }

    /// Wakes every worker, claimed or not: for the shutdown, after which no worker counts searchers.
    pub(crate) fn unpark_all(&self) {
        self.remotes.iter().for_each(|remote| remote.unparker.unpark());
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // ORDERING(scheduler_close): relaxed; a worker that sees it late looks again before it parks.
        self.closed.load(Ordering::Relaxed)
    }

    /// Drops every live future that no thread runs, and every queue entry that is in reach. On a closed scheduler, by the worker `own`, or by the driver,
    /// whose number comes after the workers'. Never panics.
    ///
    /// An exiting worker steals from its own queue too: a pop may run what others have deferred to the deques' collector with an entry in its hands, and a panic of
    /// that would lose it; a steal does so before it takes one.
    pub(super) fn drop_tasks(&self, own: usize) {
        let (before, after) = self.lists.split_at(own);
        for list in after.iter().chain(before) {
            list.close();
        }
        // ORDERING(scheduler_close): `closed` was read before, the queues are after; see above.
        fence_seq_cst("scheduler_close");
        if !mutant("worker_exit_keeps_queue") {
            for remote in &self.remotes {
                self.cancel_all(|| remote.slot.take().or_else(|| remote.stealer.steal()));
            }
        }
        self.cancel_all(|| self.injector.pop());
    }

    /// Cancels all that `take` answers. What others have deferred to the deques' collector may panic in it, and have been taken out of there by that.
    fn cancel_all(&self, take: impl Fn() -> Option<Runnable>) {
        loop {
            match catch_unwind(&take) {
                Ok(Some(entry)) => self.cancel(entry),
                Ok(None) => return,
                Err(payload) => discard(payload),
            }
        }
    }

    /// A worker, which goes on with the poll that it is in, has queued a task: if workers have exited meanwhile, they may not have seen it.
    #[inline]
    pub(super) fn tell_if_closed(&self) {
        if self.is_closed() && self.remotes.len() > 1 && !mutant("close_tells_nobody") {
            self.tell_closed();
        }
    }

    #[cold]
    fn tell_closed(&self) {
        // ORDERING(scheduler_close): relaxed; the token of the unpark carries it.
        self.left_over.swap(true, Ordering::Relaxed);
        // Alive: this worker has not left.
        self.timers.unpark_driver();
    }

    /// On the driver's thread: drops what a worker has queued since others have exited.
    pub(super) fn drop_left_over(&self) {
        // ORDERING(scheduler_close): relaxed; see `tell_closed`.
        if self.left_over.load(Ordering::Relaxed) && self.left_over.swap(false, Ordering::Relaxed) {
            self.drop_tasks(self.workers());
        }
    }

    /// Whether nobody is there any more who could spawn or poll. Asked after a fence that follows a push.
    pub(super) fn is_ownerless(&self) -> bool {
        // ORDERING(scheduler_close): relaxed, the fence before orders it.
        self.owners.load(Ordering::Relaxed) == 0 && !mutant("close_keeps_late_wake")
    }

    /// Drops the injector's entries. Without an owner: each of the futures is gone, or about to be dropped by whoever spawned it.
    pub(super) fn empty_injector(&self) {
        // ORDERING(scheduler_close): a pusher that saw an owner passed its fence before this one: its entry is seen here.
        fence_seq_cst("scheduler_close");
        while let Some(entry) = self.injector.pop() {
            self.count_discarded();
            drop(entry);
        }
    }

    /// Drops the future of a task that is never polled any more, and its queue entry.
    fn cancel(&self, entry: Runnable) {
        self.count_discarded();
        entry.cancel();
    }

    fn count_discarded(&self) {
        // ORDERING(queue_account): release; as a worker's count of polls. Any thread may be here, and seldom.
        self.discarded.fetch_add(1, ord("queue_account", Ordering::Release));
    }
}

impl Shard {
    /// The shard of worker `index`; of foreign threads, if that is the number of workers.
    pub(crate) fn new(scheduler: Arc<Scheduler>, index: usize) -> Arc<Self> {
        debug_assert!(index <= scheduler.workers(), "one shard for each worker and one for foreign threads");
        // Relaxed: counter only; whoever makes one has another, or makes the first.
        scheduler.owners.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { scheduler, index })
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        // ORDERING(scheduler_close): relaxed; the fence that follows orders it.
        if self.scheduler.owners.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.scheduler.empty_injector();
        }
    }
}
