//! How messages are looked at before they are received.

use std::io;
use std::net::SocketAddr;
#[cfg(feature = "tokio-io")]
use std::task::ready;
use std::task::{Context, Poll};

use socket2::SockRef;

use super::UdpSocket;
use crate::io::Interest;
use crate::source::Direction;

impl UdpSocket {
    /// Copies the next message into `buffer`, and leaves it to be received. How many bytes: of a message for which
    /// `buffer` is too short the beginning. Any number of tasks may wait.
    ///
    /// # Errors
    /// What the operating system says: a message that was sent has found nobody
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), for example; or the runtime that it was made on is
    /// gone.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// assert_eq!(here.peek(&mut [0; 64]).await?, 5);
    /// assert_eq!(here.recv(&mut [0; 64]).await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.registration().async_io(Interest::READABLE | Interest::ERROR, || self.0.peek(buffer)).await
    }

    /// As [`peek`](Self::peek), into what is left of `buffer`. Of its callers the last is woken, by a message: not, on
    /// Linux, by the news alone that one of ours was refused.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// let mut bytes = [0; 64];
    /// let mut buffer = tokio::io::ReadBuf::new(&mut bytes);
    /// std::future::poll_fn(|context| here.poll_peek(context, &mut buffer)).await?;
    /// assert_eq!(buffer.filled(), b"hello");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(feature = "tokio-io")]
    pub fn poll_peek(&self, context: &mut Context<'_>, buffer: &mut tokio::io::ReadBuf<'_>) -> Poll<io::Result<()>> {
        let unfilled = buffer.initialize_unfilled();
        let count = ready!(self.0.poll_io(context, Direction::Read, |socket| socket.peek(unfilled)))?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }

    /// As [`peek`](Self::peek), if there is a message.
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is none; else as [`peek`](Self::peek).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// here.readable().await?;
    /// assert_eq!(here.try_peek(&mut [0; 64])?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.registration().try_io(Interest::READABLE, || self.0.peek(buffer))
    }

    /// As [`peek`](Self::peek), and says from whom the message is.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    ///
    /// # Cancel safety
    /// Cancel-safe.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// assert_eq!(here.peek_from(&mut [0; 64]).await?, (5, there.local_addr()?));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.registration().async_io(Interest::READABLE | Interest::ERROR, || self.0.peek_from(buffer)).await
    }

    /// As [`peek_from`](Self::peek_from), into what is left of `buffer`. Of its callers the last is woken, by a message: not, on
    /// Linux, by the news alone that one of ours was refused.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// let mut bytes = [0; 64];
    /// let mut buffer = tokio::io::ReadBuf::new(&mut bytes);
    /// let from = std::future::poll_fn(|context| here.poll_peek_from(context, &mut buffer)).await?;
    /// assert_eq!(buffer.filled(), b"hello");
    /// assert_eq!(from, there.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(feature = "tokio-io")]
    pub fn poll_peek_from(
        &self,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let unfilled = buffer.initialize_unfilled();
        let (count, from) = ready!(self.0.poll_io(context, Direction::Read, |socket| socket.peek_from(unfilled)))?;
        buffer.advance(count);
        Poll::Ready(Ok(from))
    }

    /// As [`peek_from`](Self::peek_from), if there is a message.
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is none; else as [`peek`](Self::peek).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// here.readable().await?;
    /// assert_eq!(here.try_peek_from(&mut [0; 64])?, (5, there.local_addr()?));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.registration().try_io(Interest::READABLE, || self.0.peek_from(buffer))
    }

    /// Says from whom the next message is, which is left to be received. Any number of tasks may wait.
    ///
    /// Who sends is what a message says: it may be forged.
    ///
    /// # Errors
    /// What the operating system says: a message that was sent has found nobody
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), for example; or the runtime that it was made on is
    /// gone.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// assert_eq!(here.peek_sender().await?, there.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn peek_sender(&self) -> io::Result<SocketAddr> {
        self.0.registration().async_io(Interest::READABLE | Interest::ERROR, || self.sender()).await
    }

    /// As [`peek_sender`](Self::peek_sender), of whose callers the last is woken.
    ///
    /// # Errors
    /// As [`peek_sender`](Self::peek_sender).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// let from = std::future::poll_fn(|context| here.poll_peek_sender(context)).await?;
    /// assert_eq!(from, there.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn poll_peek_sender(&self, context: &mut Context<'_>) -> Poll<io::Result<SocketAddr>> {
        self.0.poll_io(context, Direction::Read, |_| self.sender())
    }

    /// As [`peek_sender`](Self::peek_sender), if there is a message.
    ///
    /// # Errors
    /// Of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is none; else as
    /// [`peek_sender`](Self::peek_sender).
    ///
    /// ```
    /// # use fusee::net::UdpSocket;
    /// # fusee::runtime::block_on(async {
    /// let (here, there) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// there.send_to(b"hello", here.local_addr()?).await?;
    /// here.readable().await?;
    /// assert_eq!(here.try_peek_sender()?, there.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_peek_sender(&self) -> io::Result<SocketAddr> {
        self.0.registration().try_io(Interest::READABLE, || self.sender())
    }

    fn sender(&self) -> io::Result<SocketAddr> {
        let sender = self.0.try_io(|| SockRef::from(&*self.0).peek_sender())?.as_socket();
        sender.ok_or_else(|| io::Error::other("the operating system does not say who has sent the message"))
    }
}
