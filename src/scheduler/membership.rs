//! Spawning a task, and what it knows of its scheduler: how to reach it, and in which list it is.
//!
//! A task that has not been pending yet is in a queue, or is polled, and nowhere else: most tasks end so. The poll that leaves it pending for the
//! first time enters it into the list of the worker that it was polled on.
//!
//! Who calls it: `Handle` spawns, on any thread; through [`Schedule`] wakers and polls queue, on any thread.
//! # Invariants
//! - A task that is refused by the list of live tasks is cancelled by the poll that left it pending (structural: `membership_ignores_refusal`).
//! - A task that is complete refers to its scheduler no more, whoever keeps it (structural: `task_parts_queued`, in `task/cell.rs`): rule 6 of `task/state.rs`
//!   says who lets go.
//!
//! Checked by the models `spawn_vs_close`, `injector_shutdown` and `first_pending_vs_close`.
//! Deliberately not here: the queues, and who is woken (`mod.rs`); what becomes of tasks at the end (`closing.rs`).

use std::future::Future;

use super::place::{Place, Stamp};
use super::references::Reference;
use super::worker::Worker;
use super::{Scheduler, Shard};
use crate::facade::{Arc, StdArc, UnsafeCell, mutant};
use crate::recorder::word::{self, End, Kind};
use crate::task::hooks::TaskHooks;
use crate::task::meta::Origin;
use crate::task::raw::{RawTask, Schedule};
use crate::task::runnable::Runnable;
use crate::task::tracer::Tracer;
use crate::task::{self, JoinHandle};

/// Spawns a task of the scheduler that `membership` is for.
pub(crate) fn spawn<F>(mut membership: Membership, future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let scheduler = membership.scheduler().as_ptr();
    let is_refused = membership.place.is_refused();
    membership.place.set_spawned_at(origin.place());
    let (runnable, handle) = task::create(future, membership, origin);
    if is_refused {
        runnable.cancel();
    } else if let Err(runnable) = Worker::push_new_current(scheduler, runnable) {
        // SAFETY: the task is in no queue yet, so that its membership is there.
        let kept = unsafe { Reference::another(scheduler) };
        kept.get().record_task_elsewhere(Kind::Spawn, &runnable);
        // From then on it may be complete at any time.
        if kept.get().inject_new(runnable) {
            handle.refuse();
        }
    }
    handle
}

/// A task's membership: which scheduler runs it, in which list it is, and what is told of it.
pub(crate) struct Membership {
    /// Absent once the task has parted with it.
    scheduler: UnsafeCell<Option<Reference>>,
    pub(super) place: Place,
}

// SAFETY: the reference may be given back anywhere, and is taken away by one thread (rule 6 of `task/state.rs`); the rest is atomic.
unsafe impl Send for Membership {}
// SAFETY: as above.
unsafe impl Sync for Membership {}

impl Membership {
    /// Of a task that is about to be spawned, and counts as spawned from now on, unless the scheduler is closed.
    ///
    /// # Panics
    /// In a child of the process that built the runtime.
    #[track_caller]
    pub(crate) fn new(shard: &Arc<Shard>) -> Self {
        shard.scheduler.assert_not_forked();
        let is_refused = shard.scheduler.is_closed();
        let scheduler = Reference::of_new_task(&shard.scheduler, !is_refused);
        Self { scheduler: UnsafeCell::new(Some(scheduler)), place: Place::new(is_refused) }
    }

    /// What keeps the scheduler. The caller holds `RUNNING`, or has an entry of the task, or has not made the task yet.
    fn scheduler(&self) -> &Reference {
        // SAFETY: rule 6 of `task/state.rs`: nobody takes it away while the caller has that.
        let scheduler = self.scheduler.with(|scheduler| unsafe { (*scheduler).as_ref() });
        debug_assert!(scheduler.is_some(), "a task in use has a scheduler");
        // SAFETY: by the same rule, it is there.
        unsafe { scheduler.unwrap_unchecked() }
    }

    /// A worker has taken `task` out of a queue, to be polled.
    #[inline]
    pub(super) fn stamp(task: &Runnable, stamp: Stamp) {
        // SAFETY: the entry keeps the task, and what is in a worker's queues was spawned here.
        let membership: &Self = unsafe { task.task().scheduler() };
        membership.place.stamp(stamp);
    }

    /// Enters `task`, which has been pending for the first time. False when the list is closed.
    ///
    /// # Safety
    /// `task` is alive and in no list, this is its membership, and the caller holds `RUNNING`.
    #[cold]
    unsafe fn enter(&self, task: RawTask) -> bool {
        let scheduler = self.scheduler().get();
        let known = Worker::peek(scheduler, |worker| (worker.index(), worker.stamp()));
        let (index, stamp) = known.unwrap_or_else(|| (scheduler.workers(), scheduler.stamp()));
        // Before the lock: whoever closes the list goes on with the task, and so does whoever tells of it.
        self.place.enter(index, &scheduler.sites, stamp);
        // SAFETY: by the caller; its own reference is the list's from now on.
        let entered = unsafe { scheduler.lists[index].insert(task) };
        if !entered {
            self.place.is_turned_away();
        }
        entered || mutant("membership_ignores_refusal")
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
        if let Err(task) = queue(membership.scheduler().as_ptr(), task) {
            // The entry is about to leave our hands, and with it the allocation that holds `this`.
            let scheduler = membership.scheduler().clone();
            scheduler.get().inject(task);
        }
    }
}

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

    #[inline]
    unsafe fn settle(&self, task: RawTask) -> bool {
        // SAFETY: by the caller; the task is in no list.
        self.place.list().is_some() || unsafe { self.enter(task) }
    }

    unsafe fn release(&self, task: RawTask, parts: bool, end: End) -> bool {
        let scheduler = self.scheduler().as_ptr();
        // SAFETY: the task has not parted with its scheduler.
        let lists = &unsafe { &*scheduler }.lists;
        // SAFETY: the task has entered this list, and completes once.
        let is_released = self.place.list().is_none_or(|list| unsafe { lists[list].remove(task) });
        let counts = u64::from(!self.place.is_refused());
        // SAFETY: by the caller, nobody reads it any more.
        let mut kept = if parts { self.scheduler.with_mut(|scheduler| unsafe { (*scheduler).take() }) } else { None };
        let worked = Worker::peek(scheduler, |worker| {
            worker.metrics().finished.add(counts);
            worker.record_end(end, task);
            if let Some(kept) = kept.take() {
                kept.give_to(worker.credit());
            }
        });
        if worked.is_none() && counts > 0 {
            // SAFETY: `kept`, or else the membership, keeps it.
            let scheduler = unsafe { &*scheduler };
            scheduler.foreign.add_finished();
            scheduler.record_elsewhere(|| word::of_task(Kind::End, end as u64, task.id().address()));
        }
        is_released
    }

    #[inline]
    unsafe fn part(&self) {
        // SAFETY: by the caller, nobody reads it any more.
        drop(self.scheduler.with_mut(|scheduler| unsafe { (*scheduler).take() }));
    }

    fn hooks(&self) -> Option<&TaskHooks> {
        self.scheduler().get().task_hooks.as_deref()
    }

    fn tracer(&self) -> Option<StdArc<Tracer>> {
        self.scheduler().get().tracer()
    }

    fn worker(&self) -> Option<usize> {
        Worker::peek(self.scheduler().as_ptr(), Worker::index)
    }
}
