//! Spawning onto the current runtime.

use std::future::Future;

use super::meta::Origin;
use super::{JoinHandle, is_large};
use crate::runtime::Handle;

/// Spawns `future` as a task of the current runtime. It starts at once, whether the handle is awaited or not; dropping the
/// handle leaves the task to itself.
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
    Handle::current().into_spawn_from(future, origin)
}
