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

use super::references::Reference;
use super::sites::Site;
use super::worker::Worker;
use super::{Scheduler, Shard};
use crate::facade::plain::{AtomicU32, Ordering};
use crate::facade::{Arc, UnsafeCell, mutant};
use crate::task::hooks::TaskHooks;
use crate::task::meta::Origin;
use crate::task::raw::{RawTask, Schedule};
use crate::task::runnable::Runnable;
use crate::task::{self, JoinHandle};

/// Spawns a task of the scheduler that `membership` is for.
pub(crate) fn spawn<F>(mut membership: Membership, future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let scheduler = membership.scheduler().as_ptr();
    let is_refused = membership.is_refused();
    membership.site = membership.scheduler().get().sites.number(origin.place());
    let (runnable, handle) = task::create(future, membership, origin);
    if is_refused {
        runnable.cancel();
    } else if let Err(runnable) = Worker::push_new_current(scheduler, runnable) {
        // SAFETY: the task is in no queue yet, so that its membership is there.
        let kept = unsafe { Reference::another(scheduler) };
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
    /// A list's index, [`UNLISTED`] or [`REFUSED`]. Belongs to whoever holds `RUNNING`, as the stage does (rule 1 of `task/state.rs`).
    list: UnsafeCell<u16>,
    /// Where it was spawned.
    pub(super) site: Site,
    /// When a worker took it to be polled, in milliseconds since the start of the runtime; 0 before that. It starts anew after seven weeks.
    pub(super) polled_at: AtomicU32,
}

// There are fewer lists than that: the builder refuses more than 32,768 workers.

/// In no list yet.
const UNLISTED: u16 = u16::MAX;

/// Made for a closed scheduler: never queued, and not counted.
const REFUSED: u16 = u16::MAX - 1;

// SAFETY: the reference may be given back anywhere, and the list is touched by one thread at a time.
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
        let list = UnsafeCell::new(if is_refused { REFUSED } else { UNLISTED });
        Self { scheduler: UnsafeCell::new(Some(scheduler)), list, site: Site::UNKNOWN, polled_at: AtomicU32::new(0) }
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
    pub(super) fn stamp(task: &Runnable, millisecond: u32) {
        // SAFETY: the entry keeps the task, and what is in a worker's queues was spawned here.
        let membership: &Self = unsafe { task.task().scheduler() };
        // Counter only.
        membership.polled_at.store(millisecond, Ordering::Relaxed);
    }

    fn is_refused(&self) -> bool {
        // SAFETY: the task is not made yet.
        self.list.with(|list| unsafe { *list }) == REFUSED
    }

    /// Enters `task`, which has been pending for the first time. False when the list is closed.
    ///
    /// # Safety
    /// `task` is alive and in no list, this is its membership, and the caller holds `RUNNING`.
    #[cold]
    unsafe fn enter(&self, task: RawTask) -> bool {
        let scheduler = self.scheduler().get();
        let index = Worker::peek(scheduler, Worker::index).unwrap_or(scheduler.workers());
        // SAFETY: the caller holds `RUNNING`. Before the lock: whoever closes the list goes on with the task.
        self.list.with_mut(|list| unsafe { *list = index as u16 });
        // SAFETY: by the caller; its own reference is the list's from now on.
        let entered = unsafe { scheduler.lists[index].insert(task) };
        if !entered {
            // SAFETY: the caller holds `RUNNING`, and no list has the task.
            self.list.with_mut(|list| unsafe { *list = UNLISTED });
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
        // SAFETY: the caller holds `RUNNING`.
        let list = self.list.with(|list| unsafe { *list });
        // SAFETY: by the caller; the task is in no list.
        list != UNLISTED || unsafe { self.enter(task) }
    }

    unsafe fn release(&self, task: RawTask, parts: bool) -> bool {
        let scheduler = self.scheduler().as_ptr();
        // SAFETY: the caller holds `RUNNING`.
        let list = self.list.with(|list| unsafe { *list });
        // SAFETY: the task has not parted with its scheduler.
        let lists = &unsafe { &*scheduler }.lists;
        // SAFETY: the task has entered this list, and completes once.
        let is_released = list >= REFUSED || unsafe { lists[list as usize].remove(task) };
        let counts = u64::from(list != REFUSED);
        // SAFETY: by the caller, nobody reads it any more.
        let mut kept = if parts { self.scheduler.with_mut(|scheduler| unsafe { (*scheduler).take() }) } else { None };
        let worked = Worker::peek(scheduler, |worker| {
            worker.metrics().finished.add(counts);
            if let Some(kept) = kept.take() {
                kept.give_to(worker.credit());
            }
        });
        if worked.is_none() && counts > 0 {
            // SAFETY: `kept`, or else the membership, keeps it.
            unsafe { &*scheduler }.foreign.add_finished();
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
}
