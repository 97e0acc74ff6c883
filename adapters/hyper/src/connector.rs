//! How a client connects.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use fusee::io::DuplexStream;
use fusee::net::{TcpStream, lookup_host};
use fusee::time::timeout;
use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower_service::Service;

use crate::{Executor, Io, Timer, eyeballs};

/// hyper-util's client, on fusee's tasks and timers: its pool closes connections that have been idle for too long, 90 seconds if
/// nothing else is said.
///
/// ```
/// use fusee_hyper::Connector;
/// use http_body_util::{BodyExt, Empty};
/// use hyper::body::Bytes;
/// # use axum::{Router, routing::get};
///
/// # fusee::runtime::block_on(async {
/// # let listener = fusee::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let address = listener.local_addr()?;
/// # fusee::spawn(fusee_hyper::serve(listener, Router::new().route("/", get(async || "Hello!"))).into_future());
/// let client = fusee_hyper::client_builder().build::<_, Empty<Bytes>>(Connector::new());
/// let answer = client.get(format!("http://{address}/").parse()?).await?;
/// assert!(answer.status().is_success());
/// assert_eq!(answer.into_body().collect().await?.to_bytes(), "Hello!");
/// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
pub fn client_builder() -> legacy::Builder {
    let mut builder = legacy::Client::builder(Executor);
    builder.pool_timer(Timer).timer(Timer);
    builder
}

/// Connects hyper-util's client by TCP, to `http://` addresses.
///
/// Of a name's addresses the first that answers is taken, as RFC 8305 has it: each is given 250 ms before the next is tried beside it, or less if it
/// fails, and those of IPv6 and IPv4 take turns. The time limit is for all of it, the look-up too.
///
/// [`client_builder`] has an example.
#[derive(Clone, Debug)]
pub struct Connector {
    limit: Option<Duration>,
    nodelay: bool,
    http_only: bool,
}

/// The future of a [`Connector`].
pub type Connecting = Pin<Box<dyn Future<Output = io::Result<Io<TcpStream>>> + Send>>;

impl Connector {
    /// A connector without a time limit of its own, on whose connections nothing is delayed (`TCP_NODELAY`).
    pub fn new() -> Self {
        Self { limit: None, nodelay: true, http_only: true }
    }

    /// Gives up after so long: the error's kind is [`TimedOut`](io::ErrorKind::TimedOut).
    pub fn with_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Whether `TCP_NODELAY` is set, which it is without saying.
    pub fn with_nodelay(mut self, nodelay: bool) -> Self {
        self.nodelay = nodelay;
        self
    }

    /// Connects to addresses of other schemes, too, `https://` above all, whose port is 443: for a connector of TLS that
    /// wraps this one.
    pub fn with_any_scheme(mut self) -> Self {
        self.http_only = false;
        self
    }

    async fn connect(self, uri: Uri) -> io::Result<Io<TcpStream>> {
        let (host, port) = self.target(&uri)?;
        let connecting =
            async { eyeballs::first_of(lookup_host((host, port)).await?, TcpStream::connect::<SocketAddr>).await };
        let stream = match self.limit {
            None => connecting.await?,
            Some(limit) => timeout(limit, connecting).await??,
        };
        stream.set_nodelay(self.nodelay)?;
        Ok(Io::new(stream))
    }

    /// Where `uri` is.
    fn target<'u>(&self, uri: &'u Uri) -> io::Result<(&'u str, u16)> {
        let is_http = uri.scheme() == Some(&Scheme::HTTP);
        if self.http_only && !is_http {
            return Err(invalid("not an http:// address: `with_any_scheme` takes others, for TLS"));
        }
        let host = uri.host().ok_or_else(|| invalid("an address without a host"))?;
        // An IPv6 address.
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let default = if is_http { 80 } else { 443 };
        Ok((host, uri.port_u16().unwrap_or(default)))
    }
}

impl Default for Connector {
    fn default() -> Self {
        Self::new()
    }
}

impl Service<Uri> for Connector {
    type Response = Io<TcpStream>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        Box::pin(self.clone().connect(uri))
    }
}

impl Connection for Io<TcpStream> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Connection for Io<DuplexStream> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

#[cfg(unix)]
impl Connection for Io<fusee::net::UnixStream> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
