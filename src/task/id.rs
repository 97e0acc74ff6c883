//! Task identifiers.

use std::fmt;
use std::num::NonZeroUsize;

/// Tells a task from all others that live at the same time, in any runtime of the process.
///
/// An identifier may be used again once the task is complete and its handles are gone. It is made without a counter that
/// all threads would share, so its number says nothing about the order of spawns.
///
/// ```
/// fusee::runtime::block_on(async {
///     let (a, b) = (fusee::spawn(async {}), fusee::spawn(async {}));
///     assert_ne!(a.id(), b.id());
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(NonZeroUsize);

impl Id {
    /// The identifier of the task at `address`.
    pub(super) fn of_address(address: NonZeroUsize) -> Self {
        Self(address)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({:#x})", self.0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
