//! How messages are sent.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use super::UdpSocket;
use crate::io::Interest;
use crate::net::ToSocketAddrs;
use crate::net::addr::{no_address, resolve};
use crate::source::Direction;

impl UdpSocket {
    /// Sends a message to its [peer](Self::connect). How many bytes: all. Any number of tasks may wait until there is
    /// room for theirs.
    ///
    /// # Errors
    /// It has no peer; the message is too long; a message before this one has found nobody
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)); what else the operating system says; or the runtime
    /// that it was made on is gone.
    ///
    /// # Cancel safety
    /// Cancel-safe: dropped before it is ready, it has sent nothing.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// here.connect(there.local_addr()?).await?;
    /// assert_eq!(here.send(b"hello").await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn send(&self, message: &[u8]) -> io::Result<usize> {
        self.0.registration().async_io(Interest::WRITABLE, || self.0.send(message)).await
    }

    /// As [`send`](Self::send), of whose callers the last is woken.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// here.connect(there.local_addr()?).await?;
    /// let count = std::future::poll_fn(|context| here.poll_send(context, b"hello")).await?;
    /// assert_eq!(count, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn poll_send(&self, context: &mut Context<'_>, message: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(context, Direction::Write, |socket| socket.send(message))
    }

    /// As [`send`](Self::send), if it is [writable](Self::writable).
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is no room; else as [`send`](Self::send).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// here.connect(there.local_addr()?).await?;
    /// here.writable().await?;
    /// assert_eq!(here.try_send(b"hello")?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_send(&self, message: &[u8]) -> io::Result<usize> {
        self.0.registration().try_io(Interest::WRITABLE, || self.0.send(message))
    }

    /// Sends a message to `address`; of several, to the first. How many bytes: all. Any number of tasks may wait until
    /// there is room for theirs.
    ///
    /// # Errors
    /// The message is too long, or what else the operating system says; the runtime that it was made on is gone. Of the
    /// kind [`InvalidInput`](io::ErrorKind::InvalidInput), if there is no address; or a name is unknown.
    ///
    /// # Panics
    /// Outside a runtime, if there is a name to be looked up.
    ///
    /// # Cancel safety
    /// Cancel-safe: dropped before it is ready, it has sent nothing.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// assert_eq!(here.send_to(b"hello", there.local_addr()?).await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn send_to<A: ToSocketAddrs>(&self, message: &[u8], address: A) -> io::Result<usize> {
        let target = resolve(address).await?.next().ok_or_else(no_address)?;
        self.0.registration().async_io(Interest::WRITABLE, || self.0.send_to(message, target)).await
    }

    /// As [`send_to`](Self::send_to), of whose callers the last is woken.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// let target = there.local_addr()?;
    /// std::future::poll_fn(|context| here.poll_send_to(context, b"hello", target)).await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn poll_send_to(
        &self,
        context: &mut Context<'_>,
        message: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(context, Direction::Write, |socket| socket.send_to(message, target))
    }

    /// As [`send_to`](Self::send_to), if it is [writable](Self::writable).
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is no room; else as [`send_to`](Self::send_to).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// here.writable().await?;
    /// assert_eq!(here.try_send_to(b"hello", there.local_addr()?)?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_send_to(&self, message: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.0.registration().try_io(Interest::WRITABLE, || self.0.send_to(message, target))
    }
}
