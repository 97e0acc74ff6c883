//! The watch over the slots: a task in a slot whose worker is stuck in a poll is rescued.
//!
//! To wake a thread for each task that a slot takes would cost more than the slot saves; to wake none could leave the task waiting behind a poll that
//! blocks, beside idle workers. So the first worker to fill its slot calls the timer driver, which then looks at all slots every
//! [`PERIOD`]: a task that is in a slot while its worker has begun no poll since the last look goes to the injector. When no slot has been
//! used between two looks the driver stops looking, and costs nothing until a slot is filled again. A task waits for two periods at most.
//!
//! | worker | driver |
//! |---|---|
//! | 1. fills its slot | 1. `armed` := false |
//! | 2. fence `slot_publish` | 2. fence `watch_recheck` |
//! | 3. reads `armed`; if false: sets it and unparks the driver | 3. looks at the slots; if one is full: `armed` := true, and goes on |
//!
//! Whichever fence comes first, the other thread's read sees the write before it: the worker sees that nobody watches, or the driver sees
//! the task.
//!
//! Who calls it: [`Watch::slot_filled`] the worker that has filled its slot; [`Watchman`] belongs to the driver thread.
//!
//! # Invariants (ordering labels)
//! - `slot_publish`, `watch_recheck`: the two fences above. `watch_skip_recheck` (structural): step 3 of the driver.
//!
//! Checked by the models `slot_vs_watch` and `slot_vs_rescue`.
//! Deliberately not here: what a worker queues beside a shutdown (`closing.rs`), though the driver's looks are the occasion to drop it. A runtime with
//! one worker has no watch, for nobody else could run the task.

use std::time::Duration;

use super::Scheduler;
use crate::facade::atomic::{AtomicBool, Ordering};
use crate::facade::{RawInstant, fence_seq_cst, mutant};

/// How often the driver looks at the slots while they are in use.
const PERIOD: Duration = Duration::from_millis(1);

/// Whether the driver looks at the slots.
#[derive(Debug)]
pub(crate) struct Watch {
    armed: AtomicBool,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self { armed: AtomicBool::new(false) }
    }

    /// An empty slot was filled. True if nobody watches: the caller unparks the driver.
    #[must_use = "the driver has to be unparked"]
    #[inline]
    pub(crate) fn slot_filled(&self) -> bool {
        // ORDERING(slot_publish): the slot before, `armed` after; pairs with `watch_recheck`.
        fence_seq_cst("slot_publish");
        // ORDERING(slot_publish): relaxed, the fence orders both. The swap chooses one of several workers.
        !self.armed.load(Ordering::Relaxed) && !self.armed.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn is_armed(&self) -> bool {
        // Relaxed: the unparker's token carries it (counter only).
        self.armed.load(Ordering::Relaxed)
    }

    /// Stops the watch, unless a slot is full, as `is_full` answers.
    pub(crate) fn disarm(&self, is_full: impl FnOnce() -> bool) -> bool {
        // ORDERING(watch_recheck): relaxed, the fence orders it; a swap, for workers race it with another.
        self.armed.swap(false, Ordering::Relaxed);
        // ORDERING(watch_recheck): `armed` before, the slots after; pairs with `slot_publish`.
        fence_seq_cst("watch_recheck");
        if is_full() && !mutant("watch_skip_recheck") {
            // Relaxed: to whoever reads it late the driver is called once more (counter only).
            self.armed.swap(true, Ordering::Relaxed);
            return false;
        }
        true
    }
}

/// What the driver remembers between two looks.
pub(crate) struct Watchman {
    /// When the next look is due; none while nobody watches.
    next: Option<RawInstant>,
    /// Of each worker: the polls that it had begun, and the tasks that it had taken from its slot.
    seen: Vec<(u64, u64)>,
}

impl Watchman {
    pub(crate) fn new(scheduler: &Scheduler) -> Self {
        Self { next: None, seen: vec![(0, 0); scheduler.workers()] }
    }

    /// Looks at the slots if a look is due, and rescues what is in those of stuck workers; before that, due or not, drops what a shutdown has left over.
    /// When to look next; nothing if not at all.
    pub(crate) fn look(&mut self, scheduler: &Scheduler) -> Option<RawInstant> {
        scheduler.drop_left_over();
        if !scheduler.watch.is_armed() {
            self.next = None;
            return None;
        }
        let now = RawInstant::now();
        if self.next.is_some_and(|next| now < next) {
            return self.next;
        }
        // A first look has nothing to compare with.
        let mut used = self.next.is_none();
        let compare = !used;
        for (remote, seen) in scheduler.remotes.iter().zip(&mut self.seen) {
            let counted = (remote.metrics.polls.get(), remote.metrics.slot_hits.get());
            used |= counted.1 != seen.1;
            if compare
                && counted.0 == seen.0
                && let Some(task) = remote.slot.take()
            {
                used = true;
                scheduler.rescued.add(1);
                scheduler.inject_rescued(task);
            }
            *seen = counted;
        }
        let is_full = || scheduler.remotes.iter().any(|remote| !remote.slot.is_empty());
        self.next = if !used && scheduler.watch.disarm(is_full) { None } else { now.checked_add(PERIOD) };
        self.next
    }
}
