//! The server: what it is told, and its loop.
//!
//! Who calls what: the loop runs where [`Serve`] is awaited, and spawns a task for each connection (`connection.rs`). It
//! knows of them by a [`Gate`]. What the program makes services by is called in the loop, but a panic of it is caught.
//!
//! Deliberately not here: what a server can be told (`options.rs`).

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, IntoFuture, pending, poll_fn, ready};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use fusee::task::consume_budget;
use fusee::time::{sleep, timeout};
use http::{Request, Response};
use hyper::body::Body;
use hyper_util::server::conn::auto;
use tower_service::Service;

use crate::connection::{self, Limits, Protocol};
use crate::gate::{Gate, Word};
use crate::panics::catching;
use crate::request_body::RequestBody;
use crate::serve_error::{Log, ServeError};
use crate::{BoxError, Executor, Listener, Timer};

/// How long a server waits before it accepts again when the operating system could not give it a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take to send a head, to go on with a body, and to take more of an answer, if the program does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// After how long a silence a client of HTTP/2 is asked whether it is there. hyper gives it 20 seconds to answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Serves HTTP/1 and HTTP/2: each connection of `listener` gets a clone of `service`, which is axum's `Router` or any other
/// tower service. Nothing happens until the answer is awaited.
///
/// WebSockets and other upgrades work. A service that panics ends its connection, or with HTTP/2 its stream, and no other. Clients that keep the
/// server waiting are given up: for [a head](Serve::with_header_read_timeout), [a body](Serve::with_body_read_timeout), or [to read an
/// answer](Serve::with_write_timeout).
///
/// A client that has closed its sending side counts as gone, as hyper has it, and its request is dropped; `half_close`, which
/// [`configure`](Serve::configure) can set, is of that.
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
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
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
    http.http1().timer(Timer).header_read_timeout(TIMEOUT);
    // WebSockets over HTTP/2 are asked for by the extended CONNECT.
    http.http2().timer(Timer).enable_connect_protocol().keep_alive_interval(PING_INTERVAL);
    let limits = Limits { opening: Some(TIMEOUT), body: Some(TIMEOUT), write: Some(TIMEOUT) };
    let protocol = Protocol { http, limits, log: Log::default() };
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
    pub(crate) protocol: Protocol,
    pub(crate) connections: usize,
    pub(crate) shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
    pub(crate) patience: Option<Duration>,
}

impl<L, M, S, B> Serve<L, M>
where
    L: Listener,
    M: Service<L::Address, Response = S, Error: Into<BoxError> + 'static, Future: Send + 'static>,
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
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
                next(&mut listener, &mut services, &protocol.log).await
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
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
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
async fn next<L, M>(listener: &mut L, services: &mut M, log: &Log) -> io::Result<(L::Stream, M::Future)>
where
    L: Listener,
    M: Service<L::Address, Error: Into<BoxError>>,
{
    loop {
        let ready = poll_fn(|context| match catching(|| services.poll_ready(context)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(ready)) => Poll::Ready(Ok(ready)),
            Err(panic) => Poll::Ready(Err(panic)),
        });
        // If that panics the next connection has no service.
        let panic = match ready.await {
            Ok(ready) => ready.map_err(|error| io::Error::other(error.into())).map(|()| None)?,
            Err(panic) => Some(panic),
        };
        let (stream, address) = accepted(listener, log).await;
        match panic.map_or_else(|| catching(|| services.call(address)), Err) {
            Ok(making) => return Ok((stream, making)),
            Err(panic) => log.tell(panic),
        }
        drop(stream);
        // Others have their turn also if there is always a connection.
        consume_budget().await;
    }
}

async fn accepted<L: Listener>(listener: &mut L, log: &Log) -> (L::Stream, L::Address) {
    loop {
        // Also if the listener waits for nothing: the server must hear that it is to stop.
        consume_budget().await;
        let error = match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => error,
        };
        let is_of_connection = is_of_connection(&error);
        log.tell(ServeError::Accept(error));
        if !is_of_connection {
            sleep(PAUSE).await;
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
