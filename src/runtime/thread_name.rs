//! How the threads of a runtime are called, and starting one under its name.

use std::{fmt, io};

use crate::sync::StdArc;
use crate::sync::thread::Builder;

/// The name of a runtime's threads.
#[derive(Clone)]
pub(super) enum ThreadName {
    Same(StdArc<str>),
    /// Asked on each start.
    By(StdArc<dyn Fn() -> String + Send + Sync>),
}

impl ThreadName {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self::Same(name.into().into())
    }

    pub(super) fn by(name: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self::By(StdArc::new(name))
    }

    /// Refuses a name that no thread can have, as far as it is known.
    pub(super) fn check(&self) -> io::Result<()> {
        match self {
            Self::Same(name) => check(name),
            Self::By(_) => Ok(()),
        }
    }

    /// The configuration of a thread with this name.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a name with a nul byte, at which the standard library would panic.
    pub(super) fn builder(&self, stack_size: Option<usize>) -> io::Result<Builder> {
        let name = match self {
            Self::Same(name) => name.as_ref().to_owned(),
            Self::By(name) => name(),
        };
        check(&name)?;
        let builder = Builder::new().name(name);
        Ok(match stack_size {
            Some(bytes) => builder.stack_size(bytes),
            None => builder,
        })
    }
}

fn check(name: &str) -> io::Result<()> {
    if name.contains('\0') {
        let message = format!("thread_name must not contain a nul byte: {name:?}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(())
}

impl fmt::Debug for ThreadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(name) => fmt::Debug::fmt(name, f),
            Self::By(_) => f.write_str("<function>"),
        }
    }
}
