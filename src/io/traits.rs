//! Both worlds' traits on one type: futures-io's, and tokio's with the feature `tokio-io`.
//!
//! A type says how it reads and writes by [`PollRead`] and [`PollWrite`], or by methods of the same names; the macros make the public traits of it.
//!
//! Deliberately not here: what the types are (`net/`, `fs/`, `io/`).

use std::io::{self, IoSlice, IoSliceMut};
use std::task::{Context, Poll};

/// How a stream is read, by a shared reference. The last to poll is woken.
pub(crate) trait PollRead {
    fn poll_read_into(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    fn poll_read_vectored_into(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Reads into the room of `buffer`. A stream that cannot read into uninitialised room has some of it cleared first.
    #[cfg(feature = "tokio-io")]
    fn poll_read_buf(&self, context: &mut Context<'_>, buffer: &mut tokio::io::ReadBuf<'_>) -> Poll<io::Result<()>> {
        read_cleared(buffer, |room| self.poll_read_into(context, room))
    }
}

/// How a stream is written, by a shared reference. The last to poll is woken.
pub(crate) trait PollWrite {
    fn poll_write_from(&self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>>;

    fn poll_write_vectored_from(&self, context: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;

    /// Sees to it that what was written is on its way: it is, unless a type keeps something back.
    fn poll_flush_written(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Says that no more will be written.
    fn poll_close_write(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// Has `read` fill room of `buffer`: what is initialised already, or a bit more, which is cleared. A reader of frames hands in megabytes of fresh room each time,
/// of which a read fills little.
#[cfg(feature = "tokio-io")]
pub(crate) fn read_cleared(
    buffer: &mut tokio::io::ReadBuf<'_>,
    read: impl FnOnce(&mut [u8]) -> Poll<io::Result<usize>>,
) -> Poll<io::Result<()>> {
    /// At most so many bytes are cleared for a read: it takes about as long as the read itself.
    const CLEARED: usize = 32 * 1024;
    let initialized = buffer.initialized().len() - buffer.filled().len();
    let length = buffer.remaining().min(initialized.max(CLEARED));
    let count = std::task::ready!(read(buffer.initialize_unfilled_to(length)))?;
    buffer.advance(count);
    Poll::Ready(Ok(()))
}

/// Makes a type that is [`PollRead`], or has methods of these names that borrow it exclusively, an `AsyncRead`.
macro_rules! implement_read {
    ($type:ty) => {
        impl futures_io::AsyncRead for $type {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.get_mut().poll_read_into(context, buffer)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.get_mut().poll_read_vectored_into(context, buffers)
            }
        }

        #[cfg(feature = "tokio-io")]
        impl tokio::io::AsyncRead for $type {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.get_mut().poll_read_buf(context, buffer)
            }
        }
    };
}
pub(crate) use implement_read;

/// Makes a type that is [`PollWrite`], or has methods of these names that borrow it exclusively, an `AsyncWrite`.
macro_rules! implement_write {
    ($type:ty) => {
        impl futures_io::AsyncWrite for $type {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.get_mut().poll_write_from(context, buffer)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.get_mut().poll_write_vectored_from(context, buffers)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.get_mut().poll_flush_written(context)
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.get_mut().poll_close_write(context)
            }
        }

        #[cfg(feature = "tokio-io")]
        impl tokio::io::AsyncWrite for $type {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.get_mut().poll_write_from(context, buffer)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.get_mut().poll_write_vectored_from(context, buffers)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.get_mut().poll_flush_written(context)
            }

            fn poll_shutdown(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.get_mut().poll_close_write(context)
            }
        }
    };
}
pub(crate) use implement_write;
