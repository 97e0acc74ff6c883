//! Both worlds' traits on one type: futures-io's, and tokio's with the feature `tokio-io`.
//!
//! A type says how it reads and writes by [`PollRead`] and [`PollWrite`]; the macros make the public traits of it.
//!
//! Deliberately not here: what the types are (`net/`).

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

/// Makes a type that is [`PollRead`] an `AsyncRead`.
macro_rules! implement_read {
    ($type:ty) => {
        impl futures_io::AsyncRead for $type {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::io::traits::PollRead::poll_read_into(&*self, context, buffer)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::io::traits::PollRead::poll_read_vectored_into(&*self, context, buffers)
            }
        }

        #[cfg(feature = "tokio-io")]
        impl tokio::io::AsyncRead for $type {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                // What a reader uses again is initialised once: the buffer knows how far it is.
                let unfilled = buffer.initialize_unfilled();
                let count = std::task::ready!($crate::io::traits::PollRead::poll_read_into(&*self, context, unfilled))?;
                buffer.advance(count);
                std::task::Poll::Ready(Ok(()))
            }
        }
    };
}
pub(crate) use implement_read;

/// Makes a type that is [`PollWrite`] an `AsyncWrite`.
macro_rules! implement_write {
    ($type:ty) => {
        impl futures_io::AsyncWrite for $type {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::io::traits::PollWrite::poll_write_from(&*self, context, buffer)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::io::traits::PollWrite::poll_write_vectored_from(&*self, context, buffers)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                $crate::io::traits::PollWrite::poll_flush_written(&*self, context)
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                $crate::io::traits::PollWrite::poll_close_write(&*self, context)
            }
        }

        #[cfg(feature = "tokio-io")]
        impl tokio::io::AsyncWrite for $type {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::io::traits::PollWrite::poll_write_from(&*self, context, buffer)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                $crate::io::traits::PollWrite::poll_write_vectored_from(&*self, context, buffers)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                $crate::io::traits::PollWrite::poll_flush_written(&*self, context)
            }

            fn poll_shutdown(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                $crate::io::traits::PollWrite::poll_close_write(&*self, context)
            }
        }
    };
}
pub(crate) use implement_write;
