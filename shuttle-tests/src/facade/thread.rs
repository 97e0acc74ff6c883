//! Threads, as in [`std::thread`].

use std::io;

pub(crate) use shuttle::thread::{JoinHandle, ThreadId, current};
/// The standard library's: a task-local is stored in it while its future is polled, in a crate that knows no shuttle. All threads of a
/// schedule share it, so that scenarios use no task-locals.
pub(crate) use std::thread::LocalKey;

/// How much stack each thread of a schedule has.
const STACK_SIZE: usize = 256 << 10;

/// Configures a thread before it starts.
#[derive(Debug)]
pub(crate) struct Builder(shuttle::thread::Builder);

impl Builder {
    pub(crate) fn new() -> Self {
        Self(shuttle::thread::Builder::new().stack_size(STACK_SIZE))
    }

    pub(crate) fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    /// Accepted and ignored: shuttle reuses stacks from execution to execution, which are all of one size.
    pub(crate) fn stack_size(self, _size: usize) -> Self {
        self
    }

    #[track_caller]
    pub(crate) fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.0.spawn(f)
    }
}
