//! The options of a socket that is neither connected nor listening yet.

use std::io;
use std::time::Duration;

use crate::net::TcpSocket;
#[cfg(doc)]
use crate::net::TcpStream;
use crate::net::options::implement_options;

implement_options!(
    TcpSocket,
    "let socket = fusee::net::TcpSocket::new_v4()?;":

    /// Whether the other end is asked from time to time if it is still there (`SO_KEEPALIVE`).
    keepalive set_keepalive: bool = true by keepalive set_keepalive;

    /// Whether it can be bound to an address that connections had that are closed (`SO_REUSEADDR`); on Windows, to one
    /// that is in use.
    reuseaddr set_reuseaddr: bool = true by reuse_address set_reuse_address;

    /// Whether several sockets of this user, all of which say so, can be bound to one address (`SO_REUSEPORT`).
    reuseport set_reuseport: bool = true by reuse_port set_reuse_port
        if all(unix, not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin", target_os = "nuttx")));

    /// Whether what is written is sent at once, and not gathered for the next segment (`TCP_NODELAY`).
    nodelay set_nodelay: bool = true by tcp_nodelay set_tcp_nodelay;

    /// The traffic class of its packets over IPv4 (`IP_TOS`).
    tos_v4 set_tos_v4: u32 = 16 by tos_v4 set_tos_v4
        if not(any(
            target_os = "fuchsia", target_os = "redox", target_os = "solaris", target_os = "illumos",
            target_os = "haiku", target_os = "wasi"
        ));
);

implement_options!(
    TcpSocket,
    "let Ok(socket) = fusee::net::TcpSocket::new_v6() else { return Ok(()) };":

    /// The traffic class of its packets over IPv6 (`IPV6_TCLASS`).
    tclass_v6 set_tclass_v6: u32 = 16 by tclass_v6 set_tclass_v6
        if any(
            target_os = "android", target_os = "dragonfly", target_os = "freebsd", target_os = "fuchsia",
            target_os = "linux", target_os = "macos", target_os = "netbsd", target_os = "openbsd", target_os = "cygwin"
        );
);

impl TcpSocket {
    /// How many bytes of what was written the operating system keeps (`SO_SNDBUF`).
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// socket.set_send_buffer_size(16 * 1024)?;
    /// assert!(socket.send_buffer_size()? >= 16 * 1024);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        Ok(bytes(self.0.send_buffer_size()?))
    }

    /// Sets what [`send_buffer_size`](Self::send_buffer_size) answers, or tries to: the operating system has limits,
    /// and Linux doubles the number.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// socket.set_send_buffer_size(16 * 1024)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_send_buffer_size(&self, bytes: u32) -> io::Result<()> {
        self.0.set_send_buffer_size(bytes as usize)
    }

    /// How many bytes the operating system keeps until they are read (`SO_RCVBUF`).
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// socket.set_recv_buffer_size(16 * 1024)?;
    /// assert!(socket.recv_buffer_size()? >= 16 * 1024);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        Ok(bytes(self.0.recv_buffer_size()?))
    }

    /// Sets what [`recv_buffer_size`](Self::recv_buffer_size) answers, or tries to: the operating system has limits,
    /// and Linux doubles the number.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// socket.set_recv_buffer_size(16 * 1024)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_recv_buffer_size(&self, bytes: u32) -> io::Result<()> {
        self.0.set_recv_buffer_size(bytes as usize)
    }

    /// As [`TcpStream::linger`].
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// assert_eq!(socket.linger()?, None);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.0.linger()
    }

    /// Sets what [`linger`](Self::linger) answers, in whole seconds.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # #![allow(deprecated)]
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// socket.set_linger(None)?;
    /// # std::io::Result::Ok(())
    /// ```
    #[deprecated = "a stream that lingers blocks its thread when it is dropped: shut it down, and read until its end"]
    pub fn set_linger(&self, duration: Option<Duration>) -> io::Result<()> {
        self.0.set_linger(duration)
    }

    /// As [`TcpStream::set_zero_linger`].
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// socket.set_zero_linger()?;
    /// assert_eq!(socket.linger()?, Some(std::time::Duration::ZERO));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.0.set_linger(Some(Duration::ZERO))
    }

    /// The interface of the network that it is bound to (`SO_BINDTODEVICE`), if it is.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// assert_eq!(socket.device()?, None);
    /// # std::io::Result::Ok(())
    /// ```
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        self.0.device()
    }

    /// Binds it to an interface of the network, from and to which its packets go alone; `None`: to none.
    ///
    /// # Errors
    /// What the operating system says: there is no such interface, or this user must not.
    ///
    /// ```
    /// let socket = fusee::net::TcpSocket::new_v4()?;
    /// socket.bind_device(None)?;
    /// # std::io::Result::Ok(())
    /// ```
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        self.0.bind_device(interface)
    }
}

/// A size of a buffer, of which the operating system's own number has 32 bits.
fn bytes(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
