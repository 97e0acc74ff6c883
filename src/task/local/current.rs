//! Which local set is the current one on a thread.
//!
//! A stack for each thread: polling a set and dropping it enter it for as long as that takes,
//! [`LocalSet::enter`](super::LocalSet::enter) for as long as its guard lives. Guards may be dropped in any order; the last one
//! made that still lives is in force. The stack knows of queues only: a guard that outlives its set keeps closed ones, which
//! refuse tasks.
//!
//! Who calls it: this folder, on the thread that is asked about. A thread that ends and has lost its thread-locals has no
//! current set.

use std::marker::PhantomData;
use std::rc::Rc;

use super::queue::Owner;
use crate::entered::Entered as Stack;
use crate::facade::thread_local_const;

thread_local_const! {
    /// The sets that this thread has entered.
    static ENTERED: Stack<Rc<Owner>> = Stack::new()
}

/// The current set's queues.
pub(super) fn current() -> Option<Rc<Owner>> {
    ENTERED.try_with(Stack::current).ok().flatten()
}

/// Makes a set the current one until it is dropped.
pub(super) struct Entered {
    /// Absent if the thread's stack was gone already.
    position: Option<usize>,
    /// The position is one in this thread's stack.
    stays: PhantomData<*const ()>,
}

/// Enters the set with these queues on this thread, which is their owner's.
pub(super) fn enter(owner: &Rc<Owner>) -> Entered {
    let position = ENTERED.try_with(|entered| entered.enter(owner.clone()));
    Entered { position: position.ok(), stays: PhantomData }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let Some(position) = self.position else { return };
        let left = ENTERED.try_with(|entered| entered.leave(position));
        // Outside the borrow: it may be what is left of the set. If the thread ends and its stack is gone, there is nothing to leave.
        drop(left);
    }
}
