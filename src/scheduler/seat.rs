//! The seat: which worker, if any, this thread works as.
//!
//! A worker is plain data that one thread at a time owns. While it sits here, wakes and spawns on this thread find it and queue
//! locally. `block_in_place` takes it off its seat in the middle of a task's poll and hands it to another thread, so nobody on
//! this thread may hold a reference to it across user code: [`with`] lends it to a closure that runs none.
//!
//! Who calls it: `worker.rs` and the loop of `block_on` on the thread that works; wakers and spawns on any thread.
//! Deliberately not here: what a worker does.

use std::cell::Cell;
use std::ptr::NonNull;

use super::worker::Worker;
use crate::sync::thread_local_const;

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
    // SAFETY: the pointer came from a box, in `sit`, and was taken out of the seat for good. No reference to it is alive: `with`
    // lends one only to closures that run no user code, and nothing but user code leads here.
    let worker = unsafe { Box::from_raw(worker.as_ptr()) };
    worker.stand();
    Some(worker)
}

/// Lends the seated worker, if there is one. `f` runs no user code.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Worker) -> R) -> Option<R> {
    let worker = SEAT.try_with(Cell::get).ok().flatten()?;
    // SAFETY: the seat owns the worker, and nothing that `f` does takes it off: only user code leads to `stand`.
    Some(f(unsafe { worker.as_ref() }))
}
