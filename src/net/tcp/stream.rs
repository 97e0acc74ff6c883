//! A connection.
//!
//! Deliberately not here: how it is read and written (`transfer.rs`), its options (`stream_options.rs`), its halves (`split.rs`, `split_owned.rs`),
//! and how it is set up (`socket.rs`).

use std::future::poll_fn;
use std::io;
use std::net::{Shutdown, SocketAddr};
#[cfg(feature = "tokio-io")]
use std::task::{Context, Poll};

use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf, split, split_owned};
use crate::io::Interest;
use crate::net::addr::{no_address, resolve};
use crate::net::conversion::implement_conversions;
use crate::net::readiness::implement_readiness;
use crate::net::{TcpSocket, ToSocketAddrs};
#[cfg(feature = "tokio-io")]
use crate::source::Direction;
use crate::source::Evented;

/// A TCP connection.
///
/// It is read and written by the extension methods of [`io`](crate::io), for it has the traits of futures-io; with the
/// feature `tokio-io`, by those of `tokio::io`, too ([which traits](crate::net#traits)). `flush` has nothing to do.
/// Closing it by those traits says that no more will be written; dropping it closes both directions.
///
/// The traits take it exclusively: `&TcpStream` does not have them. To read and write at the same time there are halves,
/// [within a task](Self::split) or [for two](Self::into_split). Whoever shares it, in an `Arc` say, waits by
/// [`readable`](Self::readable) or [`writable`](Self::writable) and calls [`try_read`](Self::try_read) or
/// [`try_write`](Self::try_write); all of these borrow it.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt};
/// use fusee::net::{TcpListener, TcpStream};
///
/// fusee::runtime::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let mut here = TcpStream::connect(listener.local_addr()?).await?;
///     let (mut there, _) = listener.accept().await?;
///
///     here.write_all(b"all that there is").await?;
///     here.close().await?;
///     let mut text = String::new();
///     there.read_to_string(&mut text).await?;
///     assert_eq!(text, "all that there is");
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub struct TcpStream(pub(super) Evented<mio::net::TcpStream>);

impl TcpStream {
    /// Connects to `address`. Of several, each is tried in turn, until one answers.
    ///
    /// It has no time limit but the operating system's, which may be minutes: [`timeout`](crate::time::timeout()) gives
    /// it another, whose `Elapsed` becomes an [`io::Error`] of the kind [`TimedOut`](io::ErrorKind::TimedOut), so that `??`
    /// works.
    ///
    /// # Errors
    /// Of the address that was tried last: nobody listens there
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), nobody answers in time
    /// ([`TimedOut`](io::ErrorKind::TimedOut)), or whatever else the operating system says. Of the kind
    /// [`InvalidInput`](io::ErrorKind::InvalidInput), if there is no address; or a name is unknown.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// # Cancel safety
    /// Dropped, it closes the connection, however far it is.
    ///
    /// ```
    /// use fusee::net::{TcpListener, TcpStream};
    /// use fusee::time::{Duration, timeout};
    ///
    /// fusee::runtime::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let port = listener.local_addr()?.port();
    ///     let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    ///     assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    ///     let limit = Duration::from_secs(5);
    ///     let another = timeout(limit, TcpStream::connect(("127.0.0.1", port))).await??;
    ///     assert_eq!(another.peer_addr()?, listener.local_addr()?);
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    pub async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        let mut last = None;
        for address in resolve(address).await? {
            let connecting = async { TcpSocket::of(address)?.connect_to(address).await };
            match connecting.await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(no_address))
    }

    /// Waits until a socket that connects has done so.
    pub(super) async fn connected(socket: std::net::TcpStream) -> io::Result<Self> {
        let stream = Self::new(mio::net::TcpStream::from_std(socket))?;
        poll_fn(|context| stream.poll_write_ready(context)).await?;
        // It counts as ready for writing when it has failed, too.
        match stream.take_error()? {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }

    /// A stream that is connected, or about to be.
    #[track_caller]
    pub(super) fn new(stream: mio::net::TcpStream) -> io::Result<Self> {
        Ok(Self(Evented::with_urgent(stream)?))
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// What the operating system says; that it is not connected any more, when the other end has reset it.
    ///
    /// ```
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.local_addr()?, listener.accept().await?.1);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// The error that the operating system keeps for it (`SO_ERROR`), which is forgotten there.
    ///
    /// # Errors
    /// It cannot be asked for.
    ///
    /// ```
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert!(stream.take_error()?.is_none());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }

    /// Copies what can be read into `buffer`, and leaves it to be read again. How many bytes: none at the end of the
    /// stream. Any number of tasks may wait.
    ///
    /// # Errors
    /// What the operating system says; or the runtime that it was made on is gone.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    ///
    /// ```
    /// # use fusee::io::{AsyncReadExt, AsyncWriteExt};
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    /// listener.accept().await?.0.write_all(b"twice").await?;
    /// let mut buffer = [0; 5];
    /// assert_eq!(stream.peek(&mut buffer[..1]).await?, 1);
    /// stream.read_exact(&mut buffer).await?;
    /// assert_eq!(&buffer, b"twice");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.registration().async_io(Interest::READABLE, || self.0.peek(buffer)).await
    }

    /// As [`peek`](Self::peek), of whose callers the last is woken. It fills what is left of `buffer`, and answers how
    /// many bytes that were.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    ///
    /// ```
    /// # use fusee::io::AsyncWriteExt;
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// listener.accept().await?.0.write_all(b"x").await?;
    /// let mut bytes = [0; 8];
    /// let mut buffer = tokio::io::ReadBuf::new(&mut bytes);
    /// std::future::poll_fn(|context| stream.poll_peek(context, &mut buffer)).await?;
    /// assert_eq!(buffer.filled(), b"x");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(feature = "tokio-io")]
    pub fn poll_peek(&self, context: &mut Context<'_>, buffer: &mut tokio::io::ReadBuf<'_>) -> Poll<io::Result<usize>> {
        let unfilled = buffer.initialize_unfilled();
        self.0.poll_io(context, Direction::Read, |stream| stream.peek(unfilled)).map_ok(|count| {
            buffer.advance(count);
            count
        })
    }

    /// Borrows it as two halves: one to be read, one to be written, in one task at the same time. They cost nothing.
    ///
    /// Where `futures::AsyncReadExt` is in scope, `stream.split()` is that trait's method, which moves the stream; the
    /// [`AsyncReadExt`](crate::io::AsyncReadExt) of this crate has none of that name.
    ///
    /// ```
    /// # use fusee::io::{AsyncReadExt, AsyncWriteExt};
    /// # use fusee::net::{TcpListener, TcpStream, tcp};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (mut reader, mut writer) = stream.split();
    /// writer.write_all(b"x").await?;
    /// listener.accept().await?.0.write_all(b"y").await?;
    /// reader.read_exact(&mut [0]).await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::split(self)
    }

    /// Makes two halves of it, which may go to different tasks. [`OwnedReadHalf::reunite`] makes a stream of them
    /// again.
    ///
    /// ```
    /// # use fusee::io::{AsyncReadExt, AsyncWriteExt};
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (mut reader, mut writer) = stream.into_split();
    /// let writes = fusee::spawn(async move { writer.write_all(b"x").await });
    /// listener.accept().await?.0.write_all(b"y").await?;
    /// reader.read_exact(&mut [0]).await?;
    /// writes.await?
    /// # }).unwrap();
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split_owned::split_owned(self)
    }

    /// Says that no more will be written.
    pub(super) fn shutdown_write(&self) -> io::Result<()> {
        match self.0.shutdown(Shutdown::Write) {
            // The other end has closed it before.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            answer => answer,
        }
    }
}

impl AsRef<TcpStream> for TcpStream {
    fn as_ref(&self) -> &Self {
        self
    }
}

implement_conversions!(
    TcpStream,
    std::net::TcpStream,
    mio::net::TcpStream,
    with_urgent,
    "let listener = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;
let socket = std::net::TcpStream::connect(listener.local_addr()?)?;"
);

implement_readiness!(
    TcpStream,
    "let listener = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;
let socket = fusee::net::TcpStream::connect(listener.local_addr()?).await?;
let (mut peer, _) = listener.accept().await?;
fusee::io::AsyncWriteExt::write_all(&mut peer, b\"hello\").await?;":
    ready readable writable poll_read_ready poll_write_ready try_io async_io
);
