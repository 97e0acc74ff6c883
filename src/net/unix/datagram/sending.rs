//! Messages to the socket that this one is connected to.

use std::io;
use std::task::{Context, Poll};

use crate::io::Interest;
use crate::net::UnixDatagram;
use crate::source::Direction;

impl UnixDatagram {
    /// Sends a message to the socket that this one is connected to, and answers its length. Any number of tasks may
    /// wait.
    ///
    /// # Errors
    /// It is not connected ([`NotConnected`](io::ErrorKind::NotConnected)), the other socket is gone
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), the message is too long, or what else the operating
    /// system says; or the runtime that the socket was made on is gone.
    ///
    /// # Cancel safety
    /// Cancel-safe: dropped, it has sent nothing.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixDatagram::pair()?;
    /// assert_eq!(one.send(b"hello").await?, 5);
    /// assert_eq!(other.recv(&mut [0; 64]).await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn send(&self, message: &[u8]) -> io::Result<usize> {
        self.0.registration().async_io(Interest::WRITABLE, || self.0.send(message)).await
    }

    /// As [`send`](Self::send), if there is room.
    ///
    /// # Errors
    /// As [`send`](Self::send); of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is no room.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, _other) = UnixDatagram::pair()?;
    /// one.writable().await?;
    /// assert_eq!(one.try_send(b"hello")?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_send(&self, message: &[u8]) -> io::Result<usize> {
        self.0.registration().try_io(Interest::WRITABLE, || self.0.send(message))
    }

    /// As [`send`](Self::send); of those that poll, the last is woken.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, _other) = UnixDatagram::pair()?;
    /// assert_eq!(std::future::poll_fn(|context| one.poll_send(context, b"hello")).await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn poll_send(&self, context: &mut Context<'_>, message: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(context, Direction::Write, |socket| socket.send(message))
    }
}
