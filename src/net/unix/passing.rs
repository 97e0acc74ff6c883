//! Descriptors that go over a connection, with bytes.
//!
//! They go with the first of the bytes that are sent with them, and are taken with it. A read that takes it in another
//! way closes them.
//!
//! Who calls it: users, on any thread. Checked by `tests/unix_descriptors.rs`.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

use crate::io::Interest;
use crate::net::UnixStream;

/// The most descriptors that go with one message: the kernel's limit (`SCM_MAX_FD`).
const MOST: usize = 253;

/// Room for them; and for the credentials that come before them on sockets that were asked for these.
#[cfg(any(target_os = "linux", target_os = "android"))]
const ROOM: usize = cmsg_space!(ScmRights(MOST), ScmCredentials(1));
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const ROOM: usize = cmsg_space!(ScmRights(MOST));

impl UnixStream {
    /// Sends bytes, and descriptors with the first of them: the other end gets descriptors of its own for what these
    /// are open for. How many bytes: less than all of `bytes` where there is no room for more. The descriptors have
    /// gone then, and the rest is written as usual.
    ///
    /// ```
    /// use std::fs::File;
    /// use std::io::Read;
    /// use std::os::fd::AsFd;
    ///
    /// use fusee::net::UnixStream;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixStream::pair()?;
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("file");
    /// std::fs::write(&path, "hello")?;
    /// one.send_fds(b"a file", &[File::open(&path)?.as_fd()]).await?;
    ///
    /// let (mut buffer, mut descriptors) = ([0; 16], Vec::new());
    /// let count = other.recv_fds(&mut buffer, &mut descriptors).await?;
    /// assert_eq!(&buffer[..count], b"a file");
    /// let mut text = String::new();
    /// File::from(descriptors.remove(0)).read_to_string(&mut text)?;
    /// assert_eq!(text, "hello");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Of the kind [`InvalidInput`](io::ErrorKind::InvalidInput), if there are descriptors and no bytes for them to go
    /// with, or more descriptors than 253. What the operating system says: too many descriptors are on their way
    /// already (`ETOOMANYREFS`), nobody reads any more ([`BrokenPipe`](io::ErrorKind::BrokenPipe)). Or the runtime that
    /// the stream was made on is gone.
    ///
    /// # Cancel safety
    /// Cancel-safe: dropped, it has sent nothing.
    pub async fn send_fds(&self, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.0.registration().async_io(Interest::WRITABLE, || send(&self.0, bytes, descriptors)).await
    }

    /// As [`send_fds`](Self::send_fds), if the stream is [writable](Self::writable).
    ///
    /// # Errors
    /// As [`send_fds`](Self::send_fds); of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is no room.
    ///
    /// ```
    /// # use std::os::fd::AsFd;
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (one, _other) = UnixStream::pair()?;
    /// one.writable().await?;
    /// assert_eq!(one.try_send_fds(b"standard input", &[std::io::stdin().as_fd()])?, 14);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_send_fds(&self, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.0.registration().try_io(Interest::WRITABLE, || send(&self.0, bytes, descriptors))
    }

    /// Receives bytes, and the descriptors that go with them, which are added to `descriptors`. How many bytes: none at
    /// the end of the stream. Descriptors of one [`send_fds`](Self::send_fds) come together, with the first of its
    /// bytes, and never with those of another; bytes that were sent before may come with them, too. They are closed
    /// when a program is executed.
    ///
    /// Bytes that have no descriptors come as by any other read.
    ///
    /// # Errors
    /// What the operating system says; or the runtime that the stream was made on is gone. An error also, if
    /// descriptors were lost, because the process may have no more of them open: those that came are closed then, and
    /// the bytes that they came with count as lost, too.
    ///
    /// # Cancel safety
    /// Cancel-safe: dropped, it has received nothing.
    ///
    /// ```
    /// # use std::os::fd::AsFd;
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixStream::pair()?;
    /// one.send_fds(b"twice", &[one.as_fd(), one.as_fd()]).await?;
    /// let (mut buffer, mut descriptors) = ([0; 16], Vec::new());
    /// assert_eq!(other.recv_fds(&mut buffer, &mut descriptors).await?, 5);
    /// assert_eq!(descriptors.len(), 2);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn recv_fds(&self, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<usize> {
        self.0.registration().async_io(Interest::READABLE, || receive(&self.0, buffer, descriptors)).await
    }

    /// As [`recv_fds`](Self::recv_fds), if the stream is [readable](Self::readable).
    ///
    /// # Errors
    /// As [`recv_fds`](Self::recv_fds); of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is nothing.
    ///
    /// ```
    /// # use std::os::fd::AsFd;
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixStream::pair()?;
    /// one.send_fds(b"x", &[one.as_fd()]).await?;
    /// other.readable().await?;
    /// let mut descriptors = Vec::new();
    /// assert_eq!(other.try_recv_fds(&mut [0; 16], &mut descriptors)?, 1);
    /// assert_eq!(descriptors.len(), 1);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_recv_fds(&self, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<usize> {
        self.0.registration().try_io(Interest::READABLE, || receive(&self.0, buffer, descriptors))
    }
}

fn send(stream: &mio::net::UnixStream, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut room = [MaybeUninit::uninit(); ROOM];
    let mut ancillary = SendAncillaryBuffer::new(&mut room);
    if !descriptors.is_empty() {
        if bytes.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "descriptors go with at least one byte"));
        }
        if descriptors.len() > MOST || !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "more than 253 descriptors at once"));
        }
    }
    #[cfg(not(target_vendor = "apple"))]
    let flags = SendFlags::NOSIGNAL;
    #[cfg(target_vendor = "apple")]
    let flags = SendFlags::empty();
    Ok(sendmsg(stream, &[IoSlice::new(bytes)], &mut ancillary, flags)?)
}

fn receive(stream: &mio::net::UnixStream, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut room = [MaybeUninit::uninit(); ROOM];
    let mut ancillary = RecvAncillaryBuffer::new(&mut room);
    #[cfg(not(target_vendor = "apple"))]
    let flags = RecvFlags::CMSG_CLOEXEC;
    #[cfg(target_vendor = "apple")]
    let flags = RecvFlags::empty();
    let received = recvmsg(stream, &mut [IoSliceMut::new(buffer)], &mut ancillary, flags)?;
    let before = descriptors.len();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = message {
            descriptors.extend(passed);
        }
    }
    if received.flags.contains(ReturnFlags::CTRUNC) {
        descriptors.truncate(before);
        return Err(io::Error::other("descriptors that were passed are lost: this process may have no more of them"));
    }
    #[cfg(target_vendor = "apple")]
    for descriptor in &descriptors[before..] {
        rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok(received.bytes)
}
