//! Spawning a task, and what it knows of its scheduler: its shard, by which it finds its list and its queues.
//!
//! Who calls it: `Handle` spawns, on any thread; through [`Schedule`] wakers and polls queue, on any thread.
//! Deliberately not here: the queues, and who is woken (`mod.rs`).

use std::future::Future;

use super::worker::Worker;
use super::{Scheduler, Shard};
use crate::sync::Arc;
use crate::task::hooks::TaskHooks;
use crate::task::list::TaskList;
use crate::task::meta::Origin;
use crate::task::raw::{RawTask, Schedule};
use crate::task::runnable::Runnable;
use crate::task::{self, JoinHandle};

/// Spawns a task that belongs to `shard`: it is in its list, and counts on its line.
#[track_caller]
pub(crate) fn spawn<F>(shard: &Arc<Shard>, future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    shard.scheduler.assert_not_forked();
    let (runnable, handle) = task::enlist(future, Membership(shard.clone()), Membership::list, origin);
    if let Some(runnable) = runnable
        && let Err(runnable) = Worker::push_current(Arc::as_ptr(&shard.scheduler), runnable)
    {
        shard.scheduler.inject(runnable);
    }
    handle
}

/// As [`spawn`], for a reference to the shard that the task takes over: on a worker no other is counted.
#[track_caller]
pub(crate) fn spawn_owned<F>(shard: Arc<Shard>, future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    shard.scheduler.assert_not_forked();
    let (runnable, handle) = task::enlist(future, Membership(shard), Membership::list, origin);
    if let Some(runnable) = runnable {
        runnable.schedule();
    }
    handle
}

/// A task's membership: in which list it is, and which scheduler runs it.
struct Membership(Arc<Shard>);

impl Schedule for Membership {
    const IS_QUIET: bool = true;

    unsafe fn schedule(this: *const Self, task: Runnable) {
        // SAFETY: by the caller.
        unsafe { Self::queue(this, task, Worker::push_current) }
    }

    unsafe fn reschedule(this: *const Self, task: Runnable) {
        // SAFETY: by the caller.
        unsafe { Self::queue(this, task, Worker::requeue_current) }
    }

    fn release(&self, task: RawTask) -> bool {
        // SAFETY: a task enters this list when it is made and completes once.
        unsafe { self.list().remove(task) }
    }

    fn hooks(&self) -> Option<&TaskHooks> {
        self.0.scheduler.task_hooks.as_deref()
    }
}

impl Membership {
    fn list(&self) -> &TaskList {
        &self.0.scheduler.lists[self.0.index]
    }

    /// Queues `task` on this worker by `queue`, or injects it from any other thread.
    ///
    /// # Safety
    /// `this` lies in the allocation of `task`, whose entry the caller owns.
    unsafe fn queue(
        this: *const Self,
        task: Runnable,
        queue: impl FnOnce(*const Scheduler, Runnable) -> Result<(), Runnable>,
    ) {
        // SAFETY: the entry keeps the allocation alive until it is handed on.
        let membership = unsafe { &*this };
        if let Err(task) = queue(Arc::as_ptr(&membership.0.scheduler), task) {
            // The entry is about to leave our hands, and with it the allocation that holds `this`.
            let shard = membership.0.clone();
            shard.scheduler.inject(task);
        }
    }
}
