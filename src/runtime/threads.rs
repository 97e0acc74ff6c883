//! The threads that a runtime starts when it is built, and waiting for their end.
//!
//! A standard thread can be joined but not for a limited time. So each of these counts itself out as the last thing that it does, under a
//! lock with a condition variable; once all have, joining them takes no time to speak of.
//!
//! # Invariants (structural mutants)
//! - `threads_counted_out_early`: a thread that has counted itself out has nothing left to do.
//! - `threads_end_untold`: the last one to end tells whoever waits.
//!
//! Who calls it: `builder.rs` starts threads, the `Runtime`'s shutdown waits for them. Checked by the model `shutdown_timeout`.
//! Deliberately not here: what tells the threads to end, and the threads of the blocking pool.

use std::io;

use crate::facade::thread::{Builder, JoinHandle};
use crate::facade::{Arc, Condvar, Monitor, RawInstant, mutant};

/// The threads of one runtime. Dropped, it leaves them to themselves.
pub(crate) struct Threads {
    handles: Vec<JoinHandle<()>>,
    count: Arc<Count>,
}

struct Count {
    running: Monitor<usize>,
    /// Notified when the last one ends; one thread at most waits.
    ended: Condvar,
}

/// Counts its thread in, until it is dropped.
struct Running(Arc<Count>);

impl Running {
    fn new(count: &Arc<Count>) -> Self {
        *count.running.lock() += 1;
        Self(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.0.running.lock();
        *running -= 1;
        if *running == 0 && !mutant("threads_end_untold") {
            self.0.ended.notify_one();
        }
    }
}

impl Threads {
    pub(crate) fn new() -> Self {
        Self { handles: Vec::new(), count: Arc::new(Count { running: Monitor::new(0), ended: Condvar::new() }) }
    }

    /// Starts a thread that runs `main`.
    pub(crate) fn start(&mut self, builder: Builder, main: impl FnOnce() + Send + 'static) -> io::Result<()> {
        // Made here and moved: a thread that does not start drops it.
        let running = Running::new(&self.count);
        let handle = builder.spawn(move || {
            let running = (!mutant("threads_counted_out_early")).then_some(running);
            main();
            drop(running);
        })?;
        self.handles.push(handle);
        Ok(())
    }

    /// Waits until all have ended, and joins them; or until `deadline`, and leaves them to themselves.
    pub(crate) fn wait(self, deadline: Option<RawInstant>) {
        let mut running = self.count.running.lock();
        while *running > 0 {
            match deadline {
                None => self.count.ended.wait(&mut running),
                Some(deadline) => {
                    if self.count.ended.wait_until(&mut running, deadline) && *running > 0 {
                        return;
                    }
                }
            }
        }
        drop(running);
        if deadline.is_some() {
            // What their thread-locals do as they are dropped may take long, and a join knows no limit.
            return;
        }
        for handle in self.handles {
            // These threads end by returning: user code cannot make them panic. If one did, its message is printed already.
            let _ = handle.join();
        }
    }
}
