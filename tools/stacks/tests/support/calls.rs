//! What is on a stack.

use fusee_stacks::{Frame, Stack};

/// The calls of functions that have `name` in theirs.
pub(crate) fn calls<'a>(stack: &'a Stack, name: &'a str) -> impl Iterator<Item = &'a Frame> {
    stack.frames().iter().filter(move |frame| frame.function().is_some_and(|function| function.contains(name)))
}
