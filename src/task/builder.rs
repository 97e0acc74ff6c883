//! Spawning a task with a name.

use std::future::Future;
use std::io;

use super::meta::Origin;
use super::spawn::spawn_from;
use super::{JoinHandle, LocalSet, is_large};
use crate::runtime::Handle;

/// Spawns tasks with properties that [`spawn()`](super::spawn()) does not set: for now, a name.
///
/// The name is shown by the `Debug` of the task's handles, by its [`JoinError`](super::JoinError), and by the hooks of the runtime
/// through [`TaskMeta`](crate::runtime::TaskMeta); the task itself reads it by [`try_name`](super::try_name). It is copied. Names need not be unique.
///
/// # Errors
/// Each method that spawns answers an `io::Result`, as tokio's do, and none errs.
///
/// ```
/// use fusee::task::Builder;
///
/// fusee::runtime::block_on(async {
///     let handle = Builder::new().name("answer").spawn(async { 42 })?;
///     assert!(format!("{handle:?}").contains("answer"));
///     assert_eq!(handle.await.unwrap(), 42);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a builder spawns nothing until `spawn` is called"]
pub struct Builder<'a> {
    name: Option<&'a str>,
}

impl<'a> Builder<'a> {
    /// A builder of tasks without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the name `name`.
    pub fn name(&self, name: &'a str) -> Self {
        Self { name: Some(name) }
    }

    /// Spawns `future` as a task of the current runtime; see [`spawn()`](super::spawn()).
    ///
    /// # Errors
    /// Never.
    ///
    /// # Panics
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let origin = Origin::here().named(self.name);
        Ok(if const { is_large::<F>() } { spawn_from(Box::pin(future), origin) } else { spawn_from(future, origin) })
    }

    /// Spawns `future` as a task of the runtime of `handle`; see [`Handle::spawn`].
    ///
    /// # Errors
    /// Never.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let task = fusee::task::Builder::new().name("answer").spawn_on(async { 42 }, runtime.handle())?;
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, handle: &Handle) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let origin = Origin::here().named(self.name);
        Ok(if const { is_large::<F>() } {
            handle.spawn_from(Box::pin(future), origin)
        } else {
            handle.spawn_from(future, origin)
        })
    }

    /// Runs `f`, which may block, on the current runtime's blocking pool; see [`spawn_blocking`](super::spawn_blocking()).
    ///
    /// # Errors
    /// Never.
    ///
    /// # Panics
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn_blocking<F, R>(self, f: F) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let origin = Origin::here().named(self.name);
        Ok(Handle::current().spawn_blocking_from(f, origin))
    }

    /// Runs `f`, which may block, on the blocking pool of the runtime of `handle`; see [`Handle::spawn_blocking`].
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn spawn_blocking_on<F, R>(self, f: F, handle: &Handle) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(handle.spawn_blocking_from(f, Origin::here().named(self.name)))
    }

    /// Spawns `future` as a task of the current [`LocalSet`]; see [`spawn_local`](super::spawn_local()).
    ///
    /// # Errors
    /// Never.
    ///
    /// # Panics
    /// Outside a `LocalSet`.
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Ok(super::local::spawn_local_from(future, Origin::here().named(self.name)))
    }

    /// Spawns `future` as a task of `local_set`; see [`LocalSet::spawn_local`].
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, local_set: &LocalSet) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Ok(local_set.spawn_local_from(future, Origin::here().named(self.name)))
    }
}
