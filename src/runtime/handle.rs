//! A reference to a runtime.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::Waker;

use super::context::{self, EnterGuard, TryCurrentError};
use super::id::Id;
use super::{RuntimeFlavor, RuntimeMetrics, block_on, pool_thread};
use crate::blocking::AtClose;
use crate::facade::Arc;
use crate::scheduler::worker::timing;
use crate::scheduler::{self, Membership, Scheduler, Shard};
use crate::task::meta::Origin;
use crate::task::{self, JoinHandle, is_large};
use crate::time::driver::{Ticket, Timers};
use crate::time::shard::Closed;

/// A reference to a runtime, cheap to clone, that spawns onto it from anywhere. It does not keep the runtime's threads alive:
/// after the [`Runtime`](super::Runtime) is dropped, tasks spawned through it resolve as cancelled.
///
/// ```
/// let runtime = fusee::runtime::Runtime::new()?;
/// let handle = runtime.handle().clone();
/// let thread = std::thread::spawn(move || handle.block_on(async { fusee::spawn(async { 42 }).await.unwrap() }));
/// assert_eq!(thread.join().unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    shard: Arc<Shard>,
}

// No panic leaves what is behind it half done: user code runs under no lock of ours.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl Handle {
    pub(super) fn new(shard: Arc<Shard>) -> Self {
        Self { shard }
    }

    /// The current runtime's: that of the task or of the `block_on` that calls this, or the one entered.
    ///
    /// # Panics
    /// Outside a runtime; see [`try_current`](Self::try_current). So too on a thread that ends, once its thread-locals are gone, as in a handler of C's
    /// `atexit`: a `block_on` works there, but what asks for the current runtime ([`fusee::spawn`](crate::task::spawn()), [`sleep`](crate::time::sleep())) does not find it;
    /// [`spawn`](Self::spawn) on a handle needs no current one.
    ///
    /// ```
    /// use fusee::runtime::Handle;
    ///
    /// fusee::runtime::block_on(async {
    ///     let handle = Handle::current();
    ///     let thread = std::thread::spawn(move || handle.spawn(async { 42 }));
    ///     assert_eq!(thread.join().unwrap().await.unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// The current runtime's.
    ///
    /// # Errors
    /// [`TryCurrentError`], outside a runtime.
    ///
    /// ```
    /// use fusee::runtime::Handle;
    ///
    /// assert!(Handle::try_current().is_err());
    /// fusee::runtime::block_on(async { assert!(Handle::try_current().is_ok()) });
    /// ```
    pub fn try_current() -> Result<Self, TryCurrentError> {
        context::current()
    }

    /// Spawns `future` on the current runtime.
    #[track_caller]
    pub(crate) fn spawn_on_current<F>(future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // Without a handle, which would be counted.
        match context::with_current(|handle| Membership::new(&handle.shard)) {
            Some(membership) => scheduler::spawn(membership, future, origin),
            None => Self::current().spawn_from(future, origin),
        }
    }

    /// Lends `f` the current runtime's, if there is one. `f` runs no user code.
    pub(crate) fn with_current<R>(f: impl FnOnce(&Self) -> R) -> Option<R> {
        context::with_current(f)
    }

    /// Spawns `future` as a task of this runtime. See [`fusee::spawn`](crate::task::spawn()).
    ///
    /// After the runtime has shut down the future is dropped here, and the handle resolves as cancelled.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let handle = runtime.handle().clone();
    /// let task = handle.spawn(async { 42 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// drop(runtime);
    /// assert!(handle.block_on(handle.spawn(async {})).unwrap_err().is_cancelled());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if const { is_large::<F>() } {
            self.spawn_from(Box::pin(future), Origin::here())
        } else {
            self.spawn_from(future, Origin::here())
        }
    }

    /// As [`spawn`](Self::spawn), for a task of the given origin.
    pub(crate) fn spawn_from<F>(&self, future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        scheduler::spawn(Membership::new(&self.shard), future, origin)
    }

    /// Runs `f`, which may block, on a thread kept for that. See [`task::spawn_blocking`].
    ///
    /// After the runtime has shut down the closure is dropped here, and the handle resolves as cancelled.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let job = runtime.handle().spawn_blocking(|| 6 * 7);
    /// assert_eq!(runtime.block_on(job).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_from(f, Origin::here())
    }

    /// As [`spawn_blocking`](Self::spawn_blocking), for a task of the given origin.
    #[track_caller]
    pub(crate) fn spawn_blocking_from<F, R>(&self, f: F, origin: Origin<'_>) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_with(f, AtClose::Cancelled, origin)
    }

    /// As [`spawn_blocking_from`](Self::spawn_blocking_from); if the runtime shuts down while it waits for a thread, what is to become of it then.
    #[track_caller]
    pub(crate) fn spawn_blocking_with<F, R>(&self, f: F, at_close: AtClose, origin: Origin<'_>) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let scheduler = self.scheduler();
        scheduler.assert_not_forked();
        let (job, handle) = task::blocking::unlisted(f, scheduler.task_hooks(), origin);
        scheduler.submit_blocking(job, at_close, |ticket| pool_thread::start(scheduler, ticket));
        handle
    }

    /// Runs `future` to its end on the calling thread, with this runtime entered.
    ///
    /// It runs no task of a current-thread runtime: those wait for a thread in [`Runtime::block_on`](super::Runtime::block_on).
    ///
    /// After the runtime has shut down it still does, but what it spawns is cancelled, and a sleep in it panics.
    ///
    /// # Panics
    /// On a thread that runs asynchronous tasks already: a worker's, or one in `block_on`.
    ///
    /// ```
    /// use fusee::runtime::Handle;
    ///
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let job = runtime.spawn_blocking(|| Handle::current().block_on(async { 42 }));
    /// assert_eq!(runtime.block_on(job).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        if const { is_large::<F>() } {
            block_on::park_on(self, Box::pin(future))
        } else {
            block_on::park_on(self, future)
        }
    }

    /// Makes this runtime the current one on this thread, for [`spawn`](crate::task::spawn()) and timers, until the guard is dropped.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let _entered = runtime.handle().enter();
    /// let _task = fusee::spawn(async {});
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        context::enter(self)
    }

    /// The runtime's counters.
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::new(self.clone())
    }

    /// Whether tasks run on workers of their own or on threads in `block_on`.
    ///
    /// ```
    /// use fusee::runtime::{Handle, RuntimeFlavor};
    ///
    /// fusee::runtime::block_on(async {
    ///     assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
    /// });
    /// ```
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        self.scheduler().flavor()
    }

    /// Which runtime it is: the same for all its handles.
    ///
    /// ```
    /// use fusee::runtime::Handle;
    ///
    /// fusee::runtime::block_on(async {
    ///     let id = Handle::current().id();
    ///     assert_eq!(fusee::spawn(async { Handle::current().id() }).await.unwrap(), id);
    /// });
    /// ```
    pub fn id(&self) -> Id {
        Id::of_place::<Scheduler>(self.scheduler())
    }

    /// The name that the [builder](super::Builder::name) gave the runtime, if it gave one.
    ///
    /// ```
    /// let runtime = fusee::runtime::Builder::new_multi_thread().name("requests").build()?;
    /// assert_eq!(runtime.handle().name(), Some("requests"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.scheduler().name()
    }

    #[track_caller]
    pub(crate) fn assert_not_forked(&self) {
        self.scheduler().assert_not_forked();
    }

    pub(crate) fn scheduler(&self) -> &Arc<Scheduler> {
        self.shard.scheduler()
    }

    pub(crate) fn timers(&self) -> &Timers {
        self.shard.scheduler().timers()
    }

    /// See [`timing::register`]: the handle is from then on that of the worker that calls it.
    pub(crate) fn register_timer(&mut self, deadline: u64, waker: &Waker) -> Result<Ticket, Closed> {
        timing::register(&mut self.shard, deadline, waker)
    }

    pub(crate) fn shard_index(&self) -> usize {
        self.shard.index()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("name", &self.name())
            .field("workers", &self.scheduler().workers())
            .finish_non_exhaustive()
    }
}
