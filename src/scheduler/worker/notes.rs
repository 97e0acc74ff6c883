//! What a worker has noted for the time before its next poll.
//!
//! Without any note, and if it is not time to look around, it goes on with the next task: that costs one load for all of them.
//!
//! Who calls it: `mod.rs` and `timing.rs`, on the thread that has the worker. Deliberately not here: what is done about them.

use std::cell::Cell;

/// Something that a worker has noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Note {
    /// It has slept.
    Slept = 1 << 0,
    /// Somebody waits for events that have come.
    Events = 1 << 1,
    /// A task has given way, and is in no queue.
    HeldBack = 1 << 2,
    /// The last waker has queued its task without a notification.
    OwesPoll = 1 << 3,
    /// A look at what comes from elsewhere is still to come.
    OwesLook = 1 << 4,
    /// The last poll was preceded by one.
    LookedOutside = 1 << 5,
    /// The runtime has sources. It stays.
    Sources = 1 << 6,
}

/// A set of [`Note`]s.
#[derive(Default)]
pub(super) struct Notes(Cell<u8>);

impl Notes {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.get() == 0
    }

    #[inline]
    pub(super) fn has(&self, note: Note) -> bool {
        self.0.get() & note as u8 != 0
    }

    #[inline]
    pub(super) fn put(&self, note: Note, is_there: bool) {
        let others = self.0.get() & !(note as u8);
        self.0.set(if is_there { others | note as u8 } else { others });
    }

    /// Strikes `note` out. True if it was there.
    #[inline]
    pub(super) fn take(&self, note: Note) -> bool {
        let is_there = self.has(note);
        self.put(note, false);
        is_there
    }
}
