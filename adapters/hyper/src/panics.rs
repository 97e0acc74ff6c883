//! Panics of what the program has written, which end no server.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::serve_error::ServeError;

/// Calls what the program has written; a panic of it is answered.
pub(crate) fn catching<R>(call: impl FnOnce() -> R) -> Result<R, ServeError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().copied().map(String::from);
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        discard(payload);
        ServeError::Panicked(text.unwrap_or_else(|| "with something that is no text".to_owned()))
    })
}

/// Drops a panic's payload; one that panics in turn is leaked, for there is no end to such a chain.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(payload);
    }
}
