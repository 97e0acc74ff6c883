//! How many threads of a runtime look for their token at a time, before they sleep.
//!
//! A thread that looks keeps a CPU from others, that of whom it waits for above all. So at most half of the CPUs that the runtime may use are looked on,
//! and on one CPU none. How many there are is asked once, of the thread that builds the runtime.
//!
//! Who calls it: threads in `block_on` (`runtime/patience.rs`). The count decides who looks and nothing else: whoever is refused parks at
//! once, and whoever has looked parks too. So it orders nothing, and needs no model.
//!
//! Deliberately not here: for how long they look, and whether it pays.

use crate::facade::allowed_cpus;
use crate::facade::atomic::{AtomicUsize, Ordering};

/// The count, and its limit.
pub(crate) struct Lookers {
    looking: AtomicUsize,
    most: usize,
}

/// Counts a thread that looks, until it is dropped.
pub(crate) struct Looking<'a>(&'a Lookers);

impl Lookers {
    /// For a runtime that uses the CPUs that this thread may.
    pub(crate) fn new() -> Self {
        Self::of(allowed_cpus())
    }

    fn of(cpus: usize) -> Self {
        Self { looking: AtomicUsize::new(0), most: cpus / 2 }
    }

    /// Whether anybody ever may look.
    pub(crate) fn may_be(&self) -> bool {
        self.most > 0
    }

    /// Counts the calling thread, unless enough look already. Of two that come at once one may be refused for nothing.
    pub(crate) fn enter(&self) -> Option<Looking<'_>> {
        // Counter only, both: see the header.
        let looking = self.looking.load(Ordering::Relaxed);
        let enters = looking < self.most
            && self.looking.compare_exchange(looking, looking + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        enters.then(|| Looking(self))
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        // Counter only: as in `enter`.
        self.0.looking.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facade::testing::alone;

    #[test]
    fn half_of_the_cpus_are_looked_on_at_most() {
        alone(|| {
            let lookers = Lookers::of(5);
            let first = lookers.enter().expect("nobody looks");
            let _second = lookers.enter().expect("one looks");
            assert!(lookers.enter().is_none());
            drop(first);
            assert!(lookers.enter().is_some());
        });
    }

    #[test]
    fn on_one_cpu_nobody_looks() {
        alone(|| {
            let (one, two) = (Lookers::of(1), Lookers::of(2));
            assert!(!one.may_be() && one.enter().is_none());
            assert!(two.may_be() && two.enter().is_some());
        });
    }
}
