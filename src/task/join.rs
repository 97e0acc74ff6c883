//! The handles to a task: one that awaits its output, any number that abort it.
//!
//! # Invariants (structural mutants)
//! - `join_write_keeps_bit`, `join_bit_before_slot`: the slot is read and written while JOIN_WAKER is clear, and filled before that is set;
//!   a waker whose clone panics leaves it empty.
//! - `join_keeps_waker`: the waker in the slot is that of the latest poll.
//! - `task_abort_takes_running`: who aborts never touches the future.
//!
//! Checked by the models `join_new_waker`, `join_other_task`, `join_clone_panics`, `task_abort_run`.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use super::coop;
use super::error::JoinError;
use super::id::{self, Id};
use super::raw::{Claim, RawTask};
use super::state::{JoinDropped, ToNotified};
use super::statistics::Statistics;
use super::waker::{drop_quietly, task_of};
use crate::facade::mutant;

/// Awaits a task's output. Dropping it detaches the task, which runs on.
///
/// It resolves after the task's future has been dropped: to the output, or to a [`JoinError`] if the task panicked or was cancelled.
///
/// # Cancel safety
/// Awaiting `&mut handle` can be given up and taken up again; nothing is lost.
///
/// # Panics
/// Polling it again after it resolved panics.
///
/// ```
/// fusee::runtime::block_on(async {
///     let handle = fusee::spawn(async { 6 * 7 });
///     assert_eq!(handle.await.unwrap(), 42);
/// });
/// ```
pub struct JoinHandle<T> {
    task: RawTask,
    taken: bool,
    output: PhantomData<T>,
}

// SAFETY: what the handle moves to its thread is the output, a `T`; the rest is arbitrated by the state word.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: through `&JoinHandle` no output can be had.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> Unpin for JoinHandle<T> {}
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    /// The caller hands over the handle's reference of a task with the output `T`.
    pub(super) unsafe fn from_raw(task: RawTask) -> Self {
        Self { task, taken: false, output: PhantomData }
    }

    /// Cancels the task: its future is dropped at its next suspension point, by whoever runs the task, never by this call. That is a worker; for a
    /// local task it is the thread of its set, when that is polled or dropped.
    ///
    /// A task that completes first keeps its output, and so does a blocking job that runs already. Await the handle to learn which, and to know that the future is gone.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let handle = fusee::spawn(std::future::pending::<()>());
    ///     handle.abort();
    ///     assert!(handle.await.unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn abort(&self) {
        abort(self.task);
    }

    /// A handle that can abort the task and nothing else.
    #[must_use = "an abort handle does nothing until `abort` is called"]
    pub fn abort_handle(&self) -> AbortHandle {
        // SAFETY: our reference keeps the task alive, so that another may be counted.
        unsafe { self.task.header() }.state.add_reference();
        AbortHandle { task: self.task }
    }

    /// Drops the future here, unless it runs or is complete, and cancels the task for good: for a spawn that finds its runtime closed.
    pub(crate) fn refuse(&self) {
        // SAFETY: our reference keeps the task alive, so that another may be counted.
        unsafe { self.task.header() }.state.add_reference();
        // SAFETY: it is handed over.
        unsafe { self.task.shut_down(Claim::Own) };
    }

    /// Whether the task has completed or has been cancelled. An abort that was asked for but not carried out yet does not count.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let handle = fusee::spawn(std::future::pending::<()>());
    ///     assert!(!handle.is_finished());
    /// });
    /// ```
    pub fn is_finished(&self) -> bool {
        is_finished(self.task)
    }

    /// The task.
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// Leaves `waker` in the slot for the completer. False when the task is complete.
    pub(super) fn register(&self, waker: &Waker) -> bool {
        // SAFETY: our reference keeps the header alive.
        let header = unsafe { self.task.header() };
        let snapshot = header.state.load();
        if snapshot.is_complete()
            || (snapshot.has_join_waker() && !mutant("join_write_keeps_bit") && !header.state.unset_join_waker())
        {
            return false;
        }
        let early = mutant("join_bit_before_slot") && header.state.set_join_waker();
        let same = header.join_waker.with(|slot| {
            // SAFETY: rule 3 of `state.rs`: JOIN_WAKER is clear and the task was not complete with it set: the slot is ours.
            let old = unsafe { (*slot).as_ref() };
            old.is_some_and(|old| old.will_wake(waker) || mutant("join_keeps_waker"))
        });
        if !same {
            // SAFETY: as there. The old waker goes before the new one is cloned: a clone that panics leaves the slot empty.
            let old = header.join_waker.with_mut(|slot| unsafe { (*slot).take() });
            drop_quietly(old);
            let waker = waker.clone();
            // SAFETY: as there.
            header.join_waker.with_mut(|slot| unsafe { *slot = Some(waker) });
        }
        if early || header.state.set_join_waker() {
            return true;
        }
        // SAFETY: rule 3: complete with JOIN_WAKER clear, the slot is still ours. Left there, the waker would live as long as the task's
        // last reference, and for ever if it owns that.
        let unused = header.join_waker.with_mut(|slot| unsafe { (*slot).take() });
        drop_quietly(unused);
        false
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.taken, "a JoinHandle was polled after it had resolved: it gives its output once");
        coop::poll_leaf(context, |context| self.poll_output(context.waker()))
    }
}

impl<T> JoinHandle<T> {
    /// The task that polls this has left `waker`: noted, if tasks are counted.
    #[cold]
    fn is_joined(&self, waker: &Waker) {
        // SAFETY: our reference keeps the label.
        let Some(statistics) = (unsafe { self.task.statistics() }) else { return };
        let current = id::current();
        statistics.is_joined(task_of(waker).or(current.map(RawTask::id)));
        // SAFETY: whoever set the current task holds a reference for as long as it is the current one.
        if let Some(joiner) = current.and_then(|current| unsafe { current.statistics() }) {
            joiner.waits_for(self.task.id(), statistics);
        }
    }

    /// Nobody waits for the task, which is counted, any more.
    #[cold]
    fn is_given_up(&self, statistics: &Statistics) {
        statistics.is_joined(None);
        // SAFETY: as in `is_joined`.
        if let Some(joiner) = id::current().and_then(|current| unsafe { current.statistics() }) {
            joiner.waits_no_more_for(self.task.id());
        }
    }

    /// As a poll, without a look at the budget.
    pub(crate) fn poll_output(&mut self, waker: &Waker) -> Poll<Result<T, JoinError>> {
        if self.register(waker) {
            // SAFETY: our reference keeps the header alive.
            if unsafe { self.task.label() }.is_some() {
                self.is_joined(waker);
            }
            return Poll::Pending;
        }
        self.taken = true;
        let mut output = MaybeUninit::<Result<T, JoinError>>::uninit();
        // SAFETY: the task is complete, `taken` says that the output was there, and its type is ours.
        unsafe { self.task.take_output(NonNull::from(&mut output).cast()) };
        // SAFETY: `take_output` has written it.
        Poll::Ready(unsafe { output.assume_init() })
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        // SAFETY: our reference keeps the header alive until it is released.
        let header = unsafe { self.task.header() };
        match header.state.drop_join_interest() {
            JoinDropped::Released => return,
            JoinDropped::DropWaker => {
                // SAFETY: rule 3: the transition cleared JOIN_WAKER before COMPLETE, the slot is ours.
                let waker = header.join_waker.with_mut(|slot| unsafe { (*slot).take() });
                drop_quietly(waker);
                // SAFETY: our reference is still there.
                if let Some(statistics) = unsafe { self.task.statistics() } {
                    self.is_given_up(statistics);
                }
            }
            // SAFETY: rule 2: complete with the interest still set, and the output was not taken.
            JoinDropped::DropOutput if !self.taken => unsafe { self.task.drop_output() },
            JoinDropped::DropOutput => {}
        }
        // SAFETY: the transition left us our reference.
        unsafe { self.task.release(1) }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe("JoinHandle", self.task, f)
    }
}

/// Aborts a task, without awaiting it. Dropping it does nothing to the task.
///
/// ```
/// fusee::runtime::block_on(async {
///     let handle = fusee::spawn(std::future::pending::<()>());
///     let abort = handle.abort_handle();
///     abort.abort();
///     assert!(handle.await.unwrap_err().is_cancelled());
///     assert!(abort.is_finished());
/// });
/// ```
pub struct AbortHandle {
    task: RawTask,
}

// SAFETY: it reaches the state word and the queues only.
unsafe impl Send for AbortHandle {}
// SAFETY: as above.
unsafe impl Sync for AbortHandle {}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl AbortHandle {
    /// Cancels the task; see [`JoinHandle::abort`].
    pub fn abort(&self) {
        abort(self.task);
    }

    /// Whether the task has completed or has been cancelled; see [`JoinHandle::is_finished`].
    pub fn is_finished(&self) -> bool {
        is_finished(self.task)
    }

    /// The task.
    pub fn id(&self) -> Id {
        self.task.id()
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> Self {
        // SAFETY: our reference keeps the task alive, so that another may be counted.
        unsafe { self.task.header() }.state.add_reference();
        Self { task: self.task }
    }
}

impl Drop for AbortHandle {
    fn drop(&mut self) {
        // SAFETY: the handle's reference is given up.
        unsafe { self.task.release(1) }
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe("AbortHandle", self.task, f)
    }
}

/// Asks for cancellation. The caller's handle keeps `task` alive.
fn abort(task: RawTask) {
    if mutant("task_abort_takes_running") {
        // SAFETY: the caller's handle keeps the task alive.
        unsafe { task.header() }.state.add_reference();
        // SAFETY: none, unless the task is idle: that is the mutant.
        unsafe { task.shut_down(Claim::List) };
        return;
    }
    // SAFETY: the caller's handle holds a reference.
    if unsafe { task.header() }.state.transition_to_cancelled() == ToNotified::Submit {
        // SAFETY: the transition counted a reference for the queue entry.
        unsafe { task.schedule() }
    }
}

/// The caller's handle keeps `task` alive.
fn describe(handle: &str, task: RawTask, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut description = f.debug_struct(handle);
    description.field("id", &task.id());
    // SAFETY: the caller's handle holds a reference.
    if let Some(name) = unsafe { task.name() } {
        description.field("name", name);
    }
    description.finish()
}

/// The caller's handle keeps `task` alive.
fn is_finished(task: RawTask) -> bool {
    // SAFETY: the caller's handle holds a reference.
    unsafe { task.header() }.state.load().is_complete()
}
