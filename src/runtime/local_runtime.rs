//! A runtime for futures that are not `Send`: a current-thread runtime and a local set, on one thread for good.
//!
//! `block_on` drives both: the root future and the local tasks are polled as the set's, tasks spawned through a [`Handle`] as the
//! runtime's, and the set is the current one all the while, so that every task can spawn local ones.
//!
//! Deliberately not here: how local tasks are queued and woken (`task/local/`), and how tasks are driven (`block_on.rs`).

use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::context::EnterGuard;
use super::{Builder, Handle, Runtime, RuntimeMetrics};
use crate::task::{JoinHandle, LocalEnterGuard, LocalSet};

/// A runtime whose tasks need not be `Send`: all of them run on the thread that made it, while that is in [`block_on`](Self::block_on).
///
/// [`task::spawn_local`](crate::task::spawn_local()) works in its root future and in all its tasks, those included that other threads have spawned
/// through its [`Handle`]; these have to be `Send`. It stays on its thread: it is neither `Send` nor `Sync`.
///
/// Dropping it drops its tasks, here, and waits for its blocking jobs, as [`Runtime`]'s drop does.
///
/// ```
/// use std::rc::Rc;
/// use fusee::runtime::LocalRuntime;
///
/// let runtime = LocalRuntime::new()?;
/// let sum = runtime.block_on(async {
///     let shared = Rc::new(20);
///     let same = shared.clone();
///     let task = fusee::task::spawn_local(async move { *same + 1 });
///     task.await.unwrap() + *shared + 1
/// });
/// assert_eq!(sum, 42);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LocalRuntime {
    /// Dropped first, inside the runtime.
    local: Option<LocalSet>,
    runtime: Option<Runtime>,
    handle: Handle,
}

/// What [`Builder::build_local`] is told beside the builder's own settings: nothing, so far.
///
/// It is not `Send`: what it may come to hold, hooks for one, stays on the runtime's thread.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LocalOptions {
    stays: PhantomData<*const ()>,
}

impl UnwindSafe for LocalOptions {}
impl RefUnwindSafe for LocalOptions {}

/// Makes a [`LocalRuntime`] the current one, for tasks and for local tasks, until it is dropped; see [`LocalRuntime::enter`].
#[must_use = "the runtime is left as soon as the guard is dropped"]
pub struct LocalRuntimeEnterGuard<'a> {
    _local: LocalEnterGuard,
    _runtime: EnterGuard<'a>,
}

impl UnwindSafe for LocalRuntime {}
impl RefUnwindSafe for LocalRuntime {}

impl LocalRuntime {
    /// A local runtime for this thread.
    ///
    /// # Errors
    /// When the timer driver's thread cannot be started.
    pub fn new() -> io::Result<Self> {
        Builder::new_current_thread().build_local(LocalOptions::default())
    }

    pub(super) fn of(runtime: Runtime) -> Self {
        let handle = runtime.handle().clone();
        let local = LocalSet::watched(handle.scheduler().task_hooks());
        Self { local: Some(local), runtime: Some(runtime), handle }
    }

    fn local(&self) -> &LocalSet {
        self.local.as_ref().expect("it is there until the drop")
    }

    /// Runs `future` to its end on this thread, and the runtime's tasks beside it, local and others.
    ///
    /// # Panics
    /// On a thread that runs asynchronous tasks already.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = self.local().enter();
        self.local().block_on(self.runtime.as_ref().expect("it is there until the drop"), future)
    }

    /// Spawns `future`, which need not be `Send`, as a task of this runtime. See [`task::spawn_local`](crate::task::spawn_local()).
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.local().spawn_local(future)
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

    /// A reference to this runtime, to be cloned and kept; it may go to other threads.
    ///
    /// ```
    /// let runtime = fusee::runtime::LocalRuntime::new()?;
    /// let handle = runtime.handle().clone();
    /// let task = std::thread::spawn(move || handle.spawn(async { std::thread::current().id() })).join().unwrap();
    /// assert_eq!(runtime.block_on(task).unwrap(), std::thread::current().id());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes this runtime the current one on this thread, until the guard is dropped: for local tasks too.
    ///
    /// ```
    /// let runtime = fusee::runtime::LocalRuntime::new()?;
    /// let entered = runtime.enter();
    /// let task = fusee::task::spawn_local(async { 42 });
    /// drop(entered);
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enter(&self) -> LocalRuntimeEnterGuard<'_> {
        LocalRuntimeEnterGuard { _local: self.local().enter(), _runtime: self.handle.enter() }
    }

    /// The runtime's counters, which do not count local tasks.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// Drops the local tasks, shuts the runtime down, and waits no longer than `patience` for its threads to end; see [`Runtime::shutdown_timeout`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = fusee::runtime::LocalRuntime::new()?;
    /// runtime.spawn_local(std::future::pending::<()>());
    /// runtime.shutdown_timeout(Duration::from_secs(10));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_timeout(mut self, patience: Duration) {
        self.drop_local();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(patience);
        }
    }

    /// Shuts the runtime down and waits for nothing; see [`Runtime::shutdown_background`].
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// Drops the local tasks, inside the runtime: they may spawn, and sleeps are dropped before the timers close.
    fn drop_local(&mut self) {
        if self.handle.scheduler().is_forked() {
            // Who holds the locks may not be in this process: what is here is a copy, and is left as it is.
            std::mem::forget(self.local.take());
            return;
        }
        let _entered = self.handle.enter();
        self.handle.scheduler().thread_hooks().wrap(|| self.local = None);
    }
}

impl Drop for LocalRuntime {
    fn drop(&mut self) {
        self.drop_local();
    }
}

impl fmt::Debug for LocalRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRuntime").finish_non_exhaustive()
    }
}

impl fmt::Debug for LocalRuntimeEnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRuntimeEnterGuard").finish_non_exhaustive()
    }
}
