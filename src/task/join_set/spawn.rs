//! The ways into a set: each spawns a task as its namesake elsewhere does, and keeps the handle.
//!
//! All here runs on the thread that has the set. Deliberately not here: what becomes of the handle (`mod.rs`).

use std::future::Future;

use super::JoinSet;
use crate::runtime::Handle;
use crate::task::{self, AbortHandle, LocalSet, is_large};

impl<T: 'static> JoinSet<T> {
    /// Spawns `future` as a task of the current runtime and of this set. It starts at once, whether the set is polled or not.
    ///
    /// # Panics
    /// Outside a runtime.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut set = fusee::task::JoinSet::new();
    ///     let stuck = set.spawn(std::future::pending::<()>());
    ///     stuck.abort();
    ///     assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(if const { is_large::<F>() } { task::spawn(Box::pin(future)) } else { task::spawn(future) })
    }

    /// Spawns `future` as a task of the runtime of `handle` and of this set; else as [`spawn`](Self::spawn).
    ///
    /// After that runtime has shut down the future is dropped here, and is joined as cancelled.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let mut set = fusee::task::JoinSet::new();
    /// set.spawn_on(async { 42 }, runtime.handle());
    /// assert_eq!(runtime.block_on(set.join_next()).unwrap().unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(if const { is_large::<F>() } { handle.spawn(Box::pin(future)) } else { handle.spawn(future) })
    }

    /// Runs `f`, which may block, on the current runtime's blocking pool, as a job of this set; see
    /// [`spawn_blocking`](crate::task::spawn_blocking). One that runs already cannot be aborted.
    ///
    /// # Panics
    /// Outside a runtime.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut set = fusee::task::JoinSet::new();
    ///     for n in 1..=10 {
    ///         set.spawn_blocking(move || n * n);
    ///     }
    ///     assert_eq!(set.join_all().await.iter().sum::<i32>(), 385);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(task::spawn_blocking(f))
    }

    /// Runs `f`, which may block, on the blocking pool of the runtime of `handle`; else as [`spawn_blocking`](Self::spawn_blocking).
    ///
    /// After that runtime has shut down `f` is dropped here, and is joined as cancelled.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn_blocking(f))
    }

    /// Spawns `future`, which need not be `Send`, as a task of the [`LocalSet`] that runs on this thread and of this set; see
    /// [`spawn_local`](crate::task::spawn_local).
    ///
    /// # Panics
    /// Outside a [`LocalSet`].
    ///
    /// ```
    /// use fusee::task::{JoinSet, LocalSet};
    ///
    /// fusee::runtime::block_on(LocalSet::new().run_until(async {
    ///     let mut set = JoinSet::new();
    ///     let shared = std::rc::Rc::new(42);
    ///     set.spawn_local(async move { *shared });
    ///     assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    /// }));
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(if const { is_large::<F>() } {
            task::spawn_local(Box::pin(future))
        } else {
            task::spawn_local(future)
        })
    }

    /// Spawns `future` as a task of `local_set` and of this set, whether `local_set` runs now or not. It is polled when that is.
    ///
    /// ```
    /// use fusee::task::{JoinSet, LocalSet};
    ///
    /// let (local, mut set) = (LocalSet::new(), JoinSet::new());
    /// set.spawn_local_on(async { std::rc::Rc::new(42) }, &local);
    /// let answer = fusee::runtime::block_on(local.run_until(set.join_next()));
    /// assert_eq!(*answer.unwrap().unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, future: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(if const { is_large::<F>() } {
            local_set.spawn_local(Box::pin(future))
        } else {
            local_set.spawn_local(future)
        })
    }
}

/// Spawns each future; see [`JoinSet::spawn`].
impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

/// Spawns each future; see [`JoinSet::spawn`].
impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}
