//! The cooperative budget: a task whose awaits are all ready at once still gives way.
//!
//! A worker grants each poll a budget. A leaf future of ours that is ready spends one of it; once it is spent the leaf answers
//! pending instead, and wakes its task, which so goes to the back of the queue. After 128 refusals a poll is granted as many leaves
//! again: a foreign executor inside a task, which polls on whatever we answer, would else never get further.
//!
//! The budget is a number of the thread that polls; outside a worker's poll and `block_on`'s it is unlimited.
//! Who calls it: `worker.rs` and `block_on.rs` around each poll; `Sleep` and `JoinHandle` when they are polled; `Timeout`, whose
//! own timer must not be refused for what the future within has spent.

use std::cell::Cell;
use std::task::{Context, Poll};

use crate::sync::thread_local_const;

/// Ready leaves that one poll of a task may take; and refusals before they are granted anew.
const GRANT: i32 = 128;

/// Ready leaves that one poll of `block_on`'s future may take: nobody waits behind it, it must only return in the end.
const ROOT_GRANT: i32 = 16_384;

/// No worker polls on this thread.
const UNLIMITED: i32 = i32::MAX;

thread_local_const! {
    /// What is left: above zero, grants; from zero down to `-GRANT`, refusals made.
    static BUDGET: Cell<i32> = Cell::new(UNLIMITED)
}

/// Grants a poll its budget, until it is dropped: then the thread has what it had before.
pub(crate) struct Grant(i32);

impl Grant {
    /// For a poll of a task.
    pub(crate) fn task() -> Self {
        Self::of(GRANT)
    }

    /// For a poll of `block_on`'s future.
    pub(crate) fn root() -> Self {
        Self::of(ROOT_GRANT)
    }

    /// For code within a poll that blocks, and polls futures of its own.
    pub(crate) fn unlimited() -> Self {
        Self::of(UNLIMITED)
    }

    fn of(leaves: i32) -> Self {
        Self(BUDGET.try_with(|budget| budget.replace(leaves)).unwrap_or(UNLIMITED))
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        // The thread ends: nobody polls on it any more.
        let _ = BUDGET.try_with(|budget| budget.set(self.0));
    }
}

/// Whether a leaf polled now is polled, and not refused.
pub(crate) fn has_budget() -> bool {
    BUDGET.try_with(Cell::get).unwrap_or(UNLIMITED) > 0
}

/// Polls a leaf by `poll`, if there is budget left; spends one of it if the leaf is ready.
pub(crate) fn poll_leaf<T>(context: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    let left = BUDGET.try_with(Cell::get).unwrap_or(UNLIMITED);
    if left <= 0 {
        let next = if left > -GRANT { left - 1 } else { GRANT };
        BUDGET.with(|budget| budget.set(next));
        context.waker().wake_by_ref();
        return Poll::Pending;
    }
    let answer = poll(context);
    if answer.is_ready() && left != UNLIMITED {
        BUDGET.with(|budget| budget.set(left - 1));
    }
    answer
}
