//! Several buffers in one call of the kernel's.
//!
//! Who calls it: the streams of `net/`.

use std::io::{self, IoSlice, IoSliceMut, Write};
#[cfg(target_os = "linux")]
use std::mem::MaybeUninit;

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

/// So many bytes of several buffers are copied together and sent as one: that costs less than to have the kernel read a
/// list of buffers.
#[cfg(target_os = "linux")]
const FEW: usize = 1024;

/// Writes what [`to_write`] has answered. `SIGPIPE` is not raised if nobody reads any more, which `writev`, as the
/// standard library calls it, does where the process has not chosen to ignore it.
#[cfg(target_os = "linux")]
pub(super) fn write<S: Write + std::os::fd::AsFd>(socket: S, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};

    match gather(buffers, &mut [MaybeUninit::uninit(); FEW]) {
        Some(bytes) => Ok(send(socket, bytes, SendFlags::NOSIGNAL)?),
        None => Ok(sendmsg(socket, buffers, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)?),
    }
}

/// All that is in `buffers`, in `room` if there is more than one; nothing if it is too much for that.
#[cfg(target_os = "linux")]
fn gather<'a>(buffers: &'a [IoSlice<'_>], room: &'a mut [MaybeUninit<u8>; FEW]) -> Option<&'a [u8]> {
    if let [only] = buffers {
        return Some(only);
    }
    let mut count = 0;
    for buffer in buffers {
        let end = count + buffer.len();
        room.get_mut(count..end)?.write_copy_of_slice(buffer);
        count = end;
    }
    // SAFETY: the first `count` bytes are initialised: each buffer was copied to where the one before it ends.
    Some(unsafe { room[..count].assume_init_ref() })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn write<S: Write>(mut socket: S, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    socket.write_vectored(buffers)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn few_bytes_are_gathered_and_more_are_not() {
        let (full, half) = ([1; FEW], [2; FEW / 2]);
        let answer = |buffers: &[&[u8]]| {
            let buffers: Vec<_> = buffers.iter().map(|buffer| IoSlice::new(buffer)).collect();
            gather(&buffers, &mut [MaybeUninit::uninit(); FEW]).map(<[u8]>::to_vec)
        };
        assert_eq!(answer(&[]), Some(vec![]));
        assert_eq!(answer(&[b"hel", b"", b"lo"]), Some(b"hello".to_vec()));
        assert_eq!(answer(&[&half, &half]), Some(vec![2; FEW]));
        assert_eq!(answer(&[&half, &half, b"", b"x"]), None);
        assert_eq!(answer(&[b"x", &full]), None);
        assert_eq!(answer(&[&[3; 2 * FEW]]), Some(vec![3; 2 * FEW]), "one is sent as it is");
    }
}
