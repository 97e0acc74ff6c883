//! A time limit for a client that does not say which version of HTTP it speaks.
//!
//! hyper limits the time that a head of HTTP/1 takes, but not that of the first bytes, which tell HTTP/1 from HTTP/2: a
//! connection that sends nothing would stay open for ever. [`Opening`] fails the read that waits for those bytes too long.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use crate::patience::Patience;

/// What a client of HTTP/2 sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection of which it is not known at first which version of HTTP it speaks.
#[derive(Debug)]
pub(crate) struct Opening<T> {
    stream: T,
    /// How much of the preface has come; all of it, as it were, once something else has.
    seen: usize,
    /// All of the preface is one wait.
    patience: Patience,
}

impl<T> Opening<T> {
    pub(crate) fn new(stream: T, limit: Option<Duration>) -> Self {
        Self { stream, seen: 0, patience: Patience::new(limit) }
    }

    /// Takes note of what has come at the beginning; nothing, if the client sends no more.
    fn note(&mut self, bytes: &[u8]) {
        let rest = &PREFACE[self.seen..];
        let is_prefix = !bytes.is_empty() && rest.starts_with(bytes);
        self.seen = if is_prefix { self.seen + bytes.len() } else { PREFACE.len() };
        if self.seen == PREFACE.len() {
            self.patience = Patience::new(None);
        }
    }
}

impl<T: Read + Unpin> Read for Opening<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.seen == PREFACE.len() {
            return Pin::new(&mut self.stream).poll_read(context, cursor);
        }
        // No more than can be the preface, and a copy of it: who reads cannot tell what a cursor is advanced over.
        let mut bytes = [0; PREFACE.len()];
        let most = cursor.remaining().min(PREFACE.len() - self.seen);
        let mut buffer = ReadBuf::new(&mut bytes[..most]);
        match Pin::new(&mut self.stream).poll_read(context, buffer.unfilled()) {
            Poll::Ready(answer) => answer?,
            Poll::Pending => {
                return self.patience.poll_over(context).map(|()| Err(io::ErrorKind::TimedOut.into()));
            }
        }
        self.note(buffer.filled());
        cursor.put_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Unpin> Write for Opening<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
