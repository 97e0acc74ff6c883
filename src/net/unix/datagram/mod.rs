//! A socket for messages.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the socket, its names and its options |
//! | `receiving.rs` | messages that come |
//! | `sending.rs` | messages to the socket that it is connected to |
//! | `sending_to.rs` | messages to whom they name |

mod receiving;
mod sending;
mod sending_to;

use std::io;
use std::net::Shutdown;
use std::path::Path;

use super::SocketAddr;
use crate::net::conversion::implement_conversions;
use crate::net::readiness::implement_readiness;
use crate::source::Evented;

/// A Unix socket for messages, each of which comes whole and in its turn: to a socket that it is
/// [connected](Self::connect) to, or to any that has a name.
///
/// Who sends waits while the other socket holds as many messages as it may. A message that is longer than the buffer
/// that it is received into is cut.
///
/// ```
/// use fusee::net::UnixDatagram;
///
/// fusee::runtime::block_on(async {
///     let folder = tempfile::tempdir()?;
///     let (one, other) = (folder.path().join("one"), folder.path().join("other"));
///     let server = UnixDatagram::bind(&one)?;
///     let client = UnixDatagram::bind(&other)?;
///     client.send_to(b"question", &one).await?;
///
///     let mut buffer = [0; 64];
///     let (count, address) = server.recv_from(&mut buffer).await?;
///     assert_eq!((&buffer[..count], address.as_pathname()), (&b"question"[..], Some(&*other)));
///     server.send_to(b"answer", &other).await?;
///     assert_eq!(client.recv(&mut buffer).await?, 6);
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub struct UnixDatagram(Evented<mio::net::UnixDatagram>);

impl UnixDatagram {
    /// A socket with the name `path`, which must not be there yet. On Linux one that begins with NUL is an abstract
    /// name.
    ///
    /// # Errors
    /// The path is in use ([`AddrInUse`](io::ErrorKind::AddrInUse)), too long, or not this user's to have; the process
    /// has no descriptors left.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// assert_eq!(UnixDatagram::bind(&path)?.local_addr()?.as_pathname(), Some(&*path));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::of(path.as_ref())?)
    }

    /// As [`bind`](Self::bind), with an address for a name.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    ///
    /// # Panics
    /// As [`bind`](Self::bind).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # use fusee::net::unix::SocketAddr;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let socket = UnixDatagram::bind_addr(&SocketAddr::from_pathname(folder.path().join("socket"))?)?;
    /// # drop(socket);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::new(mio::net::UnixDatagram::bind_addr(&address.0)?)
    }

    /// Two sockets that are connected with each other, and have no names.
    ///
    /// # Errors
    /// The process or the system has no descriptors left.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixDatagram::pair()?;
    /// one.send(b"hello").await?;
    /// assert_eq!(other.recv(&mut [0; 64]).await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = mio::net::UnixDatagram::pair()?;
        Ok((Self::new(one)?, Self::new(other)?))
    }

    /// A socket without a name, which nobody can answer.
    ///
    /// # Errors
    /// The process or the system has no descriptors left.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// assert!(UnixDatagram::unbound()?.local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn unbound() -> io::Result<Self> {
        Self::new(mio::net::UnixDatagram::unbound()?)
    }

    #[track_caller]
    pub(super) fn new(socket: mio::net::UnixDatagram) -> io::Result<Self> {
        Ok(Self(Evented::new(socket)?))
    }

    /// Connects it to the socket called `path`: [`send`](Self::send) sends there, and nobody else's messages are
    /// received any more. It may be connected to another later.
    ///
    /// # Errors
    /// Nothing has that name ([`NotFound`](io::ErrorKind::NotFound)), or no socket for messages; it is not this user's
    /// to send to.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let server = UnixDatagram::bind(&path)?;
    /// let client = UnixDatagram::unbound()?;
    /// client.connect(&path)?;
    /// client.send(b"hello").await?;
    /// assert_eq!(server.recv(&mut [0; 64]).await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.connect_addr(&SocketAddr::of(path.as_ref())?)
    }

    /// As [`connect`](Self::connect), to an address.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let server = UnixDatagram::bind(folder.path().join("socket"))?;
    /// UnixDatagram::unbound()?.connect_addr(&server.local_addr()?)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        Ok(rustix::net::connect(&*self.0, &address.to_kernel()?)?)
    }

    /// What this socket is called.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// assert!(UnixDatagram::pair()?.0.local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr().map(SocketAddr)
    }

    /// What the socket is called that it is connected to.
    ///
    /// # Errors
    /// It is not connected ([`NotConnected`](io::ErrorKind::NotConnected)), or what else the operating system says.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (socket, _other) = UnixDatagram::pair()?;
    /// assert!(socket.peer_addr()?.is_unnamed());
    /// assert!(UnixDatagram::unbound()?.peer_addr().is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr().map(SocketAddr)
    }

    /// What has gone wrong with the socket since it was asked last, if anything.
    ///
    /// # Errors
    /// What the operating system says to the question.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// assert!(UnixDatagram::unbound()?.take_error()?.is_none());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }

    /// Ends one direction, or both: of one that is not to be received any more, who sends is told; and no more is sent
    /// in one that is not to be.
    ///
    /// # Errors
    /// It is not connected, or what else the operating system says.
    ///
    /// ```
    /// # use std::net::Shutdown;
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixDatagram::pair()?;
    /// other.shutdown(Shutdown::Both)?;
    /// assert!(one.send(b"hello").await.is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }
}

implement_readiness!(
    UnixDatagram,
    "let (socket, peer) = fusee::net::UnixDatagram::pair()?;
peer.send(b\"hello\").await?;
socket.writable().await?;
socket.readable().await?;":
    ready readable writable poll_recv_ready poll_send_ready try_io async_io
);

implement_conversions!(
    UnixDatagram,
    std::os::unix::net::UnixDatagram,
    mio::net::UnixDatagram,
    new,
    "let socket = std::os::unix::net::UnixDatagram::unbound()?;"
);
