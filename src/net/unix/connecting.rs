//! How a connection is made.
//!
//! A listener with no room for one more connection answers `EAGAIN`, and no event tells when there is: so it is tried
//! again after a while.
//!
//! Who calls it: `stream.rs` and `socket.rs`, within a task. Checked by `tests/unix_backlog.rs`.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::SocketAddrUnix;

use super::patience::Patience;
use crate::net::UnixStream;
use crate::source::Direction;
use crate::time::sleep;

/// Connects `socket`, which is a stream in nonblocking mode.
pub(super) async fn connect(socket: OwnedFd, address: &SocketAddrUnix) -> io::Result<UnixStream> {
    let mut patience = Patience::new();
    loop {
        match rustix::net::connect(&socket, address) {
            // There is no event for this.
            Err(Errno::AGAIN) => sleep(patience.next()).await,
            Ok(()) | Err(Errno::INPROGRESS) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let stream = UnixStream::new(mio::net::UnixStream::from(socket))?;
    poll_fn(|context| stream.0.registration().poll_ready(context, Direction::Write)).await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(stream),
    }
}
