//! Spawning onto the current runtime.

use std::future::Future;

use super::meta::Origin;
use super::{JoinHandle, is_large};
use crate::runtime::Handle;

/// Spawns `future` as a task of the current runtime. It starts at once, whether the handle is awaited or not; dropping the
/// handle leaves the task to itself. A future that is not `Send` goes to [`spawn_local`](super::spawn_local()), in a
/// [`LocalSet`](super::LocalSet) or a [`LocalRuntime`](crate::runtime::LocalRuntime).
///
/// # Panics
/// Outside a runtime: neither in a task nor in `block_on` nor under [`Handle::enter`]. Spawn through a
/// [`Handle`] there.
///
/// ```
/// fusee::runtime::block_on(async {
///     let answer = fusee::spawn(async { 42 });
///     assert_eq!(answer.await.unwrap(), 42);
/// });
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if const { is_large::<F>() } {
        spawn_from(Box::pin(future), Origin::here())
    } else {
        spawn_from(future, Origin::here())
    }
}

/// As [`spawn`], for a task of the given origin.
#[track_caller]
pub(super) fn spawn_from<F>(future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Handle::spawn_on_current(future, origin)
}

/// Runs `f`, which may block, on a thread kept for that, beside the workers: reading a file, waiting for a lock of the standard library,
/// computing for long. Awaiting the handle blocks nobody.
///
/// A thread starts if all are busy, up to [`Builder::max_blocking_threads`](crate::runtime::Builder::max_blocking_threads); beyond that,
/// and when the system gives no thread while others are there, jobs wait and run in the order in which they were submitted. When the
/// system gives no thread at all, the handle resolves as cancelled. A thread without a job ends after
/// [`Builder::thread_keep_alive`](crate::runtime::Builder::thread_keep_alive).
///
/// On its thread the job is inside the runtime: it may spawn, take [`Handle::current`] and call `block_on`.
///
/// # Cancellation
/// A job that runs cannot be stopped: [`abort`](JoinHandle::abort) has no effect, and the shutdown of the runtime waits for it. One that has
/// not started is cancelled, at the latest when a thread would take it. Shutdown cancels those that wait for a thread to be free; one that has a
/// thread to come for it, as all have below the maximum, runs. Dropping the handle detaches the job.
///
/// # Panics
/// Outside a runtime, as [`spawn`] does. A panic of `f` goes to the handle.
///
/// ```
/// fusee::runtime::block_on(async {
///     let sum = fusee::task::spawn_blocking(|| (1..=1_000_000u64).sum::<u64>());
///     assert_eq!(sum.await.unwrap(), 500_000_500_000);
/// });
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    Handle::current().spawn_blocking(f)
}

/// Runs `f`, which may block, in the middle of a task: the tasks behind it go on, on another thread.
///
/// The worker that polls the task, with its queue, is handed to a thread of the blocking pool, one beyond
/// [`max_blocking_threads`](crate::runtime::Builder::max_blocking_threads) if need be; what shares this very task (the other branches of a
/// `join!`, say) waits. `block_on` may be called in `f`. Outside a worker it calls `f` and nothing else. If no thread can be started,
/// the tasks behind it wait.
///
/// Where user code runs on a thread of the runtime's outside a task's poll there is nothing to hand on: in the hooks of a worker's thread, and on the
/// timer driver's thread, which wakes foreign wakers. There `f` is called, and `block_on` is refused in it as it is outside.
///
/// [`spawn_blocking`] is the better choice where the closure can be `'static`.
///
/// # Panics
/// On a current-thread runtime, which has no other thread to run its tasks.
///
/// ```
/// fusee::runtime::block_on(async {
///     let task = fusee::spawn(async {
///         let name = String::from("Cargo.toml");
///         fusee::task::block_in_place(|| std::fs::read_to_string(&name).map(|text| text.len()))
///     });
///     assert!(task.await.unwrap().unwrap() > 0);
/// });
/// ```
#[track_caller]
pub fn block_in_place<F: FnOnce() -> R, R>(f: F) -> R {
    crate::runtime::block_in_place(f)
}
