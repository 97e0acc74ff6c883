//! The task's allocation: a header of 48 bytes, the scheduler's reference, and the stage (future, then output) in one union.
//!
//! [`Header`] is the part whose layout does not depend on the future; everybody but the functions of [`Vtable`] sees a task
//! as a [`RawTask`], a pointer to it. Most of the crate's `unsafe` is here; `state.rs` holds the rules that it relies on,
//! cited below as *rule n*.
//!
//! Who calls it, on which thread: `runnable.rs` on workers; `waker.rs` on any thread; `join.rs` wherever the handle is;
//! `list.rs` under the lock of the task list.
//!
//! Panics of the user's code (the future's poll and drop, the output's drop) end here: none leaves a function of the vtable.
//! Deliberately not here: transitions (`state.rs`), queues (behind [`Schedule`]).

use std::any::Any;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use super::error::JoinError;
use super::id::Id;
use super::list::Links;
use super::runnable::Runnable;
use super::state::{State, ToComplete, ToIdle, ToRunning};
use super::waker;
use crate::sync::{UnsafeCell, catch_unwind};

/// Where a task goes when it can run, and which list it leaves when it is done.
pub(crate) trait Schedule: Send + Sync + 'static {
    /// Queues a task that was woken.
    ///
    /// # Safety
    /// `this` points into the task's own allocation, which may be freed by another thread as soon as `task` is handed on:
    /// an implementation reads what it needs through `this` first.
    unsafe fn schedule(this: *const Self, task: Runnable);

    /// Queues a task that was woken while it ran, behind the tasks that wait already.
    ///
    /// # Safety
    /// As [`schedule`](Self::schedule).
    unsafe fn reschedule(this: *const Self, task: Runnable);

    /// Takes a task that is about to complete out of the list of live tasks. True when it was there: the list's reference is now the caller's.
    fn release(&self, task: RawTask) -> bool;
}

/// The part of a task that is alike for all.
#[repr(C)]
pub(crate) struct Header {
    pub(super) state: State,
    vtable: &'static Vtable,
    /// The neighbours in the list of live tasks. Rule 4.
    pub(super) links: UnsafeCell<Links>,
    /// Rule 3.
    pub(super) join_waker: UnsafeCell<Option<Waker>>,
}

/// The functions that know the future's type.
struct Vtable {
    run: unsafe fn(RawTask),
    schedule: unsafe fn(RawTask),
    shut_down: unsafe fn(RawTask),
    take_output: unsafe fn(RawTask, NonNull<()>),
    drop_output: unsafe fn(RawTask),
    free: unsafe fn(RawTask),
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
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Result<F::Output, JoinError>>,
}

/// A pointer to a task. Copying it counts no reference: each holder says which one keeps the task alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawTask(NonNull<Header>);

impl RawTask {
    /// Allocates a task with the three references of [`State::new`].
    pub(crate) fn new<F, S>(future: F, scheduler: S) -> Self
    where
        F: Future,
        S: Schedule,
    {
        let cell = Box::new(Cell {
            header: Header {
                state: State::new(),
                vtable: Cell::<F, S>::VTABLE,
                links: UnsafeCell::new(Links::default()),
                join_waker: UnsafeCell::new(None),
            },
            scheduler,
            stage: UnsafeCell::new(Stage { future: ManuallyDrop::new(future) }),
        });
        Self(NonNull::from(Box::leak(cell)).cast())
    }

    /// The pointer as a waker's data.
    pub(super) fn to_data(self) -> *const () {
        self.0.as_ptr().cast_const().cast()
    }

    /// # Safety
    /// `data` came from [`to_data`](Self::to_data).
    pub(super) unsafe fn from_data(data: *const ()) -> Self {
        // SAFETY: by the caller, the pointer was made from a `NonNull`.
        Self(unsafe { NonNull::new_unchecked(data.cast_mut().cast()) })
    }

    pub(crate) fn id(self) -> Id {
        Id::of_address(self.0.addr())
    }

    /// # Safety
    /// The caller holds a reference for as long as it uses the header.
    pub(super) unsafe fn header<'a>(self) -> &'a Header {
        // SAFETY: the reference keeps the allocation alive; shared access is all that `Header` hands out.
        unsafe { self.0.as_ref() }
    }

    fn cell<F: Future, S>(self) -> NonNull<Cell<F, S>> {
        self.0.cast()
    }

    /// Runs the task once.
    ///
    /// # Safety
    /// The caller hands over a queue entry's reference.
    pub(super) unsafe fn run(self) {
        // SAFETY: the entry's reference keeps the header alive.
        let run = unsafe { self.header() }.vtable.run;
        // SAFETY: by the caller.
        unsafe { run(self) }
    }

    /// Puts the task into a queue.
    ///
    /// # Safety
    /// The caller hands over a reference counted for the queue entry, and made the transition that asks for one.
    pub(super) unsafe fn schedule(self) {
        // SAFETY: the entry's reference keeps the header alive.
        let schedule = unsafe { self.header() }.vtable.schedule;
        // SAFETY: by the caller.
        unsafe { schedule(self) }
    }

    /// Cancels the task for good, unless it runs: then the worker that runs it does.
    ///
    /// # Safety
    /// The caller hands over the reference of the task list, out of which it took the task.
    pub(super) unsafe fn shut_down(self) {
        // SAFETY: the list's reference keeps the header alive.
        let shut_down = unsafe { self.header() }.vtable.shut_down;
        // SAFETY: by the caller.
        unsafe { shut_down(self) }
    }

    /// Moves the output to `to`, a `Result<F::Output, JoinError>`.
    ///
    /// # Safety
    /// The task is complete, the caller is its handle, which has not taken the output yet, and `to` is of that type and free to be written.
    pub(super) unsafe fn take_output(self, to: NonNull<()>) {
        // SAFETY: the handle's reference keeps the header alive.
        let take_output = unsafe { self.header() }.vtable.take_output;
        // SAFETY: by the caller.
        unsafe { take_output(self, to) }
    }

    /// Drops the output. A panic in its drop is swallowed.
    ///
    /// # Safety
    /// As [`take_output`](Self::take_output).
    pub(super) unsafe fn drop_output(self) {
        // SAFETY: the handle's reference keeps the header alive.
        let drop_output = unsafe { self.header() }.vtable.drop_output;
        // SAFETY: by the caller.
        unsafe { drop_output(self) }
    }

    /// Releases `count` references, and frees the task with the last.
    ///
    /// # Safety
    /// The caller owns `count` references and gives them up.
    pub(super) unsafe fn release(self, count: usize) {
        // SAFETY: the caller's references keep the header alive until the release; it is not used after it.
        if unsafe { self.header() }.state.release_references(count) {
            // SAFETY: that was the last reference.
            unsafe { self.free() }
        }
    }

    /// Frees the allocation.
    ///
    /// # Safety
    /// The caller released the last reference.
    pub(super) unsafe fn free(self) {
        // SAFETY: the allocation lives until the call below.
        let free = unsafe { self.header() }.vtable.free;
        // SAFETY: by the caller.
        unsafe { free(self) }
    }
}

impl<F: Future, S: Schedule> Cell<F, S> {
    const VTABLE: &'static Vtable = &Vtable {
        run: Self::run,
        schedule: Self::schedule,
        shut_down: Self::shut_down,
        take_output: Self::take_output,
        drop_output: Self::drop_output,
        free: Self::free,
    };

    unsafe fn run(task: RawTask) {
        // SAFETY: the caller's entry keeps the header alive until this function hands it on.
        let header = unsafe { task.header() };
        match header.state.transition_to_running() {
            // SAFETY: the transition took RUNNING and leaves us the entry's reference.
            ToRunning::Poll => unsafe { Self::poll(task) },
            // SAFETY: as above.
            ToRunning::Cancel => unsafe { Self::cancel(task) },
            // SAFETY: the entry's reference is ours to release.
            ToRunning::Stale => unsafe { task.release(1) },
        }
    }

    /// # Safety
    /// The caller holds `RUNNING` and one reference, which it hands over.
    unsafe fn poll(task: RawTask) {
        // SAFETY: the reference handed over keeps the header alive.
        let header = unsafe { task.header() };
        let waker = waker::borrowed(task);
        let mut context = Context::from_waker(&waker);
        // SAFETY: `RUNNING` is held (rule 1) and the future has not been dropped.
        let polled = catch_unwind(|| unsafe { Self::poll_future(task, &mut context) });
        let output = match polled {
            Ok(Poll::Ready(output)) => Ok(output),
            Ok(Poll::Pending) => {
                match header.state.transition_to_idle() {
                    ToIdle::Idle => {}
                    // SAFETY: the reference is the new entry's; the scheduler lies in the allocation which it keeps alive.
                    ToIdle::Requeue => unsafe { S::reschedule(Self::scheduler(task), Runnable::from_raw(task)) },
                    // SAFETY: `RUNNING` and the reference are still held.
                    ToIdle::Cancel => unsafe { Self::cancel(task) },
                }
                return;
            }
            Err(payload) => Err(JoinError::panic(task.id(), payload)),
        };
        // SAFETY: `RUNNING` is held and the future not dropped yet.
        let dropped = unsafe { Self::drop_future(task) };
        let output = join_outcome(task, output, dropped);
        // SAFETY: `RUNNING` is held, the future is gone, and the reference is handed over.
        unsafe { Self::complete(task, output) }
    }

    /// # Safety
    /// The caller holds `RUNNING`, the stage holds the future.
    unsafe fn poll_future(task: RawTask, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the caller's reference keeps the cell alive.
        let cell = unsafe { task.cell::<F, S>().as_ref() };
        cell.stage.with_mut(|stage| {
            // SAFETY: `RUNNING` makes this the only access, and the stage holds the future.
            let future = unsafe { &mut (*stage).future };
            // SAFETY: the future lies in a heap allocation and is dropped in place: it never moves.
            unsafe { Pin::new_unchecked(&mut **future) }.poll(context)
        })
    }

    /// Drops the future; an error is the payload of a panic in its drop.
    ///
    /// # Safety
    /// The caller holds `RUNNING`, and the stage holds the future, which nobody touches afterwards.
    unsafe fn drop_future(task: RawTask) -> Result<(), Box<dyn Any + Send>> {
        catch_unwind(|| {
            // SAFETY: the caller's reference keeps the cell alive.
            let cell = unsafe { task.cell::<F, S>().as_ref() };
            cell.stage.with_mut(|stage| {
                // SAFETY: `RUNNING` makes this the only access, and the stage holds the future.
                let future = unsafe { &mut (*stage).future };
                // SAFETY: by the caller, this is its last use.
                unsafe { ManuallyDrop::drop(future) }
            });
        })
    }

    /// Drops the future and completes the task as cancelled.
    ///
    /// # Safety
    /// As [`poll`](Self::poll).
    unsafe fn cancel(task: RawTask) {
        // SAFETY: by the caller.
        let dropped = unsafe { Self::drop_future(task) };
        let output = join_outcome(task, Err(JoinError::cancelled(task.id())), dropped);
        // SAFETY: by the caller, and the future is gone.
        unsafe { Self::complete(task, output) }
    }

    /// Stores the output, leaves the list of live tasks, completes, and wakes the joiner.
    ///
    /// # Safety
    /// The caller holds `RUNNING` and one reference, which it hands over; the future is gone.
    unsafe fn complete(task: RawTask, output: Result<F::Output, JoinError>) {
        // SAFETY: the reference handed over keeps the cell alive.
        let cell = unsafe { task.cell::<F, S>().as_ref() };
        cell.stage.with_mut(|stage| {
            let stored = Stage { output: ManuallyDrop::new(output) };
            // SAFETY: `RUNNING` makes this the only access; what the stage held is gone.
            unsafe { stage.write(stored) };
        });
        let references = if cell.scheduler.release(task) { 2 } else { 1 };
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

    unsafe fn schedule(task: RawTask) {
        // SAFETY: the entry's reference, handed over by the caller, keeps the scheduler alive until it is handed on.
        let scheduler = unsafe { Self::scheduler(task) };
        // SAFETY: the caller hands over the entry's reference.
        let runnable = unsafe { Runnable::from_raw(task) };
        // SAFETY: `scheduler` lies in the allocation of `runnable`.
        unsafe { S::schedule(scheduler, runnable) }
    }

    /// # Safety
    /// The caller holds a reference for as long as it uses the pointer.
    unsafe fn scheduler(task: RawTask) -> *const S {
        // SAFETY: the reference keeps the cell alive.
        unsafe { &raw const (*task.cell::<F, S>().as_ptr()).scheduler }
    }

    unsafe fn shut_down(task: RawTask) {
        // SAFETY: the caller's reference keeps the header alive.
        if unsafe { task.header() }.state.transition_to_shutdown() {
            // SAFETY: the transition took `RUNNING`, and the list's reference is handed over.
            unsafe { Self::cancel(task) }
        } else {
            // SAFETY: the list's reference is ours to release.
            unsafe { task.release(1) }
        }
    }

    unsafe fn take_output(task: RawTask, to: NonNull<()>) {
        // SAFETY: the handle's reference keeps the cell alive.
        let cell = unsafe { task.cell::<F, S>().as_ref() };
        let output = cell.stage.with_mut(|stage| {
            // SAFETY: rule 2: complete, and the handle is the only one here.
            let output = unsafe { &mut (*stage).output };
            // SAFETY: by the caller, the output has not been taken yet and is not used again.
            unsafe { ManuallyDrop::take(output) }
        });
        // SAFETY: by the caller, `to` is of this type and free to be written.
        unsafe { to.cast::<Result<F::Output, JoinError>>().write(output) };
    }

    unsafe fn drop_output(task: RawTask) {
        // SAFETY: the caller's reference keeps the cell alive.
        let cell = unsafe { task.cell::<F, S>().as_ref() };
        let dropped = catch_unwind(|| {
            cell.stage.with_mut(|stage| {
                // SAFETY: the caller has the stage (rule 1 or 2).
                let output = unsafe { &mut (*stage).output };
                // SAFETY: by the caller, the output has not been taken yet and is not used again.
                unsafe { ManuallyDrop::drop(output) }
            });
        });
        if let Err(payload) = dropped {
            discard(payload);
        }
    }

    unsafe fn free(task: RawTask) {
        // SAFETY: the allocation was made by `RawTask::new` with this type, and no reference is left.
        let cell = unsafe { Box::from_raw(task.cell::<F, S>().as_ptr()) };
        // The stage is a union: nothing of it is dropped here. A join waker that was never taken is.
        if let Err(payload) = catch_unwind(|| drop(cell)) {
            discard(payload);
        }
    }
}

/// The result for the handle: a panic in the future's drop turns an output or a cancellation into a panic.
fn join_outcome<T>(
    task: RawTask,
    output: Result<T, JoinError>,
    dropped: Result<(), Box<dyn Any + Send>>,
) -> Result<T, JoinError> {
    let Err(payload) = dropped else { return output };
    match &output {
        Err(error) if error.is_panic() => {
            discard(payload);
            output
        }
        _ => {
            if let Err(payload) = catch_unwind(|| drop(output)) {
                discard(payload);
            }
            Err(JoinError::panic(task.id(), payload))
        }
    }
}

/// Drops a panic's payload; one that panics in turn is leaked, for there is no end to such a chain.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(payload) = catch_unwind(|| drop(payload)) {
        std::mem::forget(payload);
    }
}
