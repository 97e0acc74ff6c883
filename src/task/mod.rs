//! Tasks: futures that a runtime polls on its workers.
//!
//! [`spawn()`] hands a future to the runtime and returns a [`JoinHandle`], a future of its output. A panic ends its own task
//! alone; the handle gets it as a [`JoinError`]. [`JoinHandle::abort`] cancels a task.
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
//!
//! # Inside
//! One allocation for each task. `state.rs` holds every transition of its state word, and the rules that all else relies on;
//! `cell.rs` the allocation and what is done with the future; `raw.rs` a task as all others see it; `runnable.rs` the queue entry; `waker.rs` and `join.rs` the
//! handles; `list.rs` the list through which shutdown finds live tasks; `blocking.rs` tasks that are in none; `coop/` the budget of a poll;
//! `join_set/` and `task_local.rs` stand on top of these. The scheduler is known only as the trait `Schedule`.

pub(crate) mod blocking;
mod cell;
pub mod coop;
mod error;
mod id;
mod join;
mod join_set;
pub(crate) mod list;
pub(crate) mod raw;
pub(crate) mod runnable;
mod spawn;
pub(crate) mod state;
mod task_local;
pub(crate) mod waker;
mod yield_now;

pub use coop::{Unconstrained, consume_budget, unconstrained};
pub use error::JoinError;
pub use id::Id;
pub use join::{AbortHandle, JoinHandle};
pub use join_set::JoinSet;
pub use spawn::{block_in_place, spawn, spawn_blocking};
pub use task_local::{AccessError, LocalKey};
pub use yield_now::yield_now;

/// The futures that functions of this module answer.
pub mod futures {
    pub use super::task_local::TaskLocalFuture;
}

use std::future::Future;

use list::TaskList;
use raw::Schedule;
use runnable::Runnable;

/// Makes a task and enters it into `list`. The runnable, to be queued, is absent when the list is closed: then the future
/// has been dropped and the handle resolves as cancelled.
///
/// `list` is the one that the scheduler's [`Schedule::release`] takes the task out of.
pub(crate) fn enlist<F, S>(future: F, scheduler: S, list: &TaskList) -> (Option<Runnable>, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let task = cell::allocate(future, scheduler);
    // SAFETY: of the three references of a new task, one is the handle's.
    let handle = unsafe { JoinHandle::from_raw(task) };
    // SAFETY: another is the queue entry's, counted by the initial NOTIFIED.
    let runnable = unsafe { Runnable::from_raw(task) };
    // SAFETY: the task is alive, and new; the third reference is the list's.
    if unsafe { list.insert(task) } {
        return (Some(runnable), handle);
    }
    // SAFETY: refused, so that the list's reference is ours to hand over.
    unsafe { task.shut_down() };
    (None, handle)
}
