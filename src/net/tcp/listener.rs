//! A socket that connections come to.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use crate::io::Interest;
use crate::net::addr::first_of;
use crate::net::conversion::implement_conversions;
use crate::net::options::implement_options;
use crate::net::{TcpSocket, TcpStream, ToSocketAddrs};
use crate::source::{Direction, Evented};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A socket that listens for TCP connections.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt};
/// use fusee::net::{TcpListener, TcpStream};
/// use fusee::time::{Duration, sleep};
///
/// fusee::runtime::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let address = listener.local_addr()?;
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
///     TcpStream::connect(address).await?.read_to_string(&mut text).await?;
///     assert_eq!(text, "welcome");
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub struct TcpListener(Evented<mio::net::TcpListener>);

impl TcpListener {
    /// Listens at `address`; of several, at the first that can be had. With the port 0 the operating system chooses
    /// one.
    ///
    /// Up to 1,024 connections may wait to be accepted, or what the operating system allows. On Unix an address is
    /// taken over at once from connections that are closed (`SO_REUSEADDR`). [`TcpSocket`] sets other options.
    ///
    /// # Errors
    /// Of the address that was tried last: it is in use ([`AddrInUse`](io::ErrorKind::AddrInUse)), not this machine's,
    /// or not this user's to have; the process has no descriptors left. Of the kind
    /// [`InvalidInput`](io::ErrorKind::InvalidInput), if there is no address; or a name is unknown.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// # Cancel safety
    /// Cancel-safe: it waits for nothing but the look-up of a name.
    ///
    /// ```
    /// use fusee::net::TcpListener;
    ///
    /// fusee::runtime::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     assert!(TcpListener::bind(listener.local_addr()?).await.is_err());
    ///     std::io::Result::Ok(())
    /// })
    /// # .unwrap();
    /// ```
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        first_of(address, |address| {
            let socket = TcpSocket::of(address)?;
            // Elsewhere the option lets others take over what is in use.
            if cfg!(unix) {
                socket.set_reuseaddr(true)?;
            }
            socket.bind(address)?;
            socket.listen_with(BACKLOG)
        })
        .await
    }

    #[track_caller]
    pub(super) fn new(listener: mio::net::TcpListener) -> io::Result<Self> {
        Ok(Self(Evented::new(listener)?))
    }

    /// Waits for a connection. The stream belongs to the runtime on which it is accepted, and comes with the address of
    /// the other end. Any number of tasks may wait.
    ///
    /// # Errors
    /// The process or the system has no descriptors left, or what else the operating system says: the listener may be
    /// used further, and as a rule is. Who accepts in a loop waits for something before the next try, for the
    /// connection is still there. A connection that was given up before it was accepted is no error, and passed over. Or
    /// the runtime that the listener was made on, or the one that the stream is to belong to, is gone.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    ///
    /// # Cancel safety
    /// Cancel-safe: no connection is lost.
    ///
    /// ```
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (other, address) = listener.accept().await?;
    /// assert_eq!((address, other.local_addr()?), (stream.local_addr()?, listener.local_addr()?));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accept = || past_aborted(|| self.0.accept());
        let (stream, address) = self.0.registration().async_io(Interest::READABLE, accept).await?;
        Ok((TcpStream::new(stream)?, address))
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
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (_, address) = std::future::poll_fn(|context| listener.poll_accept(context)).await?;
    /// assert_eq!(address, stream.local_addr()?);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepted = self.0.poll_io(context, Direction::Read, |listener| past_aborted(|| listener.accept()));
        let (stream, address) = ready!(accepted)?;
        Poll::Ready(Ok((TcpStream::new(stream)?, address)))
    }

    /// The address that it listens at, with the port that was chosen.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use fusee::net::TcpListener;
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

implement_conversions!(
    TcpListener,
    std::net::TcpListener,
    mio::net::TcpListener,
    new,
    "let socket = std::net::TcpListener::bind(\"127.0.0.1:0\")?;"
);

implement_options!(
    TcpListener,
    "let socket = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;":

    /// Over how many routers packets of its connections may go (`IP_TTL`).
    ttl set_ttl: u32 = 64 by ttl_v4 set_ttl_v4;
);

/// The first answer of `accept` that is about more than a connection that was given up.
fn past_aborted<R>(mut accept: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match accept() {
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_were_given_up_are_passed_over_and_nothing_else_is() {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, WouldBlock};

        let mut answers =
            [Err(ConnectionAborted), Err(ConnectionAborted), Ok(7), Err(ConnectionAborted), Err(WouldBlock)]
                .into_iter()
                .chain([Err(ConnectionReset), Err(ConnectionAborted), Ok(8)]);
        let mut next = || past_aborted(|| Ok(answers.next().expect("no more is asked for")?));
        assert_eq!(next().unwrap(), 7);
        assert_eq!(next().unwrap_err().kind(), WouldBlock);
        assert_eq!(next().unwrap_err().kind(), ConnectionReset);
        assert_eq!(next().unwrap(), 8);
    }
}
