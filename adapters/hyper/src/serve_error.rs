//! What goes wrong while a server goes on.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::BoxError;
use crate::panics::catching;

/// What has gone wrong with one connection, or with accepting one. The server goes on; it tells
/// [who asked for it](crate::Serve::with_error_hook).
///
/// Most of it is no fault of the server's: clients leave in the middle of a request, or speak something else.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// The listener has no connection to give. With [`Handshakes`](crate::Handshakes), that one has failed, is of this kind, too.
    Accept(io::Error),
    /// No service could be made for a connection, which was closed.
    Service(BoxError),
    /// A connection has ended by an error: hyper's, in most cases, or an [`io::Error`] of the kind
    /// [`TimedOut`](io::ErrorKind::TimedOut) for one on which nothing moved.
    Connection(BoxError),
    /// Something of the program's has panicked, with this message, and its connection was closed. A handler for HTTP/2, whose stream
    /// ends alone, is not told of here, and a handshake as [`Accept`](Self::Accept).
    Panicked(String),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept(_) => f.write_str("no connection was accepted"),
            Self::Service(_) => f.write_str("no service was made for a connection"),
            Self::Connection(_) => f.write_str("a connection has ended by an error"),
            Self::Panicked(text) => write!(f, "a connection has ended by a panic: {text}"),
        }
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Accept(error) => Some(error),
            Self::Service(error) | Self::Connection(error) => Some(&**error),
            Self::Panicked(_) => None,
        }
    }
}

/// Who is told.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<Arc<dyn Fn(ServeError) + Send + Sync>>);

impl Log {
    pub(crate) fn new(hook: impl Fn(ServeError) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// A hook that panics ends nothing, nor does an error whose drop does.
    pub(crate) fn tell(&self, error: ServeError) {
        let _ = catching(|| match &self.0 {
            Some(hook) => hook(error),
            None => drop(error),
        });
    }
}
