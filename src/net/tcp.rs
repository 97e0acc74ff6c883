//! TCP.

use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll};

use crate::io::traits::{PollRead, PollWrite, implement_read, implement_write};
use crate::source::{Direction, Evented};

/// Listens.
#[derive(Debug)]
pub struct TcpListener(Evented<mio::net::TcpListener>);

impl TcpListener {
    /// Binds.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(Evented::new(mio::net::TcpListener::bind(address)?)?))
    }
    /// Address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
    /// Accepts.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, address) = poll_fn(|cx| self.0.poll_io(cx, Direction::Read, |l| l.accept())).await?;
        Ok((TcpStream(Evented::with_urgent(stream)?), address))
    }
}

/// A stream.
#[derive(Debug)]
pub struct TcpStream(Evented<mio::net::TcpStream>);

impl TcpStream {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = Self(Evented::with_urgent(mio::net::TcpStream::connect(address)?)?);
        poll_fn(|cx| stream.0.registration().poll_ready(cx, Direction::Write)).await?;
        if let Some(error) = stream.0.take_error()? {
            return Err(error);
        }
        Ok(stream)
    }
    /// nodelay
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.0.set_nodelay(on)
    }
}

impl PollRead for TcpStream {
    fn poll_read_into(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(context, buffer.len(), |mut stream| stream.read(buffer))
    }

    fn poll_read_vectored_into(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
        self.0.poll_read(context, wanted, |mut stream| stream.read_vectored(buffers))
    }
}

impl PollWrite for TcpStream {
    fn poll_write_from(&self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write(context, buffer.len(), |mut stream| stream.write(buffer))
    }

    fn poll_write_vectored_from(&self, context: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
        self.0.poll_write(context, wanted, |mut stream| stream.write_vectored(buffers))
    }

    fn poll_close_write(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown(Shutdown::Write))
    }
}

implement_read!(TcpStream);
implement_write!(TcpStream);
crate::net::readiness::implement_readiness!(
    TcpStream,
    "let listener = fusee::net::TcpListener::bind(([127, 0, 0, 1], 0).into()).await?;
let socket = fusee::net::TcpStream::connect(listener.local_addr()?).await?;
let (mut peer, _) = listener.accept().await?;
fusee::io::AsyncWriteExt::write_all(&mut peer, b\"hello\").await?;":
    ready readable writable poll_read_ready poll_write_ready try_io async_io
);
