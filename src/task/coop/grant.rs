//! The budget of the poll that runs on this thread: who grants it, who spends it, what a refusal is.
//!
//! A worker grants each poll of a task 128 leaves, and so does a local set. `block_on` grants its future as many if its thread runs
//! tasks beside it, and many more if it does not. A leaf that is ready spends one;
//! with none left it is refused: it answers pending instead and wakes its task, which so goes to the back of the queue. After 128
//! refusals a poll is granted as many leaves again: a foreign executor inside a task, which polls on whatever we answer, would
//! else never get further.
//!
//! The budget is a number of the thread that polls; outside a worker's poll and `block_on`'s it is unlimited.
//! Who calls it: `worker/mod.rs` and `block_on.rs` grant around each poll, and may ask afterwards [`Grant::was_exhausted`]; `Sleep`,
//! `JoinHandle`, `JoinSet` and what stands on them, and a tracker's wait spend when they are polled; the rest of this folder is the users' way in.
//! Checked by `tests/budget.rs`. Deliberately not here: what users see (`mod.rs`, `adapters.rs`), counting (the worker's).

use std::cell::Cell;
use std::task::{Context, Poll};

use crate::facade::thread_local_const;

/// Ready leaves that one poll of a task may take; and refusals before they are granted anew.
const GRANT: i32 = 128;

/// Ready leaves that one poll of `block_on`'s future may take where nobody waits behind it: it must only return in the end.
const ROOT_GRANT: i32 = 16_384;

/// No worker polls on this thread, or the future is unconstrained.
const UNLIMITED: i32 = i32::MAX;

#[derive(Clone, Copy)]
struct Budget {
    /// Above zero, leaves; from zero down to `-GRANT`, refusals made.
    left: i32,
    /// Whether a leaf was refused since this was granted.
    refused: bool,
}

impl Budget {
    const fn of(leaves: i32) -> Self {
        Self { left: leaves, refused: false }
    }
}

thread_local_const! {
    static BUDGET: Cell<Budget> = Cell::new(Budget::of(UNLIMITED))
}

/// The budget now. A thread that ends, and has lost its thread-locals, has no limit.
fn now() -> Budget {
    BUDGET.try_with(Cell::get).unwrap_or(Budget::of(UNLIMITED))
}

fn change(to: Budget) {
    // The thread ends: nobody grants on it any more.
    let _ = BUDGET.try_with(|budget| budget.set(to));
}

/// Grants a poll its budget, until it is dropped: then the thread has what it had before.
pub(crate) struct Grant {
    before: Budget,
}

impl Grant {
    /// For a poll of a task, and of a root future whose thread runs tasks too.
    pub(crate) fn task() -> Self {
        Self::of(GRANT)
    }

    /// For a poll of a root future whose thread does nothing else.
    pub(crate) fn root() -> Self {
        Self::of(ROOT_GRANT)
    }

    /// For a poll that is never refused, and for code within a poll that blocks and polls futures of its own.
    pub(crate) fn unlimited() -> Self {
        Self::of(UNLIMITED)
    }

    fn of(leaves: i32) -> Self {
        let before = now();
        change(Budget::of(leaves));
        Self { before }
    }

    /// Whether the poll that this was granted to was refused a leaf: it was made to give way. To be asked after the poll, on
    /// the same thread, before another grant.
    pub(crate) fn was_exhausted(&self) -> bool {
        now().refused
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        change(self.before);
    }
}

/// Whether a leaf polled now is polled, and not refused.
pub(super) fn has_any() -> bool {
    now().left > 0
}

/// Spends one, in advance; none if that is refused: then the task is woken. True if it is owed back should the leaf be pending.
pub(super) fn spend(context: &mut Context<'_>) -> Option<bool> {
    let budget = now();
    match budget.left {
        UNLIMITED => Some(false),
        1.. => {
            change(Budget { left: budget.left - 1, ..budget });
            Some(true)
        }
        _ => {
            refuse(budget, context);
            None
        }
    }
}

/// Gives back one that was spent in advance; to nobody if that poll is over and there is no limit any more.
///
/// One, and not what there was before: what was spent within stays spent, and what was refused within counts as refused, or a foreign
/// executor would be refused for ever.
pub(super) fn give_back() {
    let budget = now();
    if budget.left != UNLIMITED {
        change(Budget { left: budget.left + 1, ..budget });
    }
}

fn refuse(budget: Budget, context: &mut Context<'_>) {
    let left = if budget.left > -GRANT { budget.left - 1 } else { GRANT };
    change(Budget { left, refused: true });
    context.waker().wake_by_ref();
}

/// Polls a leaf by `poll`, if there is budget left; spends one of it if the leaf is ready.
pub(crate) fn poll_leaf<T>(context: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    let budget = now();
    if budget.left <= 0 {
        refuse(budget, context);
        return Poll::Pending;
    }
    let answer = poll(context);
    if answer.is_ready() && budget.left != UNLIMITED {
        change(Budget { left: budget.left - 1, ..budget });
    }
    answer
}
