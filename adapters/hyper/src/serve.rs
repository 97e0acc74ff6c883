//! The server: what it is told, and its loop.
//!
//! Who calls what: the loop runs where [`Serve`] is awaited, and spawns a task for each connection (`connection.rs`). It
//! knows of them by a [`Gate`].

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, IntoFuture, pending, poll_fn, ready};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use fusee::time::{sleep, timeout};
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::server::conn::auto;
use tower_service::Service;

use crate::connection::{self, Protocol};
use crate::gate::{Gate, Word};
use crate::{Executor, Listener, Timer};

/// How long a server waits before it accepts again when the operating system could not give it a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take to send a head, if the program does not say.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// After how long a silence a client of HTTP/2 is asked whether it is there. hyper gives it 20 seconds to answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Serves HTTP/1 and HTTP/2: each connection of `listener` gets a clone of `service`, which is axum's `Router` or any other
/// tower service. Nothing happens until the answer is awaited.
///
/// WebSockets and other upgrades work. A service that panics ends its connection, or with HTTP/2 its stream, and no other.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use fusee::net::TcpListener;
/// use std::time::Duration;
///
/// # fusee::runtime::block_on(async {
/// let router = Router::new().route("/", get(async || "Hello!"));
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let (stop, stopped) = futures::channel::oneshot::channel::<()>();
/// let server = fusee_hyper::serve(listener, router)
///     .with_graceful_shutdown(async { _ = stopped.await })
///     .with_shutdown_timeout(Duration::from_secs(10))
///     .with_connection_limit(10_000);
/// let server = fusee::spawn(server.into_future());
/// // …
/// stop.send(()).unwrap();
/// server.await.unwrap()
/// # }).unwrap();
/// ```
pub fn serve<L, S, B>(listener: L, service: S) -> Serve<L, Shared<S>>
where
    L: Listener,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
{
    serve_each(listener, Shared(service))
}

/// As [`serve()`], but each connection gets a service of its own, which `services` makes for its address: what axum's
/// `into_make_service_with_connect_info` answers, say.
///
/// ```
/// use std::net::SocketAddr;
///
/// use axum::Router;
/// use axum::extract::ConnectInfo;
/// use axum::routing::get;
/// use fusee::net::TcpListener;
///
/// # fusee::runtime::block_on(async {
/// let hello = async |ConnectInfo(address): ConnectInfo<SocketAddr>| format!("Hello, {address}!");
/// let router = Router::new().route("/", get(hello));
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let services = router.into_make_service_with_connect_info::<SocketAddr>();
/// # let stopped = std::future::ready(());
/// fusee_hyper::serve_each(listener, services).with_graceful_shutdown(stopped).await
/// # }).unwrap();
/// ```
pub fn serve_each<L, M>(listener: L, services: M) -> Serve<L, M>
where
    L: Listener,
    M: Service<L::Address>,
{
    let mut http = auto::Builder::new(Executor);
    http.http1().timer(Timer).header_read_timeout(HEADER_READ_TIMEOUT);
    // WebSockets over HTTP/2 are asked for by the extended CONNECT.
    http.http2().timer(Timer).enable_connect_protocol().keep_alive_interval(PING_INTERVAL);
    let protocol = Protocol { http, opening: Some(HEADER_READ_TIMEOUT) };
    Serve { listener, services, protocol, connections: usize::MAX, shutdown: Box::pin(pending()), patience: None }
}

/// A server that is about to be awaited: [`serve()`] and [`serve_each`] answer it.
///
/// It ends when it is told to stop, and all its connections have ended.
///
/// # Errors
/// - The connections had not ended [in time](Self::with_shutdown_timeout), and were cut off: the kind is
///   [`TimedOut`](io::ErrorKind::TimedOut).
/// - What makes services is not ready, and says that it will not be.
///
/// What goes wrong with a connection, or with accepting one, does not end it.
///
/// # Cancel safety
/// Dropped, it accepts no more connections. Those that are open go on.
#[must_use = "a server does nothing unless awaited"]
pub struct Serve<L, M> {
    listener: L,
    services: M,
    protocol: Protocol,
    connections: usize,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
    patience: Option<Duration>,
}

impl<L, M> Serve<L, M> {
    /// Stops when `signal` completes, whatever it says: it accepts no more connections; those that are open answer what they were asked, and
    /// close. A connection that has been upgraded is not one of them any more.
    pub fn with_graceful_shutdown(mut self, signal: impl Future + Send + 'static) -> Self {
        self.shutdown = Box::pin(async move { drop(signal.await) });
        self
    }

    /// Cuts off connections that have not ended so long after the server was told to stop. Without it the server waits
    /// as long as they take.
    pub fn with_shutdown_timeout(mut self, limit: Duration) -> Self {
        self.patience = Some(limit);
        self
    }

    /// Has at most so many connections open at a time: others wait in the listener's queue until one has ended.
    ///
    /// # Panics
    /// If it is zero.
    #[track_caller]
    pub fn with_connection_limit(mut self, count: usize) -> Self {
        assert!(count > 0, "a server that may have no connections serves nobody");
        self.connections = count;
        self
    }

    /// Closes connections on which the head of a request of HTTP/1 takes longer, or its first bytes do: without saying, 30
    /// seconds. As hyper counts, the head of the next request begins when an answer has been sent, so that this is how long an idle
    /// connection is kept, too. `None` is no limit.
    ///
    /// A connection of HTTP/2 that says nothing is pinged after 30 seconds instead, and closed if there is no answer within 20 more, whatever is said here; `keep_alive_interval`, which
    /// [`configure`](Self::configure) can set, is of that.
    pub fn with_header_read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.protocol.http.http1().header_read_timeout(limit);
        self.protocol.opening = limit;
        self
    }

    /// Sets other options of the protocols, all of which hyper-util's builder has.
    ///
    /// ```
    /// # use axum::Router;
    /// # fusee::runtime::block_on(async {
    /// # let listener = fusee::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let router: Router = Router::new();
    /// # let stopped = std::future::ready(());
    /// fusee_hyper::serve(listener, router)
    ///     .configure(|http| {
    ///         http.http1().max_headers(50);
    ///         http.http2().max_concurrent_streams(100);
    ///     })
    ///     .with_graceful_shutdown(stopped)
    ///     .await
    /// # }).unwrap();
    /// ```
    pub fn configure(mut self, set: impl FnOnce(&mut auto::Builder<Executor>)) -> Self {
        set(&mut self.protocol.http);
        self
    }
}

impl<L, M, S, B> Serve<L, M>
where
    L: Listener,
    M: Service<L::Address, Response = S, Error: Into<BoxError> + 'static, Future: Send + 'static>,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    async fn run(self) -> io::Result<()> {
        let Self { mut listener, mut services, protocol, connections, mut shutdown, patience } = self;
        let protocol = Arc::new(protocol);
        let gate = Gate::default();
        loop {
            let entering = poll_fn(|context| gate.poll_at_most(context, connections - 1));
            let accepting = async {
                entering.await;
                next(&mut listener, &mut services).await
            };
            let Some(accepted) = unless(shutdown.as_mut(), accepting).await else { break };
            let (stream, making) = accepted?;
            fusee::spawn(connection::run(making, stream, protocol.clone(), gate.enter()));
        }
        drop(listener);
        gate.tell(Word::Closing);
        let ended = poll_fn(|context| gate.poll_at_most(context, 0));
        match patience {
            None => ended.await,
            Some(limit) => timeout(limit, ended).await.inspect_err(|_| gate.tell(Word::Closed))?,
        }
        Ok(())
    }
}

impl<L, M, S, B> IntoFuture for Serve<L, M>
where
    L: Listener,
    M: Service<L::Address, Response = S, Error: Into<BoxError> + 'static, Future: Send + 'static> + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Output = io::Result<()>;
    type IntoFuture = Serving;

    fn into_future(self) -> Serving {
        Serving(Box::pin(self.run()))
    }
}

impl<L, M> fmt::Debug for Serve<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").finish_non_exhaustive()
    }
}

/// The future of a [`Serve`], which `into_future` answers.
#[must_use = "futures do nothing unless awaited"]
pub struct Serving(Pin<Box<dyn Future<Output = io::Result<()>> + Send>>);

impl Future for Serving {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").finish_non_exhaustive()
    }
}

/// What [`serve()`] makes services by: clones.
#[derive(Clone, Copy, Debug)]
pub struct Shared<S>(S);

impl<S: Clone, A> Service<A> for Shared<S> {
    type Response = S;
    type Error = Infallible;
    type Future = std::future::Ready<Result<S, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _address: A) -> Self::Future {
        ready(Ok(self.0.clone()))
    }
}

/// The next connection, and the service that is being made for it.
async fn next<L, M>(listener: &mut L, services: &mut M) -> io::Result<(L::Stream, M::Future)>
where
    L: Listener,
    M: Service<L::Address, Error: Into<BoxError>>,
{
    poll_fn(|context| services.poll_ready(context)).await.map_err(|error| io::Error::other(error.into()))?;
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return Ok((stream, services.call(address))),
            Err(error) if is_of_connection(&error) => {}
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// What `work` answers, unless `stop` has completed first.
async fn unless<T>(
    mut stop: Pin<&mut (impl Future<Output = ()> + ?Sized)>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| match stop.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(context).map(Some),
    })
    .await
}

/// Whether one connection has failed, and the next may be accepted at once.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};

    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
