//! The references of tasks to their scheduler, counted in bulk.
//!
//! A task refers to its scheduler from its spawn until it is complete. To count each of them up and down would be two writes for each task to a line that all
//! workers share. So a worker borrows many references at a time and gives them to the tasks that it spawns, and takes back those of the tasks that it completes: while
//! spawns and completions are in balance on a worker, or nearly, nothing shared is written. Any other thread counts one by one.
//!
//! All that are lent are worth one counted reference to the scheduler, taken with the first and dropped with the last.
//!
//! Who calls it: `membership.rs`, on any thread; a worker that is dropped gives its credit back (`worker/mod.rs`).
//!
//! # Invariants (ordering labels)
//! - `scheduler_lent`: each use of the scheduler through a lent reference happens before it is freed. Pairs each give-back with the last.
//! - Whoever lends has another reference, counted or lent, for as long.
//!
//! Checked by the model `lent_references`.

use std::cell::Cell;
use std::ptr::NonNull;

use super::Scheduler;
use super::worker::Worker;
use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::{Arc, ord};

/// How many a worker borrows at a time. It gives as many back when it has twice that.
const BULK: usize = 256;

/// How many references are lent.
#[derive(Debug)]
pub(super) struct LentCount(AtomicUsize);

impl LentCount {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }
}

/// A lent reference: what `Arc::as_ptr` answers, for the last one to come back is made an `Arc` again.
pub(super) struct Reference(NonNull<Scheduler>);

impl Reference {
    /// For a task about to be spawned, which is counted if it `counts`.
    #[inline]
    pub(super) fn of_new_task(scheduler: &Arc<Scheduler>, counts: bool) -> Self {
        let worked = Worker::peek(Arc::as_ptr(scheduler), |worker| {
            worker.metrics().spawned.add_published(counts.into());
            worker.credit().take(scheduler);
        });
        if worked.is_none() {
            scheduler.foreign.add_spawned(counts.into());
            Scheduler::lend(scheduler, 1);
        }
        Self(of_arc(scheduler))
    }

    /// One more, beside one that is lent.
    ///
    /// # Safety
    /// A lent reference keeps `scheduler` during the call, which is what `Arc::as_ptr` answers.
    pub(super) unsafe fn another(scheduler: *const Scheduler) -> Self {
        // SAFETY: by the caller.
        let lent = &unsafe { &*scheduler }.lent.0;
        // Relaxed: counter only; as one is lent, this is not the first.
        let before = lent.fetch_add(1, Ordering::Relaxed);
        debug_assert!(before > 0, "one is lent");
        // SAFETY: it points to something.
        Self(unsafe { NonNull::new_unchecked(scheduler.cast_mut()) })
    }

    /// Gives it back to a worker of its scheduler.
    #[inline]
    pub(super) fn give_to(self, credit: &Credit) {
        credit.put(self.as_ptr());
        std::mem::forget(self);
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *const Scheduler {
        self.0.as_ptr()
    }

    #[inline]
    pub(super) fn get(&self) -> &Scheduler {
        // SAFETY: what is lent keeps the scheduler alive, until the drop.
        unsafe { self.0.as_ref() }
    }
}

fn of_arc(scheduler: &Arc<Scheduler>) -> NonNull<Scheduler> {
    // SAFETY: an `Arc` points to something.
    unsafe { NonNull::new_unchecked(Arc::as_ptr(scheduler).cast_mut()) }
}

impl Clone for Reference {
    fn clone(&self) -> Self {
        // SAFETY: ours is lent.
        unsafe { Self::another(self.as_ptr()) }
    }
}

impl Drop for Reference {
    #[inline]
    fn drop(&mut self) {
        let scheduler = self.as_ptr();
        if Worker::peek(scheduler, |worker| worker.credit().put(scheduler)).is_none() {
            // SAFETY: one reference is given back, and not used any more.
            unsafe { Scheduler::take_back(scheduler, 1) }
        }
    }
}

/// What a worker has borrowed and not given to a task.
#[derive(Debug)]
pub(super) struct Credit(Cell<usize>);

impl Credit {
    pub(super) fn new() -> Self {
        Self(Cell::new(0))
    }

    /// Takes one, for a task.
    #[inline]
    fn take(&self, scheduler: &Arc<Scheduler>) {
        if self.0.get() == 0 {
            Scheduler::lend(scheduler, BULK);
            self.0.set(BULK);
        }
        self.0.set(self.0.get() - 1);
    }

    /// Puts back that of a task. The worker has a counted reference to `scheduler`.
    #[inline]
    fn put(&self, scheduler: *const Scheduler) {
        self.0.set(self.0.get() + 1);
        if self.0.get() == 2 * BULK {
            self.0.set(BULK);
            // SAFETY: as many were borrowed, or taken from tasks.
            unsafe { Scheduler::take_back(scheduler, BULK) }
        }
    }

    /// Gives all back. The worker has a counted reference to `scheduler`.
    pub(super) fn settle(&self, scheduler: &Arc<Scheduler>) {
        let count = self.0.take();
        if count > 0 {
            // SAFETY: as in `put`.
            unsafe { Scheduler::take_back(Arc::as_ptr(scheduler), count) }
        }
    }
}

impl Scheduler {
    /// Lends `count` references.
    fn lend(this: &Arc<Self>, count: usize) {
        // Relaxed: counter only; the caller's reference keeps the scheduler meanwhile.
        if this.lent.0.fetch_add(count, Ordering::Relaxed) == 0 {
            std::mem::forget(this.clone());
        }
    }

    /// Takes `count` references back.
    ///
    /// # Safety
    /// As many were lent, and are not used any more. `this` is what `Arc::as_ptr` answers: no reference to the scheduler reaches the counts beside it.
    unsafe fn take_back(this: *const Self, count: usize) {
        // SAFETY: what is given back keeps the scheduler until then.
        let scheduler = unsafe { &*this };
        // ORDERING(scheduler_lent): release our uses to whoever drops the reference, acquire everybody's if that is us.
        if scheduler.lent.0.fetch_sub(count, ord("scheduler_lent", Ordering::AcqRel)) == count {
            // SAFETY: `lend` has forgotten one for those that have all come back.
            drop(unsafe { Arc::from_raw(this) });
        }
    }
}
