//! How often the driver thread woke, and how often for nothing.
//!
//! Who calls it: the driver thread writes, anybody reads. A wake-up is open until the driver fires a timer or goes back to sleep; the
//! one that tells it to end stays open.
//!
//! Deliberately not here: why it woke.

use crate::facade::CachePadded;
use crate::facade::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counts wake-ups, on a line of its own.
#[derive(Debug)]
pub(super) struct Wakeups(CachePadded<Counts>);

#[derive(Debug)]
struct Counts {
    all: AtomicU64,
    spurious: AtomicU64,
    /// The last one has not been seen to be of use. The driver's own.
    open: AtomicBool,
}

impl Wakeups {
    pub(super) fn new() -> Self {
        let (all, spurious) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(CachePadded::new(Counts { all, spurious, open: AtomicBool::new(false) }))
    }

    /// The driver has woken.
    pub(super) fn count(&self) {
        self.settle();
        add_one(&self.0.all);
        self.set_open(true);
    }

    /// The driver has fired something.
    pub(super) fn was_of_use(&self) {
        self.set_open(false);
    }

    /// The driver goes back to sleep: if it has fired nothing, it woke for nothing.
    pub(super) fn settle(&self) {
        // Counter only: the driver's own.
        if self.0.open.load(Ordering::Relaxed) {
            add_one(&self.0.spurious);
            self.set_open(false);
        }
    }

    pub(super) fn all(&self) -> u64 {
        // Counter only.
        self.0.all.load(Ordering::Relaxed)
    }

    pub(super) fn spurious(&self) -> u64 {
        // Counter only.
        self.0.spurious.load(Ordering::Relaxed)
    }

    fn set_open(&self, open: bool) {
        // Counter only: the driver's own.
        self.0.open.store(open, Ordering::Relaxed);
    }
}

/// Adds one to what the calling thread alone writes.
fn add_one(counter: &AtomicU64) {
    // Counter only: one writer.
    let before = counter.load(Ordering::Relaxed);
    // Counter only: as above.
    counter.store(before + 1, Ordering::Relaxed);
}
