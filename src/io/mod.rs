//! Reading and writing.

pub(crate) mod traits;

pub use crate::reactor::{Interest, Ready};
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
pub use futures_lite::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter, copy, empty, sink,
};

#[cfg(unix)]
mod async_fd;

/// What Unix has beside sockets and pipes: descriptors of any kind.
#[cfg(unix)]
pub mod unix {
    pub use super::async_fd::{AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdTryNewError, TryIoError};
}
