//! A socket that is neither connected nor listening yet, and its options.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

use crate::net::conversion::assert_nonblocking;
use crate::net::{TcpListener, TcpStream};

/// A TCP socket that is neither connected nor listening yet: its options can be set before.
///
/// Options that it does not know are set by `socket2::SockRef::from`, which takes it as it is.
///
/// ```
/// use fusee::net::TcpSocket;
///
/// fusee::runtime::block_on(async {
///     let socket = TcpSocket::new_v4()?;
///     socket.set_reuseaddr(true)?;
///     socket.bind("127.0.0.1:0".parse().unwrap())?;
///     let listener = socket.listen(64)?;
///
///     let socket = TcpSocket::new_v4()?;
///     socket.set_nodelay(true)?;
///     let stream = socket.connect(listener.local_addr()?).await?;
///     assert!(stream.nodelay()?);
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[derive(Debug)]
pub struct TcpSocket(pub(super) Socket);

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// The process or the system has no descriptors left, or what else the operating system says.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new_v4() -> io::Result<Self> {
        Self::new(Domain::IPV4)
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    /// The system has no IPv6; else as [`new_v4`](Self::new_v4).
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v6();
    /// # drop(socket);
    /// ```
    pub fn new_v6() -> io::Result<Self> {
        Self::new(Domain::IPV6)
    }

    /// A socket for the kind of `address`.
    pub(super) fn of(address: SocketAddr) -> io::Result<Self> {
        Self::new(Domain::for_address(address))
    }

    fn new(domain: Domain) -> io::Result<Self> {
        // It is not handed to programs that the process starts, either: socket2 sees to that.
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))]
        let socket = Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd")))]
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd")))]
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// Takes a socket of the standard library's over, which another library may have made to set it up. It must not be
    /// connected, and be in nonblocking mode, as [`connect`](Self::connect) and [`listen`](Self::listen) demand.
    ///
    /// ```
    /// use fusee::net::TcpSocket;
    ///
    /// let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    /// socket.set_nonblocking(true)?;
    /// let socket = TcpSocket::from_std_stream(socket.into());
    /// assert!(!socket.keepalive()?);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_std_stream(stream: std::net::TcpStream) -> Self {
        Self(stream.into())
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.0.local_addr()?.as_socket();
        address.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the socket is not of the internet"))
    }

    /// The error that the operating system keeps for it (`SO_ERROR`), which is forgotten there.
    ///
    /// # Errors
    /// It cannot be asked for.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// assert!(socket.take_error()?.is_none());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }

    /// Binds it to `address`. With the port 0 the operating system chooses one.
    ///
    /// # Errors
    /// The address is in use ([`AddrInUse`](io::ErrorKind::AddrInUse)), not this machine's, or not this user's to have.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.0.bind(&address.into())
    }

    /// Connects to `address`.
    ///
    /// # Errors
    /// Nobody listens there ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), nobody answers in time
    /// ([`TimedOut`](io::ErrorKind::TimedOut)), or whatever else the operating system says.
    ///
    /// # Panics
    /// Outside a runtime, in a forked child, and if it [was taken over](Self::from_std_stream) in blocking mode, where
    /// that can be asked.
    ///
    /// # Cancel safety
    /// Dropped, it closes the connection, however far it is.
    ///
    /// ```
    /// use fusee::net::{TcpListener, TcpSocket};
    ///
    /// fusee::runtime::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let stream = TcpSocket::new_v4()?.connect(listener.local_addr()?).await?;
    ///     assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        // In blocking mode it would block the thread here.
        assert_nonblocking(&self.0)?;
        self.connect_to(address).await
    }

    /// As [`connect`](Self::connect), for a socket that is known to be in nonblocking mode.
    pub(super) async fn connect_to(self, address: SocketAddr) -> io::Result<TcpStream> {
        match self.0.connect(&address.into()) {
            Err(error) if !is_under_way(&error) => Err(error),
            _ => TcpStream::connected(self.0.into()).await,
        }
    }

    /// Listens for connections, of which `backlog` may wait to be accepted, or what the operating system allows.
    ///
    /// # Errors
    /// What the operating system says; the process has no descriptors left for the runtime's first socket; or the
    /// runtime is gone.
    ///
    /// # Panics
    /// Outside a runtime, in a forked child, and if it [was taken over](Self::from_std_stream) in blocking mode, where
    /// that can be asked.
    ///
    /// ```
    /// use fusee::net::TcpSocket;
    ///
    /// fusee::runtime::block_on(async {
    ///     let socket = TcpSocket::new_v4()?;
    ///     socket.bind("127.0.0.1:0".parse().unwrap())?;
    ///     let listener = socket.listen(1024)?;
    ///     assert_ne!(listener.local_addr()?.port(), 0);
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        assert_nonblocking(&self.0)?;
        self.listen_with(backlog)
    }

    /// As [`listen`](Self::listen), for a socket that is known to be in nonblocking mode.
    #[track_caller]
    pub(super) fn listen_with(self, backlog: u32) -> io::Result<TcpListener> {
        self.0.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        TcpListener::new(mio::net::TcpListener::from_std(self.0.into()))
    }
}

/// Whether this is how a connect that waits for the other end begins.
#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

#[cfg(unix)]
mod descriptor {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

    use socket2::Socket;

    use super::TcpSocket;

    impl AsFd for TcpSocket {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }

    impl AsRawFd for TcpSocket {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }
    }

    impl IntoRawFd for TcpSocket {
        fn into_raw_fd(self) -> RawFd {
            self.0.into_raw_fd()
        }
    }

    impl FromRawFd for TcpSocket {
        /// As [`TcpSocket::from_std_stream`], of a descriptor.
        ///
        /// # Safety
        /// As that of [`OwnedFd`]: the descriptor is open, and the caller's alone.
        unsafe fn from_raw_fd(descriptor: RawFd) -> Self {
            // SAFETY: the caller's promise is the one that is asked for.
            let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
            Self(Socket::from(descriptor))
        }
    }
}

#[cfg(windows)]
mod descriptor {
    use std::os::windows::io::{
        AsRawSocket, AsSocket, BorrowedSocket, FromRawSocket, IntoRawSocket, OwnedSocket, RawSocket,
    };

    use socket2::Socket;

    use super::TcpSocket;

    impl AsSocket for TcpSocket {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.0.as_socket()
        }
    }

    impl AsRawSocket for TcpSocket {
        fn as_raw_socket(&self) -> RawSocket {
            self.0.as_raw_socket()
        }
    }

    impl IntoRawSocket for TcpSocket {
        fn into_raw_socket(self) -> RawSocket {
            self.0.into_raw_socket()
        }
    }

    impl FromRawSocket for TcpSocket {
        /// As [`TcpSocket::from_std_stream`], of a socket's handle.
        ///
        /// # Safety
        /// As that of [`OwnedSocket`]: the handle is open, and the caller's alone.
        unsafe fn from_raw_socket(socket: RawSocket) -> Self {
            // SAFETY: the caller's promise is the one that is asked for.
            let socket = unsafe { OwnedSocket::from_raw_socket(socket) };
            Self(Socket::from(socket))
        }
    }
}
