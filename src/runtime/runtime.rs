//! The runtime itself: it owns the threads.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::context::{self, EnterGuard};
use super::handle::Handle;
use super::{Builder, RuntimeMetrics};
use crate::sync::thread::JoinHandle as ThreadHandle;
use crate::task::meta::Origin;
use crate::task::{JoinHandle, is_large};

/// A runtime: workers that run tasks, and a driver that fires timers.
///
/// Dropping it shuts it down: tasks are dropped at their next suspension point, and the drop returns when all threads have ended. A
/// task that never returns from a poll keeps it waiting. Dropped on a thread of a runtime, its own or another, in a task or in a
/// waker, it waits for no thread: they end by themselves. Dropped inside `block_on`, it waits.
///
/// ```
/// let runtime = fusee::runtime::Runtime::new()?;
/// assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runtime {
    handle: Handle,
    workers: Vec<ThreadHandle<()>>,
    driver: Option<ThreadHandle<()>>,
}

impl UnwindSafe for Runtime {}
impl RefUnwindSafe for Runtime {}

impl Runtime {
    /// A multi-thread runtime with one worker for each core.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().build()
    }

    pub(super) fn new_without_threads(handle: Handle) -> Self {
        Self { handle, workers: Vec::new(), driver: None }
    }

    pub(super) fn add_worker(&mut self, thread: ThreadHandle<()>) {
        self.workers.push(thread);
    }

    pub(super) fn set_driver(&mut self, thread: ThreadHandle<()>) {
        self.driver = Some(thread);
    }

    /// Runs `future` to its end on the calling thread. What it spawns runs on the workers, and goes on when it ends.
    ///
    /// # Panics
    /// On a thread that runs asynchronous tasks already: a worker's, or one in `block_on`.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        if const { is_large::<F>() } { self.handle.block_on(Box::pin(future)) } else { self.handle.block_on(future) }
    }

    /// Spawns `future` as a task. See [`fusee::spawn`](crate::task::spawn()).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let origin = Origin::here();
        if const { is_large::<F>() } {
            self.handle.spawn_from(Box::pin(future), origin)
        } else {
            self.handle.spawn_from(future, origin)
        }
    }

    /// A reference to this runtime, to be cloned and kept.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes this runtime the current one on this thread; see [`Handle::enter`].
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// The runtime's counters.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let scheduler = self.handle.scheduler();
        scheduler.close();
        if self.workers.len() < scheduler.workers() {
            // Some could not be started, so that no worker is the last to exit; nobody has a task or a timer yet.
            self.handle.timers().close();
        }
        if context::is_runtime_thread() {
            // Whoever waits for itself waits for ever, and so do two runtimes that drop each other. Dropped, the handles detach,
            // and the last worker to exit ends the driver.
            return;
        }
        for thread in self.workers.drain(..) {
            // A worker's thread ends by returning: user code cannot make it panic. If it did, its message is printed already.
            let _ = thread.join();
        }
        if let Some(driver) = self.driver.take() {
            // As above.
            let _ = driver.join();
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}
