//! Why a task gave no output.

use std::any::Any;
use std::{fmt, io};

use super::id::Id;

/// What a [`JoinHandle`](super::JoinHandle) answers when its task was cancelled or panicked.
///
/// ```
/// fusee::runtime::block_on(async {
///     let error = fusee::spawn(async { panic!("boom") }).await.unwrap_err();
///     assert!(error.is_panic());
///     assert_eq!(error.into_panic().downcast_ref(), Some(&"boom"));
/// });
/// ```
pub struct JoinError {
    id: Id,
    cause: Cause,
}

enum Cause {
    Cancelled,
    Panic(Payload),
}

/// A panic's payload.
struct Payload(Box<dyn Any + Send>);

// SAFETY: through `&Payload` nothing can be had but the message, as `&str`: the payload itself is only moved out.
unsafe impl Sync for Payload {}

impl JoinError {
    pub(crate) fn cancelled(id: Id) -> Self {
        Self { id, cause: Cause::Cancelled }
    }

    pub(crate) fn panic(id: Id, payload: Box<dyn Any + Send>) -> Self {
        Self { id, cause: Cause::Panic(Payload(payload)) }
    }

    /// Whether the task was cancelled: aborted, or dropped by the shutdown of its runtime.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.cause, Cause::Cancelled)
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panic(_))
    }

    /// The payload of the panic, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If the task was cancelled instead; see [`try_into_panic`](Self::try_into_panic).
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        self.try_into_panic().expect("the task was cancelled: there is no panic to take")
    }

    /// The payload of the panic.
    ///
    /// # Errors
    /// The error itself, if the task was cancelled instead.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self.cause {
            Cause::Panic(Payload(payload)) => Ok(payload),
            Cause::Cancelled => Err(self),
        }
    }

    /// The task.
    pub fn id(&self) -> Id {
        self.id
    }
}

impl Payload {
    fn message(&self) -> Option<&str> {
        self.0.downcast_ref::<&'static str>().copied().or_else(|| self.0.downcast_ref::<String>().map(String::as_str))
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Cancelled => write!(f, "task {} was cancelled", self.id),
            Cause::Panic(payload) => match payload.message() {
                Some(message) => write!(f, "task {} panicked with message {message:?}", self.id),
                None => write!(f, "task {} panicked", self.id),
            },
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Cancelled => write!(f, "JoinError::Cancelled({:?})", self.id),
            Cause::Panic(payload) => match payload.message() {
                Some(message) => write!(f, "JoinError::Panic({:?}, {message:?}, ...)", self.id),
                None => write!(f, "JoinError::Panic({:?}, ...)", self.id),
            },
        }
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}
