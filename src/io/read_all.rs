//! Reading to the end.
//!
//! Room is cleared a piece at a time, as much as a read is likely to fill: what is cleared and not filled is bounded for each read, however large the vector is.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::io::AsyncRead;

/// The pieces of room that a read is given: at first, and at most.
const FIRST: usize = 1 << 10;
const MOST: usize = 1 << 16;

/// The future of [`AsyncReadExt::read_to_end`](super::AsyncReadExt::read_to_end).
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct ReadToEnd<'a, R: ?Sized> {
    reader: &'a mut R,
    bytes: &'a mut Vec<u8>,
    pieces: Pieces,
}

/// The future of [`AsyncReadExt::read_to_string`](super::AsyncReadExt::read_to_string).
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct ReadToString<'a, R: ?Sized> {
    reader: &'a mut R,
    text: &'a mut String,
    bytes: Vec<u8>,
    pieces: Pieces,
}

/// How far the reading is.
#[derive(Debug)]
struct Pieces {
    /// The size of the next piece.
    next: usize,
    read: usize,
}

impl<'a, R: AsyncRead + Unpin + ?Sized> ReadToEnd<'a, R> {
    pub(super) fn new(reader: &'a mut R, bytes: &'a mut Vec<u8>) -> Self {
        Self { reader, bytes, pieces: Pieces::new() }
    }
}

impl<'a, R: AsyncRead + Unpin + ?Sized> ReadToString<'a, R> {
    pub(super) fn new(reader: &'a mut R, text: &'a mut String) -> Self {
        Self { reader, text, bytes: Vec::new(), pieces: Pieces::new() }
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadToEnd<'_, R> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Self { reader, bytes, pieces } = &mut *self;
        pieces.poll(context, reader, bytes)
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadToString<'_, R> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Self { reader, text, bytes, pieces } = &mut *self;
        let count = ready!(pieces.poll(context, reader, bytes))?;
        let told = std::str::from_utf8(bytes);
        text.push_str(told.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?);
        Poll::Ready(Ok(count))
    }
}

impl Pieces {
    fn new() -> Self {
        Self { next: FIRST, read: 0 }
    }

    /// Appends to `bytes` until `reader` ends.
    fn poll<R: AsyncRead + Unpin + ?Sized>(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut R,
        bytes: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut room = Room { filled: bytes.len(), bytes };
            room.bytes.resize(room.filled + self.next, 0);
            match Pin::new(&mut *reader).poll_read(context, &mut room.bytes[room.filled..]) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(self.read)),
                Poll::Ready(Ok(count)) => {
                    assert!(count <= self.next, "a reader has answered more than there was room for");
                    room.filled += count;
                    self.read += count;
                    if count == self.next {
                        self.next = (2 * self.next).min(MOST);
                    }
                }
            }
        }
    }
}

/// A vector with room behind what it holds, which is taken off again in the end, also by a panic of the reader.
struct Room<'a> {
    bytes: &'a mut Vec<u8>,
    filled: usize,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.bytes.truncate(self.filled);
    }
}
