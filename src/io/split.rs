//! A stream in two halves that may go to two tasks, whatever the stream.
//!
//! The stream lies behind a lock, which an operation holds while it polls the stream: the halves wait for each other as long as one poll takes. The types of `net` split
//! without one, by their own methods.
//!
//! Called by whoever polls a half, on that thread. Checked by `tests/io_split.rs`.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::facade::{Arc, Mutex};

/// Splits `stream` into a half that reads and one that writes, which may go to two tasks.
///
/// The halves have the traits that the stream has: futures-io's, and with the feature `tokio-io` tokio's. They share the stream behind a lock, for as long as a poll takes; a half must not be polled
/// within a poll of the other, which would wait for ever. `TcpStream` and its like split better by their own methods.
///
/// The stream is dropped with the second of its halves, and closed by neither: to tell the other side of the end of what is written, close the half that writes.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
///
/// fusee::runtime::block_on(async {
///     let (client, mut server) = duplex(16);
///     let (mut reader, mut writer) = split(client);
///     let writes = fusee::spawn(async move {
///         writer.write_all(&[7; 1000]).await.unwrap();
///         writer.close().await.unwrap();
///         writer
///     });
///     let mut sent = Vec::new();
///     server.read_to_end(&mut sent).await.unwrap();
///     assert_eq!(sent, [7; 1000]);
///
///     drop(server);
///     assert_eq!(reader.read(&mut [0; 16]).await.unwrap(), 0);
///     let _client = reader.unsplit(writes.await.unwrap());
/// });
/// ```
pub fn split<T>(stream: T) -> (ReadHalf<T>, WriteHalf<T>) {
    let stream = Arc::new(Mutex::new(stream));
    (ReadHalf(stream.clone()), WriteHalf(stream))
}

/// The half of a stream that reads; [`split`] makes it, and has an example.
pub struct ReadHalf<T>(Arc<Mutex<T>>);

/// The half of a stream that writes; [`split`] makes it, and has an example.
pub struct WriteHalf<T>(Arc<Mutex<T>>);

// As a lock of the standard library is: what a panic leaves behind in the stream, its other operations meet without the lock, too.
impl<T> UnwindSafe for ReadHalf<T> {}
impl<T> RefUnwindSafe for ReadHalf<T> {}
impl<T> UnwindSafe for WriteHalf<T> {}
impl<T> RefUnwindSafe for WriteHalf<T> {}

impl<T> ReadHalf<T> {
    /// Whether `other` is the other half of the same stream.
    ///
    /// ```
    /// let (reader, writer) = fusee::io::split(fusee::io::duplex(1).0);
    /// let (stranger, _) = fusee::io::split(fusee::io::duplex(1).0);
    /// assert!(reader.is_pair_of(&writer) && !stranger.is_pair_of(&writer));
    /// ```
    #[must_use]
    pub fn is_pair_of(&self, other: &WriteHalf<T>) -> bool {
        other.is_pair_of(self)
    }

    /// Puts the halves together again.
    ///
    /// # Panics
    /// If `other` is a half of another stream.
    ///
    /// ```
    /// use fusee::io::{Cursor, split};
    ///
    /// let (reader, writer) = split(Cursor::new(vec![1, 2, 3]));
    /// assert_eq!(reader.unsplit(writer).into_inner(), [1, 2, 3]);
    /// ```
    #[track_caller]
    pub fn unsplit(self, other: WriteHalf<T>) -> T {
        assert!(self.is_pair_of(&other), "the halves are of two streams, and cannot be put together");
        drop(other);
        Arc::into_inner(self.0).expect("a stream has two halves").into_inner()
    }
}

impl<T> WriteHalf<T> {
    /// Whether `other` is the other half of the same stream.
    ///
    /// ```
    /// let (reader, writer) = fusee::io::split(fusee::io::duplex(1).0);
    /// assert!(writer.is_pair_of(&reader));
    /// ```
    #[must_use]
    pub fn is_pair_of(&self, other: &ReadHalf<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for ReadHalf<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock()).poll_read(context, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock()).poll_read_vectored(context, buffers)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for WriteHalf<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock()).poll_write(context, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock()).poll_write_vectored(context, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_flush(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_close(context)
    }
}

#[cfg(feature = "tokio-io")]
impl<T: tokio::io::AsyncRead + Unpin> tokio::io::AsyncRead for ReadHalf<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_read(context, buffer)
    }
}

#[cfg(feature = "tokio-io")]
impl<T: tokio::io::AsyncWrite + Unpin> tokio::io::AsyncWrite for WriteHalf<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock()).poll_write(context, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock()).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.lock().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_shutdown(context)
    }
}

impl<T> fmt::Debug for ReadHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WriteHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf").finish_non_exhaustive()
    }
}
