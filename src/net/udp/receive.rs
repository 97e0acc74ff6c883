//! How messages are received.

use std::io;
use std::net::SocketAddr;
#[cfg(feature = "tokio-io")]
use std::task::{Context, Poll, ready};

use super::UdpSocket;
use crate::io::Interest;
#[cfg(feature = "tokio-io")]
use crate::source::Direction;

impl UdpSocket {
    /// Receives a message from its [peer](Self::connect), or, if it has none, from anybody. How many bytes: of a
    /// message for which `buffer` is too short the rest is lost. Any number of tasks may wait.
    ///
    /// # Errors
    /// What the operating system says: a message that was sent has found nobody
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), for example; or the runtime that it was made on is
    /// gone.
    ///
    /// # Cancel safety
    /// Cancel-safe: dropped before it is ready, it has received nothing.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// here.connect(there.local_addr()?).await?;
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// let mut buffer = [0; 64];
    /// let count = here.recv(&mut buffer).await?;
    /// assert_eq!(&buffer[..count], b"hello");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.registration().async_io(Interest::READABLE | Interest::ERROR, || self.0.recv(buffer)).await
    }

    /// As [`recv`](Self::recv), into what is left of `buffer`. Of its callers the last is woken, by a message: not, on
    /// Linux, by the news alone that one of ours was refused.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// here.connect(there.local_addr()?).await?;
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// let mut bytes = [0; 64];
    /// let mut buffer = tokio::io::ReadBuf::new(&mut bytes);
    /// std::future::poll_fn(|context| here.poll_recv(context, &mut buffer)).await?;
    /// assert_eq!(buffer.filled(), b"hello");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(feature = "tokio-io")]
    pub fn poll_recv(&self, context: &mut Context<'_>, buffer: &mut tokio::io::ReadBuf<'_>) -> Poll<io::Result<()>> {
        let unfilled = buffer.initialize_unfilled();
        let count = ready!(self.0.poll_io(context, Direction::Read, |socket| socket.recv(unfilled)))?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }

    /// As [`recv`](Self::recv), if there is a message.
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is none; else as [`recv`](Self::recv).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// here.connect(there.local_addr()?).await?;
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// here.readable().await?;
    /// assert_eq!(here.try_recv(&mut [0; 64])?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.registration().try_io(Interest::READABLE, || self.0.recv(buffer))
    }

    /// Receives a message, and says from whom. How many bytes: of a message for which `buffer` is too short the rest is
    /// lost. Any number of tasks may wait.
    ///
    /// # Errors
    /// What the operating system says: a message that was sent has found nobody
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), for example; or the runtime that it was made on is
    /// gone.
    ///
    /// # Cancel safety
    /// Cancel-safe: dropped before it is ready, it has received nothing.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// let mut buffer = [0; 64];
    /// let (count, from) = here.recv_from(&mut buffer).await?;
    /// assert_eq!((&buffer[..count], from), (&b"hello"[..], there.local_addr()?));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.registration().async_io(Interest::READABLE | Interest::ERROR, || self.0.recv_from(buffer)).await
    }

    /// As [`recv_from`](Self::recv_from), into what is left of `buffer`. Of its callers the last is woken, by a message: not, on
    /// Linux, by the news alone that one of ours was refused.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// let mut bytes = [0; 64];
    /// let mut buffer = tokio::io::ReadBuf::new(&mut bytes);
    /// let from = std::future::poll_fn(|context| here.poll_recv_from(context, &mut buffer)).await?;
    /// assert_eq!(buffer.filled(), b"hello");
    /// assert_eq!(from, there.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(feature = "tokio-io")]
    pub fn poll_recv_from(
        &self,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let unfilled = buffer.initialize_unfilled();
        let (count, from) = ready!(self.0.poll_io(context, Direction::Read, |socket| socket.recv_from(unfilled)))?;
        buffer.advance(count);
        Poll::Ready(Ok(from))
    }

    /// As [`recv_from`](Self::recv_from), if there is a message.
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is none; else as [`recv_from`](Self::recv_from).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// here.readable().await?;
    /// assert_eq!(here.try_recv_from(&mut [0; 64])?, (5, there.local_addr()?));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.registration().try_io(Interest::READABLE, || self.0.recv_from(buffer))
    }
}
