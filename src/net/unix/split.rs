//! The directions of a connection, borrowed.

use crate::io::traits::{PollRead, PollWrite};
use crate::net::UnixStream;
use crate::net::halves::{implement_read_half, implement_write_half};

/// The direction of a borrowed [`UnixStream`] that is read. [`UnixStream::split`] makes it; an example is there.
#[derive(Debug)]
pub struct ReadHalf<'a>(&'a UnixStream);

/// The direction of a borrowed [`UnixStream`] that is written. [`UnixStream::split`] makes it; an example is there.
///
/// To drop it does nothing: to close it, by the traits, says that no more will be written.
#[derive(Debug)]
pub struct WriteHalf<'a>(&'a UnixStream);

/// The halves of `stream`, each of which is there once.
pub(super) fn split(stream: &mut UnixStream) -> (ReadHalf<'_>, WriteHalf<'_>) {
    (ReadHalf(stream), WriteHalf(stream))
}

implement_read_half!(
    ReadHalf<'_>,
    0: UnixStream,
    crate::net::unix::SocketAddr,
    "let (mut stream, peer) = fusee::net::UnixStream::pair()?;
peer.writable().await?;
peer.try_write(b\"hello\")?;
let (half, _) = stream.split();"
);

implement_write_half!(
    WriteHalf<'_>,
    0: UnixStream,
    crate::net::unix::SocketAddr,
    "let (mut stream, peer) = fusee::net::UnixStream::pair()?;
let (_, half) = stream.split();"
);
