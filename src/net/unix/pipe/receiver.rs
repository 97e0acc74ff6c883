//! The end of a pipe that is read.

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

use rustix::fs::OFlags;

use super::mode;
use crate::io::Interest;
use crate::io::traits::{PollRead, implement_read};
use crate::net::readiness::implement_readiness;
use crate::net::vectored;
use crate::reactor::bits;
use crate::source::{Direction, Evented};

/// The end of a pipe that is read. [`pipe`](super::pipe) makes it, and [`OpenOptions`](super::OpenOptions) opens it.
///
/// It reads the end once nobody has the other end any more. A pipe with a name goes on when somebody opens it again: it
/// is read again then.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt};
/// use fusee::net::unix::pipe;
///
/// # fusee::runtime::block_on(async {
/// let (mut sender, mut receiver) = pipe::pipe()?;
/// sender.write_all(b"hello").await?;
/// drop(sender);
/// let mut text = String::new();
/// receiver.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct Receiver(Evented<mio::unix::pipe::Receiver>);

impl Receiver {
    #[track_caller]
    pub(super) fn new(pipe: mio::unix::pipe::Receiver) -> io::Result<Self> {
        Ok(Self(Evented::with_interest(pipe, bits::READABLE)?))
    }

    /// Takes a pipe over, and puts it into nonblocking mode: for all who have a descriptor of the same end.
    ///
    /// # Errors
    /// Of the kind [`InvalidInput`](io::ErrorKind::InvalidInput), if it is no pipe, or not to be read; what the
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
    /// let receiver = pipe::Receiver::from_file(File::from(OwnedFd::from(reader)))?;
    /// # drop((receiver, writer));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Self> {
        mode::prepare(&file, OFlags::RDONLY, "not open to be read")?;
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
    /// let receiver = pipe::Receiver::from_owned_fd(reader.into())?;
    /// # drop((receiver, writer));
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
    /// let receiver = pipe::Receiver::from_file_unchecked(file)?;
    /// # drop(receiver);
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
    /// let receiver = pipe::Receiver::from_owned_fd_unchecked(receiver.into_nonblocking_fd()?)?;
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
    /// let file = std::fs::File::from(receiver.into_blocking_fd()?);
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
    /// let descriptor = receiver.into_nonblocking_fd()?;
    /// # drop(descriptor);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        self.0.into_source().map(OwnedFd::from)
    }

    /// Reads into `buffer` what there is, if it is [readable](Self::readable). How many bytes: none at the end.
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is nothing; what the operating system says; or
    /// the runtime that it was made on is gone.
    ///
    /// ```
    /// # use fusee::net::unix::pipe;
    /// # fusee::runtime::block_on(async {
    /// let (sender, receiver) = pipe::pipe()?;
    /// sender.writable().await?;
    /// sender.try_write(b"hello")?;
    /// receiver.readable().await?;
    /// assert_eq!(receiver.try_read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.registration().try_io(Interest::READABLE, || (&*self.0).read(buffer))
    }

    /// As [`try_read`](Self::try_read), into several buffers, one after the other.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    ///
    /// ```
    /// # use std::io::IoSliceMut;
    /// # use fusee::net::unix::pipe;
    /// # fusee::runtime::block_on(async {
    /// let (sender, receiver) = pipe::pipe()?;
    /// sender.writable().await?;
    /// sender.try_write(b"hello")?;
    /// receiver.readable().await?;
    /// let (mut head, mut rest) = ([0; 1], [0; 8]);
    /// let mut buffers = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut rest)];
    /// assert_eq!(receiver.try_read_vectored(&mut buffers)?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let (buffers, _) = vectored::to_read(buffers);
        self.0.registration().try_io(Interest::READABLE, || (&*self.0).read_vectored(buffers))
    }

    /// Tries `operation`, which reads the pipe by other ways than this type's methods, if it is
    /// [readable](Self::readable). When `operation` would block, and says so by an error of the kind
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
    /// sender.try_write(b"hello")?;
    /// receiver.readable().await?;
    /// assert_eq!(receiver.try_io(|| Ok(7))?, 7);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_io<R>(&self, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.0.registration().try_io(Interest::READABLE, || self.0.try_io(operation))
    }
}

implement_readiness!(
    Receiver,
    "let (peer, socket) = fusee::net::unix::pipe::pipe()?;
peer.writable().await?;
peer.try_write(b\"hello\")?;
socket.readable().await?;":
    ready readable poll_read_ready
);

impl PollRead for Receiver {
    fn poll_read_into(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(context, Direction::Read, |mut pipe| pipe.read(buffer))
    }

    fn poll_read_vectored_into(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let (buffers, _) = vectored::to_read(buffers);
        self.0.poll_io(context, Direction::Read, |mut pipe| pipe.read_vectored(buffers))
    }
}

implement_read!(Receiver);

impl AsRawFd for Receiver {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
