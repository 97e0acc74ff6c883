//! The runtime itself: it owns the threads, and on a current-thread runtime the worker.
//!
//! # Shutdown
//! Dropping the runtime closes the scheduler and wakes everybody; whoever leaves last, as a rule a worker, closes the timers. Then it waits for the
//! threads, unless it runs on a thread of a runtime itself. `docs/shutdown.md` has all of it, step by step.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::block_on;
use super::companion::Companions;
use super::context::{self, EnterGuard};
use super::handle::Handle;
use super::pool_thread;
use super::threads::Threads;
use super::worker_slot::WorkerSlot;
use super::{Builder, RuntimeMetrics};
use crate::duty;
use crate::facade::{RawInstant, thread};
use crate::task::meta::Origin;
use crate::task::{JoinHandle, is_large};

/// A runtime: workers that run tasks, a driver that fires timers, and threads for closures that block.
///
/// Dropping it shuts it down: tasks are dropped at their next suspension point, blocking jobs that wait for a free thread are cancelled, and the
/// drop returns when all threads have ended. A task that never returns from a poll, or a job that runs, keeps it waiting;
/// [`shutdown_timeout`](Self::shutdown_timeout) waits for so long and no longer. Dropped on a thread of a runtime, its own or another, in a task or in a
/// waker, it waits for no thread: they end by themselves. Dropped inside `block_on`, it waits.
///
/// On a current-thread runtime the futures are dropped by the thread that drops the runtime.
///
/// ```
/// let runtime = fusee::runtime::Runtime::new()?;
/// assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runtime {
    handle: Handle,
    /// The worker of a current-thread runtime.
    slot: Option<WorkerSlot>,
    /// Absent once it has shut down.
    threads: Option<Threads>,
    /// Absent too if there are none.
    pub(super) companions: Option<Companions>,
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

    /// Without threads yet.
    pub(super) fn of(handle: Handle, slot: Option<WorkerSlot>) -> Self {
        Self { handle, slot, threads: Some(Threads::new()), companions: None }
    }

    /// Starts a thread that ends when the runtime is closed.
    pub(super) fn start_thread(
        &mut self,
        builder: thread::Builder,
        main: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        self.threads.get_or_insert_with(Threads::new).start(builder, main)
    }

    /// Runs `future` to its end on the calling thread. What it spawns runs on the workers, and goes on when it ends.
    ///
    /// On a current-thread runtime tasks run on the calling thread too, while it is in here. Of several threads that are in here at
    /// a time one runs the tasks, for all; when its future ends, another goes on.
    ///
    /// # Panics
    /// On a thread that runs asynchronous tasks already: a worker's, or one in `block_on`. A panic of `future` goes to the caller.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let task = runtime.block_on(async { fusee::spawn(async { 42 }) });
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        if const { is_large::<F>() } { self.block_on_small(Box::pin(future)) } else { self.block_on_small(future) }
    }

    #[track_caller]
    fn block_on_small<F: Future>(&self, future: F) -> F::Output {
        match &self.slot {
            None => block_on::park_on(&self.handle, future),
            Some(slot) => block_on::drive_on(&self.handle, slot, future),
        }
    }

    /// Spawns `future` as a task. See [`fusee::spawn`](crate::task::spawn()). On a current-thread runtime it waits for a thread in
    /// [`block_on`](Self::block_on).
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let task = runtime.spawn(async { 42 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
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

    /// Runs `f`, which may block, on a thread kept for that. See [`task::spawn_blocking`](crate::task::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(f)
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

    /// Shuts the runtime down, and waits no longer than `patience` for its threads to end. Zero waits for none.
    ///
    /// Tasks are dropped at their next suspension point, as by a drop of the runtime; threads that have not ended by then, because a task
    /// or a blocking job does not return, are left to themselves and end when it does. What this thread drops itself takes its time beside that: closures
    /// that wait for a thread and, on a current-thread runtime, the tasks' futures.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// runtime.spawn(std::future::pending::<()>());
    /// runtime.shutdown_timeout(Duration::from_secs(10));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_timeout(mut self, patience: Duration) {
        // A moment that the clock cannot tell is none that comes.
        self.shut_down(RawInstant::now().checked_add(patience));
    }

    /// Shuts the runtime down and waits for nothing: [`shutdown_timeout`](Self::shutdown_timeout) of zero. Its threads end by themselves.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// runtime.block_on(async {});
    /// runtime.shutdown_background();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// Closes the runtime and waits for its threads until `deadline`. Later calls do nothing.
    fn shut_down(&mut self, deadline: Option<RawInstant>) {
        let Some(threads) = self.threads.take() else { return };
        let companions = self.companions.take();
        if self.handle.scheduler().is_forked() {
            // Neither the threads nor whoever holds the locks are in this process: what is here is a copy, and is left as it is.
            std::mem::forget((threads, self.slot.take(), companions));
            return;
        }
        let scheduler = self.handle.scheduler();
        scheduler.close();
        scheduler.thread_hooks().wrap(|| {
            // Before any wait: a task or a job that waits for a queued job goes on, and sees it cancelled, unless it was promised.
            scheduler.close_blocking(|ticket| pool_thread::start(scheduler, ticket));
            if let Some(worker) = self.slot.take().and_then(|slot| slot.take()) {
                // Nobody is in `block_on`, which borrows the runtime: the tasks are dropped here.
                let _entered = context::enter(&self.handle);
                worker.exit();
            }
        });
        if duty::is_runtime_thread() {
            // Whoever waits for itself waits for ever, and so do two runtimes that drop each other. The threads end by themselves.
            companions.map(Companions::end);
            return;
        }
        threads.wait(deadline);
        self.handle.scheduler().blocking().wait(deadline);
        // Last: until here they can tell what everybody waits for.
        if let Some(companions) = companions {
            companions.end_and_wait(deadline);
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.shut_down(None);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("flavor", &self.handle.runtime_flavor())
            .field("workers", &self.handle.scheduler().workers())
            .finish_non_exhaustive()
    }
}
