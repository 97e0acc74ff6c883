//! Why a task gave no output.

use std::any::Any;
use std::{fmt, io};

use super::id::Id;
use crate::facade::StdArc;
use crate::recorder::word::End;

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

/// Two variants and not more, so that it is no larger than a payload: tasks without a name do not pay for those that have one.
enum Cause {
    /// A panic of a task without a name.
    Panic(Payload),
    /// Anything of a task with a name, or the cancellation of one without.
    Else(Option<Box<Named>>),
}

/// What became of a task with a name.
struct Named {
    name: StdArc<str>,
    /// That of its panic, or it was cancelled.
    payload: Option<Payload>,
}

// It lies in every task, beside the output.
const _: () = assert!(size_of::<JoinError>() == size_of::<Id>() + size_of::<Payload>());

/// A panic's payload.
struct Payload(Box<dyn Any + Send>);

// SAFETY: through `&Payload` nothing can be had but the message, as `&str`: the payload itself is only moved out.
unsafe impl Sync for Payload {}

impl JoinError {
    pub(crate) fn cancelled(id: Id) -> Self {
        Self { id, cause: Cause::Else(None) }
    }

    pub(crate) fn panic(id: Id, payload: Box<dyn Any + Send>) -> Self {
        Self { id, cause: Cause::Panic(Payload(payload)) }
    }

    /// The error, with the name of its task, if it has one.
    pub(super) fn named(self, name: Option<&StdArc<str>>) -> Self {
        let Some(name) = name.cloned() else { return self };
        let id = self.id;
        let payload = self.into_payload().ok();
        Self { id, cause: Cause::Else(Some(Box::new(Named { name, payload }))) }
    }

    /// Whether the task was cancelled: aborted, or dropped by the shutdown of its runtime.
    pub fn is_cancelled(&self) -> bool {
        self.payload().is_none()
    }

    /// How the task has ended.
    #[cold]
    pub(super) fn end(&self) -> End {
        if self.is_panic() { End::Panicked } else { End::Cancelled }
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        self.payload().is_some()
    }

    /// What the panic says, if it says anything: the text that `panic!` was given. `None` if the task was cancelled, or has panicked with another value, as by [`std::panic::panic_any`].
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let error = fusee::spawn(async { panic!("no room for {}", 3) }).await.unwrap_err();
    ///     assert_eq!(error.panic_message(), Some("no room for 3"));
    /// });
    /// ```
    pub fn panic_message(&self) -> Option<&str> {
        self.payload()?.message()
    }

    /// The payload of the panic, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If the task was cancelled instead; see [`try_into_panic`](Self::try_into_panic).
    ///
    /// ```should_panic
    /// fusee::runtime::block_on(async {
    ///     if let Err(error) = fusee::spawn(async { panic!("boom") }).await {
    ///         std::panic::resume_unwind(error.into_panic());
    ///     }
    /// });
    /// ```
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        self.try_into_panic().expect("the task was cancelled: there is no panic to take")
    }

    /// The payload of the panic.
    ///
    /// # Errors
    /// The error itself, if the task was cancelled instead.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let task = fusee::spawn(std::future::pending::<()>());
    ///     task.abort();
    ///     assert!(task.await.unwrap_err().try_into_panic().unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        self.into_payload().map(|Payload(payload)| payload)
    }

    /// The task.
    pub fn id(&self) -> Id {
        self.id
    }

    fn payload(&self) -> Option<&Payload> {
        match &self.cause {
            Cause::Panic(payload) => Some(payload),
            Cause::Else(named) => named.as_ref()?.payload.as_ref(),
        }
    }

    fn into_payload(self) -> Result<Payload, Self> {
        match self.cause {
            Cause::Panic(payload) => Ok(payload),
            Cause::Else(Some(mut named)) => match named.payload.take() {
                Some(payload) => Ok(payload),
                None => Err(Self { cause: Cause::Else(Some(named)), ..self }),
            },
            Cause::Else(None) => Err(self),
        }
    }

    fn name(&self) -> Option<&str> {
        match &self.cause {
            Cause::Else(Some(named)) => Some(&named.name),
            _ => None,
        }
    }
}

impl Payload {
    fn message(&self) -> Option<&str> {
        self.0.downcast_ref::<&'static str>().copied().or_else(|| self.0.downcast_ref::<String>().map(String::as_str))
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = self.name() {
            write!(f, " {name:?}")?;
        }
        match self.panic_message() {
            _ if self.is_cancelled() => f.write_str(" was cancelled"),
            Some(message) => write!(f, " panicked with message {message:?}"),
            None => f.write_str(" panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError::{}({:?}", if self.is_panic() { "Panic" } else { "Cancelled" }, self.id)?;
        if let Some(name) = self.name() {
            write!(f, ", {name:?}")?;
        }
        match self.panic_message() {
            _ if self.is_cancelled() => f.write_str(")"),
            Some(message) => write!(f, ", {message:?}, ...)"),
            None => f.write_str(", ...)"),
        }
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}
