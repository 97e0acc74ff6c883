//! Spawning for code that runs on any executor: the traits that the crate `futures` re-exports as `futures::task::{Spawn, LocalSpawn}`.
//!
//! Only with the feature `futures-task`. Checked by `tests/spawn_trait.rs`.

use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn, SpawnError};

use super::LocalSet;
use crate::runtime::Handle;

/// Spawns tasks of the runtime; nobody gets their handles.
///
/// # Errors
/// [`SpawnError`] once the runtime has begun to shut down: the future has been dropped by the call then. A future that is accepted as that begins
/// is dropped like those of all tasks.
///
/// ```
/// use fusee::runtime::Handle;
/// use futures::task::{Spawn, SpawnExt};
///
/// async fn answer(spawner: impl Spawn) -> u32 {
///     spawner.spawn_with_handle(async { 42 }).unwrap().await
/// }
///
/// assert_eq!(fusee::runtime::block_on(async { answer(Handle::current()).await }), 42);
/// ```
impl Spawn for Handle {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.status()?;
        drop(self.spawn(future));
        Ok(())
    }

    fn status(&self) -> Result<(), SpawnError> {
        if self.scheduler().is_closed() { Err(SpawnError::shutdown()) } else { Ok(()) }
    }
}

/// Spawns tasks of the set, whether that runs now or not; nobody gets their handles.
///
/// # Errors
/// Never.
///
/// ```
/// use fusee::task::LocalSet;
/// use futures::task::LocalSpawnExt;
///
/// let local = LocalSet::new();
/// let answer = local.spawn_local_with_handle(async { std::rc::Rc::new(42) }).unwrap();
/// assert_eq!(*fusee::runtime::block_on(local.run_until(answer)), 42);
/// ```
impl LocalSpawn for LocalSet {
    #[track_caller]
    fn spawn_local_obj(&self, future: LocalFutureObj<'static, ()>) -> Result<(), SpawnError> {
        drop(self.spawn_local(future));
        Ok(())
    }
}
