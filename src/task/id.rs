//! Task identifiers, and which task's code a thread runs.
//!
//! `cell.rs` sets the current task around each call into a task's code (the poll and drop of its future, the drop of its output),
//! on whatever thread that happens. Such calls nest, when a task drops the handle to another or polls a runtime of its own: each
//! restores what it found. `block_on` (`runtime/context.rs`) sets none: its future is no task's code.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroUsize;

use super::raw::RawTask;
use crate::facade::{StdArc, thread_local_const};

thread_local_const! {
    /// The task whose code runs on this thread. Whoever sets it holds a reference to the task until it is reset.
    static CURRENT: Cell<Option<RawTask>> = Cell::new(None)
}

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

/// The task whose code calls this.
///
/// That is the task whose future is being polled or dropped on this thread, or whose output is dropped because nobody took it.
///
/// # Panics
/// Outside a task, as in the future of `block_on`, which is none; see [`try_id`].
///
/// ```
/// fusee::runtime::block_on(async {
///     let handle = fusee::spawn(async { fusee::task::id() });
///     let id = handle.id();
///     assert_eq!(handle.await.unwrap(), id);
/// });
/// ```
#[track_caller]
pub fn id() -> Id {
    match try_id() {
        Some(id) => id,
        None => panic!(
            "there is no current task: `task::id` is called in the code of a spawned task; the future of `block_on` is none \
             (`task::try_id` answers an option)"
        ),
    }
}

/// The task whose code calls this, as [`id`]; none outside a task.
///
/// ```
/// assert_eq!(fusee::task::try_id(), None);
/// fusee::runtime::block_on(async {
///     assert_eq!(fusee::task::try_id(), None);
///     assert!(fusee::spawn(async { fusee::task::try_id() }).await.unwrap().is_some());
/// });
/// ```
pub fn try_id() -> Option<Id> {
    current().map(RawTask::id)
}

/// The name of the task whose code calls this; none outside a task, and in one without a name.
///
/// ```
/// use fusee::task::{Builder, try_name};
///
/// fusee::runtime::block_on(async {
///     let named = Builder::new().name("greeter").spawn(async { try_name() })?;
///     assert_eq!(named.await.unwrap().as_deref(), Some("greeter"));
///     assert_eq!(fusee::spawn(async { try_name() }).await.unwrap(), None);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn try_name() -> Option<StdArc<str>> {
    let task = current()?;
    // SAFETY: whoever set the current task holds a reference for as long as it is the current one.
    unsafe { task.name() }.cloned()
}

pub(crate) fn current() -> Option<RawTask> {
    // The thread ends: what runs on it now is no task's code.
    CURRENT.try_with(Cell::get).unwrap_or(None)
}

/// Makes a task the current one of this thread, or none, until it is dropped: then the thread has the one that it had before.
pub(crate) struct Current(Option<RawTask>);

impl Current {
    /// # Safety
    /// The caller holds a reference to `task` until it has dropped what this returns.
    #[inline]
    pub(super) unsafe fn enter(task: RawTask) -> Self {
        Self::replace(Some(task))
    }

    /// For what is part of no task, though one waits for it: the future of `block_on`.
    pub(crate) fn none() -> Self {
        Self::replace(None)
    }

    #[inline]
    fn replace(task: Option<RawTask>) -> Self {
        Self(CURRENT.try_with(|current| current.replace(task)).unwrap_or(None))
    }
}

impl Drop for Current {
    #[inline]
    fn drop(&mut self) {
        // The thread ends: nothing was set, and nothing is to be restored.
        let _ = CURRENT.try_with(|current| current.set(self.0));
    }
}

impl Id {
    pub(crate) fn address(self) -> usize {
        self.0.get()
    }

    /// The identifier that was recorded, of a task that may have ended since.
    pub(crate) fn of_recorded(address: usize) -> Option<Self> {
        NonZeroUsize::new(address).map(Self)
    }

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
