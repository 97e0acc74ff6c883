//! Two connected streams in memory.
//!
//! Each end is a pair of one-way pipes (`simplex.rs`), one in and one out. Checked by `tests/io_duplex.rs`.

use std::io::{self, IoSlice, IoSliceMut};
use std::task::{Context, Poll};

use super::simplex::SimplexStream;
use super::traits::{PollRead, PollWrite, implement_read, implement_write};
use crate::facade::Arc;

/// Makes two streams in memory, connected with each other as two sockets: what is written to one is read from the other.
///
/// Each direction holds at most `max_buf_size` bytes: a write waits while it is full. With zero every write waits for ever.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt, duplex};
///
/// fusee::runtime::block_on(async {
///     let (mut client, mut server) = duplex(64);
///     client.write_all(b"ping").await.unwrap();
///     let mut word = [0; 4];
///     server.read_exact(&mut word).await.unwrap();
///     assert_eq!(&word, b"ping");
/// });
/// ```
pub fn duplex(max_buf_size: usize) -> (DuplexStream, DuplexStream) {
    let one = Arc::new(SimplexStream::new_unsplit(max_buf_size));
    let other = Arc::new(SimplexStream::new_unsplit(max_buf_size));
    (DuplexStream { incoming: one.clone(), outgoing: other.clone() }, DuplexStream { incoming: other, outgoing: one })
}

/// One of two connected streams in memory, which [`duplex`] makes.
///
/// When an end is dropped, the other reads what is left and then zero, and its writes, also one that waits, answer an error of the kind
/// [`BrokenPipe`](io::ErrorKind::BrokenPipe). When an end is closed (`close`, in tokio's words `shutdown`), the other reads what is left and then zero; its writes go on. Closing an end
/// makes its own writes errors of the same kind.
///
/// It needs no runtime; in a task each operation spends a unit of the [budget](crate::task::coop). An operation that is dropped has moved no byte: reads and writes are safe to cancel.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt, ErrorKind, duplex};
///
/// fusee::runtime::block_on(async {
///     let (mut client, mut server) = duplex(64);
///     client.write_all(b"the last words").await.unwrap();
///     drop(client);
///     let mut words = String::new();
///     server.read_to_string(&mut words).await.unwrap();
///     assert_eq!(words, "the last words");
///     assert_eq!(server.write_all(b"too late").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
/// });
/// ```
#[derive(Debug)]
pub struct DuplexStream {
    incoming: Arc<SimplexStream>,
    outgoing: Arc<SimplexStream>,
}

impl PollRead for DuplexStream {
    fn poll_read_into(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.incoming.poll_read_into(context, buffer)
    }

    fn poll_read_vectored_into(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.incoming.poll_read_vectored_into(context, buffers)
    }
}

impl PollWrite for DuplexStream {
    fn poll_write_from(&self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.outgoing.poll_write_from(context, buffer)
    }

    fn poll_write_vectored_from(&self, context: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.outgoing.poll_write_vectored_from(context, buffers)
    }

    fn poll_close_write(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.poll_close_write(context)
    }
}

implement_read!(DuplexStream);
implement_write!(DuplexStream);

impl Drop for DuplexStream {
    fn drop(&mut self) {
        self.outgoing.close();
        self.incoming.close();
    }
}
