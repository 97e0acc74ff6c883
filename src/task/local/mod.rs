//! Tasks whose futures are not `Send`: they stay on one thread.
//!
//! [`LocalSet`] is a set of such tasks and the means to run them: polled, by `block_on` or as part of another future, it polls
//! them. [`spawn_local`] adds a task to the set that runs.
//!
//! # Inside
//! Local tasks are tasks like any others, with the same cell, state word, wakers and handles; only the queues differ. `queue.rs`
//! says what keeps futures on their thread and loses no wake-up, and which models check it; `remote.rs` holds what other threads
//! queue; `run_until.rs` what a poll of a set does; `current.rs` which set a thread is in.

mod current;
mod queue;
mod remote;
mod run_until;

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use self::current::Entered;
use self::queue::Owner;
use self::run_until::RunUntil;
use super::hooks::TaskHooks;
use super::meta::Origin;
use super::{JoinHandle, is_large};
use crate::facade::StdArc;
use crate::runtime::{self, Runtime};

/// Tasks that stay on the thread on which the set was made, so that their futures need not be `Send`.
///
/// The set runs its tasks when it is polled: by [`block_on`](Self::block_on) or [`run_until`](Self::run_until), beside a future of
/// yours, or on its own. For a `LocalSet` is a future too, ready once all its tasks are complete. It cannot leave its thread, and
/// so is awaited in `block_on`'s future or in a local task, not in a task of [`fusee::spawn`](crate::task::spawn()). Its tasks may use all
/// that the runtime offers to the future in which they are polled: timers, and tasks on its workers.
///
/// A poll of the set polls tasks at most 61 times before it lets others run. Each has a budget of its own, and the tasks that other
/// threads have woken wait for no more than 31 polls before they stand in the same queue as all others.
///
/// Wakers and handles of local tasks may go to other threads. A future is polled and dropped on its set's thread nevertheless: an
/// abort from elsewhere is carried out when the set is polled next, or dropped.
///
/// Dropping the set drops the futures of all its tasks. Their handles then resolve as cancelled, as do those of tasks that are
/// spawned into the set while it is dropped.
///
/// ```
/// use std::rc::Rc;
/// use fusee::task::{LocalSet, spawn_local};
///
/// let runtime = fusee::runtime::Runtime::new()?;
/// let local = LocalSet::new();
/// let shared = Rc::new(42);
/// let answer = local.block_on(&runtime, async {
///     let shared = shared.clone();
///     spawn_local(async move { *shared }).await.unwrap()
/// });
/// assert_eq!(answer, 42);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LocalSet {
    owner: Rc<Owner>,
}

// No panic leaves what is behind it half done: user code runs under no lock of ours, and in no borrow.
impl UnwindSafe for LocalSet {}
impl RefUnwindSafe for LocalSet {}

impl LocalSet {
    /// A set without tasks, which belongs to this thread.
    #[must_use]
    pub fn new() -> Self {
        Self::watched(None)
    }

    /// A set whose tasks `hooks` are told of.
    pub(crate) fn watched(hooks: Option<StdArc<TaskHooks>>) -> Self {
        Self { owner: Rc::new(Owner::new(hooks)) }
    }

    /// Spawns `future` as a task of this set, whether the set runs now or not. It is polled when the set is.
    ///
    /// ```
    /// use fusee::task::LocalSet;
    ///
    /// fusee::runtime::block_on(async {
    ///     let local = LocalSet::new();
    ///     let task = local.spawn_local(async { 42 });
    ///     assert!(!task.is_finished());
    ///     local.await;
    ///     assert_eq!(task.await.unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_local_from(future, Origin::here())
    }

    /// As [`spawn_local`](Self::spawn_local), for a task of the given origin.
    pub(crate) fn spawn_local_from<F>(&self, future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if const { is_large::<F>() } {
            self.owner.spawn(Box::pin(future), origin)
        } else {
            self.owner.spawn(future, origin)
        }
    }

    /// Runs `future`, and the set's tasks beside it, until `future` is ready. Tasks that are not complete then stay in the set.
    ///
    /// `future` is inside the set: [`spawn_local`] adds to it. Several of these may be under way at once: each of them runs
    /// the tasks.
    ///
    /// # Cancel safety
    /// Dropping it drops `future`, and leaves the tasks in the set.
    ///
    /// ```
    /// use fusee::task::{LocalSet, spawn_local};
    ///
    /// fusee::runtime::block_on(async {
    ///     let local = LocalSet::new();
    ///     let answer = local.run_until(async { spawn_local(async { 42 }).await.unwrap() }).await;
    ///     assert_eq!(answer, 42);
    /// });
    /// ```
    pub fn run_until<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        RunUntil::new(self, future)
    }

    /// Runs `future`, and the set's tasks beside it, on this thread, with `runtime` entered, until `future` is ready: as
    /// [`run_until`](Self::run_until) does in [`Runtime::block_on`].
    ///
    /// # Panics
    /// On a thread that runs asynchronous tasks already: a worker's, or one in `block_on`.
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: &Runtime, future: F) -> F::Output {
        runtime.block_on(self.run_until(future))
    }

    /// Which set it is, among all sets and runtimes of the process.
    ///
    /// ```
    /// use fusee::task::LocalSet;
    ///
    /// assert_ne!(LocalSet::new().id(), fusee::runtime::Runtime::new()?.handle().id());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn id(&self) -> runtime::Id {
        runtime::Id::of_place(self.owner.tasks())
    }

    /// Makes this set the current one on this thread, for [`spawn_local`], until the guard is dropped. It runs no task.
    ///
    /// ```
    /// use fusee::task::{LocalSet, spawn_local};
    ///
    /// let local = LocalSet::new();
    /// let entered = local.enter();
    /// let task = spawn_local(async { 42 });
    /// drop(entered);
    /// fusee::runtime::block_on(local);
    /// assert!(task.is_finished());
    /// ```
    pub fn enter(&self) -> LocalEnterGuard {
        LocalEnterGuard { _entered: current::enter(&self.owner) }
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl Future for LocalSet {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        run_until::poll(&self.owner, context)
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        // Futures that are dropped are inside the set, as when they are polled.
        let _entered = current::enter(&self.owner);
        self.owner.close();
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").finish_non_exhaustive()
    }
}

/// Makes a set the current one until it is dropped; see [`LocalSet::enter`].
#[must_use = "the set is left as soon as the guard is dropped"]
pub struct LocalEnterGuard {
    _entered: Entered,
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish_non_exhaustive()
    }
}

/// Spawns `future`, which need not be `Send`, as a task of the current [`LocalSet`]. It stays on this thread, and runs when the
/// set does.
///
/// The current set is that of the local task or the [`run_until`](LocalSet::run_until) that is polled, of the local task that is
/// dropped with its set, or the one [entered](LocalSet::enter). What a local task hands to
/// [`fusee::spawn`](crate::task::spawn()) or to a thread is outside. In a [`LocalRuntime`](crate::runtime::LocalRuntime) all is inside.
///
/// # Panics
/// Outside a `LocalSet` and a `LocalRuntime`. [`LocalSet::spawn_local`] works there too.
///
/// ```
/// use std::rc::Rc;
/// use fusee::task::{LocalSet, spawn_local};
///
/// fusee::runtime::block_on(async {
///     let local = LocalSet::new();
///     local.spawn_local(async {
///         let shared = Rc::new(42);
///         let same = shared.clone();
///         assert_eq!(spawn_local(async move { *same }).await.unwrap(), *shared);
///     });
///     local.await;
/// });
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_local_from(future, Origin::here())
}

/// As [`spawn_local`], for a task of the given origin.
#[track_caller]
pub(crate) fn spawn_local_from<F>(future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let Some(owner) = current::current() else {
        panic!(
            "`spawn_local` called from outside of a `task::LocalSet` or `runtime::LocalRuntime`: call it in a future that \
             `LocalSet::run_until` runs, in a local task, or under `LocalSet::enter`; or call the method `LocalSet::spawn_local`"
        )
    };
    if const { is_large::<F>() } { owner.spawn(Box::pin(future), origin) } else { owner.spawn(future, origin) }
}
