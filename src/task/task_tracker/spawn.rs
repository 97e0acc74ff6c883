//! Spawning tasks that a tracker counts: each way as its namesake elsewhere.

use std::future::Future;

use super::TaskTracker;
use crate::runtime::Handle;
use crate::task::{self, JoinHandle, LocalSet, is_large};

impl TaskTracker {
    /// Spawns `future` as a task of the current runtime that counts until its future has been dropped; see [`fusee::spawn`](crate::task::spawn()).
    ///
    /// The handle may say a moment later than [`wait`](Self::wait) that the task has ended.
    ///
    /// # Panics
    /// Outside a runtime.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let tracker = fusee::task::TaskTracker::new();
    ///     assert_eq!(tracker.spawn(async { 42 }).await.unwrap(), 42);
    ///     assert!(tracker.is_empty());
    /// });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if const { is_large::<F>() } {
            task::spawn(self.track_future(Box::pin(future)))
        } else {
            task::spawn(self.track_future(future))
        }
    }

    /// Spawns `future` as a task of the runtime of `handle`; else as [`spawn`](Self::spawn).
    ///
    /// After that runtime has shut down the future is dropped here, and the task is gone.
    #[track_caller]
    pub fn spawn_on<F>(&self, future: F, handle: &Handle) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if const { is_large::<F>() } {
            handle.spawn(self.track_future(Box::pin(future)))
        } else {
            handle.spawn(self.track_future(future))
        }
    }

    /// Spawns `future`, which need not be `Send`, as a task of the [`LocalSet`] that runs on this thread; see
    /// [`spawn_local`](crate::task::spawn_local). It counts until its future has been dropped.
    ///
    /// # Panics
    /// Outside a [`LocalSet`].
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if const { is_large::<F>() } {
            task::spawn_local(self.track_future(Box::pin(future)))
        } else {
            task::spawn_local(self.track_future(future))
        }
    }

    /// Spawns `future` as a task of `local_set`, whether that runs now or not; else as [`spawn_local`](Self::spawn_local).
    #[track_caller]
    pub fn spawn_local_on<F>(&self, future: F, local_set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if const { is_large::<F>() } {
            local_set.spawn_local(self.track_future(Box::pin(future)))
        } else {
            local_set.spawn_local(self.track_future(future))
        }
    }

    /// Runs `f`, which may block, on the current runtime's blocking pool; see [`spawn_blocking`](crate::task::spawn_blocking). It counts until it has
    /// returned, or has been dropped without being run.
    ///
    /// # Panics
    /// Outside a runtime.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let tracker = fusee::task::TaskTracker::new();
    ///     let job = tracker.spawn_blocking(|| 6 * 7);
    ///     tracker.close();
    ///     tracker.wait().await;
    ///     assert_eq!(job.await.unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        task::spawn_blocking(self.track(f))
    }

    /// Runs `f`, which may block, on the blocking pool of the runtime of `handle`; else as [`spawn_blocking`](Self::spawn_blocking).
    ///
    /// After that runtime has shut down `f` is dropped here, and the task is gone.
    #[track_caller]
    pub fn spawn_blocking_on<F, R>(&self, f: F, handle: &Handle) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        handle.spawn_blocking(self.track(f))
    }

    /// `f`, which counts until it has returned or is dropped.
    fn track<F, R>(&self, f: F) -> impl FnOnce() -> R + Send + 'static
    where
        F: FnOnce() -> R + Send + 'static,
        R: 'static,
    {
        let tracked = (f, self.token());
        move || {
            // Captured as a whole, so that dropped without being run `f` goes first.
            let tracked = tracked;
            let (f, _token) = tracked;
            f()
        }
    }
}
