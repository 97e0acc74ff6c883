//! A queue entry: the right to run a task once.
//!
//! There is at most one per task, counted by the state's `NOTIFIED` bit. Workers run it; dropping one releases its reference and leaves the future to
//! the shutdown of the task list, or to whoever else sees to it.

use std::mem;
use std::ptr::NonNull;

use super::raw::RawTask;
use super::state::ToNotified;
use super::waker::Identity;

/// An owned queue entry.
#[derive(Debug)]
pub(crate) struct Runnable {
    task: RawTask,
}

// SAFETY: a task's scheduler is Send, and so are its future and output, or it is run on its own thread only (`create_local`); the state word
// arbitrates who touches them.
unsafe impl Send for Runnable {}

impl Runnable {
    /// # Safety
    /// The caller hands over a reference counted for a queue entry, and made the transition that asks for one.
    pub(super) unsafe fn from_raw(task: RawTask) -> Self {
        Self { task }
    }

    pub(crate) fn task(&self) -> RawTask {
        self.task
    }

    /// Polls the task once, or cancels it, and does what follows from it. Never panics.
    pub(crate) fn run(self) {
        let task = self.task;
        mem::forget(self);
        // SAFETY: the entry's reference is handed over; `forget` keeps `drop` from releasing it too.
        unsafe { task.run() }
    }

    /// Drops the future here, and completes the task as cancelled, unless somebody else does. Never panics.
    pub(crate) fn cancel(self) {
        // SAFETY: the entry's reference keeps the header alive.
        let action = unsafe { self.task.header() }.state.transition_to_cancelled();
        debug_assert_eq!(action, ToNotified::Done, "this is the task's one entry");
        self.run();
    }

    /// The waker that a poll of the task is given.
    #[inline]
    pub(crate) fn waker(&self) -> Identity {
        Identity::of_task(self.task)
    }

    /// The entry as a pointer, to be kept in an atomic.
    pub(crate) fn into_pointer(self) -> NonNull<()> {
        let task = self.task;
        mem::forget(self);
        task.cast()
    }

    /// # Safety
    /// `entry` came from [`into_pointer`](Self::into_pointer), and is handed over.
    pub(crate) unsafe fn from_pointer(entry: NonNull<()>) -> Self {
        // SAFETY: by the caller, it points to the header of a task.
        Self { task: unsafe { RawTask::from_header(entry.cast()) } }
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        // SAFETY: the entry's reference is ours, and given up here.
        unsafe { self.task.release(1) }
    }
}
