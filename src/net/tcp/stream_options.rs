//! The options of a connection.

use std::io;
use std::time::Duration;

use socket2::SockRef;

use crate::net::TcpStream;
use crate::net::options::implement_options;

implement_options!(
    TcpStream,
    "let listener = fusee::net::TcpListener::bind(\"127.0.0.1:0\").await?;
let socket = fusee::net::TcpStream::connect(listener.local_addr()?).await?;":

    /// Whether what is written is sent at once, and not gathered for the next segment (`TCP_NODELAY`).
    nodelay set_nodelay: bool = true by tcp_nodelay set_tcp_nodelay;

    /// Whether what comes is acknowledged at once (`TCP_QUICKACK`). The operating system changes it by itself.
    quickack set_quickack: bool = true by tcp_quickack set_tcp_quickack
        if any(target_os = "linux", target_os = "android", target_os = "fuchsia", target_os = "cygwin");

    /// Over how many routers its packets may go (`IP_TTL`).
    ttl set_ttl: u32 = 64 by ttl_v4 set_ttl_v4;
);

impl TcpStream {
    /// For how long dropping it waits until what was written is acknowledged (`SO_LINGER`), which blocks the thread.
    /// `None`: it does not wait; the operating system sends what is left meanwhile. Zero: what is left is thrown away,
    /// and the connection reset.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.linger()?, None);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self).linger()
    }

    /// Sets what [`linger`](Self::linger) answers, in whole seconds.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # #![allow(deprecated)]
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// TcpStream::connect(listener.local_addr()?).await?.set_linger(None)?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[deprecated = "a stream that lingers blocks its thread when it is dropped: shut it down, and read until its end"]
    pub fn set_linger(&self, duration: Option<Duration>) -> io::Result<()> {
        SockRef::from(self).set_linger(duration)
    }

    /// From now on dropping it throws away what is not sent yet, and resets the connection.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// ```
    /// # use std::io::ErrorKind;
    /// # use fusee::io::AsyncReadExt;
    /// # use fusee::net::{TcpListener, TcpStream};
    /// # fusee::runtime::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (other, _) = listener.accept().await?;
    /// other.set_zero_linger()?;
    /// drop(other);
    /// assert_eq!(stream.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn set_zero_linger(&self) -> io::Result<()> {
        SockRef::from(self).set_linger(Some(Duration::ZERO))
    }
}
