//! How the threads of a runtime are configured: its workers and those of the blocking pool.
//!
//! Who calls it: `runtime/builder.rs` for each worker, `runtime/pool_thread.rs` for each thread of the pool, on whatever thread starts it.

use crate::sync::thread;

/// What the builder was told of its threads.
#[derive(Debug)]
pub(crate) struct Threads {
    pub(crate) name: String,
    pub(crate) stack_size: Option<usize>,
}

impl Threads {
    /// A thread about to be started.
    pub(crate) fn builder(&self) -> thread::Builder {
        let thread = thread::Builder::new().name(self.name.clone());
        match self.stack_size {
            Some(bytes) => thread.stack_size(bytes),
            None => thread,
        }
    }
}
