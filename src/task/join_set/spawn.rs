//! The ways into a set: each spawns a task as its namesake elsewhere does, and keeps the handle.
//!
//! All here runs on the thread that has the set. Deliberately not here: what becomes of the handle (`mod.rs`).

use std::future::Future;

use super::JoinSet;
use crate::runtime::Handle;
use crate::task::{self, AbortHandle};

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
        self.insert(task::spawn(future))
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
        self.insert(handle.spawn(future))
    }
}

/// Spawns each future; see [`JoinSet::spawn`].
impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
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
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}
