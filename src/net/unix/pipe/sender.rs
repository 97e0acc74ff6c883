//! The end of a pipe that is written.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

use rustix::fs::OFlags;

use super::mode;
use crate::io::Interest;
use crate::io::traits::{PollWrite, implement_write};
use crate::net::readiness::implement_readiness;
use crate::net::vectored;
use crate::reactor::bits;
use crate::source::{Direction, Evented};

/// The end of a pipe that is written. [`pipe`](super::pipe) makes it, and [`OpenOptions`](super::OpenOptions) opens it.
///
/// Once nobody has the other end any more, a write answers an error of the kind
/// [`BrokenPipe`](io::ErrorKind::BrokenPipe), and raises `SIGPIPE`, which Rust's programs ignore unless they choose
/// otherwise. To close it by the traits does nothing: the other end reads the end once this is dropped.
///
/// ```
/// use fusee::io::AsyncWriteExt;
/// use fusee::net::unix::pipe;
///
/// # fusee::runtime::block_on(async {
/// let (mut sender, receiver) = pipe::pipe()?;
/// sender.write_all(b"hello").await?;
/// drop(receiver);
/// assert_eq!(sender.write_all(b"hello").await.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct Sender(Evented<mio::unix::pipe::Sender>);

impl Sender {
    #[track_caller]
    pub(super) fn new(pipe: mio::unix::pipe::Sender) -> io::Result<Self> {
        Ok(Self(Evented::with_interest(pipe, bits::WRITABLE)?))
    }

    /// Takes a pipe over, and puts it into nonblocking mode: for all who have a descriptor of the same end.
    ///
    /// # Errors
    /// Of the kind [`InvalidInput`](io::ErrorKind::InvalidInput), if it is no pipe, or not to be written; what the
    /// operating system says.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child of the process that built it.
    ///
    /// ```
    /// use std::fs::File;
    /// use std::os::fd::OwnedFd;
    ///
    /// use fusee::net::unix::pipe;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (reader, writer) = std::io::pipe()?;
    /// let sender = pipe::Sender::from_file(File::from(OwnedFd::from(writer)))?;
    /// # drop((sender, reader));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Self> {
        mode::prepare(&file, OFlags::WRONLY, "not open to be written")?;
        Self::from_file_unchecked(file)
    }

    /// As [`from_file`](Self::from_file), of a descriptor.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    ///
    /// # Panics
    /// As [`from_file`](Self::from_file).
    ///
    /// ```
    /// use fusee::net::unix::pipe;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (reader, writer) = std::io::pipe()?;
    /// let sender = pipe::Sender::from_owned_fd(writer.into())?;
    /// # drop((sender, reader));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_owned_fd(descriptor: OwnedFd) -> io::Result<Self> {
        Self::from_file(descriptor.into())
    }

    /// Takes over what is a pipe in nonblocking mode, or is used as if it were: that is not asked.
    ///
    /// # Errors
    /// What the selector says: of the kind [`PermissionDenied`](io::ErrorKind::PermissionDenied) for a file that is
    /// always ready.
    ///
    /// # Panics
    /// As [`from_file`](Self::from_file).
    ///
    /// ```
    /// use fusee::net::unix::pipe;
    ///
    /// # fusee::runtime::block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("pipe");
    /// assert!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
    /// # #[cfg(target_os = "linux")] {
    /// let options = pipe::OpenOptions::new().read_write(true).open_receiver(&path)?;
    /// let file = options.into_nonblocking_fd()?.into();
    /// let sender = pipe::Sender::from_file_unchecked(file)?;
    /// # drop(sender);
    /// # }
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_file_unchecked(file: File) -> io::Result<Self> {
        Self::from_owned_fd_unchecked(file.into())
    }

    /// As [`from_file_unchecked`](Self::from_file_unchecked), of a descriptor.
    ///
    /// # Errors
    /// As [`from_file_unchecked`](Self::from_file_unchecked).
    ///
    /// # Panics
    /// As [`from_file`](Self::from_file).
    ///
    /// ```
    /// use fusee::net::unix::pipe;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (sender, receiver) = pipe::pipe()?;
    /// let sender = pipe::Sender::from_owned_fd_unchecked(sender.into_nonblocking_fd()?)?;
    /// # drop((sender, receiver));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_owned_fd_unchecked(descriptor: OwnedFd) -> io::Result<Self> {
        Self::new(descriptor.into())
    }

    /// Takes it out of its runtime, in blocking mode.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// use fusee::net::unix::pipe;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (sender, receiver) = pipe::pipe()?;
    /// let file = std::fs::File::from(sender.into_blocking_fd()?);
    /// # drop(file);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        let descriptor = self.into_nonblocking_fd()?;
        mode::set_blocking(&descriptor)?;
        Ok(descriptor)
    }

    /// Takes it out of its runtime, in nonblocking mode.
    ///
    /// # Errors
    /// The selector does not let go of it, which is not to be expected.
    ///
    /// ```
    /// use fusee::net::unix::pipe;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (sender, receiver) = pipe::pipe()?;
    /// let descriptor = sender.into_nonblocking_fd()?;
    /// # drop(descriptor);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        self.0.into_source().map(OwnedFd::from)
    }

    /// Writes of `buffer` what there is room for, if it is [writable](Self::writable). How many bytes. Up to `PIPE_BUF`
    /// bytes, which on Linux are 4,096, go whole or not at all.
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is no room; what the operating system says, of
    /// the kind [`BrokenPipe`](io::ErrorKind::BrokenPipe) if nobody reads any more; or the runtime that it was made on
    /// is gone.
    ///
    /// ```
    /// # use fusee::net::unix::pipe;
    /// # fusee::runtime::block_on(async {
    /// let (sender, _receiver) = pipe::pipe()?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_write(b"hello")?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.0.registration().try_io(Interest::WRITABLE, || (&*self.0).write(buffer))
    }

    /// As [`try_write`](Self::try_write), of several buffers, one after the other.
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    ///
    /// ```
    /// # use std::io::IoSlice;
    /// # use fusee::net::unix::pipe;
    /// # fusee::runtime::block_on(async {
    /// let (sender, _receiver) = pipe::pipe()?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_write_vectored(&[IoSlice::new(b"hel"), IoSlice::new(b"lo")])?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let (buffers, _) = vectored::to_write(buffers);
        self.0.registration().try_io(Interest::WRITABLE, || (&*self.0).write_vectored(buffers))
    }

    /// Tries `operation`, which writes the pipe by other ways than this type's methods, if it is
    /// [writable](Self::writable). When `operation` would block, and says so by an error of the kind
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), it counts as not ready any more; it is to say so only if it has tried
    /// the pipe.
    ///
    /// # Errors
    /// One of the kind `WouldBlock`, if it is not ready, without a call of `operation`; what `operation` answers; or
    /// the runtime that it was made on is gone.
    ///
    /// ```
    /// # use fusee::net::unix::pipe;
    /// # fusee::runtime::block_on(async {
    /// let (sender, receiver) = pipe::pipe()?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_io(|| Ok(7))?, 7);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_io<R>(&self, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.0.registration().try_io(Interest::WRITABLE, || self.0.try_io(operation))
    }
}

implement_readiness!(
    Sender,
    "let (socket, peer) = fusee::net::unix::pipe::pipe()?;":
    ready writable poll_write_ready
);

impl PollWrite for Sender {
    fn poll_write_from(&self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(context, Direction::Write, |mut pipe| pipe.write(buffer))
    }

    fn poll_write_vectored_from(&self, context: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let (buffers, _) = vectored::to_write(buffers);
        self.0.poll_io(context, Direction::Write, |mut pipe| pipe.write_vectored(buffers))
    }

    fn poll_close_write(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

implement_write!(Sender);

impl AsRawFd for Sender {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
