//! The seat: which worker, if any, this thread works as.
//!
//! A worker is plain data that one thread at a time owns. While it sits here, wakes and spawns on this thread find it and queue
//! locally. `block_in_place` takes it off its seat in the middle of a task's poll and hands it to another thread, so nobody on
//! this thread may hold a reference to it while it sits, but for a moment ([`peek`]): [`with`] lends it to a closure, and leaves the seat empty meanwhile. Code of the
//! user's that runs inside, a hook, or the drop of what another part of the process has deferred to the collector that the deques
//! share with it, finds no worker: what it wakes goes to the injector, and `block_in_place` hands nothing on.
//!
//! Who calls it: `worker/mod.rs` and the loop of `block_on` on the thread that works; wakers and spawns on any thread.
//! Deliberately not here: what a worker does.

use std::cell::Cell;
use std::ptr::NonNull;

use super::worker::Worker;
use crate::facade::thread_local_const;

thread_local_const! {
    /// Made by `Box::into_raw`, and owned by the seat.
    static SEAT: Cell<Option<NonNull<Worker>>> = Cell::new(None)
}

/// Seats `worker` on this thread, whose seat is free.
pub(crate) fn sit(worker: Box<Worker>) {
    worker.sit();
    SEAT.with(|seat| {
        let before = seat.replace(Some(NonNull::from(Box::leak(worker))));
        debug_assert!(before.is_none(), "a thread works as one worker at a time");
    });
}

/// Takes the worker off this thread's seat, if there is one.
pub(crate) fn stand() -> Option<Box<Worker>> {
    let worker = SEAT.try_with(Cell::take).ok().flatten()?;
    // SAFETY: the pointer came from a box, in `sit`, and was taken out of the seat for good. No reference to it is alive: while `with` lends
    // one the seat is empty.
    let worker = unsafe { Box::from_raw(worker.as_ptr()) };
    worker.stand();
    Some(worker)
}

/// Lends the seated worker, if there is one. Meanwhile the seat is empty.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Worker) -> R) -> Option<R> {
    let worker = Lent(SEAT.try_with(Cell::take).ok().flatten()?);
    // SAFETY: the seat owned the worker; taken out of it, nobody else finds it until it is put back.
    Some(f(unsafe { worker.0.as_ref() }))
}

/// As [`with`], for an `f` that runs no code but the worker's own, neither a user's nor the deques': the worker stays on its seat.
#[inline]
pub(super) fn peek<R>(f: impl FnOnce(&Worker) -> R) -> Option<R> {
    let worker = SEAT.try_with(Cell::get).ok().flatten()?;
    // SAFETY: the seat owns the worker, and `f`, which takes it off no seat, ends before anything else happens on this thread.
    Some(f(unsafe { worker.as_ref() }))
}

/// A worker that is lent; put back onto its seat at the end, also by a panic.
struct Lent(NonNull<Worker>);

impl Drop for Lent {
    #[inline]
    fn drop(&mut self) {
        // The thread-local was there when the worker was taken out of it.
        let _ = SEAT.try_with(|seat| seat.set(Some(self.0)));
    }
}
