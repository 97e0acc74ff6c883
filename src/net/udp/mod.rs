//! UDP.
//!
//! | file | holds |
//! |---|---|
//! | `send.rs`, `receive.rs`, `peek.rs` | what is done with messages |
//! | `options.rs` | options |

mod options;
mod peek;
mod receive;
mod send;

use std::io;
use std::net::SocketAddr;

use super::ToSocketAddrs;
use super::addr::first_of;
use super::conversion::implement_conversions;
use super::readiness::implement_readiness;
use crate::source::Evented;

/// A UDP socket.
///
/// One socket sends to any number of others, and receives from them, by [`send_to`](Self::send_to) and
/// [`recv_from`](Self::recv_from). One that is [connected](Self::connect) has one peer, to and from which
/// [`send`](Self::send) and [`recv`](Self::recv) go.
///
/// All its operations borrow it: it needs no halves to be used by several tasks, which share it in an `Arc`. A message
/// is sent and received as a whole, or not at all, or, where there is no room for it, cut.
///
/// ```
/// use fusee::net::UdpSocket;
///
/// fusee::runtime::block_on(async {
///     let server = UdpSocket::bind("127.0.0.1:0").await?;
///     let client = UdpSocket::bind("127.0.0.1:0").await?;
///     client.connect(server.local_addr()?).await?;
///
///     client.send(b"ping").await?;
///     let mut buffer = [0; 64];
///     let (count, from) = server.recv_from(&mut buffer).await?;
///     server.send_to(&buffer[..count], from).await?;
///     assert_eq!(client.recv(&mut buffer).await?, 4);
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub struct UdpSocket(Evented<mio::net::UdpSocket>);

impl UdpSocket {
    /// A socket that is bound to `address`; of several, to the first that can be had. With the port 0 the operating
    /// system chooses one.
    ///
    /// # Errors
    /// Of the address that was tried last: it is in use ([`AddrInUse`](io::ErrorKind::AddrInUse)), not this machine's,
    /// or not this user's to have; the process has no descriptors left. Of the kind
    /// [`InvalidInput`](io::ErrorKind::InvalidInput), if there is no address; or a name is unknown.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// # Cancel safety
    /// Cancel-safe: it waits for nothing but the look-up of a name.
    ///
    /// ```
    /// use fusee::net::UdpSocket;
    ///
    /// fusee::runtime::block_on(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert_ne!(socket.local_addr()?.port(), 0);
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        first_of(address, |address| Self::new(mio::net::UdpSocket::bind(address)?)).await
    }

    fn new(socket: mio::net::UdpSocket) -> io::Result<Self> {
        Ok(Self(Evented::new(socket)?))
    }

    /// Makes `address` its peer; of several, the first that it can have. Messages from others are not received any
    /// more. Nothing is sent.
    ///
    /// # Errors
    /// Of the address that was tried last: what the operating system says. Of the kind
    /// [`InvalidInput`](io::ErrorKind::InvalidInput), if there is no address; or a name is unknown.
    ///
    /// # Panics
    /// Outside a runtime, if there is a name to be looked up.
    ///
    /// # Cancel safety
    /// Cancel-safe: it waits for nothing but the look-up of a name.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// here.connect(there.local_addr()?).await?;
    /// assert_eq!(here.peer_addr()?, there.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn connect<A: ToSocketAddrs>(&self, address: A) -> io::Result<()> {
        first_of(address, |address| self.0.connect(address)).await
    }

    /// The address that it is bound to, with the port that was chosen.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// assert!(socket.local_addr()?.ip().is_loopback());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// The address of its peer.
    ///
    /// # Errors
    /// Of the kind [`NotConnected`](io::ErrorKind::NotConnected), if it has none.
    ///
    /// ```
    /// # use std::io::ErrorKind;
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// assert_eq!(socket.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    /// socket.connect("127.0.0.1:9").await?;
    /// assert_eq!(socket.peer_addr()?.port(), 9);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    /// The error that the operating system keeps for it (`SO_ERROR`), which is forgotten there: that nobody has
    /// received what was sent, for example.
    ///
    /// # Errors
    /// It cannot be asked for.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// assert!(socket.take_error()?.is_none());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }
}

implement_conversions!(
    UdpSocket,
    std::net::UdpSocket,
    mio::net::UdpSocket,
    new,
    "let socket = std::net::UdpSocket::bind(\"127.0.0.1:0\")?;"
);

implement_readiness!(
    UdpSocket,
    "let socket = fusee::net::UdpSocket::bind(\"127.0.0.1:0\").await?;
socket.send_to(b\"hello\", socket.local_addr()?).await?;":
    ready readable writable poll_recv_ready poll_send_ready try_io async_io
);
