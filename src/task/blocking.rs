//! Tasks that block: a closure, run once, on a thread of the blocking pool.
//!
//! Such a task is never pending, so it is polled once and nobody ever queues it again; and it is in no list of live tasks,
//! for the pool knows those that wait, and the others cannot be stopped. Beyond that it is a task like any other: its handle
//! awaits and aborts it, an abort before it starts cancels it when a thread takes it, a panic goes to the handle.
//!
//! Who calls it: `Handle::spawn_blocking`, on any thread. The closure runs on the pool's threads, on which the cooperative budget is unlimited:
//! no worker polls there. Deliberately not here: the pool (`src/blocking`).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::hooks::TaskHooks;
use super::meta::Origin;
use super::raw::{RawTask, Schedule, discard};
use super::runnable::Runnable;
use super::{self as task, JoinHandle};
use crate::facade::{StdArc, UnsafeCell, catch_unwind};
use crate::recorder::word::End;

/// Makes a task of `f`. Whoever has the runnable runs it, or [cancels](Runnable::cancel) it.
///
/// The runtime's `hooks` are told of it as of any other task.
pub(crate) fn unlisted<F, R>(f: F, hooks: Option<StdArc<TaskHooks>>, origin: Origin<'_>) -> (Runnable, JoinHandle<R>)
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    task::create(Once(Some(f)), Unlisted(UnsafeCell::new(hooks)), origin)
}

/// A future that calls its closure when it is polled.
struct Once<F>(Option<F>);

// The closure is moved out before it is called: it is never pinned.
impl<F> Unpin for Once<F> {}

impl<F: FnOnce() -> R, R> Future for Once<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let f = self.0.take().expect("a task that was ready is not polled again");
        Poll::Ready(f())
    }
}

/// The scheduler of tasks that are queued once, by hand.
///
/// The hooks are those of a runtime that a handle of the task may outlive: they go as it completes.
struct Unlisted(UnsafeCell<Option<StdArc<TaskHooks>>>);

// SAFETY: the hooks are read by whoever holds `RUNNING`, and taken out by him as the task completes: rule 6 of `state.rs`.
unsafe impl Sync for Unlisted {}

impl Schedule for Unlisted {
    const IS_QUIET: bool = true;
    const IS_JOB: bool = true;

    unsafe fn schedule(_: *const Self, _: Runnable) {
        unreachable!("a blocking task is queued from its start, then runs, then is complete: it is never idle");
    }

    unsafe fn reschedule(_: *const Self, _: Runnable) {
        unreachable!("a blocking task is ready after its first poll");
    }

    unsafe fn release(&self, _: RawTask, parts: bool, _: End) -> bool {
        if parts {
            // SAFETY: by the caller.
            unsafe { self.part() }
        }
        true
    }

    unsafe fn part(&self) {
        // SAFETY: by the caller, nobody reads them any more.
        let hooks = self.0.with_mut(|hooks| unsafe { (*hooks).take() });
        // They may be the last of a runtime that has ended, and are the user's.
        if let Err(payload) = catch_unwind(|| drop(hooks)) {
            discard(payload);
        }
    }

    fn hooks(&self) -> Option<&TaskHooks> {
        // SAFETY: rule 6: the caller holds `RUNNING` or has not made the task yet, and they are not taken out before.
        self.0.with(|hooks| unsafe { (*hooks).as_deref() })
    }
}
