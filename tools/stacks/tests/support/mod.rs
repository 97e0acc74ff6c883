//! What the tests share.

use std::fs;

use fusee_stacks::{Frame, Stack};

/// The kernel's number of this thread.
pub(crate) fn number() -> u32 {
    let link = fs::read_link("/proc/thread-self").unwrap();
    link.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

/// The calls of functions that have `name` in theirs.
pub(crate) fn calls<'a>(stack: &'a Stack, name: &'a str) -> impl Iterator<Item = &'a Frame> {
    stack.frames().iter().filter(move |frame| frame.function().is_some_and(|function| function.contains(name)))
}
