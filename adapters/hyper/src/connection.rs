//! A connection's task.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use crate::gate::{Pass, Word};
use crate::opening::Opening;
use crate::serve::BoxError;
use crate::{Executor, Io};

/// What a server's connections have in common.
#[derive(Debug)]
pub(crate) struct Protocol {
    pub(crate) http: auto::Builder<Executor>,
    /// How long the first bytes may take.
    pub(crate) opening: Option<Duration>,
}

/// Serves `stream` until it ends, or `pass` says that it must.
///
/// Nobody is told what goes wrong: the client has gone, or speaks something else.
pub(crate) async fn run<I, F, S, E, B>(making: F, stream: I, protocol: Arc<Protocol>, mut pass: Pass)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Result<S, E>>,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let Some(Ok(service)) = until_closed(making, &mut pass).await else { return };
    let stream = Opening::new(Io::new(stream), protocol.opening);
    let service = TowerToHyperService::new(service);
    let mut connection = pin!(protocol.http.serve_connection_with_upgrades(stream, service));
    let mut closing = false;
    poll_fn(|context| {
        match pass.poll_word(context) {
            Word::Open => {}
            Word::Closing if closing => {}
            Word::Closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
            Word::Closed => return Poll::Ready(()),
        }
        connection.as_mut().poll(context).map(drop)
    })
    .await;
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
