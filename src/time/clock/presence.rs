//! A thread in `block_on` that parks between the polls of its root future: it counts as awake while it does not, and from a wake on.
//!
//! From a wake on the root future counts by itself, until its thread is awake and takes the wake. (A thread that works as the worker counts
//! as that; `runtime/block_on.rs` sees to its root future by the same steps.)
//!
//! A thread that counts already, because it runs a blocking job or blocks in place or is in another `block_on`, lends its count: else nothing
//! would happen while it waits in there for a timer.
//!
//! # Invariants (ordering labels)
//! - `presence_woken`: what came before a wake is seen by the poll for which the thread takes it. Else that poll could miss it, and nothing
//!   would count until the next one.
//! - A wake counts before it says that it has come, and takes that back if another had come (structural: `presence_stirs_late`): nobody
//!   takes back what does not count yet.
//! - A root future that has ended counts no more, whoever wakes it.
//!
//! Who calls it: `block_on.rs`, on the root's thread and on the wakers'. Checked by the model `presence_wakes`.
//! Deliberately not here: parking and unparking.

use std::cell::Cell;
use std::ptr;

use super::Clock;
use crate::facade::atomic::{AtomicBool, Ordering};
use crate::facade::{mutant, ord, thread_local_const};

thread_local_const! {
    /// The clock in whose runtime this thread counts as awake; an address to compare, nothing more.
    static COUNTED: Cell<*const Clock> = Cell::new(ptr::null())
}

/// Says that this thread counts as awake, until it is dropped.
pub(crate) struct Counted {
    before: *const Clock,
}

impl Counted {
    pub(crate) fn by(clock: &Clock) -> Self {
        Self { before: COUNTED.try_with(|counted| counted.replace(clock)).unwrap_or(ptr::null()) }
    }

    /// Lets it hold until somebody restores what was [before](Self::as_before).
    pub(crate) fn stay(self) {
        std::mem::forget(self);
    }

    /// Whatever is said until this is dropped: then the thread counts as it does now.
    pub(crate) fn as_before() -> Self {
        Self { before: COUNTED.try_with(Cell::get).unwrap_or(ptr::null()) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // The thread ends: nothing waits on it any more.
        let _ = COUNTED.try_with(|counted| counted.set(self.before));
    }
}

/// Lends what this thread counts as awake, if it does, to the worker that it works as, until it is dropped: the worker counts for it.
pub(crate) struct Lent<'a>(Option<(&'a Clock, Counted)>);

impl<'a> Lent<'a> {
    pub(crate) fn by(clock: &'a Clock) -> Self {
        if !is_counted(clock) {
            return Self(None);
        }
        let nowhere =
            Counted { before: COUNTED.try_with(|counted| counted.replace(ptr::null())).unwrap_or(ptr::null()) };
        clock.rest();
        Self(Some((clock, nowhere)))
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some((clock, _)) = &self.0 {
            clock.stir();
        }
    }
}

/// Whether this thread counts as awake in the runtime of `clock`.
fn is_counted(clock: &Clock) -> bool {
    COUNTED.try_with(|counted| ptr::eq(counted.get(), clock)).unwrap_or(false)
}

/// A thread in `block_on`, and its root future, in the runtime of one clock.
pub(crate) struct Presence {
    /// The root future was woken, and counts for that; or it has ended.
    woken: AtomicBool,
    /// The thread counted already.
    lent: bool,
}

impl Presence {
    /// The calling thread's, which is awake.
    pub(crate) fn new(clock: &Clock) -> Self {
        let lent = is_counted(clock);
        if !lent {
            clock.stir();
        }
        clock.arrive();
        Self { woken: AtomicBool::new(false), lent }
    }

    /// The future is woken. Its thread is unparked afterwards.
    pub(crate) fn wake(&self, clock: &Clock) {
        if !mutant("presence_stirs_late") {
            clock.stir();
        }
        // ORDERING(presence_woken): release; pairs with `unpark`. A write even if the flag is set, for the poll about to start.
        let before = self.woken.swap(true, ord("presence_woken", Ordering::Release));
        if mutant("presence_stirs_late") {
            clock.stir();
        }
        if before {
            clock.rest();
        }
    }

    /// The thread is about to park.
    pub(crate) fn park(&self, clock: &Clock) {
        clock.rest();
    }

    /// The thread has parked, and is about to poll.
    pub(crate) fn unpark(&self, clock: &Clock) {
        clock.stir();
        // ORDERING(presence_woken): acquire; pairs with `wake`.
        if self.woken.swap(false, ord("presence_woken", Ordering::Acquire)) {
            clock.rest();
        }
    }

    /// The thread is done with the future, or does something else beside it that counts.
    pub(crate) fn end(&self, clock: &Clock) {
        // Counter only: nothing is polled any more. The flag stays set: later wakes take back what they count.
        if self.woken.swap(true, Ordering::Relaxed) {
            clock.rest();
        }
        clock.depart();
        if !self.lent {
            clock.rest();
        }
    }
}
