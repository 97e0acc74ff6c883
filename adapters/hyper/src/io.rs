//! Streams that hyper reads and writes.
//!
//! A type cannot have hyper's traits from tokio's and from futures-io's at once, so there are two.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// At most so many bytes are cleared for a read that needs it.
const CLEARED: usize = 32 * 1024;

pin_project! {
    /// A stream with tokio's traits, as hyper reads and writes it: every stream of fusee has them. Sockets are read into
    /// hyper's buffer without clearing it.
    ///
    /// The other way round, it gives what hyper reads and writes tokio's traits: a connection that has been
    /// [upgraded](hyper::upgrade), say.
    ///
    /// ```
    /// use fusee::net::{TcpListener, TcpStream};
    /// use fusee_hyper::Io;
    ///
    /// fn for_hyper(_: impl hyper::rt::Read + hyper::rt::Write) {}
    ///
    /// fusee::runtime::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let stream = TcpStream::connect(listener.local_addr()?).await?;
    ///     for_hyper(Io::new(stream));
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    #[derive(Debug)]
    pub struct Io<T> {
        #[pin]
        stream: T,
    }
}

impl<T> Io<T> {
    /// A stream for hyper.
    pub fn new(stream: T) -> Self {
        Self { stream }
    }

    /// The stream.
    pub fn get_ref(&self) -> &T {
        &self.stream
    }

    /// The stream.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.stream
    }

    /// The stream, which hyper is not to read any more.
    pub fn into_inner(self) -> T {
        self.stream
    }
}

impl<T: AsyncRead> Read for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: what is initialised must stay so. A `ReadBuf` gives no safe access to room that is not, and who has
        // unsafe access promises the same.
        let room = unsafe { cursor.as_mut() };
        let (start, length) = (room.as_ptr().cast::<u8>(), room.len());
        let mut buffer = ReadBuf::uninit(room);
        ready!(self.project().stream.poll_read(context, &mut buffer))?;
        assert_eq!(buffer.filled().as_ptr(), start, "the stream has put another buffer in place of the one to fill");
        let count = buffer.filled().len();
        // Another buffer may begin where the room does: if the room is empty, or by unsafe means.
        assert!(count <= length, "the stream says that it has read more than there was room for");
        // SAFETY: the first `count` bytes of the room are initialised. What is filled of a `ReadBuf` is, and it begins
        // where the room does, and is no longer.
        unsafe { cursor.advance(count) };
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite> Write for Io<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(context, buffer)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(context, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(context)
    }
}

impl<T: Read> AsyncRead for Io<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // SAFETY: what is initialised must stay so. A cursor gives no safe access to room that is not, and who has unsafe
        // access promises the same.
        let room = unsafe { buffer.unfilled_mut() };
        let mut filling = hyper::rt::ReadBuf::uninit(room);
        ready!(self.project().stream.poll_read(context, filling.unfilled()))?;
        let count = filling.filled().len();
        // SAFETY: the first `count` bytes of the room are initialised. What is filled of hyper's buffer is, which is a part of the room, and nobody
        // has had more of it than a cursor, by which it cannot be put elsewhere.
        unsafe { buffer.assume_init(count) };
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<T: Write> AsyncWrite for Io<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(context, buffer)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(context, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(context)
    }
}

pin_project! {
    /// A stream with futures-io's traits, as hyper reads and writes it: one of futures-rustls, say. What it reads into is
    /// cleared before. Its vectored writes are used, which a stream that has none makes writes of one buffer.
    ///
    /// The other way round, it gives what hyper reads and writes futures-io's traits.
    ///
    /// ```
    /// fn for_hyper(_: impl hyper::rt::Read + hyper::rt::Write) {}
    ///
    /// let (here, _there) = fusee::io::duplex(64);
    /// for_hyper(fusee_hyper::FuturesIo::new(here));
    /// ```
    #[derive(Debug)]
    pub struct FuturesIo<T> {
        #[pin]
        stream: T,
    }
}

impl<T> FuturesIo<T> {
    /// A stream for hyper.
    pub fn new(stream: T) -> Self {
        Self { stream }
    }

    /// The stream.
    pub fn get_ref(&self) -> &T {
        &self.stream
    }

    /// The stream.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.stream
    }

    /// The stream, which hyper is not to read any more.
    pub fn into_inner(self) -> T {
        self.stream
    }
}

impl<T: futures_io::AsyncRead> Read for FuturesIo<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let room = cursor.remaining().min(CLEARED);
        let cleared = cursor.initialize_unfilled_to(room);
        let count = ready!(self.project().stream.poll_read(context, cleared))?;
        assert!(count <= room, "the stream says that it has read more than there was room for");
        // SAFETY: the first `count` bytes of the room are initialised: they were cleared.
        unsafe { cursor.advance(count) };
        Poll::Ready(Ok(()))
    }
}

impl<T: futures_io::AsyncWrite> Write for FuturesIo<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(context, buffer)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(context, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_close(context)
    }
}

impl<T: Read> futures_io::AsyncRead for FuturesIo<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut filling = hyper::rt::ReadBuf::new(buffer);
        ready!(self.project().stream.poll_read(context, filling.unfilled()))?;
        Poll::Ready(Ok(filling.filled().len()))
    }
}

impl<T: Write> futures_io::AsyncWrite for FuturesIo<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(context, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(context, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(context)
    }
}
