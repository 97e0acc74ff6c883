//! A point at which shuttle may switch threads, for the stand-ins of this directory: directly before each step on data of their own.
//!
//! The names are those of the models' turns, which tell two kinds of steps apart; shuttle does not.

use shuttle::sync::atomic::{AtomicBool, Ordering};

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

    /// Before a step that changes nothing.
    pub(super) fn observe(&self) {
        self.0.load(Ordering::SeqCst);
    }

    /// Before a step that changes something.
    pub(super) fn alter(&self) {
        self.0.load(Ordering::SeqCst);
    }
}
