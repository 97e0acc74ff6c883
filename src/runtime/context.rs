//! Which runtime a thread has entered.
//!
//! A stack for each thread: workers enter their own runtime for good, `block_on` and [`Handle::enter`] enter one for a while.
//! Guards may be dropped in any order; the last one made that still lives is in force.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use super::handle::Handle;
use crate::entered::Entered;
use crate::facade::{StdMutexGuard, thread_local_const};
use crate::task::id::Current;

thread_local_const! {
    /// The runtimes that this thread has entered.
    static ENTERED: Entered<Handle> = Entered::new()
}

thread_local_const! {
    /// What this thread does for a runtime.
    static DUTY: Cell<Duty> = Cell::new(Duty::NONE)
}

#[derive(Clone, Copy)]
struct Duty {
    /// Some runtime has started the thread.
    started: bool,
    /// It polls futures that others wait behind: it is a worker or a driver, or is in `block_on`.
    polls: bool,
}

impl Duty {
    const NONE: Self = Self { started: false, polls: false };
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

/// Marks this thread, for good, as one that a runtime has started, to poll futures.
pub(super) fn become_runtime_thread() {
    set_duty(Duty { started: true, polls: true });
}

/// Marks this thread, for good, as one of a blocking pool: `block_on` is allowed on it.
pub(super) fn become_pool_thread() {
    set_duty(Duty { started: true, polls: false });
}

/// Whether some runtime has started this thread: it must wait for the end of no runtime, which may wait for it.
pub(super) fn is_runtime_thread() -> bool {
    duty().started
}

/// None too while the thread ends and its thread-locals are gone.
fn duty() -> Duty {
    DUTY.try_with(Cell::get).unwrap_or(Duty::NONE)
}

fn set_duty(duty: Duty) {
    // The thread ends: it goes on unmarked.
    let _ = DUTY.try_with(|own| own.set(duty));
}

/// Says that this thread polls, or that it does not for a while, until it is dropped: then the thread has its former duty.
pub(super) struct DutyGuard(Duty);

impl Drop for DutyGuard {
    fn drop(&mut self) {
        set_duty(self.0);
    }
}

/// Panics on a thread that works for a runtime: blocking it would keep tasks or timers from running.
#[track_caller]
pub(super) fn assert_may_block() {
    assert!(
        !duty().polls,
        "`block_on` was called on a thread that runs asynchronous tasks already, and would keep them from running: \
         `.await` the future instead, spawn it as a task, or call `block_on` where a thread may block (`spawn_blocking`, \
         `block_in_place`, `std::thread::spawn`)"
    );
}

/// Enters `block_on` on this thread: until the guards are dropped it polls, and runs the code of no task.
#[track_caller]
pub(super) fn enter_block_on() -> (DutyGuard, Current) {
    assert_may_block();
    (enter_polling(), Current::none())
}

/// Begins to poll futures on this thread, which some runtime has started or has not.
pub(super) fn enter_polling() -> DutyGuard {
    replace_duty(true)
}

/// Stops polling futures on this thread for a while: it may block.
pub(super) fn enter_blocking() -> DutyGuard {
    replace_duty(false)
}

fn replace_duty(polls: bool) -> DutyGuard {
    let before = duty();
    set_duty(Duty { polls, ..before });
    DutyGuard(before)
}
