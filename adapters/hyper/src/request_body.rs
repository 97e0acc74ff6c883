//! The body of a request, as services get it: hyper's, with a time limit.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use crate::patience::Patience;

/// The body of a request that [`serve`](crate::serve()) hands to its service.
///
/// It is hyper's, but for a limit: when somebody waits for the next part of it, and none comes
/// [for too long](crate::Serve::with_body_read_timeout), that is an error. The time in which nobody asks for it does not count. Nor does any once the
/// answer has begun: the two ends of a call in both directions, as gRPC has them, may be silent for as long as they like.
///
/// axum's extractors, and whatever takes any body, take it as it is:
///
/// ```
/// use std::convert::Infallible;
///
/// use fusee_hyper::RequestBody;
/// use http_body_util::{BodyExt, Full};
/// use hyper::body::Bytes;
/// use hyper::{Request, Response, StatusCode};
///
/// async fn count(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
///     let mut answer = Response::new(Full::default());
///     match request.into_body().collect().await {
///         Ok(body) => *answer.body_mut() = body.to_bytes().len().to_string().into(),
///         Err(error) if error.is_timeout() => *answer.status_mut() = StatusCode::REQUEST_TIMEOUT,
///         Err(_) => *answer.status_mut() = StatusCode::BAD_REQUEST,
///     }
///     Ok(answer)
/// }
/// # async fn example(listener: fusee::net::TcpListener) -> std::io::Result<()> {
/// fusee_hyper::serve(listener, tower::service_fn(count)).await
/// # }
/// ```
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    /// None for a body that is empty, too. Boxed, for requests are moved around a lot, and most have no body.
    limit: Option<Box<Limit>>,
    is_broken: bool,
}

#[derive(Debug)]
struct Limit {
    patience: Patience,
    /// The head of the answer is there.
    is_answered: Arc<AtomicBool>,
}

/// Tells a body that its answer has begun.
#[derive(Debug)]
pub(crate) struct Answered(Option<Arc<AtomicBool>>);

impl Answered {
    pub(crate) fn tell(&self) {
        if let Some(is_answered) = &self.0 {
            // A hint: who reads it late waits no longer than the limit.
            is_answered.store(true, Relaxed);
        }
    }
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, limit: Option<Duration>) -> (Self, Answered) {
        // Most requests have none, and cost nothing.
        let is_answered = (limit.is_some() && !body.is_end_stream()).then(|| Arc::new(AtomicBool::new(false)));
        let answered = Answered(is_answered.clone());
        let limit = is_answered.map(|is_answered| Box::new(Limit { patience: Patience::new(limit), is_answered }));
        (Self { body, limit, is_broken: false }, answered)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.is_broken {
            return Poll::Ready(None);
        }
        let late = match (Pin::new(&mut self.body).poll_frame(context), &mut self.limit) {
            (Poll::Ready(answer), limit) => {
                if let Some(limit) = limit {
                    limit.patience.progressed();
                }
                return Poll::Ready(answer.map(|frame| frame.map_err(|error| BodyError(Why::BrokeOff(error)))));
            }
            (Poll::Pending, Some(limit)) if !limit.is_answered.load(Relaxed) => limit.patience.poll_over(context),
            (Poll::Pending, _) => Poll::Pending,
        };
        late.map(|()| {
            self.is_broken = true;
            Some(Err(BodyError(Why::TimedOut)))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_broken || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // As it says that it is at its end.
        if self.is_broken { SizeHint::with_exact(0) } else { self.body.size_hint() }
    }
}

/// Why the body of a request has no end.
#[derive(Debug)]
pub struct BodyError(Why);

#[derive(Debug)]
enum Why {
    BrokeOff(hyper::Error),
    TimedOut,
}

impl BodyError {
    /// Whether the client has sent nothing [for too long](crate::Serve::with_body_read_timeout). hyper's error is the
    /// [`source`](Error::source) of any other.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0, Why::TimedOut)
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::BrokeOff(_) => f.write_str("the body broke off"),
            Why::TimedOut => f.write_str("the body did not come in time"),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Why::BrokeOff(error) => Some(error),
            Why::TimedOut => None,
        }
    }
}
