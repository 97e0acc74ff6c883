//! The halves of a connection, owned.

use std::fmt;

use super::halves::implement_peek;
use crate::facade::StdArc;
use crate::io::traits::{PollRead, PollWrite};
use crate::net::TcpStream;
use crate::net::halves::{implement_read_half, implement_write_half};

/// The half of a [`TcpStream`] that is read. [`TcpStream::into_split`] makes it; [`OwnedWriteHalf`] has an example.
///
/// Dropped while the other half is there, it leaves the connection as it is: what comes is kept by the operating system
/// until there is no room for more.
#[derive(Debug)]
pub struct OwnedReadHalf {
    stream: StdArc<TcpStream>,
}

/// The half of a [`TcpStream`] that is written. [`TcpStream::into_split`] makes it.
///
/// Dropped, it says that no more will be written: the other end reads what was, and then the end.
/// [`forget`](Self::forget) does not.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt};
/// use fusee::net::{TcpListener, TcpStream};
///
/// fusee::runtime::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let (mut reader, mut writer) = TcpStream::connect(listener.local_addr()?).await?.into_split();
///     let (mut other, _) = listener.accept().await?;
///
///     writer.write_all(b"question").await?;
///     drop(writer);
///     let (mut question, mut answer) = (String::new(), String::new());
///     other.read_to_string(&mut question).await?;
///     other.write_all(b"answer").await?;
///     drop(other);
///     reader.read_to_string(&mut answer).await?;
///     assert_eq!((&*question, &*answer), ("question", "answer"));
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[derive(Debug)]
pub struct OwnedWriteHalf {
    stream: StdArc<TcpStream>,
    shuts_down: bool,
}

/// Halves that are not of the same connection, as they were: the error of [`OwnedReadHalf::reunite`].
///
/// ```
/// use fusee::net::{TcpListener, TcpStream};
///
/// # fusee::runtime::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let (reader, _writer) = TcpStream::connect(listener.local_addr()?).await?.into_split();
/// let (_reader, writer) = TcpStream::connect(listener.local_addr()?).await?.into_split();
/// let error = reader.reunite(writer).unwrap_err();
/// println!("{error}: {:?}, {:?}", error.0, error.1);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

/// The halves of `stream`.
pub(super) fn split_owned(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let stream = StdArc::new(stream);
    (OwnedReadHalf { stream: stream.clone() }, OwnedWriteHalf { stream, shuts_down: true })
}

impl OwnedReadHalf {
    /// Makes a stream of the two halves of one again.
    ///
    /// # Errors
    /// The halves, if they are not of the same stream.
    ///
    /// ```
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let (reader, writer) = TcpStream::connect(listener.local_addr()?).await?.into_split();
    /// let stream: TcpStream = reader.reunite(writer).unwrap();
    /// # drop(stream);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        if !StdArc::ptr_eq(&self.stream, &other.stream) {
            return Err(ReuniteError(self, other));
        }
        other.forget();
        Ok(StdArc::into_inner(self.stream).expect("a stream has two halves, and one is gone"))
    }
}

impl OwnedWriteHalf {
    /// As [`OwnedReadHalf::reunite`].
    ///
    /// # Errors
    /// The halves, if they are not of the same stream.
    ///
    /// ```
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let (_, writer) = TcpStream::connect(listener.local_addr()?).await?.into_split();
    /// let (reader, _) = TcpStream::connect(listener.local_addr()?).await?.into_split();
    /// let error = writer.reunite(reader).unwrap_err();
    /// let (reader, writer) = (error.0, error.1);
    /// # drop((reader, writer));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn reunite(self, other: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        other.reunite(self)
    }

    /// Drops it without saying that no more will be written: that is said once the other half is dropped, too.
    ///
    /// ```
    /// # use std::io::ErrorKind;
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let (reader, writer) = TcpStream::connect(listener.local_addr()?).await?.into_split();
    /// let (other, _) = listener.accept().await?;
    /// writer.forget();
    /// assert_eq!(other.try_read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// drop(reader);
    /// other.readable().await?;
    /// assert_eq!(other.try_read(&mut [0; 1])?, 0);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn forget(mut self) {
        self.shuts_down = false;
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.shuts_down {
            // Nobody is there to be told that it could not.
            let _ = self.stream.shutdown_write();
        }
    }
}

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves are not of the same stream")
    }
}

impl std::error::Error for ReuniteError {}

implement_read_half!(
    OwnedReadHalf,
    stream: TcpStream,
    std::net::SocketAddr,
    "let listener = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;
let stream = fusee::net::TcpStream::connect(listener.local_addr()?).await?;
let (mut peer, _) = listener.accept().await?;
fusee::io::AsyncWriteExt::write_all(&mut peer, b\"hello\").await?;
let (mut half, _writer) = stream.into_split();"
);

implement_peek!(
    OwnedReadHalf,
    stream,
    "let listener = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;
let stream = fusee::net::TcpStream::connect(listener.local_addr()?).await?;
let (mut peer, _) = listener.accept().await?;
fusee::io::AsyncWriteExt::write_all(&mut peer, b\"hello\").await?;
let (mut half, _writer) = stream.into_split();"
);

implement_write_half!(
    OwnedWriteHalf,
    stream: TcpStream,
    std::net::SocketAddr,
    "let listener = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;
let stream = fusee::net::TcpStream::connect(listener.local_addr()?).await?;
let (peer, _) = listener.accept().await?;
let (_reader, half) = stream.into_split();"
);
