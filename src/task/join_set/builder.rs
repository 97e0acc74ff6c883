//! Spawning a task of a set with a name.

use std::future::Future;
use std::{fmt, io};

use super::JoinSet;
use crate::runtime::Handle;
use crate::task::{self, AbortHandle, LocalSet, is_large};

/// Spawns tasks of a [`JoinSet`] with properties that its methods do not set; see [`task::Builder`].
///
/// ```
/// use fusee::task::JoinSet;
///
/// fusee::runtime::block_on(async {
///     let mut set = JoinSet::new();
///     let task = set.build_task().name("answer").spawn(async { 42 })?;
///     assert!(format!("{task:?}").contains("answer"));
///     assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a builder spawns nothing until `spawn` is called"]
pub struct Builder<'a, T> {
    set: &'a mut JoinSet<T>,
    builder: task::Builder<'a>,
}

impl<T> JoinSet<T> {
    /// A builder of tasks of this set.
    pub fn build_task(&mut self) -> Builder<'_, T> {
        Builder { set: self, builder: task::Builder::new() }
    }
}

impl<'a, T: 'static> Builder<'a, T> {
    /// With the name `name`.
    pub fn name(self, name: &'a str) -> Self {
        Self { builder: self.builder.name(name), ..self }
    }

    /// Spawns `future` as a task of the current runtime and of the set; see [`JoinSet::spawn`].
    ///
    /// # Errors
    /// Never; see [`task::Builder`].
    ///
    /// # Panics
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let task =
            if const { is_large::<F>() } { self.builder.spawn(Box::pin(future)) } else { self.builder.spawn(future) };
        Ok(self.set.insert(task?))
    }

    /// Spawns `future` as a task of the runtime of `handle` and of the set; see [`JoinSet::spawn_on`].
    ///
    /// # Errors
    /// Never; see [`task::Builder`].
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, handle: &Handle) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let task = if const { is_large::<F>() } {
            self.builder.spawn_on(Box::pin(future), handle)
        } else {
            self.builder.spawn_on(future, handle)
        };
        Ok(self.set.insert(task?))
    }

    /// Runs `f` on the current runtime's blocking pool, as a job of the set; see [`JoinSet::spawn_blocking`].
    ///
    /// # Errors
    /// Never; see [`task::Builder`].
    ///
    /// # Panics
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn_blocking<F>(self, f: F) -> io::Result<AbortHandle>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        Ok(self.set.insert(self.builder.spawn_blocking(f)?))
    }

    /// Runs `f` on the blocking pool of the runtime of `handle`, as a job of the set; see [`JoinSet::spawn_blocking_on`].
    ///
    /// # Errors
    /// Never; see [`task::Builder`].
    #[track_caller]
    pub fn spawn_blocking_on<F>(self, f: F, handle: &Handle) -> io::Result<AbortHandle>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        Ok(self.set.insert(self.builder.spawn_blocking_on(f, handle)?))
    }

    /// Spawns `future` as a task of the current [`LocalSet`] and of the set; see [`JoinSet::spawn_local`].
    ///
    /// # Errors
    /// Never; see [`task::Builder`].
    ///
    /// # Panics
    /// Outside a `LocalSet`.
    #[track_caller]
    pub fn spawn_local<F: Future<Output = T> + 'static>(self, future: F) -> io::Result<AbortHandle> {
        let task = if const { is_large::<F>() } {
            self.builder.spawn_local(Box::pin(future))
        } else {
            self.builder.spawn_local(future)
        };
        Ok(self.set.insert(task?))
    }

    /// Spawns `future` as a task of `local_set` and of the set; see [`JoinSet::spawn_local_on`].
    ///
    /// # Errors
    /// Never; see [`task::Builder`].
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, local_set: &LocalSet) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + 'static,
    {
        let task = if const { is_large::<F>() } {
            self.builder.spawn_local_on(Box::pin(future), local_set)
        } else {
            self.builder.spawn_local_on(future, local_set)
        };
        Ok(self.set.insert(task?))
    }
}

impl<T> fmt::Debug for Builder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("set", &self.set).field("builder", &self.builder).finish()
    }
}
