//! What a thread does for others: whether it may block.
//!
//! | a thread that | polls | and inside `block_in_place` |
//! |---|---|---|
//! | does nothing for a runtime, or runs a blocking job | [`Polls::Nothing`]: it may block | the same |
//! | is in `block_on`, or has handed its worker on, or ends with it | [`Polls::ForItself`] | it may block: nobody else waits behind it |
//! | works as a worker, or is the timer driver | [`Polls::ForOthers`] | only once the worker is handed on |
//! | works as a worker in `block_on` | [`Polls::ForBoth`] | the same |
//!
//! So code of the user's that runs on a worker's or the driver's thread outside a task's poll, a hook, a foreign waker or a `Drop`, is refused
//! `block_on` by whatever wrapper it comes: tasks or timers of others would wait for it.
//!
//! Who calls it: `runtime/` on each thread that it starts or that enters it, and the loop of a worker; all on the thread itself.
//! Deliberately not here: which runtime the thread has entered (`runtime/context.rs`).

use std::cell::Cell;

use crate::facade::thread_local_const;

thread_local_const! {
    static DUTY: Cell<Duty> = Cell::new(Duty::NONE)
}

#[derive(Clone, Copy)]
struct Duty {
    /// Some runtime has started the thread.
    started: bool,
    polls: Polls,
}

/// Who waits behind what a thread polls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Polls {
    Nothing,
    ForItself,
    ForOthers,
    ForBoth,
}

impl Duty {
    const NONE: Self = Self { started: false, polls: Polls::Nothing };
}

/// Marks this thread, for good, as one that a runtime has started to work as a worker or as the driver.
pub(crate) fn become_runtime_thread() {
    set(Duty { started: true, polls: Polls::ForOthers });
}

/// Marks this thread, for good, as one of a blocking pool: it may block.
pub(crate) fn become_pool_thread() {
    set(Duty { started: true, polls: Polls::Nothing });
}

/// Whether some runtime has started this thread: it must wait for the end of no runtime, which may wait for it.
pub(crate) fn is_runtime_thread() -> bool {
    get().started
}

/// Whether this thread polls futures, and so must not block.
pub(crate) fn polls() -> bool {
    get().polls != Polls::Nothing
}

/// Whether this thread works as a worker, or is the timer driver, and polls nothing for itself.
pub(crate) fn polls_for_others() -> bool {
    get().polls == Polls::ForOthers
}

/// Whether this thread works as a worker in `block_on`.
pub(crate) fn polls_for_both() -> bool {
    get().polls == Polls::ForBoth
}

/// Its thread has its former duty when it is dropped.
#[must_use = "the duty ends as soon as it is dropped"]
pub(crate) struct DutyGuard(Duty);

impl Drop for DutyGuard {
    fn drop(&mut self) {
        set(self.0);
    }
}

/// Begins to poll a root future.
pub(crate) fn poll_for_itself() -> DutyGuard {
    replace(Polls::ForItself)
}

/// Begins to work as a worker in `block_on`, whose future it polls besides.
pub(crate) fn poll_for_both() -> DutyGuard {
    replace(Polls::ForBoth)
}

/// Begins to work as a worker.
pub(crate) fn poll_for_others() -> DutyGuard {
    replace(Polls::ForOthers)
}

/// The worker is about to be handed on, or ends: nobody else waits behind this thread, until it takes on another duty.
pub(crate) fn is_relieved() {
    set(Duty { polls: Polls::ForItself, ..get() });
}

/// Stops polling for a while: the thread may block, unless others wait behind it.
pub(crate) fn block() -> DutyGuard {
    match get().polls {
        Polls::ForOthers | Polls::ForBoth => DutyGuard(get()),
        Polls::ForItself | Polls::Nothing => replace(Polls::Nothing),
    }
}

/// As [`block`], for a worker that nobody could be found to take over: those who wait behind it have to.
pub(crate) fn block_regardless() -> DutyGuard {
    replace(Polls::Nothing)
}

fn replace(polls: Polls) -> DutyGuard {
    let before = get();
    set(Duty { polls, ..before });
    DutyGuard(before)
}

/// None too while the thread ends and its thread-locals are gone.
fn get() -> Duty {
    DUTY.try_with(Cell::get).unwrap_or(Duty::NONE)
}

fn set(duty: Duty) {
    // The thread ends: it goes on unmarked.
    let _ = DUTY.try_with(|own| own.set(duty));
}
