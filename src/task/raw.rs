//! A task as everybody but its own cell sees it: a header of 48 bytes, alike for all, and a pointer to it.
//!
//! [`RawTask`] forwards to the cell's functions through the header's vtable. `state.rs` holds the rules that this file and
//! `cell.rs` rely on, cited there and here as *rule n*.
//!
//! Who calls it, on which thread: `runnable.rs` on workers; `waker.rs` on any thread; `join.rs` wherever the handle is;
//! `list.rs` under the lock of the task list, or once it is closed.
//!
//! Deliberately not here: transitions (`state.rs`), what is done with the future (`cell.rs`), queues (behind [`Schedule`]).

use std::any::Any;
use std::ptr::NonNull;
use std::task::Waker;

use super::hooks::TaskHooks;
use super::id::Id;
use super::list::Links;
use super::meta::Label;
use super::runnable::Runnable;
use super::state::{Snapshot, State, ToTraced};
use super::statistics::Statistics;
use super::tracer::Tracer;
use crate::facade::{StdArc, UnsafeCell, catch_unwind};
use crate::recorder::word::End;

/// Where a task goes when it can run, and which list it leaves when it is done.
pub(crate) trait Schedule: Send + Sync + 'static {
    /// Queueing a task runs no code of the user's, and cannot block.
    const IS_QUIET: bool;

    /// Its tasks are blocking jobs.
    const IS_JOB: bool = false;

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

    /// A poll has left the task pending: enters it into a list of live tasks, unless it is in one. The list then has the reference that [`release`](Self::release)
    /// speaks of. False when the list is closed.
    ///
    /// # Safety
    /// `task` is alive and this is its own scheduler's part; the caller holds `RUNNING`.
    unsafe fn settle(&self, _: RawTask) -> bool {
        true
    }

    /// Takes a task that is about to complete out of the list of live tasks, and, if it `parts` with its scheduler, does as [`part`](Self::part). `end` says how it ends. True when it was there, or was in none: the reference that is the list's, or else
    /// belongs to whoever completes the task, is the caller's. False when a list that closes has it.
    ///
    /// # Safety
    /// As [`settle`](Self::settle), once; as `part`, if the task parts with its scheduler.
    unsafe fn release(&self, task: RawTask, parts: bool, end: End) -> bool;

    /// Lets go of the scheduler, which a complete task needs no more, however long it is kept. Nothing else of this is called afterwards.
    ///
    /// # Safety
    /// Called once at most, by the thread that rule 6 of `state.rs` says.
    unsafe fn part(&self) {}

    /// The hooks around the tasks of the runtime, if it has any: the same answer until the task parts with its scheduler.
    fn hooks(&self) -> Option<&TaskHooks> {
        None
    }

    /// Who wants to know where its tasks wait, at the moment.
    fn tracer(&self) -> Option<StdArc<Tracer>> {
        None
    }

    /// The worker of this scheduler that the calling thread works as, if it does and is known to. Asked while the task is polled.
    fn worker(&self) -> Option<usize> {
        None
    }
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

/// How the cells of all tasks of one kind of scheduler begin.
#[repr(C)]
struct Prefix<S> {
    header: Header,
    scheduler: S,
}

/// By which reference somebody completes a task.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// That of a list of live tasks that closes, out of which the task was taken.
    List,
    /// Another. If no list that closes has the first one, whoever completes the task releases that too.
    Own,
}

/// The functions that know the future's type.
pub(super) struct Vtable {
    pub(super) run: unsafe fn(RawTask),
    pub(super) schedule: unsafe fn(RawTask),
    pub(super) shut_down: unsafe fn(RawTask, Claim),
    pub(super) take_output: unsafe fn(RawTask, NonNull<()>),
    pub(super) drop_output: unsafe fn(RawTask),
    pub(super) free: unsafe fn(RawTask),
    /// How far behind the header the label lies; 0 for a task without one.
    pub(super) label: usize,
    /// To wake the task runs no code of the user's.
    pub(super) is_quiet: bool,
}

impl Header {
    pub(super) fn new(vtable: &'static Vtable) -> Self {
        Self {
            state: State::new(),
            vtable,
            links: UnsafeCell::new(Links::default()),
            join_waker: UnsafeCell::new(None),
        }
    }
}

/// A pointer to a task. Copying it counts no reference: each holder says which one keeps the task alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawTask(NonNull<Header>);

impl RawTask {
    /// # Safety
    /// `header` begins a cell of `cell.rs`, and stays until the last reference is released.
    pub(super) unsafe fn from_header(header: NonNull<Header>) -> Self {
        Self(header)
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

    /// The task's label, if it has one: that is, if it is named, or watched by hooks.
    ///
    /// # Safety
    /// The caller holds a reference for as long as it uses the label.
    pub(super) unsafe fn label<'a>(self) -> Option<&'a Label> {
        // SAFETY: by the caller.
        let offset = unsafe { self.header() }.vtable.label;
        if offset == 0 {
            return None;
        }
        // SAFETY: a vtable with an offset belongs to a `Labelled` cell, whose label lies there in the same allocation.
        let label = unsafe { self.0.byte_add(offset) }.cast::<Label>();
        // SAFETY: the label was written before the task was known to anybody, and only the free unmakes it.
        Some(unsafe { label.as_ref() })
    }

    /// The task's name, if it has one.
    ///
    /// # Safety
    /// As [`label`](Self::label).
    pub(crate) unsafe fn name<'a>(self) -> Option<&'a StdArc<str>> {
        // SAFETY: by the caller.
        unsafe { self.label() }.and_then(Label::name)
    }

    /// What is counted of the task, in a runtime that does.
    ///
    /// # Safety
    /// As [`label`](Self::label).
    pub(super) unsafe fn statistics<'a>(self) -> Option<&'a Statistics> {
        // SAFETY: by the caller.
        unsafe { self.label() }.and_then(Label::statistics)
    }

    /// Whether to wake the task runs no code of the user's.
    ///
    /// # Safety
    /// The caller holds a reference.
    pub(super) unsafe fn is_quiet(self) -> bool {
        // SAFETY: by the caller.
        unsafe { self.header() }.vtable.is_quiet
    }

    /// The scheduler's part of the task.
    ///
    /// # Safety
    /// The caller holds a reference for as long as it uses the answer, and the task was allocated for a scheduler of this type.
    pub(crate) unsafe fn scheduler<'a, S: Schedule>(self) -> &'a S {
        // SAFETY: by the caller; every cell of such a task begins as `Prefix` does.
        &unsafe { self.0.cast::<Prefix<S>>().as_ref() }.scheduler
    }

    /// The whole allocation; for the functions of the vtable, which know its type.
    pub(super) fn cast<C>(self) -> NonNull<C> {
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
    /// The caller hands over the reference that `claim` names.
    pub(super) unsafe fn shut_down(self, claim: Claim) {
        // SAFETY: that reference keeps the header alive.
        let shut_down = unsafe { self.header() }.vtable.shut_down;
        // SAFETY: by the caller.
        unsafe { shut_down(self, claim) }
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

    /// Tells the hook that waits for it, if there is one, that nobody can wake the task any more.
    ///
    /// # Safety
    /// The caller gives up a reference.
    #[cold]
    pub(super) unsafe fn is_stranded(self) {
        // SAFETY: the caller's reference outlasts the hook.
        if let Some(label) = unsafe { self.label() } {
            label.is_stranded(self.id());
        }
        // SAFETY: by the caller.
        unsafe { self.release(1) }
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

/// A reference to a task, for whoever looks at it.
#[derive(Debug)]
pub(crate) struct Kept(RawTask);

// SAFETY: a reference may be given up anywhere, and what is read through it is meant for all threads.
unsafe impl Send for Kept {}
// SAFETY: as above.
unsafe impl Sync for Kept {}

impl Kept {
    /// # Safety
    /// Another reference keeps the task during the call.
    pub(crate) unsafe fn another(task: RawTask) -> Self {
        // SAFETY: by the caller.
        unsafe { task.header() }.state.add_reference();
        Self(task)
    }

    pub(crate) fn id(&self) -> Id {
        self.0.id()
    }

    pub(crate) fn name(&self) -> Option<&StdArc<str>> {
        // SAFETY: ours is a reference.
        unsafe { self.0.name() }
    }

    /// What is counted of the task, in a runtime that does.
    pub(crate) fn statistics(&self) -> Option<&Statistics> {
        // SAFETY: ours is a reference.
        unsafe { self.0.statistics() }
    }

    /// What the state word holds at the moment.
    pub(crate) fn snapshot(&self) -> Snapshot {
        // SAFETY: ours is a reference.
        unsafe { self.0.header() }.state.load()
    }

    /// Has the task polled once, by which its scheduler's tracer learns where it waits. False if it does not wait.
    pub(crate) fn trace(&self) -> bool {
        // SAFETY: ours is a reference.
        let action = unsafe { self.0.header() }.state.transition_to_traced();
        if action == ToTraced::Submit {
            // SAFETY: the transition counted a reference for the queue entry.
            unsafe { self.0.schedule() }
        }
        action == ToTraced::Submit
    }

    /// The scheduler's part of the task.
    ///
    /// # Safety
    /// The task was allocated for a scheduler of this type.
    pub(crate) unsafe fn scheduler<S: Schedule>(&self) -> &S {
        // SAFETY: ours is a reference; the type is right by the caller.
        unsafe { self.0.scheduler() }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: it is given up.
        unsafe { self.0.release(1) }
    }
}

/// Drops a panic's payload; one that panics in turn is leaked, for there is no end to such a chain.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(payload) = catch_unwind(|| drop(payload)) {
        std::mem::forget(payload);
    }
}
