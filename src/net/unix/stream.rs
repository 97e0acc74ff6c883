//! A connection between two processes, or within one.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::path::Path;

use super::split::split;
use super::split_owned::split_owned;
use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, SocketAddr, UCred, WriteHalf, connecting};
use crate::net::UnixSocket;
use crate::net::conversion::implement_conversions;
use crate::net::readiness::implement_readiness;
use crate::source::Evented;

/// A connection over a Unix socket.
///
/// It is read and written by the extension methods of [`io`](crate::io), for it has the traits of futures-io; with the
/// feature `tokio-io`, by those of `tokio::io`, too ([which traits](crate::net#traits)). To close it by those traits says
/// that no more will be written, and leaves the other direction as it is. Dropped, it is closed. Descriptors are passed
/// over it by [`send_fds`](Self::send_fds) and [`recv_fds`](Self::recv_fds).
///
/// The traits take it exclusively: `&UnixStream` does not have them. To read and write at the same time there are
/// halves, [within a task](Self::split) or [for two](Self::into_split). Whoever shares it waits by
/// [`readable`](Self::readable) or [`writable`](Self::writable) and calls [`try_read`](Self::try_read) or
/// [`try_write`](Self::try_write); all of these borrow it.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt};
/// use fusee::net::UnixStream;
///
/// fusee::runtime::block_on(async {
///     let (mut one, mut other) = UnixStream::pair()?;
///     one.write_all(b"question").await?;
///     one.close().await?;
///     let mut question = String::new();
///     other.read_to_string(&mut question).await?;
///     other.write_all(format!("{question}? answer!").as_bytes()).await?;
///     drop(other);
///     let mut answer = String::new();
///     one.read_to_string(&mut answer).await?;
///     assert_eq!(answer, "question? answer!");
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub struct UnixStream(pub(super) Evented<mio::net::UnixStream>);

impl UnixStream {
    /// Connects to what listens at `path`. On Linux one that begins with NUL is an abstract name.
    ///
    /// If the listener has no room for one more connection, that is waited for, and asked for again after 1 to 50 ms,
    /// for nobody tells when there is some.
    ///
    /// # Errors
    /// Nothing has that name ([`NotFound`](io::ErrorKind::NotFound)), nobody listens there
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), it is not this user's to connect to, or what else the
    /// operating system says; the process has no descriptors left.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// # Cancel safety
    /// Dropped, it closes its socket: the listener may find a connection that has ended.
    ///
    /// ```
    /// use fusee::net::{UnixListener, UnixStream};
    ///
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect(&path).await?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(&*path));
    /// drop(listener);
    /// assert!(UnixStream::connect(&path).await.is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let address = SocketAddr::of(path.as_ref())?;
        Self::connect_addr(&address).await
    }

    /// As [`connect`](Self::connect), to an address.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Panics
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    /// As [`connect`](Self::connect).
    ///
    /// ```
    /// # use fusee::net::{UnixListener, UnixStream};
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let listener = UnixListener::bind(folder.path().join("socket"))?;
    /// let stream = UnixStream::connect_addr(&listener.local_addr()?).await?;
    /// # drop(stream);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn connect_addr(address: &SocketAddr) -> io::Result<Self> {
        connecting::connect(UnixSocket::new_stream()?.into_fd(), &address.to_kernel()?).await
    }

    /// Two streams that are connected with each other, and have no names.
    ///
    /// # Errors
    /// The process or the system has no descriptors left.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// ```
    /// # use fusee::io::{AsyncReadExt, AsyncWriteExt};
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (mut one, mut other) = UnixStream::pair()?;
    /// one.write_all(b"hello").await?;
    /// let mut buffer = [0; 5];
    /// other.read_exact(&mut buffer).await?;
    /// assert_eq!(&buffer, b"hello");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = mio::net::UnixStream::pair()?;
        Ok((Self::new(one)?, Self::new(other)?))
    }

    #[track_caller]
    pub(super) fn new(stream: mio::net::UnixStream) -> io::Result<Self> {
        Ok(Self(Evented::new(stream)?))
    }

    /// What this end is called. One that has connected has no name, unless it was bound to one; one that was accepted
    /// has that of its listener.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use fusee::net::{UnixListener, UnixStream};
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect(&path).await?;
    /// assert!(stream.local_addr()?.is_unnamed());
    /// assert_eq!(listener.accept().await?.0.local_addr()?.as_pathname(), Some(&*path));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr().map(SocketAddr)
    }

    /// What the other end is called.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use fusee::net::{UnixListener, UnixStream};
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let listener = UnixListener::bind(&path)?;
    /// assert_eq!(UnixStream::connect(&path).await?.peer_addr()?.as_pathname(), Some(&*path));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr().map(SocketAddr)
    }

    /// As whom the process at the other end ran when it connected, listened, or made the pair.
    ///
    /// # Errors
    /// What the operating system says; of the kind [`Unsupported`](io::ErrorKind::Unsupported) on other systems than
    /// Linux and Android.
    ///
    /// ```
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (stream, _other) = UnixStream::pair()?;
    /// # #[cfg(target_os = "linux")]
    /// assert_eq!(stream.peer_cred()?.pid(), Some(std::process::id() as i32));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn peer_cred(&self) -> io::Result<UCred> {
        UCred::of(self.as_fd())
    }

    /// What has gone wrong with the connection since it was asked last, if anything.
    ///
    /// # Errors
    /// What the operating system says to the question.
    ///
    /// ```
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (stream, _other) = UnixStream::pair()?;
    /// assert!(stream.take_error()?.is_none());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }

    /// Says that no more will be written.
    pub(super) fn shutdown_write(&self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }

    /// The two directions, to be used at the same time within one task. It costs nothing;
    /// [`into_split`](Self::into_split) is for halves that part.
    ///
    /// Where `futures::AsyncReadExt` is in scope, `stream.split()` is that trait's method, which moves the stream; the
    /// [`AsyncReadExt`](crate::io::AsyncReadExt) of this crate has none of that name.
    ///
    /// ```
    /// use fusee::io::{AsyncReadExt, AsyncWriteExt};
    /// use fusee::net::{UnixStream, unix};
    ///
    /// # fusee::runtime::block_on(async {
    /// let (mut one, mut other) = UnixStream::pair()?;
    /// other.write_all(b"hello").await?;
    /// other.close().await?;
    ///
    /// let (mut reader, mut writer) = one.split();
    /// fusee::io::copy(&mut reader, &mut writer).await?;
    /// let mut buffer = [0; 5];
    /// other.read_exact(&mut buffer).await?;
    /// assert_eq!(&buffer, b"hello");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn split<'a>(&'a mut self) -> (ReadHalf<'a>, WriteHalf<'a>) {
        split(self)
    }

    /// The two directions, to go to tasks of their own. The half that is written says, when it is dropped, that no more
    /// will be.
    ///
    /// ```
    /// use fusee::io::{AsyncReadExt, AsyncWriteExt};
    /// use fusee::net::UnixStream;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixStream::pair()?;
    /// let (mut reader, writer) = one.into_split();
    /// let (_, mut far_writer) = other.into_split();
    /// fusee::spawn(async move { far_writer.write_all(b"hello").await });
    /// let mut text = String::new();
    /// reader.read_to_string(&mut text).await?;
    /// assert_eq!(text, "hello");
    /// let stream: UnixStream = reader.reunite(writer).unwrap();
    /// # drop(stream);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split_owned(self)
    }
}

implement_readiness!(
    UnixStream,
    "let (socket, peer) = fusee::net::UnixStream::pair()?;
peer.writable().await?;
peer.try_write(b\"hello\")?;
socket.writable().await?;
socket.readable().await?;":
    ready readable writable poll_read_ready poll_write_ready try_io async_io
);

implement_conversions!(
    UnixStream,
    std::os::unix::net::UnixStream,
    mio::net::UnixStream,
    new,
    "let (socket, _peer) = std::os::unix::net::UnixStream::pair()?;"
);

impl AsRef<Self> for UnixStream {
    fn as_ref(&self) -> &Self {
        self
    }
}
