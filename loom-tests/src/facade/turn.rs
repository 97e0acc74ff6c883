//! A point at which loom may switch threads, and which tells it what conflicts with what.
//!
//! Who uses it: the stand-ins of this directory, whose queues and clocks are plain data that loom does not know of. loom
//! explores both orders of two steps only if they touch one of its own objects in conflicting ways, so a stand-in
//! takes a turn directly before each step on its own data.
//!
//! # Invariants
//! - *A turn orders nothing*: it makes no happens-before, or it would hide a missing one in the code under test. Hence a
//!   relaxed load, and an exchange that always fails: to loom's scheduler a write, to its memory model none.

use loom::sync::atomic::{AtomicBool, Ordering};

/// What the steps on one piece of a stand-in's data go through.
#[derive(Debug)]
pub(super) struct Turn(AtomicBool);

impl Default for Turn {
    fn default() -> Self {
        Self::new()
    }
}

impl Turn {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Before a step whose order among other observations does not matter.
    pub(super) fn observe(&self) {
        self.0.load(Ordering::Relaxed);
    }

    /// Before a step whose order among all others matters.
    pub(super) fn alter(&self) {
        let refused = self.0.compare_exchange(true, true, Ordering::Relaxed, Ordering::Relaxed);
        assert_eq!(refused, Err(false), "a turn holds false for ever");
    }
}
