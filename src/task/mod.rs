//! Tasks: futures that a runtime polls on its workers.
//!
//! [`spawn()`] hands a future to the runtime and returns a [`JoinHandle`], a future of its output. A panic ends its own task
//! alone; the handle gets it as a [`JoinError`]. [`JoinHandle::abort`] cancels a task.
//!
//! | you have | use |
//! |---|---|
//! | a future to run beside others | [`spawn()`] |
//! | many of them, to be joined as they complete | [`JoinSet`]; [`JoinMap`], if they have keys |
//! | many of them, of which only the end is awaited, as at a shutdown | [`TaskTracker`] |
//! | a task that is not to outlive who has spawned it | [`AbortOnDropHandle`] |
//! | a closure that blocks, or computes for long | [`spawn_blocking`]; [`block_in_place`], if it borrows |
//! | a future that is not `Send` | [`spawn_local`], in a [`LocalSet`] or a [`LocalRuntime`](crate::runtime::LocalRuntime) |
//! | a loop whose awaits are always ready | [`coop`] |
//! | a value that goes with a task | [`task_local!`](crate::task_local) |
//! | tasks to be told apart | [`Id`], and names by [`Builder`] |
//!
//! ```
//! fusee::runtime::block_on(async {
//!     let handles: Vec<_> = (1..=3).map(|n| fusee::spawn(async move { n * n })).collect();
//!     let mut sum = 0;
//!     for handle in handles {
//!         sum += handle.await.unwrap();
//!     }
//!     assert_eq!(sum, 14);
//! });
//! ```

// One allocation for each task. `state.rs` holds every transition of its state word, and the rules that all else relies on;
// `cell.rs` the allocation and what is done with the future, `outcome.rs` what comes of it; `raw.rs` a task as all others see it;
// `runnable.rs` the queue entry; `waker.rs` and `join.rs` the handles; `list.rs` the list through which shutdown finds tasks that
// have been pending; `local_tasks.rs` what other threads see of a local set's; `blocking.rs` tasks that never are; `local/` the tasks that stay on one thread; `id.rs` which task's code a thread runs; `meta.rs` a
// task's name and origin; `hooks.rs` the user's hooks; `statistics.rs` what is counted of a task on request, `poll_times.rs` how long polls take then; `coop/` the budget of a poll; `join_set/`, `join_map/`, `task_tracker/`, `abort_on_drop.rs` and `task_local.rs` stand on top of
// these. The scheduler is known only as the trait `Schedule`.

mod abort_on_drop;
pub(crate) mod blocking;
mod builder;
pub(crate) mod cell;
pub mod coop;
mod error;
pub(crate) mod hooks;
pub(crate) mod id;
mod join;
mod join_map;
pub mod join_set;
pub(crate) mod list;
pub(crate) mod local;
pub(crate) mod local_tasks;
pub(crate) mod meta;
mod outcome;
pub(crate) mod poll_times;
pub(crate) mod raw;
pub(crate) mod runnable;
mod spawn;
#[cfg(feature = "futures-task")]
mod spawn_trait;
pub(crate) mod state;
pub(crate) mod statistics;
mod task_local;
pub mod task_tracker;
pub(crate) mod tracer;
pub(crate) mod waker;
pub(crate) mod watched;
mod yield_now;

pub use abort_on_drop::{AbortOnDrop, AbortOnDropHandle};
pub use builder::Builder;
pub use coop::{Unconstrained, consume_budget, unconstrained};
pub use error::JoinError;
pub use id::{Id, id, try_id, try_name};
pub use join::{AbortHandle, JoinHandle};
pub use join_map::{JoinMap, JoinMapKeys};
#[doc(inline)]
pub use join_set::JoinSet;
pub use local::{LocalEnterGuard, LocalSet, spawn_local};
pub use spawn::{block_in_place, spawn, spawn_blocking};
pub use task_local::{AccessError, LocalKey};
#[doc(inline)]
pub use task_tracker::TaskTracker;
pub use yield_now::yield_now;

/// The futures that functions of this module answer.
pub mod futures {
    pub use super::task_local::TaskLocalFuture;
}

use std::future::Future;

use list::TaskList;
use meta::Origin;
use raw::{Claim, Schedule};
use runnable::Runnable;

/// Whether a future is boxed by the very function that a user calls with it.
///
/// From there it goes through several frames, each of which may hold a copy of it, and unoptimised code does: a future of some size would
/// overflow the stack of a thread that could well poll it. As a constant of the type the answer costs nothing, and only one kind of task is compiled.
pub(crate) const fn is_large<F>() -> bool {
    size_of::<F>() > 2048
}

/// Makes a task that is in no list of live tasks. Whoever has the runnable runs it or [cancels](Runnable::cancel) it: to drop it would leak the future.
pub(crate) fn create<F, S>(future: F, scheduler: S, origin: Origin<'_>) -> (Runnable, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: what is `Send` may be run, dropped and taken on any thread.
    unsafe { create_local(future, scheduler, origin) }
}

/// As [`create`], for a future that may have to stay on this thread.
///
/// # Safety
/// Unless the future and its output are `Send`: on this thread alone are the task's queue entries run and cancelled, and the list that has it closed. (Entries of
/// a task in a list may be dropped on any thread, and so may all that wakers and handles do.)
#[inline(always)]
pub(crate) unsafe fn create_local<F, S>(
    future: F,
    scheduler: S,
    origin: Origin<'_>,
) -> (Runnable, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    let task = cell::allocate(future, scheduler, origin);
    // SAFETY: of the three references of a new task, one is the handle's.
    let handle = unsafe { JoinHandle::from_raw(task) };
    // SAFETY: another is the queue entry's, counted by the initial NOTIFIED.
    let runnable = unsafe { Runnable::from_raw(task) };
    // SAFETY: allocated above for these types, and the entry keeps it alive.
    unsafe { cell::announce::<F, S>(task) };
    (runnable, handle)
}

/// As [`create_local`], and enters the task into `list`. The runnable, to be queued, is absent when the list is closed: then the future
/// has been dropped and the handle resolves as cancelled.
///
/// `list` answers the one that the scheduler's [`Schedule::release`] takes the task out of. The hook has been told before the task is
/// in it: a task that is refused has been announced, and ends like any other.
///
/// # Safety
/// As [`create_local`].
pub(crate) unsafe fn enlist_local<F, S>(
    future: F,
    scheduler: S,
    list: impl FnOnce(&S) -> &TaskList,
    origin: Origin<'_>,
) -> (Option<Runnable>, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    // SAFETY: by the caller.
    let (runnable, handle) = unsafe { create_local(future, scheduler, origin) };
    let task = runnable.task();
    // SAFETY: the entry keeps the task alive, which was allocated for these types.
    let list = list(unsafe { cell::scheduler::<F, S>(task) });
    // SAFETY: the task is alive, and new; the third reference is the list's.
    if unsafe { list.insert(task) } {
        return (Some(runnable), handle);
    }
    // SAFETY: refused, so that the list's reference is ours to hand over.
    unsafe { task.shut_down(Claim::List) };
    // It finds the task complete, and is the last to need the scheduler.
    runnable.run();
    (None, handle)
}
