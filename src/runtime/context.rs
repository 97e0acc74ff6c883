//! Which runtime a thread has entered.
//!
//! A stack for each thread: workers enter their own runtime for good, `block_on` and [`Handle::enter`] enter one for a while.
//! Guards may be dropped in any order; the last one made that still lives is in force.

use std::fmt;
use std::marker::PhantomData;

use super::handle::Handle;
use crate::duty::{self, DutyGuard};
use crate::entered::Entered;
use crate::facade::{StdMutexGuard, thread_local_const};
use crate::task::id::Current;

thread_local_const! {
    /// The runtimes that this thread has entered.
    static ENTERED: Entered<Handle> = Entered::new()
}

/// Makes a runtime the current one until it is dropped; see [`Handle::enter`].
///
/// The runtime may be shut down while the guard lives: its drop does not touch it.
#[must_use = "the runtime is left as soon as the guard is dropped"]
pub struct EnterGuard<'a> {
    _leave: Leave,
    /// Borrows the handle, though its drop does not; and stays on its thread, as a lock's guard does: it is `Sync` and not `Send`.
    scope: PhantomData<(&'a Handle, StdMutexGuard<'static, ()>)>,
}

/// Leaves the runtime that was entered, when it is dropped.
struct Leave {
    /// None on a thread that ends, whose thread-locals are gone: nothing was entered.
    position: Option<usize>,
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        let Some(position) = self.position else { return };
        // Dropped outside the borrow.
        let left = ENTERED.try_with(|entered| entered.leave(position));
        drop(left);
    }
}

/// Why there is no current runtime; the error of [`Handle::try_current`].
///
/// ```
/// let error = fusee::runtime::Handle::try_current().unwrap_err();
/// assert!(error.is_missing_context() && !error.is_thread_local_destroyed());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryCurrentError {
    destroyed: bool,
}

impl TryCurrentError {
    /// Whether no runtime was entered on this thread.
    pub fn is_missing_context(&self) -> bool {
        !self.destroyed
    }

    /// Whether the thread ends, and its thread-locals are gone already.
    pub fn is_thread_local_destroyed(&self) -> bool {
        self.destroyed
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.destroyed {
            "there is no current fusee runtime: the thread is ending, its thread-locals are gone"
        } else {
            "there is no current fusee runtime: call this within `block_on`, in a task, or under `Handle::enter`"
        })
    }
}

impl std::error::Error for TryCurrentError {}

/// Enters the runtime of `handle` on this thread.
pub(super) fn enter(handle: &Handle) -> EnterGuard<'_> {
    let position = ENTERED.try_with(|entered| entered.enter(handle.clone()));
    EnterGuard { _leave: Leave { position: position.ok() }, scope: PhantomData }
}

/// The current runtime.
pub(super) fn current() -> Result<Handle, TryCurrentError> {
    ENTERED
        .try_with(Entered::current)
        .map_err(|_| TryCurrentError { destroyed: true })?
        .ok_or(TryCurrentError { destroyed: false })
}

/// Lends `f` the current runtime, if there is one. `f` enters and leaves none.
pub(super) fn with_current<R>(f: impl FnOnce(&Handle) -> R) -> Option<R> {
    ENTERED.try_with(|entered| entered.with_current(f)).ok().flatten()
}

/// Panics on a thread that works for a runtime: blocking it would keep tasks or timers from running.
#[track_caller]
pub(super) fn assert_may_block() {
    assert!(
        !duty::polls(),
        "`block_on` was called on a thread that runs asynchronous tasks already, and would keep them from running: \
         `.await` the future instead, spawn it as a task, or call `block_on` where a thread may block (`spawn_blocking`, \
         `block_in_place`, `std::thread::spawn`)"
    );
}

/// Enters `block_on` on this thread: until the guards are dropped it polls, and runs the code of no task.
#[track_caller]
pub(super) fn enter_block_on() -> (DutyGuard, Current) {
    assert_may_block();
    (duty::poll_for_itself(), Current::none())
}
