//! What a thread has entered, innermost last: for a thread-local of whoever hands out guards.
//!
//! Guards may be dropped in any order; the last one made that still lives is in force. One dropped out of turn leaves a gap.
//!
//! Who calls it: `runtime/context.rs` for runtimes and `task/local/current.rs` for local sets, on the thread itself.
//! Deliberately not here: the guards, and what a thread that has lost its thread-locals does.

use std::cell::RefCell;

/// A thread's stack of entered things.
pub(crate) struct Entered<T>(RefCell<Vec<Option<T>>>);

impl<T: Clone> Entered<T> {
    pub(crate) const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Puts `thing` in force. Its position, for [`leave`](Self::leave).
    pub(crate) fn enter(&self, thing: T) -> usize {
        let mut entered = self.0.borrow_mut();
        entered.push(Some(thing));
        entered.len() - 1
    }

    /// Takes out what was entered at `position`, to be dropped when the thread-local is not borrowed any more: its drop is not ours to foresee.
    #[must_use = "it is dropped outside the borrow"]
    pub(crate) fn leave(&self, position: usize) -> Option<T> {
        let mut entered = self.0.borrow_mut();
        let left = entered[position].take();
        while let Some(None) = entered.last() {
            entered.pop();
        }
        left
    }

    /// What is in force.
    pub(crate) fn current(&self) -> Option<T> {
        self.with_current(T::clone)
    }

    /// Lends what is in force to `f`, which runs no code of the user's.
    #[inline]
    pub(crate) fn with_current<R>(&self, f: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.borrow().last().and_then(Option::as_ref).map(f)
    }
}
