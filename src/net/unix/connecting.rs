//! How a connection is made.
//!
//! A listener with no room for one more connection answers `EAGAIN`, and no event tells when there is: so it is tried
//! again after a while.
//!
//! Who calls it: `stream.rs` and `socket.rs`, within a task. Checked by `tests/unix_backlog.rs`.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::SocketAddrUnix;

use crate::net::UnixStream;
use crate::source::Direction;
use crate::time::sleep;

/// How long something is waited for that no event tells of: a millisecond first, and longer each time.
#[derive(Debug)]
pub(super) struct Patience(Duration);

impl Patience {
    const LEAST: Duration = Duration::from_millis(1);
    pub(super) const MOST: Duration = Duration::from_millis(50);

    pub(super) fn new() -> Self {
        Self(Self::LEAST)
    }

    /// How long this time.
    pub(super) fn next(&mut self) -> Duration {
        let now = self.0;
        self.0 = Self::MOST.min(2 * now);
        now
    }

    pub(super) async fn wait(&mut self) {
        sleep(self.next()).await;
    }
}

/// Connects `socket`, which is a stream in nonblocking mode.
pub(super) async fn connect(socket: OwnedFd, address: &SocketAddrUnix) -> io::Result<UnixStream> {
    let mut patience = Patience::new();
    loop {
        match rustix::net::connect(&socket, address) {
            // There is no event for this.
            Err(Errno::AGAIN) => patience.wait().await,
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
