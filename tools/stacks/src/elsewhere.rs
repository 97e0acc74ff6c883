//! Systems on which no stack is taken.

use crate::{Error, Stack};

/// Nothing is read there.
#[derive(Clone, Default)]
pub(crate) struct Kept;

impl Kept {
    pub(crate) fn stack_of(&self, _thread: u32) -> Result<Stack, Error> {
        Err(Error::Unsupported)
    }
}
