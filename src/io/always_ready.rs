//! Ends that are always ready: [`empty`], [`repeat`] and [`sink`].
//!
//! Each operation spends a unit of the poll's budget, so that a loop over them gives way as one over a socket does. Checked by `tests/io_always_ready.rs`.

use std::io::{self, IoSlice, IoSliceMut, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncBufRead, AsyncSeek};

use super::traits::{PollRead, PollWrite, implement_read, implement_write};
use crate::task::coop;

/// Makes a stream that is at its end: a read answers zero. What is written to it is gone.
///
/// ```
/// use fusee::io::{AsyncReadExt, empty};
///
/// fusee::runtime::block_on(async {
///     let mut text = String::new();
///     assert_eq!(empty().read_to_string(&mut text).await.unwrap(), 0);
/// });
/// ```
#[must_use]
pub const fn empty() -> Empty {
    Empty { _private: () }
}

/// A stream that is at its end, which [`empty`] makes. Safe to cancel; a seek answers zero, wherever to.
///
/// ```
/// use fusee::io::{AsyncSeekExt, SeekFrom, empty};
///
/// fusee::runtime::block_on(async {
///     assert_eq!(empty().seek(SeekFrom::Start(1000)).await.unwrap(), 0);
/// });
/// ```
#[derive(Debug)]
pub struct Empty {
    _private: (),
}

/// Makes a reader of `byte`, again and again, without end.
///
/// ```
/// use fusee::io::{AsyncReadExt, repeat};
///
/// fusee::runtime::block_on(async {
///     let mut dashes = String::new();
///     repeat(b'-').take(5).read_to_string(&mut dashes).await.unwrap();
///     assert_eq!(dashes, "-----");
/// });
/// ```
#[must_use]
pub const fn repeat(byte: u8) -> Repeat {
    Repeat { byte }
}

/// A reader of one byte, again and again, which [`repeat`] makes. Safe to cancel.
///
/// ```
/// use fusee::io::{AsyncReadExt, Repeat, repeat};
///
/// let mut sevens: Repeat = repeat(7);
/// fusee::runtime::block_on(async {
///     let mut buffer = [0; 3];
///     sevens.read_exact(&mut buffer).await.unwrap();
///     assert_eq!(buffer, [7; 3]);
/// });
/// ```
#[derive(Debug)]
pub struct Repeat {
    byte: u8,
}

/// Makes a writer that takes everything, and keeps nothing.
///
/// ```
/// use fusee::io::{copy, sink};
///
/// fusee::runtime::block_on(async {
///     assert_eq!(copy(&mut &b"what for?"[..], &mut sink()).await.unwrap(), 9);
/// });
/// ```
#[must_use]
pub const fn sink() -> Sink {
    Sink { _private: () }
}

/// A writer that keeps nothing, which [`sink`] makes. Safe to cancel.
///
/// ```
/// use fusee::io::{AsyncWriteExt, Sink, sink};
///
/// let mut nowhere: Sink = sink();
/// fusee::runtime::block_on(async {
///     nowhere.write_all(b"gone").await.unwrap();
/// });
/// ```
#[derive(Debug)]
pub struct Sink {
    _private: (),
}

/// What is ready at once, if there is budget for it.
fn ready<T>(context: &mut Context<'_>, answer: T) -> Poll<io::Result<T>> {
    coop::poll_leaf(context, |_| Poll::Ready(Ok(answer)))
}

fn total(buffers: &[IoSlice<'_>]) -> usize {
    buffers.iter().map(|buffer| buffer.len()).sum()
}

impl PollRead for Empty {
    fn poll_read_into(&self, context: &mut Context<'_>, _buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        ready(context, 0)
    }

    fn poll_read_vectored_into(
        &self,
        context: &mut Context<'_>,
        _buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        ready(context, 0)
    }
}

impl PollRead for Repeat {
    fn poll_read_into(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read_vectored_into(context, &mut [IoSliceMut::new(buffer)])
    }

    fn poll_read_vectored_into(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        coop::poll_leaf(context, |_| {
            buffers.iter_mut().for_each(|buffer| buffer.fill(self.byte));
            Poll::Ready(Ok(buffers.iter().map(|buffer| buffer.len()).sum()))
        })
    }
}

/// Takes everything.
macro_rules! implement_sink {
    ($type:ty) => {
        impl PollWrite for $type {
            fn poll_write_from(&self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
                ready(context, buffer.len())
            }

            fn poll_write_vectored_from(
                &self,
                context: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                ready(context, total(buffers))
            }

            fn poll_flush_written(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                ready(context, ())
            }

            fn poll_close_write(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                ready(context, ())
            }
        }
    };
}

implement_sink!(Empty);
implement_sink!(Sink);
implement_read!(Empty);
implement_read!(Repeat);
implement_write!(Empty);
implement_write!(Sink);

impl AsyncBufRead for Empty {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        ready(context, &[])
    }

    fn consume(self: Pin<&mut Self>, _count: usize) {}
}

impl AsyncSeek for Empty {
    fn poll_seek(self: Pin<&mut Self>, context: &mut Context<'_>, _position: SeekFrom) -> Poll<io::Result<u64>> {
        ready(context, 0)
    }
}

#[cfg(feature = "tokio-io")]
impl tokio::io::AsyncBufRead for Empty {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        ready(context, &[])
    }

    fn consume(self: Pin<&mut Self>, _count: usize) {}
}

#[cfg(feature = "tokio-io")]
impl tokio::io::AsyncSeek for Empty {
    fn start_seek(self: Pin<&mut Self>, _position: SeekFrom) -> io::Result<()> {
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        ready(context, 0)
    }
}
