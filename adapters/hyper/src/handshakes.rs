//! Handshakes of connections, TLS above all, many at a time.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use fusee::task::{JoinError, JoinSet};
use fusee::time::timeout;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Listener;
use crate::panics::catching;

/// How long a handshake may take, if the program does not say.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many there are at a time, if the program does not say.
const LIMIT: usize = 1024;

/// A listener whose connections begin with a handshake: by TLS, or as a proxy demands that tells who the client is.
///
/// Each handshake is a task, so that clients who are slow at it keep nobody waiting, and its computations use all threads. It answers the stream that
/// speaks HTTP, and the address, to which it may add: the client's certificate, say. A handshake that takes longer than 10 seconds is
/// given up; when 1024 are under way, other connections wait in the listener's queue. A server that is told to stop gives all of them up.
///
/// ```
/// use std::sync::Arc;
///
/// use axum::Router;
/// use axum::routing::get;
/// use fusee::net::TcpListener;
/// use fusee_hyper::{Handshakes, serve};
/// use tokio_rustls::TlsAcceptor;
/// use tokio_rustls::rustls::ServerConfig;
///
/// async fn serve_https(mut config: ServerConfig) -> std::io::Result<()> {
///     // Without it clients speak HTTP/1.
///     config.alpn_protocols = vec![b"h2".into(), b"http/1.1".into()];
///     let acceptor = TlsAcceptor::from(Arc::new(config));
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let listener = Handshakes::new(listener, move |stream, address| {
///         let accepting = acceptor.accept(stream);
///         async move { Ok((accepting.await?, address)) }
///     });
///     serve(listener, Router::new().route("/", get(async || "Hello!"))).await
/// }
/// ```
///
/// # Errors
/// `accept` answers a handshake's error, too, as an error of the kind [`ConnectionAborted`](io::ErrorKind::ConnectionAborted)
/// around it, after which the server asks again at once. So is one that takes too long, or panics, in the closure
/// or in its future.
pub struct Handshakes<L, H, T, A> {
    listener: L,
    handshake: H,
    running: JoinSet<io::Result<(T, A)>>,
    timeout: Option<Duration>,
    limit: usize,
}

impl<L, H, F, T, A> Handshakes<L, H, T, A>
where
    L: Listener,
    H: FnMut(L::Stream, L::Address) -> F,
    F: Future<Output = io::Result<(T, A)>>,
{
    /// Has `handshake` done with each connection of `listener`.
    pub fn new(listener: L, handshake: H) -> Self {
        Self { listener, handshake, running: JoinSet::new(), timeout: Some(TIMEOUT), limit: LIMIT }
    }

    /// Gives up handshakes that take longer: without saying, 10 seconds. `None` is no limit.
    pub fn with_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeout = limit.into();
        self
    }

    /// Has at most so many handshakes under way at a time, 1024 without saying. They are not among a server's
    /// [connections](crate::Serve::with_connection_limit) yet.
    ///
    /// # Panics
    /// If it is zero.
    #[track_caller]
    pub fn with_limit(mut self, count: usize) -> Self {
        assert!(count > 0, "a listener that may shake no hands accepts nobody");
        self.limit = count;
        self
    }
}

impl<L, H, F, T, A> Listener for Handshakes<L, H, T, A>
where
    L: Listener,
    H: FnMut(L::Stream, L::Address) -> F + Send + 'static,
    F: Future<Output = io::Result<(T, A)>> + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Send + 'static,
{
    type Stream = T;
    type Address = A;

    async fn accept(&mut self) -> io::Result<(T, A)> {
        loop {
            match self.next().await {
                Next::Shaken(done) => return done.map_err(io::Error::other).flatten().map_err(aborted),
                Next::Accepted(accepted) => {
                    let (stream, address) = accepted?;
                    let handshake = catching(|| (self.handshake)(stream, address));
                    let handshake = handshake.map_err(|panic| aborted(io::Error::other(panic)))?;
                    self.running.spawn(within(self.timeout, handshake));
                }
            }
        }
    }
}

/// What comes first.
enum Next<L: Listener, T, A> {
    Shaken(Result<io::Result<(T, A)>, JoinError>),
    Accepted(io::Result<(L::Stream, L::Address)>),
}

impl<L, H, T, A> Handshakes<L, H, T, A>
where
    L: Listener,
    T: Send + 'static,
    A: Send + 'static,
{
    /// Drops no connection when it is dropped: those that have been accepted are in `running`.
    async fn next(&mut self) -> Next<L, T, A> {
        let Self { listener, running, limit, .. } = self;
        let mut accepting = pin!(listener.accept());
        poll_fn(|context| {
            if let Poll::Ready(Some(done)) = running.poll_join_next(context) {
                return Poll::Ready(Next::Shaken(done));
            }
            if running.len() >= *limit {
                return Poll::Pending;
            }
            accepting.as_mut().poll(context).map(Next::Accepted)
        })
        .await
    }
}

async fn within<R>(limit: Option<Duration>, handshake: impl Future<Output = io::Result<R>>) -> io::Result<R> {
    match limit {
        None => handshake.await,
        Some(limit) => timeout(limit, handshake).await?,
    }
}

/// The failure of one connection, whatever it was.
fn aborted(error: io::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}

impl<L, H, T, A> fmt::Debug for Handshakes<L, H, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshakes")
            .field("running", &self.running.len())
            .field("timeout", &self.timeout)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
