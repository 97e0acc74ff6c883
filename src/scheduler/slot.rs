//! A worker's slot for the task woken last, which it most often runs next.
//!
//! A task that wakes another is most often about to wait for it: the two share what is in the cache, and to run the other next on the same
//! worker costs no wake-up of a thread. So what a worker wakes goes into its slot, and what was there before moves on to the local queue,
//! where others may steal it; what it spawns goes there if the slot is empty. Nobody is told of a task in the slot, and nobody steals it: its worker
//! runs it next, or puts it behind the others when the queue has its turn. If that is stuck in a poll, the watch rescues the task (`watch.rs`).
//!
//! Who calls it: [`replace`](Slot::replace) the worker's own thread, [`take`](Slot::take) that, the timer driver's or, at the end, that of any worker
//! that exits.
//!
//! # Invariants (ordering labels)
//! - *Exactly one takes a task* (structural: `slot_take_twice`): by a swap.
//! - `slot_handover`: what its worker wrote before it filled the slot is seen by whoever takes the task. Pairs `replace` with `take`.
//!
//! Checked by the model `slot_vs_rescue`.
//! Deliberately not here: what goes into it (`worker/queueing.rs`), and how often in a row it may win over the queue (`worker/search.rs`).

use std::ptr::{self, NonNull};

use crate::facade::atomic::{AtomicPtr, Ordering};
use crate::facade::{mutant, ord};
use crate::task::runnable::Runnable;

/// Holds one queue entry, or none.
pub(crate) struct Slot {
    /// A queue entry, as a pointer; null when there is none.
    entry: AtomicPtr<()>,
}

impl Slot {
    pub(crate) fn new() -> Self {
        Self { entry: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Puts `task` in, and answers what was there.
    pub(crate) fn replace(&self, task: Runnable) -> Option<Runnable> {
        // ORDERING(slot_handover): release; pairs with `take`. Acquire, for the task that comes out, which is about to go to others.
        let before = self.entry.swap(task.into_pointer().as_ptr(), ord("slot_handover", Ordering::AcqRel));
        // SAFETY: the slot holds pointers of `into_pointer`, and the swap has taken this one out.
        NonNull::new(before).map(|entry| unsafe { Runnable::from_pointer(entry) })
    }

    /// Takes what is in it.
    #[inline]
    pub(crate) fn take(&self) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        if mutant("slot_take_twice") {
            let entry = self.entry.load(Ordering::Acquire);
            self.entry.swap(ptr::null_mut(), Ordering::Relaxed);
            // SAFETY: not given; the model fails.
            return NonNull::new(entry).map(|entry| unsafe { Runnable::from_pointer(entry) });
        }
        // ORDERING(slot_handover): acquire; pairs with `replace`.
        let entry = self.entry.swap(ptr::null_mut(), ord("slot_handover", Ordering::Acquire));
        // SAFETY: the slot holds pointers of `into_pointer`, and the swap has taken this one out.
        NonNull::new(entry).map(|entry| unsafe { Runnable::from_pointer(entry) })
    }

    /// Whether it is empty, to its worker; a guess to any other thread, unless fences order it.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: a guess for the swap, which checks it (counter only); `watch.rs` orders its own look by fences.
        self.entry.load(Ordering::Relaxed).is_null()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.take());
    }
}
