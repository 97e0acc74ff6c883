//! Messages that come.

use std::io;
#[cfg(feature = "tokio-io")]
use std::task::{Context, Poll, ready};

use crate::io::Interest;
use crate::net::UnixDatagram;
use crate::net::unix::SocketAddr;
#[cfg(feature = "tokio-io")]
use crate::source::Direction;

impl UnixDatagram {
    /// Receives a message into `buffer`, and answers its length; what there is no room for is lost. Any number of tasks
    /// may wait.
    ///
    /// # Errors
    /// What the operating system says; or the runtime that the socket was made on is gone.
    ///
    /// # Cancel safety
    /// Cancel-safe: no message is lost.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixDatagram::pair()?;
    /// one.send(b"hello").await?;
    /// let mut buffer = [0; 64];
    /// let count = other.recv(&mut buffer).await?;
    /// assert_eq!(&buffer[..count], b"hello");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.registration().async_io(Interest::READABLE, || self.0.recv(buffer)).await
    }

    /// As [`recv`](Self::recv), with the address of who has sent it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    /// As [`recv`](Self::recv).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixDatagram::pair()?;
    /// one.send(b"hello").await?;
    /// let (count, address) = other.recv_from(&mut [0; 64]).await?;
    /// assert!(count == 5 && address.is_unnamed());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let received = self.0.registration().async_io(Interest::READABLE, || self.0.recv_from(buffer)).await;
        received.map(|(count, address)| (count, SocketAddr(address)))
    }

    /// As [`recv`](Self::recv), if there is a message.
    ///
    /// # Errors
    /// As [`recv`](Self::recv); of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is none.
    ///
    /// ```
    /// # use std::io::ErrorKind;
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixDatagram::pair()?;
    /// assert_eq!(other.try_recv(&mut [0; 64]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// one.send(b"hello").await?;
    /// other.readable().await?;
    /// assert_eq!(other.try_recv(&mut [0; 64])?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.registration().try_io(Interest::READABLE, || self.0.recv(buffer))
    }

    /// As [`recv_from`](Self::recv_from), if there is a message.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixDatagram::pair()?;
    /// one.send(b"hello").await?;
    /// other.readable().await?;
    /// let (count, address) = other.try_recv_from(&mut [0; 64])?;
    /// assert!(count == 5 && address.is_unnamed());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let received = self.0.registration().try_io(Interest::READABLE, || self.0.recv_from(buffer));
        received.map(|(count, address)| (count, SocketAddr(address)))
    }

    /// As [`recv`](Self::recv), into what is not filled of `buffer`; of those that poll, the last is woken.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixDatagram::pair()?;
    /// one.send(b"hello").await?;
    /// let mut room = [0; 64];
    /// let mut buffer = tokio::io::ReadBuf::new(&mut room);
    /// std::future::poll_fn(|context| other.poll_recv(context, &mut buffer)).await?;
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

    /// As [`recv_from`](Self::recv_from), into what is not filled of `buffer`; of those that poll, the last is woken.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixDatagram::pair()?;
    /// one.send(b"hello").await?;
    /// let mut room = [0; 64];
    /// let mut buffer = tokio::io::ReadBuf::new(&mut room);
    /// let address = std::future::poll_fn(|context| other.poll_recv_from(context, &mut buffer)).await?;
    /// assert!(address.is_unnamed() && buffer.filled() == b"hello");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(feature = "tokio-io")]
    pub fn poll_recv_from(
        &self,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let unfilled = buffer.initialize_unfilled();
        let received = ready!(self.0.poll_io(context, Direction::Read, |socket| socket.recv_from(unfilled)));
        let (count, address) = received?;
        buffer.advance(count);
        Poll::Ready(Ok(SocketAddr(address)))
    }
}
