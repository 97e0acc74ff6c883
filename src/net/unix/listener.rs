//! A socket that connections come to.

use std::io;
use std::path::Path;
use std::task::{Context, Poll, ready};

use super::SocketAddr;
use crate::io::Interest;
use crate::net::UnixStream;
use crate::net::conversion::implement_conversions;
use crate::source::{Direction, Evented};

/// A Unix socket that listens for connections.
///
/// Its name stays in the file system when it is dropped; who binds to the same path later removes it before.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt};
/// use fusee::net::{UnixListener, UnixStream};
/// use fusee::time::{Duration, sleep};
///
/// fusee::runtime::block_on(async {
///     let folder = tempfile::tempdir()?;
///     let path = folder.path().join("socket");
///     let listener = UnixListener::bind(&path)?;
///     fusee::spawn(async move {
///         loop {
///             match listener.accept().await {
///                 Ok((mut stream, _)) => drop(fusee::spawn(async move { stream.write_all(b"welcome").await })),
///                 // The process may have no descriptors left: it may have some soon.
///                 Err(_) => sleep(Duration::from_millis(100)).await,
///             }
///         }
///     });
///
///     let mut text = String::new();
///     UnixStream::connect(&path).await?.read_to_string(&mut text).await?;
///     assert_eq!(text, "welcome");
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub struct UnixListener(Evented<mio::net::UnixListener>);

impl UnixListener {
    /// Listens at `path`, which must not be there yet. On Linux one that begins with NUL is an abstract name, and the
    /// empty one lets the kernel choose an abstract name.
    ///
    /// # Errors
    /// The path is in use ([`AddrInUse`](io::ErrorKind::AddrInUse)), too long, or not this user's to have; the process
    /// has no descriptors left.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// ```
    /// use fusee::net::UnixListener;
    ///
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let listener = UnixListener::bind(&path)?;
    /// assert!(UnixListener::bind(&path).is_err());
    /// # #[cfg(target_os = "linux")]
    /// let listener = UnixListener::bind("\0example of fusee")?;
    /// # drop(listener);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::of(path.as_ref())?)
    }

    /// Listens at `address`.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    ///
    /// # Panics
    /// As [`bind`](Self::bind).
    ///
    /// ```
    /// use fusee::net::UnixListener;
    /// use fusee::net::unix::SocketAddr;
    ///
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let listener = UnixListener::bind_addr(&SocketAddr::from_pathname(folder.path().join("socket"))?)?;
    /// # drop(listener);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::new(mio::net::UnixListener::bind_addr(&address.0)?)
    }

    #[track_caller]
    pub(super) fn new(listener: mio::net::UnixListener) -> io::Result<Self> {
        Ok(Self(Evented::new(listener)?))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use fusee::net::UnixListener;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// assert_eq!(UnixListener::bind(&path)?.local_addr()?.as_pathname(), Some(&*path));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr().map(SocketAddr)
    }

    /// What has gone wrong with the socket since it was asked last, if anything.
    ///
    /// # Errors
    /// What the operating system says to the question.
    ///
    /// ```
    /// # use fusee::net::UnixListener;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let listener = UnixListener::bind(folder.path().join("socket"))?;
    /// assert!(listener.take_error()?.is_none());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }

    /// Waits for a connection. The stream belongs to the runtime on which it is accepted, and comes with the address of
    /// the other end, which has none as a rule. Any number of tasks may wait.
    ///
    /// # Errors
    /// The process or the system has no descriptors left, or what else the operating system says: the listener may be
    /// used further. Who accepts in a loop waits for something before the next try, for the connection is still there. Or
    /// the runtime that the listener was made on, or the one that the stream is to belong to, is gone.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// # Cancel safety
    /// Cancel-safe: no connection is lost.
    ///
    /// ```
    /// # use fusee::net::{UnixListener, UnixStream};
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect(&path).await?;
    /// let (other, address) = listener.accept().await?;
    /// assert!(address.is_unnamed());
    /// # drop((stream, other));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, address) = self.0.registration().async_io(Interest::READABLE, || accept(&self.0)).await?;
        Ok((UnixStream::new(stream)?, address))
    }

    /// As [`accept`](Self::accept), of whose callers the last is woken.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    ///
    /// # Panics
    /// As [`accept`](Self::accept).
    ///
    /// ```
    /// # use fusee::net::{UnixListener, UnixStream};
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect(&path).await?;
    /// let (other, _) = std::future::poll_fn(|context| listener.poll_accept(context)).await?;
    /// # drop((stream, other));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        let (stream, address) = ready!(self.0.poll_io(context, Direction::Read, accept))?;
        Poll::Ready(Ok((UnixStream::new(stream)?, address)))
    }
}

/// Accepts a connection. The address is asked of the stream: so it is right where it is an abstract name, and where it
/// fills all the room that a path has.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn accept(listener: &mio::net::UnixListener) -> io::Result<(mio::net::UnixStream, SocketAddr)> {
    use rustix::net::{SocketFlags, accept_with};

    let stream = mio::net::UnixStream::from(accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?);
    let address = stream.peer_addr()?;
    Ok((stream, SocketAddr(address)))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn accept(listener: &mio::net::UnixListener) -> io::Result<(mio::net::UnixStream, SocketAddr)> {
    listener.accept().map(|(stream, address)| (stream, SocketAddr(address)))
}

implement_conversions!(
    UnixListener,
    std::os::unix::net::UnixListener,
    mio::net::UnixListener,
    new,
    "let folder = tempfile::tempdir()?;
let socket = std::os::unix::net::UnixListener::bind(folder.path().join(\"socket\"))?;"
);
