//! Threads, as in [`std::thread`], whose start a model can make fail.
//!
//! A model has at most five threads, the one that runs its closure included. A panic on any of them fails the model.

use std::cell::Cell;
use std::io;

pub(crate) use loom::thread::{JoinHandle, ThreadId, current};
/// The standard library's: a task-local is stored in it while its future is polled, in a crate that knows no loom.
pub(crate) use std::thread::LocalKey;

thread_local! {
    /// How many more threads this execution may start. Not loom's: an execution runs on one thread of the process.
    static ALLOWED: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Lets this execution start `count` more threads: a start past that answers an error.
pub(crate) fn allow(count: usize) {
    ALLOWED.set(count);
}

/// Configures a thread before it starts.
#[derive(Debug)]
pub(crate) struct Builder(loom::thread::Builder);

impl Builder {
    pub(crate) fn new() -> Self {
        Self(loom::thread::Builder::new())
    }

    pub(crate) fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    /// Accepted and ignored: a model's stacks are the model checker's.
    pub(crate) fn stack_size(self, _size: usize) -> Self {
        self
    }

    #[track_caller]
    pub(crate) fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let Some(allowed) = ALLOWED.get().checked_sub(1) else {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "the model starts no more threads"));
        };
        ALLOWED.set(allowed);
        self.0.spawn(f)
    }
}
