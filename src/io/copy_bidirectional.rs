//! Between two streams, both ways at once: what a proxy does.
//!
//! Each direction is a [`Transfer`], which ends by closing its writer. They take turns within a poll, so that one whose ends are always ready does not spend the whole
//! budget each time and keep the other from moving.
//!
//! Called by whoever polls, on that thread. Checked by `tests/io_copy_bidirectional.rs`.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use super::copy::{BUFFER, Transfer, Turn};

/// Copies from `a` to `b` and from `b` to `a` at the same time, until both directions have ended. Answers how many bytes each has copied, that from `a` to `b` first.
///
/// A direction ends when its reader is at its end: its writer is flushed and closed, so that the other side sees the end, too, while the other direction goes on. Each has a buffer of 8 KiB;
/// [`copy_bidirectional_with_sizes`] has others.
///
/// It has no idle limit: a connection over which nothing comes stays for as long as both ends keep it.
///
/// Neither direction keeps the other waiting, and both together give way to other tasks by the [budget](crate::task::coop).
///
/// # Errors
/// The first error of either stream ends both directions, and what was read and not yet written is lost. One of the kind [`WriteZero`](io::ErrorKind::WriteZero) says that a stream takes no more.
/// How much was copied by then is not told: who must know, as for a bill, counts in a stream of his own around one side.
///
/// # Panics
/// If a stream says that it has moved more bytes than it was given.
///
/// # Cancel safety
/// Not safe: what was read and not yet written is dropped with the future.
///
/// A forwarder. To connect has a limit, whose [`Elapsed`](crate::time::error::Elapsed) becomes an [`io::Error`] of the kind [`TimedOut`](io::ErrorKind::TimedOut), so that `??` works:
///
/// ```
/// use std::io;
/// use std::net::SocketAddr;
///
/// use fusee::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
/// use fusee::net::{TcpListener, TcpStream};
/// use fusee::time::{Duration, sleep, timeout};
///
/// async fn forward(mut client: TcpStream, target: SocketAddr) -> io::Result<(u64, u64)> {
///     let mut server = timeout(Duration::from_secs(5), TcpStream::connect(target)).await??;
///     copy_bidirectional(&mut client, &mut server).await
/// }
///
/// async fn serve(listener: TcpListener, target: SocketAddr) {
///     loop {
///         match listener.accept().await {
///             Ok((client, _)) => drop(fusee::spawn(forward(client, target))),
///             // The process may have no descriptors left: it may have some soon.
///             Err(_) => sleep(Duration::from_millis(100)).await,
///         }
///     }
/// }
///
/// fusee::runtime::block_on(async {
///     let (front, target) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
///     let address = front.local_addr()?;
///     fusee::spawn(serve(front, target.local_addr()?));
///
///     let mut client = TcpStream::connect(address).await?;
///     client.write_all(b"ping").await?;
///     let (mut server, _) = target.accept().await?;
///     server.read_exact(&mut [0; 4]).await?;
///     server.write_all(b"pong").await?;
///     let mut answer = [0; 4];
///     client.read_exact(&mut answer).await?;
///     assert_eq!(&answer, b"pong");
///     io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
///
/// Between streams in memory:
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional, duplex};
///
/// fusee::runtime::block_on(async {
///     let (mut client, mut front) = duplex(64);
///     let (mut back, mut server) = duplex(64);
///     let proxy = fusee::spawn(async move { copy_bidirectional(&mut front, &mut back).await });
///
///     client.write_all(b"how many?").await?;
///     client.close().await?;
///     let mut question = String::new();
///     server.read_to_string(&mut question).await?;
///     server.write_all(b"42").await?;
///     server.close().await?;
///     let mut answer = String::new();
///     client.read_to_string(&mut answer).await?;
///
///     assert_eq!((question.as_str(), answer.as_str()), ("how many?", "42"));
///     assert_eq!(proxy.await.unwrap()?, (9, 2));
///     std::io::Result::Ok(())
/// })
/// .unwrap();
/// ```
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    copy_bidirectional_with_sizes(a, b, BUFFER, BUFFER).await
}

/// As [`copy_bidirectional()`], with buffers of `a_to_b` and `b_to_a` bytes. Zero counts as one.
///
/// # Errors
/// As [`copy_bidirectional()`]'s.
///
/// # Panics
/// As [`copy_bidirectional()`].
///
/// # Cancel safety
/// As [`copy_bidirectional()`]'s.
///
/// ```
/// use fusee::io::{AsyncReadExt, copy_bidirectional_with_sizes, duplex};
///
/// fusee::runtime::block_on(async {
///     let (client, mut front) = duplex(64);
///     let (mut back, mut server) = duplex(64);
///     drop((client, server));
///     let copied = copy_bidirectional_with_sizes(&mut front, &mut back, 64 * 1024, 512).await.unwrap();
///     assert_eq!(copied, (0, 0));
/// });
/// ```
pub async fn copy_bidirectional_with_sizes<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b: usize,
    b_to_a: usize,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let mut there = Direction::new(a_to_b);
    let mut back = Direction::new(b_to_a);
    poll_fn(|context| {
        (there.rests, back.rests) = (false, false);
        while !there.rests || !back.rests {
            there.turn(context, a, b)?;
            back.turn(context, b, a)?;
        }
        match (there.phase, back.phase) {
            (Phase::Closed, Phase::Closed) => Poll::Ready(Ok((there.transfer.copied(), back.transfer.copied()))),
            _ => Poll::Pending,
        }
    })
    .await
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Copies,
    /// All is copied, and the writer is being closed.
    Closes,
    Closed,
}

struct Direction {
    transfer: Transfer,
    phase: Phase,
    /// In this poll there is nothing more to do.
    rests: bool,
}

impl Direction {
    fn new(size: usize) -> Self {
        Self { transfer: Transfer::new(size), phase: Phase::Copies, rests: false }
    }

    /// Does what can be done at once, and sees whether more could.
    fn turn<R, W>(&mut self, context: &mut Context<'_>, reader: &mut R, writer: &mut W) -> io::Result<()>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        if !self.rests {
            match self.poll_turn(context, Pin::new(reader), Pin::new(writer)) {
                Poll::Ready(phase) => {
                    self.phase = phase?;
                    self.rests = matches!(self.phase, Phase::Closed);
                }
                Poll::Pending => self.rests = true,
            }
        }
        Ok(())
    }

    fn poll_turn<R, W>(
        &mut self,
        context: &mut Context<'_>,
        reader: Pin<&mut R>,
        writer: Pin<&mut W>,
    ) -> Poll<io::Result<Phase>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        Poll::Ready(Ok(match self.phase {
            Phase::Copies => match ready!(self.transfer.poll_turn(context, reader, writer))? {
                Turn::Moved => Phase::Copies,
                Turn::AtEnd => Phase::Closes,
            },
            Phase::Closes => {
                ready!(writer.poll_close(context))?;
                Phase::Closed
            }
            Phase::Closed => Phase::Closed,
        }))
    }
}
