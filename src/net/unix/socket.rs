//! A socket that is neither connected yet nor listens.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};

use super::{SocketAddr, connecting};
use crate::net::{UnixDatagram, UnixListener, UnixStream};

/// A Unix socket that is neither connected yet nor listens: to give a stream a name of its own before it connects, and
/// a listener its backlog.
///
/// ```
/// use fusee::net::UnixSocket;
///
/// # fusee::runtime::block_on(async {
/// let folder = tempfile::tempdir()?;
/// let (path, own) = (folder.path().join("socket"), folder.path().join("client"));
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&path)?;
/// let listener = socket.listen(16)?;
///
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&own)?;
/// let stream = socket.connect(&path).await?;
/// let (_, address) = listener.accept().await?;
/// assert_eq!(address.as_pathname(), Some(&*own));
/// # drop(stream);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct UnixSocket(Socket);

impl UnixSocket {
    /// A socket for a connection, or to listen for some.
    ///
    /// # Errors
    /// The process or the system has no descriptors left.
    ///
    /// ```
    /// # use fusee::net::UnixSocket;
    /// let socket = UnixSocket::new_stream()?;
    /// # drop(socket);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new_stream() -> io::Result<Self> {
        Self::new(Type::STREAM)
    }

    /// A socket for messages.
    ///
    /// # Errors
    /// The process or the system has no descriptors left.
    ///
    /// ```
    /// # use fusee::net::UnixSocket;
    /// let socket = UnixSocket::new_datagram()?;
    /// # drop(socket);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new_datagram() -> io::Result<Self> {
        Self::new(Type::DGRAM)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn new(kind: Type) -> io::Result<Self> {
        Socket::new(Domain::UNIX, kind.nonblocking(), None).map(Self)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn new(kind: Type) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, kind, None)?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    pub(super) fn into_fd(self) -> OwnedFd {
        self.0.into()
    }

    /// Whether it is for messages.
    fn is_datagram(&self) -> io::Result<bool> {
        Ok(self.0.r#type()? == Type::DGRAM)
    }

    /// Names it `path`, which must not be there yet. On Linux one that begins with NUL is an abstract name.
    ///
    /// # Errors
    /// The path is in use ([`AddrInUse`](io::ErrorKind::AddrInUse)), too long, or not this user's to have; or the
    /// socket has a name already.
    ///
    /// ```
    /// # use fusee::net::UnixSocket;
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// UnixSocket::new_stream()?.bind(&path)?;
    /// assert!(UnixSocket::new_stream()?.bind(&path).is_err());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.0.bind(&SockAddr::unix(path)?)
    }

    /// Listens for connections, of which up to `backlog` may wait to be accepted, or what the operating system allows.
    ///
    /// # Errors
    /// The socket has no name, or is for messages.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// ```
    /// # use fusee::net::UnixSocket;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let socket = UnixSocket::new_stream()?;
    /// socket.bind(folder.path().join("socket"))?;
    /// let listener = socket.listen(1024)?;
    /// # drop(listener);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<UnixListener> {
        if self.is_datagram()? {
            return Err(io::Error::other("a socket for messages cannot listen"));
        }
        self.0.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        UnixListener::new(mio::net::UnixListener::from(self.into_fd()))
    }

    /// Connects to what listens at `path`, as [`UnixStream::connect`] does.
    ///
    /// # Errors
    /// As [`UnixStream::connect`]; or the socket is for messages.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// # Cancel safety
    /// Dropped, it closes its socket: the listener may find a connection that has ended.
    ///
    /// ```
    /// # use fusee::net::{UnixListener, UnixSocket};
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let listener = UnixListener::bind(&path)?;
    /// let stream = UnixSocket::new_stream()?.connect(&path).await?;
    /// # drop((listener, stream));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn connect(self, path: impl AsRef<Path>) -> io::Result<UnixStream> {
        if self.is_datagram()? {
            return Err(io::Error::other("a socket for messages is not connected to a listener"));
        }
        let address = SocketAddr::of(path.as_ref())?.to_kernel()?;
        connecting::connect(self.into_fd(), &address).await
    }

    /// Makes it a socket for messages, which it must have been meant for.
    ///
    /// # Errors
    /// The socket is for connections, or has an error pending.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// ```
    /// # use fusee::net::UnixSocket;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let socket = UnixSocket::new_datagram()?;
    /// socket.bind(folder.path().join("socket"))?;
    /// let socket = socket.datagram()?;
    /// assert!(socket.local_addr()?.as_pathname().is_some());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn datagram(self) -> io::Result<UnixDatagram> {
        if !self.is_datagram()? {
            return Err(io::Error::other("a socket for connections sends no messages"));
        }
        let socket = UnixDatagram::new(mio::net::UnixDatagram::from(self.into_fd()))?;
        match socket.take_error()? {
            Some(error) => Err(error),
            None => Ok(socket),
        }
    }
}

impl AsRawFd for UnixSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl FromRawFd for UnixSocket {
    /// # Safety
    /// As [`OwnedFd::from_raw_fd`](FromRawFd::from_raw_fd): the descriptor is open, and nobody else's. It must be a
    /// Unix socket in nonblocking mode.
    unsafe fn from_raw_fd(number: RawFd) -> Self {
        // SAFETY: as the caller promises.
        Self(unsafe { Socket::from_raw_fd(number) })
    }
}

impl IntoRawFd for UnixSocket {
    fn into_raw_fd(self) -> RawFd {
        self.0.into_raw_fd()
    }
}
