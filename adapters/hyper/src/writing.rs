//! A time limit for a client that does not read.
//!
//! [`Writing`] fails the write that has waited too long for room. Each byte that finds room begins the time anew, and no time passes while
//! there is nothing to write. A connection that has been upgraded is not HTTP any more, and has no such limit.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};

use crate::flow::Flow;
use crate::patience::Patience;

/// A connection whose writes do not wait for ever.
#[derive(Debug)]
pub(crate) struct Writing<T> {
    stream: T,
    patience: Patience,
    /// What waits is no write: what was written is kept back, by TLS say.
    is_flush: bool,
    flow: Arc<Flow>,
}

impl<T> Writing<T> {
    pub(crate) fn new(stream: T, limit: Option<Duration>, flow: Arc<Flow>) -> Self {
        Self { stream, patience: Patience::new(limit), is_flush: false, flow }
    }

    /// What a write answers.
    fn written<R>(&mut self, context: &mut Context<'_>, answer: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if answer.is_ready() {
            self.patience.progressed();
            return answer;
        }
        self.is_flush = false;
        self.poll_over(context)
    }

    /// What a flush answers. One that is done says nothing of a write that waits.
    fn flushed(&mut self, context: &mut Context<'_>, answer: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        if answer.is_ready() {
            if self.is_flush {
                self.patience.progressed();
            }
            return answer;
        }
        self.is_flush = true;
        self.poll_over(context)
    }

    #[cold]
    fn poll_over<R>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        if self.flow.is_upgraded() {
            return Poll::Pending;
        }
        self.patience
            .poll_over(context)
            .map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
    }
}

impl<T: Read + Unpin> Read for Writing<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, cursor)
    }
}

impl<T: Write + Unpin> Write for Writing<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let answer = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.written(context, answer)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let answer = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.written(context, answer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answer = Pin::new(&mut self.stream).poll_flush(context);
        self.flushed(context, answer)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answer = Pin::new(&mut self.stream).poll_shutdown(context);
        self.flushed(context, answer)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use fusee::time::{Instant, sleep};

    use super::*;

    /// Writes wait for ever, and flushes do not.
    struct Full;

    impl Write for Full {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[test]
    fn a_flush_that_has_nothing_to_do_is_no_progress_of_a_write() {
        let runtime = fusee::runtime::Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limit = Duration::from_secs(30);
            let mut writing = Writing::new(Full, Some(limit), Arc::default());
            let start = Instant::now();
            let error = loop {
                let written = poll_fn(|context| {
                    let written = Pin::new(&mut writing).poll_write(context, b"x");
                    assert!(Pin::new(&mut writing).poll_flush(context).is_ready());
                    Poll::Ready(written)
                });
                if let Poll::Ready(written) = written.await {
                    break written.unwrap_err();
                }
                assert!(start.elapsed() < 2 * limit, "it waits for ever");
                sleep(Duration::from_secs(1)).await;
            };
            assert_eq!((error.kind(), start.elapsed()), (io::ErrorKind::TimedOut, limit));
        });
    }

    #[test]
    fn a_close_waits_as_long_as_a_write() {
        let runtime = fusee::runtime::Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limit = Duration::from_secs(30);
            let mut writing = Writing::new(Full, Some(limit), Arc::default());
            let start = Instant::now();
            let error = poll_fn(|context| Pin::new(&mut writing).poll_shutdown(context)).await.unwrap_err();
            assert_eq!((error.kind(), start.elapsed()), (io::ErrorKind::TimedOut, limit));
        });
    }
}
