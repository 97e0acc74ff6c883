//! Readers and writers made of closures, and tasks that share a worker with a copy.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use fusee::io::{AsyncRead, AsyncWrite};
use fusee::task::yield_now;

/// A reader that reads by a closure, and a writer that writes by it.
pub(crate) struct By<F>(pub(crate) F);

impl<F: FnMut(&mut Context<'_>, &mut [u8]) -> Poll<io::Result<usize>> + Unpin> AsyncRead for By<F> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        (self.0)(context, buffer)
    }
}

/// What a writer was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    Write(&'a [u8]),
    Flush,
    Close,
}

/// A writer that answers by a closure, and reads nothing, ever.
pub(crate) struct Writes<F>(pub(crate) F);

impl<F: FnMut(&mut Context<'_>, Asked<'_>) -> Poll<io::Result<usize>> + Unpin> AsyncWrite for Writes<F> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        (self.0)(context, Asked::Write(buffer))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        (self.0)(context, Asked::Flush).map_ok(|_| ())
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        (self.0)(context, Asked::Close).map_ok(|_| ())
    }
}

/// A reader and a writer as one stream.
pub(crate) struct Both<R, W>(pub(crate) R, pub(crate) W);

impl<R: AsyncRead + Unpin, W: Unpin> AsyncRead for Both<R, W> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<R: Unpin, W: AsyncWrite + Unpin> AsyncWrite for Both<R, W> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.1).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.1).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.1).poll_close(context)
    }
}

/// What `future` answers if it is ready at its first poll.
pub(crate) fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Numbers that a body is checked by: what comes twice, or too early, is seen.
pub(crate) fn body(length: usize) -> Vec<u8> {
    (0..length as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// How often a task of the same worker gets its turn while `busy`, a task too, runs; on a runtime with one worker.
pub(crate) async fn turns_beside<F>(busy: F) -> (usize, F::Output)
where
    F: Future<Output: Send> + Send + 'static,
{
    let turns = Arc::new(AtomicUsize::new(0));
    let counter = turns.clone();
    let neighbour = fusee::spawn(async move {
        loop {
            counter.fetch_add(1, Ordering::SeqCst);
            yield_now().await;
        }
    });
    let output = fusee::spawn(busy).await.unwrap();
    neighbour.abort();
    (turns.load(Ordering::SeqCst), output)
}
