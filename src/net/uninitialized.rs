//! Reads of sockets into room that nobody has initialised: clearing it first costs about as much as a short read.
//!
//! Who calls it: the streams of `net/`.

use std::io;

use socket2::SockRef;
use tokio::io::ReadBuf;

/// Receives into the room of `buffer`, and answers how many bytes that were.
pub(super) fn receive<'s, S>(socket: &'s S, buffer: &mut ReadBuf<'_>) -> io::Result<usize>
where
    SockRef<'s>: From<&'s S>,
{
    // SAFETY: what is initialised must stay so. `recv` writes bytes that the kernel has filled in, and nothing else.
    let room = unsafe { buffer.unfilled_mut() };
    let count = SockRef::from(socket).recv(room)?;
    // SAFETY: the first `count` bytes of the room are initialised. So many were received, which begin there.
    unsafe { buffer.assume_init(count) };
    buffer.advance(count);
    Ok(count)
}
