//! Several buffers in one call of the kernel's.
//!
//! Who calls it: the streams of `net/`.

use std::io::{self, IoSlice, IoSliceMut, Write};

/// How many buffers the kernel takes at most. What is beyond counts as not asked for: a read that fills all others is
/// no short one.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MOST: usize = 1024;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const MOST: usize = usize::MAX;

/// The buffers that one call can fill, and how many bytes they hold.
pub(super) fn to_read<'a, 'b>(buffers: &'a mut [IoSliceMut<'b>]) -> (&'a mut [IoSliceMut<'b>], usize) {
    let count = buffers.len().min(MOST);
    let buffers = &mut buffers[..count];
    let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
    (buffers, wanted)
}

/// The buffers that one call can write, and how many bytes they hold.
pub(super) fn to_write<'a, 'b>(buffers: &'a [IoSlice<'b>]) -> (&'a [IoSlice<'b>], usize) {
    let buffers = &buffers[..buffers.len().min(MOST)];
    let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
    (buffers, wanted)
}

/// Writes what [`to_write`] has answered. `SIGPIPE` is not raised if nobody reads any more, which `writev`, as the
/// standard library calls it, does where the process has not chosen to ignore it.
#[cfg(target_os = "linux")]
pub(super) fn write<S: Write + std::os::fd::AsFd>(socket: S, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

    Ok(sendmsg(socket, buffers, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn write<S: Write>(mut socket: S, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    socket.write_vectored(buffers)
}
