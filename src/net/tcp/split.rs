//! The halves of a connection, borrowed.

use super::halves::implement_peek;
use crate::io::traits::{PollRead, PollWrite};
use crate::net::TcpStream;
use crate::net::halves::{implement_read_half, implement_write_half};

/// The half of a borrowed [`TcpStream`] that is read. [`TcpStream::split`] makes it; an example is there.
#[derive(Debug)]
pub struct ReadHalf<'a>(&'a TcpStream);

/// The half of a borrowed [`TcpStream`] that is written. [`TcpStream::split`] makes it; an example is there.
///
/// To drop it does nothing: to close it, by the traits, says that no more will be written.
#[derive(Debug)]
pub struct WriteHalf<'a>(&'a TcpStream);

/// The halves of `stream`, each of which is there once.
pub(super) fn split(stream: &mut TcpStream) -> (ReadHalf<'_>, WriteHalf<'_>) {
    (ReadHalf(stream), WriteHalf(stream))
}

implement_read_half!(
    ReadHalf<'_>,
    0: TcpStream,
    std::net::SocketAddr,
    "let listener = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;
let mut stream = fusee::net::TcpStream::connect(listener.local_addr()?).await?;
let (mut peer, _) = listener.accept().await?;
fusee::io::AsyncWriteExt::write_all(&mut peer, b\"hello\").await?;
let (mut half, _) = stream.split();"
);

implement_peek!(
    ReadHalf<'_>,
    0,
    "let listener = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;
let mut stream = fusee::net::TcpStream::connect(listener.local_addr()?).await?;
let (mut peer, _) = listener.accept().await?;
fusee::io::AsyncWriteExt::write_all(&mut peer, b\"hello\").await?;
let (mut half, _) = stream.split();"
);

implement_write_half!(
    WriteHalf<'_>,
    0: TcpStream,
    std::net::SocketAddr,
    "let listener = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;
let mut stream = fusee::net::TcpStream::connect(listener.local_addr()?).await?;
let (peer, _) = listener.accept().await?;
let (_, half) = stream.split();"
);
