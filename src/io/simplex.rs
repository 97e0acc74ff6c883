//! A pipe in memory, one way.
//!
//! Bytes and the two who may wait, a reader and a writer, lie behind a lock. It grows with what it holds, to its bound.
//!
//! # Invariants
//! - No code of others runs under the lock: wakers are cloned, woken and dropped outside.
//! - Who answers pending has looked again after its waker was there to be seen, under the same lock.
//!
//! Called by whoever polls an end, on that thread. Checked by `tests/io_duplex.rs`.
//! Deliberately not here: two of them, one each way (`duplex.rs`).

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, Waker};

use super::split::{ReadHalf, WriteHalf, split};
use super::traits::{PollRead, PollWrite, implement_read, implement_write};
use crate::facade::Mutex;
use crate::task::coop;

/// Makes a pipe in memory, one way, whose ends are the halves of a [`SimplexStream`]. It holds at most `max_buf_size` bytes: a write waits while it is full. With zero every write waits for ever.
///
/// **Close the writer** to tell the reader of its end: a half that is dropped tells nobody, for both halves share one stream. [`duplex`](super::duplex()) tells of a dropped end.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt, simplex};
///
/// fusee::runtime::block_on(async {
///     let (mut reader, mut writer) = simplex(4);
///     let task = fusee::spawn(async move {
///         writer.write_all(b"more than four bytes").await?;
///         writer.close().await
///     });
///     let mut text = String::new();
///     reader.read_to_string(&mut text).await?;
///     assert_eq!(text, "more than four bytes");
///     task.await.unwrap()
/// })
/// .unwrap();
/// ```
pub fn simplex(max_buf_size: usize) -> (ReadHalf<SimplexStream>, WriteHalf<SimplexStream>) {
    split(SimplexStream::new_unsplit(max_buf_size))
}

/// A pipe in memory, one way: what is written to it is read from it. [`simplex`] makes one in halves.
///
/// Closed, it takes nothing more: a write answers an error of the kind [`BrokenPipe`](io::ErrorKind::BrokenPipe). What it holds can be read, and then a read answers zero.
///
/// It needs no runtime; in a task each operation spends a unit of the [budget](crate::task::coop). An operation that is dropped has moved no byte: reads and writes are safe to cancel.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt, SimplexStream};
///
/// fusee::runtime::block_on(async {
///     let mut stream = SimplexStream::new_unsplit(64);
///     stream.write_all(b"to itself").await.unwrap();
///     let mut read = [0; 9];
///     stream.read_exact(&mut read).await.unwrap();
///     assert_eq!(&read, b"to itself");
/// });
/// ```
pub struct SimplexStream {
    pipe: Mutex<Pipe>,
    max_buf_size: usize,
}

// A panic leaves no half of an operation behind.
impl UnwindSafe for SimplexStream {}
impl RefUnwindSafe for SimplexStream {}

impl SimplexStream {
    /// A pipe that holds at most `max_buf_size` bytes.
    ///
    /// ```
    /// let stream = fusee::io::SimplexStream::new_unsplit(1024);
    /// let (_reader, _writer) = fusee::io::split(stream);
    /// ```
    #[must_use]
    pub fn new_unsplit(max_buf_size: usize) -> Self {
        let pipe = Pipe { bytes: VecDeque::new(), is_closed: false, reader: None, writer: None };
        Self { pipe: Mutex::new(pipe), max_buf_size }
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        let mut pipe = self.pipe.lock();
        pipe.is_closed = true;
        let woken = [pipe.reader.take(), pipe.writer.take()];
        drop(pipe);
        woken.into_iter().flatten().for_each(Waker::wake);
    }

    /// Tries `operation`, until it answers something; meanwhile the task waits in the place of `own`, and if bytes were moved, wakes who waits in that of `other`.
    fn poll_moving(
        &self,
        context: &mut Context<'_>,
        own: Place,
        other: Place,
        mut operation: impl FnMut(&mut Pipe) -> Option<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let mut cloned: Option<Waker> = None;
        loop {
            let mut pipe = self.pipe.lock();
            if let Some(answer) = operation(&mut pipe) {
                let has_moved = answer.as_ref().is_ok_and(|count| *count > 0);
                let woken = if has_moved { other(&mut pipe).take() } else { None };
                drop(pipe);
                woken.into_iter().for_each(Waker::wake);
                return Poll::Ready(answer);
            }
            let place = own(&mut pipe);
            if place.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                return Poll::Pending;
            }
            if let Some(waker) = cloned.take() {
                let before = place.replace(waker);
                drop(pipe);
                drop(before);
                return Poll::Pending;
            }
            drop(pipe);
            cloned = Some(context.waker().clone());
        }
    }

    fn poll_reading(
        &self,
        context: &mut Context<'_>,
        mut read: impl FnMut(&mut Pipe) -> Option<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        coop::poll_leaf(context, |context| {
            self.poll_moving(context, |pipe| &mut pipe.reader, |pipe| &mut pipe.writer, &mut read)
        })
    }

    fn poll_writing(
        &self,
        context: &mut Context<'_>,
        mut write: impl FnMut(&mut Pipe) -> Option<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        coop::poll_leaf(context, |context| {
            self.poll_moving(context, |pipe| &mut pipe.writer, |pipe| &mut pipe.reader, &mut write)
        })
    }
}

impl PollRead for SimplexStream {
    fn poll_read_into(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_reading(context, |pipe| pipe.read(&mut [IoSliceMut::new(buffer)]))
    }

    fn poll_read_vectored_into(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_reading(context, |pipe| pipe.read(buffers))
    }
}

impl PollWrite for SimplexStream {
    fn poll_write_from(&self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_writing(context, |pipe| pipe.write(&[IoSlice::new(buffer)], self.max_buf_size))
    }

    fn poll_write_vectored_from(&self, context: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll_writing(context, |pipe| pipe.write(buffers, self.max_buf_size))
    }

    fn poll_close_write(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}

implement_read!(SimplexStream);
implement_write!(SimplexStream);

impl fmt::Debug for SimplexStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (held, is_closed) = {
            let pipe = self.pipe.lock();
            (pipe.bytes.len(), pipe.is_closed)
        };
        let mut fields = f.debug_struct("SimplexStream");
        fields.field("held", &held).field("max_buf_size", &self.max_buf_size).field("is_closed", &is_closed).finish()
    }
}

/// Where a waker lies.
type Place = fn(&mut Pipe) -> &mut Option<Waker>;

struct Pipe {
    bytes: VecDeque<u8>,
    is_closed: bool,
    /// Who waits for bytes.
    reader: Option<Waker>,
    /// Who waits for room.
    writer: Option<Waker>,
}

impl Pipe {
    /// Fills `buffers` one after the other. Nothing if there is nothing to read yet.
    fn read(&mut self, buffers: &mut [IoSliceMut<'_>]) -> Option<io::Result<usize>> {
        let is_asked = buffers.iter().any(|buffer| !buffer.is_empty());
        if is_asked && self.bytes.is_empty() && !self.is_closed {
            return None;
        }
        let mut count = 0;
        for buffer in buffers {
            let mut rest = &mut **buffer;
            // A queue that wraps around is read in two pieces.
            while let Ok(read @ 1..) = self.bytes.read(rest) {
                rest = &mut rest[read..];
                count += read;
            }
        }
        Some(Ok(count))
    }

    /// Takes from `buffers` one after the other, while fewer than `most` bytes are held. Nothing if there is no room.
    fn write(&mut self, buffers: &[IoSlice<'_>], most: usize) -> Option<io::Result<usize>> {
        if self.is_closed {
            return Some(Err(io::Error::new(io::ErrorKind::BrokenPipe, "the pipe is closed, or its reader is gone")));
        }
        let mut count = 0;
        for buffer in buffers {
            let room = most - self.bytes.len();
            let taken = &buffer[..buffer.len().min(room)];
            self.bytes.extend(taken);
            count += taken.len();
        }
        let is_asked = buffers.iter().any(|buffer| !buffer.is_empty());
        if is_asked && count == 0 { None } else { Some(Ok(count)) }
    }
}
