//! Waiting until many tasks are gone, without keeping what they answer.
//!
//! A [`TaskTracker`] counts them. What tells them to stop is tokio-util's `CancellationToken`, which works on any runtime.

// `tally.rs` counts the tasks and knows who waits; `spawn.rs` spawns them. All here may be called on any thread.
//
// Checked by `tests/task_tracker.rs`, and `tally.rs` by models. Deliberately not here: telling the tasks to stop, for which there is a crate (`tests/tokio_util.rs`).

mod spawn;
mod tally;

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::coop;
use crate::facade::Arc;
use tally::{Tally, Wait};

/// Counts tasks, and tells when it is closed and the last of them is gone: for shutting down in good order.
///
/// Unlike a [`JoinSet`](super::JoinSet) it is shared (its clones count together), keeps no task and no output, and aborts nothing when it is dropped.
/// A service spawns a task for each request through it, and when it is to end calls [`close`](Self::close) and awaits [`wait`](Self::wait).
///
/// What tells the tasks to stop is [`CancellationToken`], of the crate tokio-util, which works on this runtime as on any:
///
/// ```
/// use fusee::task::TaskTracker;
/// use fusee::time::{Duration, sleep};
/// use tokio_util::sync::CancellationToken;
///
/// fusee::runtime::block_on(async {
///     let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
///     for _ in 0..10 {
///         let token = token.clone();
///         tracker.spawn(async move {
///             let served = token.run_until_cancelled(sleep(Duration::from_secs(3600))).await;
///             assert!(served.is_none());
///             // It is told to stop: here it puts its things in order.
///         });
///     }
///     token.cancel();
///     tracker.close();
///     tracker.wait().await;
///     assert!(tracker.is_empty());
/// });
/// ```
///
/// [`CancellationToken`]: https://docs.rs/tokio-util/0.7/tokio_util/sync/struct.CancellationToken.html
#[derive(Clone)]
pub struct TaskTracker {
    tally: Arc<Tally>,
}

// No panic leaves the tally half done: user code runs under no lock of ours.
impl UnwindSafe for TaskTracker {}
impl RefUnwindSafe for TaskTracker {}

impl TaskTracker {
    /// A tracker without tasks, open.
    #[must_use]
    pub fn new() -> Self {
        Self { tally: Arc::new(Tally::new()) }
    }

    /// Waits until the tracker is closed and has no task, both at once. A task is gone when its future has been dropped.
    ///
    /// If that is so when this is called, or at any moment between the call and the last poll, the future is ready, also when a task has come
    /// since or the tracker has been opened again.
    ///
    /// # Cancel safety
    /// Safe: dropping it does nothing. A new call does not know of what was before it.
    ///
    /// ```
    /// use fusee::task::TaskTracker;
    ///
    /// fusee::runtime::block_on(async {
    ///     let tracker = TaskTracker::new();
    ///     (0..10).for_each(|_| drop(tracker.spawn(async {})));
    ///     tracker.close();
    ///     tracker.wait().await;
    ///     assert!(tracker.is_empty());
    /// });
    /// ```
    pub fn wait(&self) -> TaskTrackerWaitFuture<'_> {
        TaskTrackerWaitFuture { wait: self.tally.wait(), tracker: self }
    }

    /// Lets waits end once there is no task. Tasks may still be spawned. False if it was closed already.
    pub fn close(&self) -> bool {
        self.tally.close()
    }

    /// Lets no wait end that has not, whether there are tasks or not. False if it was open already.
    pub fn reopen(&self) -> bool {
        self.tally.reopen()
    }

    /// Whether it is [closed](Self::close).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.tally.is_closed()
    }

    /// The tasks that are not gone: the tracked futures and tokens that live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tally.tasks()
    }

    /// Whether it has no task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts `future` as a task until it is dropped, whoever polls it.
    ///
    /// ```
    /// use fusee::task::{JoinSet, TaskTracker};
    ///
    /// fusee::runtime::block_on(async {
    ///     let (tracker, mut set) = (TaskTracker::new(), JoinSet::new());
    ///     set.spawn(tracker.track_future(async { 42 }));
    ///     tracker.close();
    ///     tracker.wait().await;
    ///     assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    /// });
    /// ```
    pub fn track_future<F: Future>(&self, future: F) -> TrackedFuture<F> {
        TrackedFuture { future, token: self.token() }
    }

    /// Counts as a task until it is dropped: for what is no future.
    ///
    /// ```
    /// let tracker = fusee::task::TaskTracker::new();
    /// let token = tracker.token();
    /// let thread = std::thread::spawn(move || drop(token));
    /// tracker.close();
    /// fusee::runtime::block_on(tracker.wait());
    /// # thread.join().unwrap();
    /// ```
    pub fn token(&self) -> TaskTrackerToken {
        self.tally.enter();
        TaskTrackerToken { tracker: self.clone() }
    }

    /// Whether the two count together: one is a clone of the other.
    #[must_use]
    pub fn ptr_eq(left: &Self, right: &Self) -> bool {
        Arc::ptr_eq(&left.tally, &right.tally)
    }
}

impl Default for TaskTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TaskTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTracker").field("len", &self.len()).field("is_closed", &self.is_closed()).finish()
    }
}

/// A task of a [`TaskTracker`], until it is dropped; made by [`TaskTracker::token`]. A clone is a task more.
#[must_use = "the task counts as gone as soon as this is dropped"]
#[derive(Debug)]
pub struct TaskTrackerToken {
    tracker: TaskTracker,
}

impl TaskTrackerToken {
    /// The tracker that counts it.
    #[must_use]
    pub fn task_tracker(&self) -> &TaskTracker {
        &self.tracker
    }
}

impl Clone for TaskTrackerToken {
    fn clone(&self) -> Self {
        self.tracker.token()
    }
}

impl Drop for TaskTrackerToken {
    fn drop(&mut self) {
        self.tracker.tally.leave();
    }
}

pin_project! {
    /// A future that counts as a task of a [`TaskTracker`] until it is dropped; made by [`TaskTracker::track_future`].
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct TrackedFuture<F> {
        // Dropped before the token: the task is gone when its future is.
        #[pin]
        future: F,
        token: TaskTrackerToken,
    }
}

impl<F: Future> Future for TrackedFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(context)
    }
}

/// The future of [`TaskTracker::wait`].
#[must_use = "futures do nothing unless awaited"]
pub struct TaskTrackerWaitFuture<'a> {
    tracker: &'a TaskTracker,
    wait: Wait,
}

impl Future for TaskTrackerWaitFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { tracker, wait } = self.get_mut();
        coop::poll_leaf(context, |context| tracker.tally.poll(wait, context))
    }
}

impl Drop for TaskTrackerWaitFuture<'_> {
    fn drop(&mut self) {
        self.tracker.tally.forget(&mut self.wait);
    }
}

impl fmt::Debug for TaskTrackerWaitFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTrackerWaitFuture").field("tracker", self.tracker).finish_non_exhaustive()
    }
}
