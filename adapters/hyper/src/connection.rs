//! A connection's task.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Body;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use crate::exchange::Exchanges;
use crate::flow::{Flow, Stall};
use crate::gate::{Pass, Word};
use crate::opening::Opening;
use crate::panics::catching;
use crate::request_body::RequestBody;
use crate::serve_error::{Log, ServeError};
use crate::writing::Writing;
use crate::{BoxError, Executor, Io};

/// What a server's connections have in common.
pub(crate) struct Protocol {
    pub(crate) http: auto::Builder<Executor>,
    pub(crate) limits: Limits,
    pub(crate) log: Log,
}

/// For how long a client may keep a connection waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The first bytes.
    pub(crate) opening: Option<Duration>,
    /// Each part of a request's body.
    pub(crate) body: Option<Duration>,
    /// Each part of an answer.
    pub(crate) write: Option<Duration>,
}

/// Serves `stream` until it ends, or `pass` says that it must, and tells the log what goes wrong. A panic ends this connection alone.
pub(crate) async fn run<I, F, S, E, B>(making: F, stream: I, protocol: Arc<Protocol>, pass: Pass)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Result<S, E>>,
    E: Into<BoxError>,
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let mut serving = pin!(serve(making, stream, &protocol, pass));
    let ended =
        poll_fn(|context| catching(|| serving.as_mut().poll(context)).unwrap_or_else(|panic| Poll::Ready(Err(panic))));
    if let Err(error) = ended.await {
        protocol.log.tell(error);
    }
}

async fn serve<I, F, S, E, B>(making: F, stream: I, protocol: &Protocol, mut pass: Pass) -> Result<(), ServeError>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Result<S, E>>,
    E: Into<BoxError>,
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let Some(made) = until_closed(making, &mut pass).await else { return Ok(()) };
    let service = made.map_err(|error| ServeError::Service(error.into()))?;
    let limits = protocol.limits;
    let flow = Arc::new(Flow::default());
    let stream = Writing::new(Opening::new(Io::new(stream), limits.opening), limits.write, flow.clone());
    let service = Exchanges::new(service, limits.body, flow.clone());
    let mut stall = Stall::new(limits.write);
    let mut connection = pin!(protocol.http.serve_connection_with_upgrades(stream, service));
    let mut closing = false;
    let ended = poll_fn(|context| {
        let word = pass.poll_word(context);
        if word == Word::Closed {
            return Poll::Ready(Ok(()));
        }
        // Before it is told to close, too: what has been asked by then is answered.
        if let Poll::Ready(ended) = connection.as_mut().poll(context) {
            return Poll::Ready(ended);
        }
        if word == Word::Closing && !closing {
            closing = true;
            connection.as_mut().graceful_shutdown();
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                return Poll::Ready(ended.or_else(|error| if is_cancelled(&error) { Ok(()) } else { Err(error) }));
            }
        }
        let takes_nothing = || io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing of its answers");
        stall.poll(&flow, context).map(|()| Err(takes_nothing().into()))
    });
    let ended = ended.await;
    // If somebody goes on with it.
    flow.upgrade();
    ended.map_err(ServeError::Connection)
}

/// Whether a connection on which nothing had been said has been told to close: hyper-util's error of that.
fn is_cancelled(error: &BoxError) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::Interrupted)
}

/// What `making` answers, unless `pass` says first that the connection is to end now.
async fn until_closed<F: Future>(making: F, pass: &mut Pass) -> Option<F::Output> {
    let mut making = pin!(making);
    poll_fn(|context| match pass.poll_word(context) {
        Word::Closed => Poll::Ready(None),
        Word::Open | Word::Closing => making.as_mut().poll(context).map(Some),
    })
    .await
}
