//! The task's waker: a counted reference, or a borrowed one while the task is polled.
//!
//! A poll gets its waker by reference and counts nothing; only a clone does. Called from any thread, under any lock of the
//! user's: a wake makes one transition, and puts the task into a queue if that says so. It never runs the task's code.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::id::Id;
use super::raw::{RawTask, discard};
use super::state::{ToNotified, WakerDropped};
use super::tracer;
use crate::facade::catch_unwind;

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

/// Of the waker that a traced poll is given. It is equal to none that a future keeps, so that each leaf clones it anew; what it clones is an ordinary one.
static TRACING: RawWakerVTable = RawWakerVTable::new(clone_traced, wake, wake_by_ref, release);

/// A waker that holds no reference of its own.
pub(super) struct BorrowedWaker(ManuallyDrop<Waker>);

impl Deref for BorrowedWaker {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.0
    }
}

/// The waker for one poll of `task`. The poller holds a reference until after the waker's last use.
pub(super) fn borrowed(task: RawTask) -> BorrowedWaker {
    // SAFETY: the vtable's functions take the data that `to_data` made; `ManuallyDrop` keeps the count untouched.
    let waker = unsafe { Waker::new(task.to_data(), &VTABLE) };
    BorrowedWaker(ManuallyDrop::new(waker))
}

/// As [`borrowed`]; where it is cloned the [tracer] takes note.
pub(super) fn tracing(task: RawTask) -> BorrowedWaker {
    // SAFETY: as in `borrowed`.
    let waker = unsafe { Waker::new(task.to_data(), &TRACING) };
    BorrowedWaker(ManuallyDrop::new(waker))
}

/// What tells a waker from others, as addresses: two that have the same data and the same table do the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    data: usize,
    /// Zero if there is no waker.
    vtable: usize,
}

impl Identity {
    /// That of no waker.
    pub(crate) const NONE: Self = Self { data: 0, vtable: 0 };

    pub(crate) fn of(waker: &Waker) -> Self {
        Self { data: waker.data().addr(), vtable: ptr::from_ref(waker.vtable()).addr() }
    }

    /// That of a task's wakers.
    #[inline]
    pub(super) fn of_task(task: RawTask) -> Self {
        Self { data: task.to_data().addr(), vtable: (&raw const VTABLE).addr() }
    }
}

/// The task that `waker` wakes, if it is one of fusee's, of whatever runtime or set.
pub(crate) fn task_of(waker: &Waker) -> Option<Id> {
    // SAFETY: the data of this vtable's wakers.
    ptr::eq(waker.vtable(), &VTABLE).then(|| unsafe { RawTask::from_data(waker.data()) }.id())
}

/// Puts those first of which it is known that to wake them queues a task, and does nothing else; how many they are. The others may run code of the user's, and block.
pub(crate) fn quiet_first(wakers: &mut [Waker]) -> usize {
    wakers.sort_by_key(|waker| !is_quiet(waker));
    wakers.partition_point(is_quiet)
}

/// Whether it is known that to wake it queues a task, and does nothing else: no code of the user's runs, and nothing blocks.
fn is_quiet(waker: &Waker) -> bool {
    ptr::eq(waker.vtable(), &VTABLE) && {
        // SAFETY: the data of this vtable's wakers.
        let task = unsafe { RawTask::from_data(waker.data()) };
        // SAFETY: the waker holds a reference.
        unsafe { task.is_quiet() }
    }
}

/// Wakes somebody's waker; a panic in it ends here.
pub(crate) fn wake_quietly(waker: Waker) {
    if let Err(payload) = catch_unwind(|| waker.wake()) {
        discard(payload);
    }
}

/// Drops somebody's waker; a panic in it ends here.
pub(crate) fn drop_quietly(waker: Option<Waker>) {
    if let Err(payload) = catch_unwind(|| drop(waker)) {
        discard(payload);
    }
}

/// Counts one reference more.
///
/// # Safety
/// `data` is that of a waker with this vtable, alive until this call.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the data of this vtable's wakers.
    let task = unsafe { RawTask::from_data(data) };
    // SAFETY: the cloned waker, or the poller that lent it, holds a reference.
    unsafe { task.header() }.state.add_waker();
    RawWaker::new(data, &VTABLE)
}

/// As [`clone`], of a waker that a traced poll was given.
///
/// # Safety
/// As [`clone`].
unsafe fn clone_traced(data: *const ()) -> RawWaker {
    tracer::note_clone();
    // SAFETY: by the caller; the two tables' wakers have the same data.
    unsafe { clone(data) }
}

/// Wakes the task; the waker's reference goes to the queue entry, or is released.
///
/// # Safety
/// `data` is that of a waker with this vtable, alive until this call.
unsafe fn wake(data: *const ()) {
    // SAFETY: the data of this vtable's wakers.
    let task = unsafe { RawTask::from_data(data) };
    // SAFETY: the waker's reference keeps the header alive until the transition gives it up.
    match unsafe { task.header() }.state.transition_to_notified_by_value() {
        ToNotified::Done => {}
        // SAFETY: the transition made the waker's reference the queue entry's.
        ToNotified::Submit => unsafe { task.schedule() },
        // SAFETY: the transition released the last reference.
        ToNotified::Free => unsafe { task.free() },
    }
}

/// Wakes the task.
///
/// # Safety
/// `data` is that of a waker with this vtable, alive until this call.
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the data of this vtable's wakers.
    let task = unsafe { RawTask::from_data(data) };
    // SAFETY: the waker holds a reference.
    if unsafe { task.header() }.state.transition_to_notified_by_ref() == ToNotified::Submit {
        // SAFETY: the transition counted a reference for the queue entry.
        unsafe { task.schedule() }
    }
}

/// Releases the waker's reference.
///
/// # Safety
/// `data` is that of a waker with this vtable, alive until this call.
unsafe fn release(data: *const ()) {
    // SAFETY: the data of this vtable's wakers.
    let task = unsafe { RawTask::from_data(data) };
    // SAFETY: the waker's reference keeps the header alive until the transition gives it up.
    match unsafe { task.header() }.state.release_waker() {
        WakerDropped::Released => {}
        // SAFETY: the transition released the last reference.
        WakerDropped::Free => unsafe { task.free() },
        // SAFETY: the transition left us a reference.
        WakerDropped::Stranded => unsafe { task.is_stranded() },
    }
}
