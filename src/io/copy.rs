//! From a reader to a writer: [`copy`] through a buffer of its own, [`copy_buf`] out of the reader's.
//!
//! [`Transfer`] is one direction of a copy, moved on turn by turn; `copy_bidirectional.rs` has two of them. Each turn spends a unit of the poll's budget beside what
//! the ends spend, for ends that are in memory spend none: a copy from one to the other would hold its worker until its end.
//!
//! # Invariants
//! - A pending answer has the task registered with the reader, unless the buffer is full, and with the writer, if the buffer holds something.
//! - Nothing lies unflushed in the writer while the reader is waited for, whose next bytes may be the answer to it.
//!
//! Called by whoever polls, on that thread. Checked by `tests/io_copy.rs`.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};

use crate::task::coop;

/// How many bytes a copy holds, unless told otherwise.
pub(super) const BUFFER: usize = 8 * 1024;

/// Copies from `reader` to `writer` until the reader is at its end, then flushes, and answers how many bytes that were. The writer stays open.
///
/// It has a buffer of 8 KiB on the heap. While nothing is there to read the writer is kept flushed. A copy gives way to other tasks of its worker, also between ends that are always ready, by the
/// [budget](crate::task::coop).
///
/// For types that have tokio's traits alone there is `tokio::io::copy`, which runs here as well.
///
/// # Errors
/// The first error of either end; one of the kind [`WriteZero`](io::ErrorKind::WriteZero) if the writer takes no byte. What was read and not yet written is lost then.
///
/// # Panics
/// If an end says that it has moved more bytes than it was given.
///
/// # Cancel safety
/// Not safe: what was read and not yet written, 8 KiB at most, is dropped with the future. [`copy_buf`] leaves that in its reader.
///
/// ```
/// use fusee::io;
///
/// fusee::runtime::block_on(async {
///     let mut reader: &[u8] = b"in order of appearance";
///     let mut writer = Vec::new();
///     assert_eq!(io::copy(&mut reader, &mut writer).await?, 22);
///     assert_eq!(writer, b"in order of appearance");
///     std::io::Result::Ok(())
/// })
/// .unwrap();
/// ```
pub async fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut transfer = Transfer::new(BUFFER);
    poll_fn(|context| {
        while ready!(transfer.poll_turn(context, Pin::new(&mut *reader), Pin::new(&mut *writer)))? == Turn::Moved {}
        Poll::Ready(Ok(transfer.copied()))
    })
    .await
}

/// As [`copy()`], out of the reader's own buffer: nothing is copied in between, and the size of the buffer is the reader's.
///
/// # Errors
/// As [`copy()`]'s; what the writer has not taken stays in the reader.
///
/// # Panics
/// As [`copy()`].
///
/// # Cancel safety
/// Safe: no byte is lost. What the writer took is no longer in the reader, but how much that was is not told.
///
/// ```
/// use fusee::io::{self, BufReader};
///
/// fusee::runtime::block_on(async {
///     let mut reader = BufReader::with_capacity(64 * 1024, io::empty());
///     assert_eq!(io::copy_buf(&mut reader, &mut io::sink()).await?, 0);
///     std::io::Result::Ok(())
/// })
/// .unwrap();
/// ```
pub async fn copy_buf<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncBufRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut copied = 0;
    let mut is_unflushed = false;
    poll_fn(|context| {
        loop {
            let unit = ready!(coop::poll_proceed(context));
            let bytes = match Pin::new(&mut *reader).poll_fill_buf(context) {
                Poll::Ready(bytes) => bytes?,
                Poll::Pending => {
                    if is_unflushed {
                        ready!(Pin::new(&mut *writer).poll_flush(context))?;
                        is_unflushed = false;
                    }
                    return Poll::Pending;
                }
            };
            if bytes.is_empty() {
                ready!(Pin::new(&mut *writer).poll_flush(context))?;
                return Poll::Ready(Ok(copied));
            }
            let count = ready!(poll_write_some(context, Pin::new(&mut *writer), bytes))?;
            Pin::new(&mut *reader).consume(count);
            copied += count as u64;
            is_unflushed = true;
            unit.made_progress();
        }
    })
    .await
}

/// What a turn of a transfer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something was read or written: another turn may do more.
    Moved,
    /// The reader is at its end, and everything is written and flushed.
    AtEnd,
}

/// One direction of a copy: the bytes that were read and are not yet written.
#[derive(Debug)]
pub(super) struct Transfer {
    buffer: Box<[u8]>,
    /// What is not yet written, in the buffer.
    start: usize,
    end: usize,
    copied: u64,
    is_at_end: bool,
    is_unflushed: bool,
}

impl Transfer {
    /// With a buffer of `size` bytes; of one, for zero.
    pub(super) fn new(size: usize) -> Self {
        let buffer = vec![0; size.max(1)].into_boxed_slice();
        Self { buffer, start: 0, end: 0, copied: 0, is_at_end: false, is_unflushed: false }
    }

    /// How many bytes were written.
    pub(super) fn copied(&self) -> u64 {
        self.copied
    }

    /// Reads once and writes once, as far as either end is ready. Pending if neither is, or if the budget is spent.
    pub(super) fn poll_turn<R, W>(
        &mut self,
        context: &mut Context<'_>,
        reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<Turn>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        let unit = ready!(coop::poll_proceed(context));
        // More is read before all is written: it makes for large writes.
        let has_read = self.poll_fill(context, reader)?.is_ready();
        let has_written = if self.start < self.end {
            self.poll_drain(context, writer.as_mut())?.is_ready()
        } else if self.is_at_end || (!has_read && self.is_unflushed) {
            ready!(writer.poll_flush(context))?;
            self.is_unflushed = false;
            self.is_at_end
        } else {
            false
        };
        if !has_read && !has_written {
            return Poll::Pending;
        }
        unit.made_progress();
        let is_done = self.is_at_end && self.start == self.end && !self.is_unflushed;
        Poll::Ready(Ok(if is_done { Turn::AtEnd } else { Turn::Moved }))
    }

    /// Reads into what is free of the buffer. Pending, too, if nothing is free, or nothing more to come.
    fn poll_fill<R>(&mut self, context: &mut Context<'_>, reader: Pin<&mut R>) -> Poll<io::Result<()>>
    where
        R: AsyncRead + ?Sized,
    {
        if self.is_at_end || self.end == self.buffer.len() {
            return Poll::Pending;
        }
        let count = ready!(reader.poll_read(context, &mut self.buffer[self.end..]))?;
        self.is_at_end = count == 0;
        self.end += count;
        Poll::Ready(Ok(()))
    }

    /// Writes what the buffer holds, or a part of it.
    fn poll_drain<W>(&mut self, context: &mut Context<'_>, writer: Pin<&mut W>) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + ?Sized,
    {
        let count = ready!(poll_write_some(context, writer, &self.buffer[self.start..self.end]))?;
        self.start += count;
        self.copied += count as u64;
        self.is_unflushed = true;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        Poll::Ready(Ok(()))
    }
}

/// Writes some of `bytes`; an error if that is none.
fn poll_write_some<W>(context: &mut Context<'_>, writer: Pin<&mut W>, bytes: &[u8]) -> Poll<io::Result<usize>>
where
    W: AsyncWrite + ?Sized,
{
    let count = ready!(writer.poll_write(context, bytes))?;
    assert!(count <= bytes.len(), "a writer says that it took {count} bytes of {}", bytes.len());
    if count == 0 {
        return Poll::Ready(Err(io::Error::new(io::ErrorKind::WriteZero, "the writer takes no more bytes")));
    }
    Poll::Ready(Ok(count))
}
