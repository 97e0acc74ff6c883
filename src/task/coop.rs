//! The cooperative budget: a task whose awaits are all ready at once still gives way.
//!
//! A worker grants each poll a budget. A leaf future of ours that is ready spends one of it; once it is spent the leaf answers
//! pending instead, and wakes its task, which so goes to the back of the queue. After as many refusals as it had grants a poll is granted
//! as many again: a foreign executor inside a task, which polls on whatever we answer, would else never get further.
//!
//! The budget is a number of the thread that polls; elsewhere than in a worker's poll it is unlimited.
//! Who calls it: `worker.rs` before each poll; `Sleep` and `JoinHandle` when they are polled.

use std::cell::Cell;
use std::task::{Context, Poll};

use crate::sync::thread_local_const;

/// Ready leaves that one poll may take.
const GRANT: i32 = 128;

/// No worker polls on this thread.
const UNLIMITED: i32 = i32::MAX;

thread_local_const! {
    /// What is left: above zero, grants; from zero down to `-GRANT`, refusals made.
    static BUDGET: Cell<i32> = Cell::new(UNLIMITED)
}

/// Grants the poll that begins on this thread its budget.
pub(crate) fn grant() {
    BUDGET.with(|budget| budget.set(GRANT));
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    fn ready() -> bool {
        poll_leaf(&mut Context::from_waker(Waker::noop()), |_| Poll::Ready(())).is_ready()
    }

    #[test]
    fn without_a_grant_nothing_is_refused() {
        assert!((0..1_000).all(|_| ready()));
    }

    #[test]
    fn a_grant_is_spent_by_ready_leaves_and_renewed_after_as_many_refusals() {
        grant();
        let answers: Vec<bool> = (0..600).map(|_| ready()).collect();
        let first_refusal = answers.iter().position(|ready| !ready);
        assert_eq!(first_refusal, Some(GRANT as usize));
        assert!(answers[GRANT as usize..].contains(&true), "a foreign executor gets further");
    }

    #[test]
    fn a_pending_leaf_spends_nothing() {
        grant();
        for _ in 0..1_000 {
            assert!(poll_leaf(&mut Context::from_waker(Waker::noop()), |_| Poll::<()>::Pending).is_pending());
        }
        assert!(ready());
    }
}
