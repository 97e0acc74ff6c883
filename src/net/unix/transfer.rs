//! How a connection is read and written.
//!
//! Deliberately not here: descriptors (`passing.rs`).

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::task::{Context, Poll};

use crate::io::Interest;
use crate::io::traits::{PollRead, PollWrite, implement_read, implement_write};
#[cfg(feature = "tokio-io")]
use crate::net::uninitialized;
use crate::net::{UnixStream, vectored};
use crate::source::Direction;

impl UnixStream {
    /// Reads into `buffer` what there is, if it is [readable](Self::readable). How many bytes: none at the end of the
    /// stream. Descriptors that come with them are closed; see [`recv_fds`](Self::recv_fds).
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is nothing; what the operating system says; or
    /// the runtime that it was made on is gone.
    ///
    /// ```
    /// # use std::io::ErrorKind;
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (stream, other) = UnixStream::pair()?;
    /// let mut buffer = [0; 8];
    /// assert_eq!(stream.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    ///
    /// other.writable().await?;
    /// other.try_write(b"x")?;
    /// let count = loop {
    ///     stream.readable().await?;
    ///     match stream.try_read(&mut buffer) {
    ///         Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
    ///         answer => break answer?,
    ///     }
    /// };
    /// assert_eq!(&buffer[..count], b"x");
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
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (stream, other) = UnixStream::pair()?;
    /// other.writable().await?;
    /// other.try_write(b"hello")?;
    /// stream.readable().await?;
    /// let (mut head, mut rest) = ([0; 1], [0; 8]);
    /// let mut buffers = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut rest)];
    /// assert_eq!(stream.try_read_vectored(&mut buffers)?, 5);
    /// assert_eq!((&head, &rest[..4]), (b"h", &b"ello"[..]));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let (buffers, _) = vectored::to_read(buffers);
        self.0.registration().try_io(Interest::READABLE, || (&*self.0).read_vectored(buffers))
    }

    /// Writes of `buffer` what there is room for, if it is [writable](Self::writable). How many bytes.
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is no room; what the operating system says, of
    /// the kind [`BrokenPipe`](io::ErrorKind::BrokenPipe) if nobody reads any more; or the runtime that it was made on
    /// is gone.
    ///
    /// ```
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (stream, _other) = UnixStream::pair()?;
    /// stream.writable().await?;
    /// assert_eq!(stream.try_write(b"hello")?, 5);
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
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (stream, _other) = UnixStream::pair()?;
    /// stream.writable().await?;
    /// assert_eq!(stream.try_write_vectored(&[IoSlice::new(b"hel"), IoSlice::new(b"lo")])?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let (buffers, _) = vectored::to_write(buffers);
        self.0.registration().try_io(Interest::WRITABLE, || vectored::write(&*self.0, buffers))
    }
}

impl PollRead for UnixStream {
    fn poll_read_into(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(context, Direction::Read, |mut stream| stream.read(buffer))
    }

    fn poll_read_vectored_into(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let (buffers, _) = vectored::to_read(buffers);
        self.0.poll_io(context, Direction::Read, |mut stream| stream.read_vectored(buffers))
    }

    #[cfg(feature = "tokio-io")]
    fn poll_read_buf(&self, context: &mut Context<'_>, buffer: &mut tokio::io::ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0
            .poll_io(context, Direction::Read, |stream| stream.try_io(|| uninitialized::receive(stream, buffer)))
            .map_ok(|_| ())
    }
}

impl PollWrite for UnixStream {
    fn poll_write_from(&self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(context, Direction::Write, |mut stream| stream.write(buffer))
    }

    fn poll_write_vectored_from(&self, context: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let (buffers, _) = vectored::to_write(buffers);
        self.0.poll_io(context, Direction::Write, |stream| vectored::write(stream, buffers))
    }

    fn poll_close_write(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown_write())
    }
}

implement_read!(UnixStream);
implement_write!(UnixStream);
