//! What to do when nothing can move a paused clock any more: those who wait in `block_on` are told.
//!
//! Everything waits, no task is in a queue, and there is no timer that will ever fire. Only something from outside can end that, which no clock knows of: so the
//! driver gives it [`STANDSTILL`](crate::facade::STANDSTILL) of the machine's time, from when it saw all this until it sees it again with nothing in between, and
//! then tells each root future that waits. Polled once more, a root that is still pending says so by a panic (`runtime/block_on.rs`), and a test that would
//! hang fails.
//!
//! # Invariants
//! - Who waits for the clock to move, or holds it ([`time::hold`](crate::time::hold)), counts as awake, and then nobody is told.
//! - A root is told before it is woken (structural: `standstill_untold`). One that has ended is told nothing.
//!
//! Who calls it: threads in `block_on`, and the driver's turns on a paused clock (`driver/paused.rs`).
//! Checked by the model `standstill_is_told`. Deliberately not here: what there is to say (`scheduler/standstill.rs`).

use std::task::Waker;

use super::Clock;
use crate::facade::{Mutex, mutant};
use crate::spare::GiveBack;

/// The root futures of a runtime.
#[derive(Debug, Default)]
pub(super) struct Roots(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    roots: Vec<Root>,
    next_key: u64,
}

#[derive(Debug)]
struct Root {
    key: u64,
    /// One of `block_on`'s own.
    waker: Waker,
    is_told: bool,
}

/// A root future that is told when its runtime's clock stands still for good, until this is dropped.
pub(crate) struct WatchedRoot<'a> {
    clock: &'a Clock,
    key: u64,
}

impl<'a> WatchedRoot<'a> {
    /// Of the root that `waker` wakes: one of `block_on`'s own, which runs no code of the user's.
    pub(crate) fn new(clock: &'a Clock, waker: &Waker) -> Self {
        let key = clock.roots().map_or(0, |roots| {
            let mut list = roots.0.lock();
            let key = list.next_key;
            list.next_key += 1;
            list.roots.push(Root { key, waker: waker.clone(), is_told: false });
            key
        });
        Self { clock, key }
    }

    /// Somebody else is told from now on: the same root, as one that drives.
    pub(crate) fn end(self) {}

    /// Whether the clock was seen to stand still for good since the last call.
    pub(crate) fn is_told(&self) -> bool {
        let Some(roots) = self.clock.roots() else { return false };
        let mut list = roots.0.lock();
        let root = list.roots.iter_mut().find(|root| root.key == self.key);
        root.is_some_and(|root| std::mem::take(&mut root.is_told))
    }
}

impl Drop for WatchedRoot<'_> {
    fn drop(&mut self) {
        if let Some(roots) = self.clock.roots() {
            let mut list = roots.0.lock();
            list.roots.retain(|root| root.key != self.key);
            list.roots.give_back();
        }
    }
}

impl Clock {
    /// Whether some thread is in `block_on`.
    pub(crate) fn has_roots(&self) -> bool {
        self.roots().is_some_and(|roots| !roots.0.lock().roots.is_empty())
    }

    /// Tells all roots. Their wakers, to be woken: they go to `due`.
    pub(crate) fn tell_roots(&self, due: &mut Vec<Waker>) {
        let Some(roots) = self.roots() else { return };
        for root in &mut roots.0.lock().roots {
            root.is_told = !mutant("standstill_untold");
            due.push(root.waker.clone());
        }
    }
}
