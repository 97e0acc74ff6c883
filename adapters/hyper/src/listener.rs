//! Where a server's connections come from.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use fusee::net::{TcpListener, TcpStream};
#[cfg(unix)]
use fusee::net::{UnixListener, UnixStream, unix};
use tokio::io::{AsyncRead, AsyncWrite};

/// What a server accepts connections from: a [`TcpListener`], on whose connections nothing is delayed (`TCP_NODELAY`), a
/// `UnixListener`, or a type of the program's own, which counts what is accepted, say, or sets other options. A handshake, of TLS say, is
/// for [`Handshakes`](crate::Handshakes) around it: one in `accept` keeps all others waiting.
///
/// ```
/// use std::io;
/// use std::net::SocketAddr;
///
/// use fusee::net::{TcpListener, TcpStream};
/// use fusee_hyper::Listener;
///
/// /// Its clients send little at a time, and may wait.
/// struct Unhurried(TcpListener);
///
/// impl Listener for Unhurried {
///     type Stream = TcpStream;
///     type Address = SocketAddr;
///
///     async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
///         let (stream, address) = Listener::accept(&mut self.0).await?;
///         stream.set_nodelay(false)?;
///         Ok((stream, address))
///     }
/// }
/// ```
pub trait Listener: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Whose connection it is. [`serve_each`](crate::serve_each) makes a service for it.
    type Address: Send + 'static;

    /// Waits for the next connection. It must be cancel-safe: a server that is told to stop drops the future.
    ///
    /// # Errors
    /// The server asks again: at once if it was the other end's fault
    /// ([`ConnectionAborted`](io::ErrorKind::ConnectionAborted) and kin), or else, as when there are too many open
    /// files, after a pause.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, Self::Address)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Address = SocketAddr;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, address) = TcpListener::accept(self).await?;
        // An error says that the other end has gone, which whoever reads is told.
        let _ = stream.set_nodelay(true);
        Ok((stream, address))
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Stream = UnixStream;
    type Address = unix::SocketAddr;

    async fn accept(&mut self) -> io::Result<(UnixStream, unix::SocketAddr)> {
        UnixListener::accept(self).await
    }
}
