//! The ways into a map: each spawns a task as its namesake of [`JoinSet`](crate::task::JoinSet) does, and enters it under its key.
//!
//! The key is looked up first, which runs the user's code, then the task is spawned, which may panic, and then it is entered.

use std::future::Future;
use std::hash::{BuildHasher, Hash};

use super::JoinMap;
use crate::runtime::Handle;
use crate::task::{LocalSet, is_large};

impl<K: Hash + Eq, V: 'static, S: BuildHasher> JoinMap<K, V, S> {
    /// Spawns `future` as a task of the current runtime and of this map, under `key`. It starts at once, whether the map is polled or not.
    ///
    /// A task that has the key already is aborted, and its key is dropped. The map forgets it: it is never joined.
    ///
    /// # Panics
    /// Outside a runtime.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut map = fusee::task::JoinMap::new();
    ///     map.spawn("answer", std::future::pending());
    ///     map.spawn("answer", async { 42 });
    ///     assert_eq!(map.len(), 1);
    ///     assert_eq!(map.join_next().await.unwrap().1.unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&mut self, key: K, future: F)
    where
        F: Future<Output = V> + Send + 'static,
        V: Send,
    {
        let place = self.place(&key);
        let task =
            if const { is_large::<F>() } { self.tasks.spawn(Box::pin(future)) } else { self.tasks.spawn(future) };
        self.put(place, key, task);
    }

    /// Spawns `future` as a task of the runtime of `handle` and of this map; else as [`spawn`](Self::spawn).
    ///
    /// After that runtime has shut down the future is dropped here, and is joined as cancelled.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, key: K, future: F, handle: &Handle)
    where
        F: Future<Output = V> + Send + 'static,
        V: Send,
    {
        let place = self.place(&key);
        let task = if const { is_large::<F>() } {
            self.tasks.spawn_on(Box::pin(future), handle)
        } else {
            self.tasks.spawn_on(future, handle)
        };
        self.put(place, key, task);
    }

    /// Runs `f`, which may block, on the current runtime's blocking pool, as a job of this map, under `key`; see
    /// [`spawn_blocking`](crate::task::spawn_blocking). One that runs already cannot be aborted: replaced, it runs on to its end.
    ///
    /// # Panics
    /// Outside a runtime.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut map = fusee::task::JoinMap::new();
    ///     map.spawn_blocking("answer", || 6 * 7);
    ///     assert_eq!(map.join_next().await.unwrap().1.unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, key: K, f: F)
    where
        F: FnOnce() -> V + Send + 'static,
        V: Send,
    {
        let place = self.place(&key);
        let task = self.tasks.spawn_blocking(f);
        self.put(place, key, task);
    }

    /// Runs `f`, which may block, on the blocking pool of the runtime of `handle`; else as [`spawn_blocking`](Self::spawn_blocking).
    ///
    /// After that runtime has shut down `f` is dropped here, and is joined as cancelled.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, key: K, f: F, handle: &Handle)
    where
        F: FnOnce() -> V + Send + 'static,
        V: Send,
    {
        let place = self.place(&key);
        let task = self.tasks.spawn_blocking_on(f, handle);
        self.put(place, key, task);
    }

    /// Spawns `future`, which need not be `Send`, as a task of the [`LocalSet`] that runs on this thread and of this map, under `key`; see
    /// [`spawn_local`](crate::task::spawn_local).
    ///
    /// # Panics
    /// Outside a [`LocalSet`].
    ///
    /// ```
    /// use fusee::task::{JoinMap, LocalSet};
    ///
    /// fusee::runtime::block_on(LocalSet::new().run_until(async {
    ///     let mut map = JoinMap::new();
    ///     let shared = std::rc::Rc::new(42);
    ///     map.spawn_local("answer", async move { *shared });
    ///     assert_eq!(map.join_next().await.unwrap().1.unwrap(), 42);
    /// }));
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&mut self, key: K, future: F)
    where
        F: Future<Output = V> + 'static,
    {
        let place = self.place(&key);
        let task = if const { is_large::<F>() } {
            self.tasks.spawn_local(Box::pin(future))
        } else {
            self.tasks.spawn_local(future)
        };
        self.put(place, key, task);
    }

    /// Spawns `future` as a task of `local_set` and of this map, whether `local_set` runs now or not. It is polled when that is.
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, key: K, future: F, local_set: &LocalSet)
    where
        F: Future<Output = V> + 'static,
    {
        let place = self.place(&key);
        let task = if const { is_large::<F>() } {
            self.tasks.spawn_local_on(Box::pin(future), local_set)
        } else {
            self.tasks.spawn_local_on(future, local_set)
        };
        self.put(place, key, task);
    }
}
