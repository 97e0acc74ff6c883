//! Tasks that belong together: joined as they complete, aborted together.
//!
//! A [`JoinSet`] has the tasks; a [`Builder`] gives them names as it spawns them.

// The set keeps the handles, in `places.rs`; `spawn.rs` fills it, `join_all.rs` empties it; `arrivals.rs` is how the tasks tell it that they
// are complete. All here runs on the thread that has the set.
//
// # Invariants (structural mutants)
// - `join_set_insert_ignores_complete`: a task that was complete before it could be given its ticket arrives at once.
// - `join_set_detach_keeps_arrivals`: a key in the queue is that of the handle that has it now.
//
// Checked by the models `join_set_insert_complete`, `join_set_detach_late`, and by `tests/join_set.rs`.
// Deliberately not here: a stream of futures that are polled in place. With futures-util's `FuturesUnordered` over the
// handles the set would be polled anew for each wake-up of the collection's own making, `try_join_next`
// would take the place of the joiner that waits, and could miss tasks that are complete; and the protocol between the threads could not be modelled.

mod arrivals;
mod builder;
mod join_all;
mod places;
mod spawn;
mod stream;

pub use builder::Builder;

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, Waker};

use super::{AbortHandle, Id, JoinError, JoinHandle, coop};
use crate::facade::{StdArc, mutant};
use arrivals::Arrivals;
use join_all::JoinAll;
use places::Places;

/// Tasks with outputs of one type, joined in the order in which they complete.
///
/// Dropping the set aborts its tasks; [`detach_all`](Self::detach_all) lets them run on. What a set takes of memory follows the number of its tasks; an
/// empty one keeps about a kilobyte.
///
/// ```
/// use fusee::task::JoinSet;
///
/// fusee::runtime::block_on(async {
///     let mut set = JoinSet::new();
///     for n in 1..=10 {
///         set.spawn(async move { n * n });
///     }
///     let mut sum = 0;
///     while let Some(square) = set.join_next().await {
///         sum += square.unwrap();
///     }
///     assert_eq!(sum, 385);
/// });
/// ```
pub struct JoinSet<T> {
    handles: Places<JoinHandle<T>>,
    /// Keys of `handles` whose tasks are complete.
    arrivals: StdArc<Arrivals>,
}

// No panic leaves the set half done: user code runs under no lock of ours, nor between two steps that belong together.
impl<T> UnwindSafe for JoinSet<T> {}
impl<T> RefUnwindSafe for JoinSet<T> {}

impl<T> JoinSet<T> {
    /// A set without tasks.
    pub fn new() -> Self {
        Self { handles: Places::new(), arrivals: Arrivals::new() }
    }

    /// The tasks that were not joined yet, complete or not.
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    /// Whether all tasks were joined, or none was spawned.
    pub fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }
}

impl<T: 'static> JoinSet<T> {
    /// Takes a task into the set. Its handle has not been polled yet.
    pub(crate) fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        let mut is_live = true;
        let key = self.handles.insert(|key| {
            is_live = handle.register(&self.arrivals.ticket(key));
            handle
        });
        if !is_live && !mutant("join_set_insert_ignores_complete") {
            self.arrivals.arrive(key);
        }
        abort
    }

    /// Waits for the next task that completes, and answers its output, or why it has none. `None` if the set is empty.
    ///
    /// # Cancel safety
    /// Safe: a task leaves the set only with the answer.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut set = fusee::task::JoinSet::new();
    ///     set.spawn(async { 42 });
    ///     assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    ///     assert!(set.join_next().await.is_none());
    /// });
    /// ```
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|context| self.poll_join_next(context)).await
    }

    /// As [`join_next`](Self::join_next), with the task's identifier beside its output; an error has it too, see [`JoinError::id`].
    ///
    /// # Cancel safety
    /// Safe: a task leaves the set only with the answer.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut set = fusee::task::JoinSet::new();
    ///     let task = set.spawn(async { 42 }).id();
    ///     assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (task, 42));
    /// });
    /// ```
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|context| self.poll_join_next_with_id(context)).await
    }

    /// A task that is complete, without waiting. `None` if there is none, or if the set is empty.
    ///
    /// The set hears of a task a moment after that is [finished](AbortHandle::is_finished), from the thread that runs it.
    ///
    /// It spends none of the task's budget (see [`coop`]), and whoever waits in [`poll_join_next`](Self::poll_join_next) is woken later as if this had
    /// not been called.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut set = fusee::task::JoinSet::new();
    ///     set.spawn(std::future::pending::<()>());
    ///     assert!(set.try_join_next().is_none());
    /// });
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(without_id)
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's identifier beside its output.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        let key = self.arrivals.try_next()?;
        Some(self.take(key))
    }

    /// Aborts all tasks, and waits until their futures have been dropped. Whether they panic is ignored. The set is empty then.
    ///
    /// # Cancel safety
    /// Given up, it has aborted the tasks all the same; those not joined yet are still in the set.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut set = fusee::task::JoinSet::new();
    ///     set.spawn(std::future::pending::<()>());
    ///     set.shutdown().await;
    ///     assert!(set.is_empty());
    /// });
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks, and answers their outputs in the order in which they completed.
    ///
    /// # Panics
    /// If a task panicked, with its payload; if one was aborted. The tasks that are left are aborted then. To
    /// learn of each task alone, call [`join_next`](Self::join_next) until it answers `None`.
    ///
    /// # Cancel safety
    /// Not safe: given up, it drops the outputs that it has, and the set.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let set: fusee::task::JoinSet<_> = (1..=3).map(|n| async move { n }).collect();
    ///     let mut outputs = set.join_all().await;
    ///     outputs.sort();
    ///     assert_eq!(outputs, [1, 2, 3]);
    /// });
    /// ```
    pub fn join_all(self) -> impl Future<Output = Vec<T>> {
        JoinAll { outputs: Vec::with_capacity(self.len()), set: self }
    }

    /// Cancels all tasks; see [`JoinHandle::abort`]. They stay in the set until they are joined.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut set = fusee::task::JoinSet::new();
    ///     set.spawn(std::future::pending::<()>());
    ///     set.abort_all();
    ///     assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn abort_all(&mut self) {
        self.handles.iter().for_each(JoinHandle::abort);
    }

    /// Takes all tasks out of the set without aborting them: they run on, and nobody gets their outputs.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let (tell, told) = futures::channel::oneshot::channel();
    ///     let mut set = fusee::task::JoinSet::new();
    ///     set.spawn(async { tell.send("ran").unwrap() });
    ///     set.detach_all();
    ///     assert!(set.is_empty());
    ///     assert_eq!(told.await, Ok("ran"));
    /// });
    /// ```
    pub fn detach_all(&mut self) {
        // The keys begin anew: what arrives late must not be taken for the arrival of a task that has got its key.
        if !mutant("join_set_detach_keeps_arrivals") {
            self.arrivals = self.arrivals.succeed();
        }
        drop(std::mem::take(&mut self.handles));
    }

    /// Polls for a task that is complete: it leaves the set with the answer. `Ready(None)` if the set is empty.
    ///
    /// After `Pending` the waker of `context` is woken when a task completes; only the one of the latest call is. The answer
    /// is also pending, and the waker woken at once, when the poll's budget is spent; see [`coop`].
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut set = fusee::task::JoinSet::new();
    ///     set.spawn(async { 42 });
    ///     let joined = poll_fn(|context| set.poll_join_next(context)).await;
    ///     assert_eq!(joined.unwrap().unwrap(), 42);
    /// });
    /// ```
    pub fn poll_join_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_join_next_with_id(context).map(|joined| joined.map(without_id))
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the task's identifier beside its output.
    pub fn poll_join_next_with_id(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(Id, T), JoinError>>> {
        coop::poll_leaf(context, |context| {
            if self.is_empty() {
                return Poll::Ready(None);
            }
            self.arrivals.poll_next(context).map(|key| Some(self.take(key)))
        })
    }

    /// Takes the task `key`, which has arrived, out of the set.
    fn take(&mut self, key: usize) -> Result<(Id, T), JoinError> {
        let mut handle = self.handles.remove(key).expect("a task arrives once, and stays until then");
        match handle.poll_output(Waker::noop()) {
            Poll::Ready(joined) => joined.map(|output| (handle.id(), output)),
            Poll::Pending => unreachable!("a task arrives once it is complete"),
        }
    }
}

fn without_id<T>(joined: Result<(Id, T), JoinError>) -> Result<T, JoinError> {
    joined.map(|(_, output)| output)
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.handles.iter().for_each(JoinHandle::abort);
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}
