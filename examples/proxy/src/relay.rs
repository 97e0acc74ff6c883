//! One connection: both ways at once, until both have ended, or nothing has moved for too long.
//!
//! `copy_bidirectional` knows no idle limit, and forgets what it has copied when it fails. So each stream stands in a [`Metered`], which counts what is written and notes when anything
//! moved.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use fusee::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use fusee::time::{Duration, Instant, sleep_until};

/// How a connection ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Both ends have closed.
    Finished,
    /// Nothing came from either end for as long as the limit.
    Idle,
}

/// Copies between `client` and `upstream` until both directions have ended, and adds to `there` and `back` what each has taken. An end that has no more to say is passed on, and the other
/// direction goes on.
///
/// # Errors
/// The first error of either stream ends both directions.
///
/// # Cancel safety
/// Dropped, it loses what was read and not yet written; what `there` and `back` count stands.
pub async fn relay<C, U>(
    client: C,
    upstream: U,
    idle: Duration,
    there: &AtomicU64,
    back: &AtomicU64,
) -> io::Result<Ending>
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let moves = Moves::new();
    let mut client = Metered { stream: client, moves: &moves, written: back };
    let mut upstream = Metered { stream: upstream, moves: &moves, written: there };
    let copies = pin!(copy_bidirectional(&mut client, &mut upstream));
    fusee::select! {
        biased;
        copied = copies => copied.map(|_| Ending::Finished),
        () = moves.rest_for(idle) => Ok(Ending::Idle),
    }
}

/// When anything moved last.
struct Moves {
    start: Instant,
    /// Nanoseconds after `start`. One task alone reads and writes it; it is atomic so that the task may change threads.
    last: AtomicU64,
}

impl Moves {
    fn new() -> Self {
        Self { start: Instant::now(), last: AtomicU64::new(0) }
    }

    fn note(&self) {
        // 584 years fit.
        self.last.store(self.start.elapsed().as_nanos() as u64, Ordering::Relaxed);
    }

    /// Returns when nothing has moved for `limit`.
    async fn rest_for(&self, limit: Duration) {
        loop {
            let last = self.start + Duration::from_nanos(self.last.load(Ordering::Relaxed));
            if last.elapsed() >= limit {
                return;
            }
            sleep_until(last + limit).await;
        }
    }
}

/// A stream that notes when it moves, and counts what is written to it.
struct Metered<'a, S> {
    stream: S,
    moves: &'a Moves,
    written: &'a AtomicU64,
}

impl<S> Metered<'_, S> {
    fn wrote(&self, count: usize) -> Poll<io::Result<usize>> {
        self.moves.note();
        self.written.fetch_add(count as u64, Ordering::Relaxed);
        Poll::Ready(Ok(count))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<'_, S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.moves.note();
        Poll::Ready(Ok(count))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<'_, S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(context, buffer))?;
        self.wrote(count)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, buffers))?;
        self.wrote(count)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}

#[cfg(test)]
mod tests {
    use fusee::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use fusee::task::JoinHandle;
    use fusee::time::sleep;
    use std::sync::Arc;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// What a relay counts, and how it ends; the client's end and the upstream's.
    struct Between {
        client: DuplexStream,
        upstream: DuplexStream,
        bytes: Arc<[AtomicU64; 2]>,
        relay: JoinHandle<io::Result<Ending>>,
    }

    fn between(room: usize) -> Between {
        let (client, front) = duplex(room);
        let (back, upstream) = duplex(room);
        let bytes = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let counts = bytes.clone();
        let relay = fusee::spawn(async move { relay(front, back, MINUTE, &counts[0], &counts[1]).await });
        Between { client, upstream, bytes, relay }
    }

    fn counted(bytes: &[AtomicU64; 2]) -> (u64, u64) {
        (bytes[0].load(Ordering::Relaxed), bytes[1].load(Ordering::Relaxed))
    }

    #[fusee::test(start_paused = true)]
    async fn an_end_that_has_no_more_to_say_still_gets_its_answer() {
        let Between { mut client, mut upstream, bytes, relay } = between(16);
        client.write_all(b"how many?").await.unwrap();
        client.close().await.unwrap();
        let mut question = String::new();
        upstream.read_to_string(&mut question).await.unwrap();
        assert_eq!(question, "how many?");
        // Half a connection is not idle before its limit.
        sleep(MINUTE - Duration::from_nanos(1)).await;
        upstream.write_all(b"42").await.unwrap();
        upstream.close().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "42");
        assert_eq!(relay.await.unwrap().unwrap(), Ending::Finished);
        assert_eq!(counted(&bytes), (9, 2));
    }

    #[fusee::test(start_paused = true)]
    async fn a_connection_is_idle_a_minute_after_what_came_last_from_either_end() {
        let Between { mut client, mut upstream, bytes, relay } = between(16);
        let start = Instant::now();
        for _ in 0..3 {
            sleep(Duration::from_secs(50)).await;
            client.write_all(b"a").await.unwrap();
            upstream.read_exact(&mut [0]).await.unwrap();
            sleep(Duration::from_secs(50)).await;
            upstream.write_all(b"bc").await.unwrap();
            client.read_exact(&mut [0; 2]).await.unwrap();
        }
        assert_eq!(relay.await.unwrap().unwrap(), Ending::Idle);
        assert_eq!(start.elapsed(), Duration::from_secs(300) + MINUTE);
        assert_eq!(counted(&bytes), (3, 6));
    }

    #[fusee::test(start_paused = true)]
    async fn a_client_that_reads_slowly_is_not_idle_and_one_that_stops_reading_is() {
        let Between { mut client, mut upstream, bytes, relay } = between(1);
        let flood = fusee::spawn(async move { while upstream.write_all(b"x").await.is_ok() {} });
        for _ in 0..5 {
            sleep(Duration::from_secs(59)).await;
            client.read_exact(&mut [0]).await.unwrap();
        }
        let start = Instant::now();
        assert_eq!(relay.await.unwrap().unwrap(), Ending::Idle);
        assert_eq!(start.elapsed(), MINUTE);
        assert_eq!(counted(&bytes), (0, 6));
        flood.await.unwrap();
    }

    #[fusee::test(start_paused = true)]
    async fn an_error_ends_both_ways_and_what_was_copied_is_counted() {
        let Between { mut client, mut upstream, bytes, relay } = between(16);
        client.write_all(b"ping").await.unwrap();
        upstream.read_exact(&mut [0; 4]).await.unwrap();
        drop(upstream);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        client.write_all(b"hello?").await.unwrap();
        assert!(relay.await.unwrap().is_err());
        assert_eq!(counted(&bytes), (4, 0));
    }
}
