//! The directions of a connection, owned.

use std::error::Error;
use std::fmt;

use crate::facade::StdArc;
use crate::io::traits::{PollRead, PollWrite};
use crate::net::UnixStream;
use crate::net::halves::{implement_read_half, implement_write_half};

/// The direction of a [`UnixStream`] that is read. [`UnixStream::into_split`] makes it; [`OwnedWriteHalf`] has an example.
///
/// Dropped while the other half is there, it leaves the connection as it is: what comes is kept by the operating system
/// until there is no room for more.
#[derive(Debug)]
pub struct OwnedReadHalf {
    stream: StdArc<UnixStream>,
}

/// The direction of a [`UnixStream`] that is written. [`UnixStream::into_split`] makes it.
///
/// Dropped, it says that no more will be written: the other end reads what was, and then the end.
/// [`forget`](Self::forget) does not.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt};
/// use fusee::net::UnixStream;
///
/// fusee::runtime::block_on(async {
///     let (one, mut other) = UnixStream::pair()?;
///     let (mut reader, mut writer) = one.into_split();
///     writer.write_all(b"question").await?;
///     drop(writer);
///     let mut question = String::new();
///     other.read_to_string(&mut question).await?;
///     other.write_all(format!("{question}? answer!").as_bytes()).await?;
///     drop(other);
///     let mut answer = String::new();
///     reader.read_to_string(&mut answer).await?;
///     assert_eq!(answer, "question? answer!");
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[derive(Debug)]
pub struct OwnedWriteHalf {
    stream: StdArc<UnixStream>,
    shuts_down: bool,
}

/// Halves that are not of the same stream, as they were: the error of [`OwnedReadHalf::reunite`].
///
/// ```
/// use fusee::net::UnixStream;
///
/// # fusee::runtime::block_on(async {
/// let (one, other) = UnixStream::pair()?;
/// let ((reader, _writer), (_reader, writer)) = (one.into_split(), other.into_split());
/// let error = reader.reunite(writer).unwrap_err();
/// println!("{error}: {:?}, {:?}", error.0, error.1);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

/// The halves of `stream`.
pub(super) fn split_owned(stream: UnixStream) -> (OwnedReadHalf, OwnedWriteHalf) {
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
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (reader, writer) = UnixStream::pair()?.0.into_split();
    /// let stream: UnixStream = reader.reunite(writer).unwrap();
    /// # drop(stream);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<UnixStream, ReuniteError> {
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
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (reader, writer) = UnixStream::pair()?.0.into_split();
    /// let stream: UnixStream = writer.reunite(reader).unwrap();
    /// # drop(stream);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn reunite(self, other: OwnedReadHalf) -> Result<UnixStream, ReuniteError> {
        other.reunite(self)
    }

    /// Drops it without saying that no more will be written: that is said once the other half is dropped, too.
    ///
    /// ```
    /// # use std::io::ErrorKind;
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixStream::pair()?;
    /// let (_reader, writer) = one.into_split();
    /// writer.forget();
    /// assert_eq!(other.try_read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn forget(mut self) {
        self.shuts_down = false;
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.shuts_down {
            // A connection that has ended needs no word.
            let _ = self.stream.shutdown_write();
        }
    }
}

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these halves are not of the same stream")
    }
}

impl Error for ReuniteError {}

implement_read_half!(
    OwnedReadHalf,
    stream: UnixStream,
    crate::net::unix::SocketAddr,
    "let (stream, peer) = fusee::net::UnixStream::pair()?;
peer.writable().await?;
peer.try_write(b\"hello\")?;
let (half, _writer) = stream.into_split();"
);

implement_write_half!(
    OwnedWriteHalf,
    stream: UnixStream,
    crate::net::unix::SocketAddr,
    "let (stream, peer) = fusee::net::UnixStream::pair()?;
let (_reader, half) = stream.into_split();"
);
