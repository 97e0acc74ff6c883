//! What a task's handle gets: its output, or why there is none.
//!
//! Who calls it: `cell.rs`, on the thread that drops the future.

use std::any::Any;

use super::error::JoinError;
use super::id::Current;
use super::raw::{RawTask, discard};
use crate::facade::catch_unwind;

/// What the handle gets of a task that gave no output: it was cancelled, or panicked with a payload.
///
/// # Safety
/// The caller holds a reference to `task`.
pub(super) unsafe fn failure(task: RawTask, payload: Option<Box<dyn Any + Send>>) -> JoinError {
    let error = match payload {
        None => JoinError::cancelled(task.id()),
        Some(payload) => JoinError::panic(task.id(), payload),
    };
    // SAFETY: by the caller.
    error.named(unsafe { task.name() })
}

/// The result for the handle: a panic in the future's drop turns an output or a cancellation into a panic.
///
/// # Safety
/// The caller holds a reference to `task`.
#[inline]
pub(super) unsafe fn join_outcome<T>(
    task: RawTask,
    output: Result<T, JoinError>,
    dropped: Result<(), Box<dyn Any + Send>>,
) -> Result<T, JoinError> {
    match dropped {
        Ok(()) => output,
        // SAFETY: by the caller.
        Err(payload) => unsafe { turned_into_panic(task, output, payload) },
    }
}

/// # Safety
/// As [`join_outcome`].
#[cold]
unsafe fn turned_into_panic<T>(
    task: RawTask,
    output: Result<T, JoinError>,
    payload: Box<dyn Any + Send>,
) -> Result<T, JoinError> {
    match &output {
        Err(error) if error.is_panic() => {
            discard(payload);
            output
        }
        _ => {
            let dropped = catch_unwind(|| {
                // SAFETY: by the caller, who holds it until after the drop.
                let _current = unsafe { Current::enter(task) };
                drop(output);
            });
            if let Err(payload) = dropped {
                discard(payload);
            }
            // SAFETY: by the caller.
            Err(unsafe { failure(task, Some(payload)) })
        }
    }
}
