//! The cell of a task that has a label: one that is named, or whose runtime watches or counts its tasks.
//!
//! Its vtable differs from other cells' where it is counted who wakes whom: those pay nothing for it.
//!
//! Who calls it: `cell.rs`, and through the vtable whoever runs or queues the task.

use std::future::Future;
use std::mem::offset_of;
use std::ptr::NonNull;

use super::{Cell, leak};
use crate::task::meta::{Label, Origin};
use crate::task::raw::{Header, RawTask, Schedule, Vtable};
use crate::task::statistics::Runs;

/// Allocates a task that has a label.
#[cold]
pub(super) fn allocate<F: Future, S: Schedule>(future: F, scheduler: S, origin: Origin<'_>) -> NonNull<Header> {
    let label = origin.label(&scheduler);
    let cell = Cell::new(future, scheduler, Labelled::<F, S>::VTABLE);
    leak(Box::new(Labelled { cell, label })).cast()
}

/// The whole allocation of a task that has a label.
#[repr(C)]
struct Labelled<F: Future, S> {
    cell: Cell<F, S>,
    label: Label,
}

impl<F: Future, S: Schedule> Labelled<F, S> {
    const VTABLE: &'static Vtable = &Vtable {
        run: Self::run,
        schedule: Self::schedule,
        free: Cell::<F, S>::free::<Self>,
        label: offset_of!(Self, label),
        ..*Cell::<F, S>::VTABLE
    };

    /// As [`Cell::run`]; others learn who wakes them meanwhile.
    ///
    /// # Safety
    /// As [`RawTask::run`].
    unsafe fn run(task: RawTask) {
        // SAFETY: the caller's entry keeps the task for now.
        let _runs = unsafe { task.statistics() }.map(|_| Runs::enter(task.id()));
        // SAFETY: by the caller.
        unsafe { Cell::<F, S>::run(task) }
    }

    /// As [`Cell::schedule`], of a task that was woken or aborted.
    ///
    /// # Safety
    /// As [`RawTask::schedule`].
    unsafe fn schedule(task: RawTask) {
        // SAFETY: the caller's entry keeps the task for now.
        if let Some(statistics) = unsafe { task.statistics() } {
            statistics.is_woken();
        }
        // SAFETY: by the caller.
        unsafe { Cell::<F, S>::schedule(task) }
    }
}
