//! A task's cell: its allocation with the future's type known, and all that is done with the future and the output.
//!
//! Header, the scheduler's reference, and the stage: future and output share their place, for there is never more than one of
//! them. A task that is named or watched by hooks has its label behind all that, and a vtable that says so (`cell/labelled.rs`). These are the functions of the header's vtable; each is called through [`RawTask`].
//!
//! A task that is complete has parted with its scheduler, unless its one queue entry is still to come (structural: `task_parts_queued`).
//!
//! Panics of the user's code (the future's poll and drop, the output's drop) end here: none leaves this file. While it runs, its
//! task is the thread's current one (`id.rs`).
//! Deliberately not here: which transition is right when (`state.rs`, whose rules are cited as *rule n*), what the handle gets (`outcome.rs`).

mod labelled;

use std::any::Any;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use super::error::JoinError;
use super::hooks::Watch;
use super::id::Current;
use super::meta::{Origin, TaskMeta};
use super::outcome::{failure, join_outcome};
use super::raw::{Claim, Header, RawTask, Schedule, Vtable, discard};
use super::runnable::Runnable;
use super::state::{ToComplete, ToIdle, ToRunning, ToShutdown};
use super::tracer;
use super::waker;
use crate::facade::{UnsafeCell, catch_unwind, mutant};
use crate::recorder::word::End;

/// Where the calls of a task's own end on a stack.
pub(crate) const FILE: &str = file!();

/// Allocates a task, which has the three references of [`State::new`](super::state::State::new).
pub(super) fn allocate<F: Future, S: Schedule>(future: F, scheduler: S, origin: Origin<'_>) -> RawTask {
    let header = if origin.is_kept(&scheduler) {
        labelled::allocate(future, scheduler, origin)
    } else {
        leak(Box::new(Cell::new(future, scheduler, Cell::<F, S>::VTABLE))).cast()
    };
    // SAFETY: the header is the first field of a `repr(C)` cell, itself the first of a labelled one; its vtable's `free` alone unmakes it.
    unsafe { RawTask::from_header(header) }
}

fn leak<T>(cell: Box<T>) -> NonNull<T> {
    NonNull::from(Box::leak(cell))
}

/// Tells the hook that waits for it that `task` is about to be spawned.
///
/// # Safety
/// `task` is alive and was allocated for these types.
pub(super) unsafe fn announce<F: Future, S: Schedule>(task: RawTask) {
    // SAFETY: by the caller.
    if let Some(watch) = unsafe { Cell::<F, S>::watch(task) } {
        watch.spawned();
    }
}

/// The scheduler's part of `task`.
///
/// # Safety
/// The caller holds a reference to `task`, which was allocated for these types, for as long as it uses the answer.
pub(super) unsafe fn scheduler<'a, F: Future + 'a, S: Schedule>(task: RawTask) -> &'a S {
    // SAFETY: by the caller.
    &unsafe { task.cast::<Cell<F, S>>().as_ref() }.scheduler
}

/// The whole allocation.
#[repr(C)]
struct Cell<F: Future, S> {
    header: Header,
    scheduler: S,
    /// Rules 1 and 2.
    stage: UnsafeCell<Stage<F>>,
}

/// Which one it holds follows from the state word: the future until it is dropped by whoever holds `RUNNING`, then the output.
#[repr(C)]
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Result<F::Output, JoinError>>,
}

impl<F: Future> Stage<F> {
    /// Where the future lies: a `repr(C)` union has all its fields at its own address.
    fn future(stage: *mut Self) -> *mut F {
        stage.cast()
    }

    /// Where the output lies.
    fn output(stage: *mut Self) -> *mut Result<F::Output, JoinError> {
        stage.cast()
    }
}

impl<F: Future, S: Schedule> Cell<F, S> {
    const VTABLE: &'static Vtable = &Vtable {
        run: Self::run,
        schedule: Self::schedule,
        shut_down: Self::shut_down,
        take_output: Self::take_output,
        drop_output: Self::drop_output,
        free: Self::free::<Self>,
        label: 0,
        is_quiet: S::IS_QUIET,
    };

    fn new(future: F, scheduler: S, vtable: &'static Vtable) -> Self {
        let stage = Stage { future: ManuallyDrop::new(future) };
        Self { header: Header::new(vtable), scheduler, stage: UnsafeCell::new(stage) }
    }

    /// The hooks that watch the task, if there are any.
    ///
    /// # Safety
    /// The caller holds a reference to `task`, a cell of this type, for as long as it uses the answer.
    unsafe fn watch<'a>(task: RawTask) -> Option<Watch<'a, S>>
    where
        F: 'a,
    {
        // SAFETY: by the caller.
        let label = unsafe { task.label() }?;
        // SAFETY: by the caller.
        let cell = unsafe { task.cast::<Self>().as_ref() };
        Watch::new(&cell.scheduler, TaskMeta::new(task.id(), label))
    }

    /// Polls the future, or drops it, as the state says.
    ///
    /// # Safety
    /// As [`RawTask::run`].
    unsafe fn run(task: RawTask) {
        // SAFETY: the caller's entry keeps the header alive until this function hands it on.
        let header = unsafe { task.header() };
        let is_traced = match header.state.transition_to_running() {
            ToRunning::Poll => false,
            ToRunning::Asked => {
                if header.state.load().is_cancelled() {
                    // SAFETY: the transition took RUNNING and leaves us the entry's reference.
                    return unsafe { Self::cancel(task, Claim::Own, true) };
                }
                // SAFETY: as above.
                unsafe { Self::begin_trace(task) };
                true
            }
            // SAFETY: the entry's reference is ours to release.
            ToRunning::Stale => return unsafe { task.release(1) },
            ToRunning::Ended => {
                // SAFETY: the entry's reference keeps the cell alive.
                let scheduler = unsafe { scheduler::<F, S>(task) };
                // SAFETY: rule 6: the shutdown has left it to whoever has the task's one entry.
                unsafe { scheduler.part() };
                // SAFETY: the entry's reference is ours to release.
                return unsafe { task.release(1) };
            }
        };
        // SAFETY: the transition took RUNNING and leaves us the entry's reference.
        unsafe { Self::poll(task, is_traced) }
    }

    /// The poll that follows tells its scheduler's tracer where the task waits.
    ///
    /// # Safety
    /// The caller holds `RUNNING` and a reference.
    #[cold]
    unsafe fn begin_trace(task: RawTask) {
        // SAFETY: the caller's reference keeps the cell alive, and `RUNNING` is held.
        tracer::begin(unsafe { scheduler::<F, S>(task) }.tracer(), task.id());
    }

    /// # Safety
    /// The caller holds `RUNNING` and one reference, which it hands over.
    #[inline(always)]
    unsafe fn poll(task: RawTask, is_traced: bool) {
        // SAFETY: the reference handed over keeps the header alive.
        let header = unsafe { task.header() };
        let waker = if is_traced { waker::tracing(task) } else { waker::borrowed(task) };
        let mut context = Context::from_waker(&waker);
        // SAFETY: the reference outlasts the poll and both hooks around it.
        let watch = unsafe { Self::watch(task) };
        if let Some(watch) = &watch {
            watch.before_poll();
        }
        // SAFETY: `RUNNING` is held (rule 1) and the future has not been dropped.
        let polled = catch_unwind(|| unsafe { Self::poll_future(task, &mut context) });
        if is_traced {
            tracer::end();
        }
        if let Some(watch) = &watch {
            watch.after_poll();
        }
        let output = match polled {
            Ok(Poll::Ready(output)) => Ok(output),
            Ok(Poll::Pending) => {
                // SAFETY: the reference keeps the cell alive.
                let scheduler = unsafe { scheduler::<F, S>(task) };
                // SAFETY: `RUNNING` is held.
                if !unsafe { scheduler.settle(task) } {
                    // SAFETY: `RUNNING` and the reference are still held.
                    return unsafe { Self::cancel(task, Claim::Own, true) };
                }
                match header.state.transition_to_idle() {
                    ToIdle::Idle => {}
                    // SAFETY: the reference is still held.
                    ToIdle::Stranded => unsafe { task.is_stranded() },
                    // SAFETY: the reference is the new entry's.
                    ToIdle::Requeue => unsafe { Self::queue(task, S::reschedule) },
                    // SAFETY: `RUNNING` and the reference are still held.
                    ToIdle::Cancel => unsafe { Self::cancel(task, Claim::Own, true) },
                }
                return;
            }
            // SAFETY: the reference is still held.
            Err(payload) => Err(unsafe { failure(task, Some(payload)) }),
        };
        // SAFETY: `RUNNING` is held and the future not dropped yet.
        let dropped = unsafe { Self::drop_future(task) };
        // SAFETY: the reference is still held.
        let output = unsafe { join_outcome(task, output, dropped) };
        // SAFETY: `RUNNING` is held, the future is gone, and the reference is handed over.
        unsafe { Self::complete(task, output, Claim::Own, true) }
    }

    /// # Safety
    /// The caller holds `RUNNING`, the stage holds the future.
    unsafe fn poll_future(task: RawTask, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the caller's reference keeps the cell alive.
        let cell = unsafe { task.cast::<Self>().as_ref() };
        // SAFETY: as above, until after the poll.
        let _current = unsafe { Current::enter(task) };
        cell.stage.with_mut(|stage| {
            // SAFETY: `RUNNING` makes this the only access, and the stage holds the future.
            let future = unsafe { &mut *Stage::future(stage) };
            // SAFETY: the future lies in a heap allocation and is dropped in place: it never moves.
            unsafe { Pin::new_unchecked(future) }.poll(context)
        })
    }

    /// Drops the future; an error is the payload of a panic in its drop.
    ///
    /// # Safety
    /// The caller holds `RUNNING`, and the stage holds the future, which nobody touches afterwards.
    unsafe fn drop_future(task: RawTask) -> Result<(), Box<dyn Any + Send>> {
        catch_unwind(|| {
            // SAFETY: the caller's reference keeps the cell alive.
            let cell = unsafe { task.cast::<Self>().as_ref() };
            // SAFETY: as above, until after the drop.
            let _current = unsafe { Current::enter(task) };
            cell.stage.with_mut(|stage| {
                // SAFETY: `RUNNING` makes this the only access, the stage holds the future, and this is its last use.
                unsafe { ptr::drop_in_place(Stage::future(stage)) }
            });
        })
    }

    /// Drops the future and completes the task as cancelled.
    ///
    /// # Safety
    /// As [`complete`](Self::complete), and the stage holds the future.
    unsafe fn cancel(task: RawTask, claim: Claim, parts: bool) {
        // SAFETY: by the caller.
        let dropped = unsafe { Self::drop_future(task) };
        // SAFETY: the reference handed over is still held.
        let cancelled = unsafe { failure(task, None) };
        // SAFETY: as above.
        let output = unsafe { join_outcome(task, Err(cancelled), dropped) };
        // SAFETY: by the caller, and the future is gone.
        unsafe { Self::complete(task, output, claim, parts) }
    }

    /// Tells the hook that the task is gone, stores the output, leaves the list of live tasks, completes, and wakes the joiner.
    ///
    /// # Safety
    /// The caller holds `RUNNING` and the reference of its `claim`, which it hands over; the future is gone. If the task `parts` with its scheduler here no queue
    /// entry of it is anywhere.
    unsafe fn complete(task: RawTask, output: Result<F::Output, JoinError>, claim: Claim, parts: bool) {
        // SAFETY: the reference handed over keeps the cell alive.
        let cell = unsafe { task.cast::<Self>().as_ref() };
        // SAFETY: as above.
        if let Some(watch) = unsafe { Self::watch(task) } {
            watch.terminated();
        }
        let end = output.as_ref().map_or_else(JoinError::end, |_| End::Ready);
        cell.stage.with_mut(|stage| {
            let stored = Stage { output: ManuallyDrop::new(output) };
            // SAFETY: `RUNNING` makes this the only access; what the stage held is gone.
            unsafe { stage.write(stored) };
        });
        // SAFETY: `RUNNING` is held, and the task completes once. If it parts with its scheduler there is no entry: rule 6.
        let is_released = unsafe { cell.scheduler.release(task, parts, end) };
        let references = if is_released && claim == Claim::Own { 2 } else { 1 };
        // SAFETY: called before COMPLETE, while `RUNNING` is held, and the stage holds the output.
        let drop_output = || unsafe { Self::drop_output(task) };
        match cell.header.state.transition_to_complete(references, drop_output) {
            ToComplete::Released => {}
            // SAFETY: the last reference is released.
            ToComplete::Free => unsafe { task.free() },
            ToComplete::WakeJoiner => {
                // SAFETY: rule 3: COMPLETE found JOIN_WAKER set, the slot is ours.
                let joiner = cell.header.join_waker.with_mut(|slot| unsafe { (*slot).take() });
                if let Some(joiner) = joiner {
                    waker::wake_quietly(joiner);
                }
                // SAFETY: the transition left us these references.
                unsafe { task.release(references) }
            }
        }
    }

    /// Queues the task.
    ///
    /// # Safety
    /// As [`RawTask::schedule`].
    unsafe fn schedule(task: RawTask) {
        // SAFETY: by the caller.
        unsafe { Self::queue(task, S::schedule) }
    }

    /// Hands the task's entry to its scheduler, by `schedule` or `reschedule`.
    ///
    /// # Safety
    /// The caller hands over a reference counted for the queue entry.
    unsafe fn queue(task: RawTask, enqueue: unsafe fn(*const S, Runnable)) {
        // SAFETY: the entry's reference keeps the cell alive until it is handed on.
        let scheduler = unsafe { &raw const (*task.cast::<Self>().as_ptr()).scheduler };
        // SAFETY: the caller hands over the entry's reference.
        let runnable = unsafe { Runnable::from_raw(task) };
        // SAFETY: `scheduler` lies in the allocation of `runnable`.
        unsafe { enqueue(scheduler, runnable) }
    }

    /// Cancels the task, unless it runs or is complete.
    ///
    /// # Safety
    /// As [`RawTask::shut_down`].
    unsafe fn shut_down(task: RawTask, claim: Claim) {
        // SAFETY: the caller's reference keeps the header alive.
        let action = unsafe { task.header() }.state.transition_to_shutdown();
        if action == ToShutdown::Leave {
            // SAFETY: the reference is ours to release.
            return unsafe { task.release(1) };
        }
        let parts = action == ToShutdown::Cancel || mutant("task_parts_queued");
        // SAFETY: the transition took `RUNNING`, and the reference is handed over.
        unsafe { Self::cancel(task, claim, parts) }
    }

    /// Moves the output out.
    ///
    /// # Safety
    /// As [`RawTask::take_output`].
    unsafe fn take_output(task: RawTask, to: NonNull<()>) {
        // SAFETY: the handle's reference keeps the cell alive.
        let cell = unsafe { task.cast::<Self>().as_ref() };
        let output = cell.stage.with_mut(|stage| {
            // SAFETY: rule 2: complete, the handle is the only one here; the output has not been taken yet and is not used again.
            unsafe { Stage::<F>::output(stage).read() }
        });
        // SAFETY: by the caller, `to` is of this type and free to be written.
        unsafe { to.cast::<Result<F::Output, JoinError>>().write(output) };
    }

    /// Drops the output.
    ///
    /// # Safety
    /// The caller has the stage (rule 1 or 2), which holds the output, and does not use that again.
    unsafe fn drop_output(task: RawTask) {
        // SAFETY: the caller's reference keeps the cell alive.
        let cell = unsafe { task.cast::<Self>().as_ref() };
        let dropped = catch_unwind(|| {
            // SAFETY: the caller's reference outlasts the drop.
            let _current = unsafe { Current::enter(task) };
            cell.stage.with_mut(|stage| {
                // SAFETY: the caller has the stage (rule 1 or 2); the output has not been taken yet and is not used again.
                unsafe { ptr::drop_in_place(Stage::<F>::output(stage)) }
            });
        });
        if let Err(payload) = dropped {
            discard(payload);
        }
    }

    /// Frees the allocation, an `A`.
    ///
    /// # Safety
    /// As [`RawTask::free`], and `A` is what [`allocate`] boxed.
    unsafe fn free<A>(task: RawTask) {
        // SAFETY: the allocation was made with this type, and no reference is left.
        let cell = unsafe { Box::from_raw(task.cast::<A>().as_ptr()) };
        // The stage is a union: nothing of it is dropped here. A join waker that was never taken is.
        if let Err(payload) = catch_unwind(|| drop(cell)) {
            discard(payload);
        }
    }
}
