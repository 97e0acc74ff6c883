//! What protects the service from too much: large bodies, slow clients, slow answers, too many requests at once.
//!
//! The time limits are fusee's, and so is their clock: they need no bridge, and tests of them take no time. A late client is told 408,
//! and a late answer 503, which one limit around everything could not tell apart.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use fusee::sync::Semaphore;
use fusee::time::timeout;
use http_body_util::BodyExt;

use crate::Problem;

/// How much the service takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a body may take to come, and an answer to be made.
    pub timeout: Duration,
    /// The bytes of a body.
    pub body: u64,
    /// How many requests are answered at a time. Others are turned away at once: to wait would make all of them late.
    pub requests: usize,
}

/// How many times the limit of a body is read from a client that sends more. It may not look for an answer before it has
/// sent all, and would not see one if the connection were closed meanwhile.
const OVERRUN: u64 = 16;

#[derive(Debug)]
struct Guard {
    limits: Limits,
    places: Semaphore,
}

/// Puts limits around all that has been added to a router.
pub fn limited(router: Router, limits: Limits) -> Router {
    let guard = Guard { limits, places: Semaphore::new(limits.requests) };
    // axum's own limit would be another one.
    router.layer(DefaultBodyLimit::disable()).layer(from_fn_with_state(Arc::new(guard), admit))
}

/// Reads the body before it takes a place, which slow clients could hold.
async fn admit(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Result<Response, Problem> {
    let Guard { limits, places } = &*guard;
    let (head, body) = request.into_parts();
    let Ok(body) = timeout(limits.timeout, read(body, limits.body)).await else {
        return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to come"));
    };
    let request = Request::from_parts(head, body?.into());
    let Ok(_place) = places.try_acquire() else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once"));
    };
    let answered = timeout(limits.timeout, next.run(request)).await;
    answered.map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the answer took too long"))
}

async fn read(mut body: Body, limit: u64) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    let mut count = 0u64;
    // A length that was announced counts as if it had come.
    let most = limit.saturating_mul(OVERRUN);
    while count.saturating_add(body.size_hint().lower()) <= most
        && let Some(frame) = body.frame().await
    {
        let frame =
            frame.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the body broke off: {error}")))?;
        let Ok(part) = frame.into_data() else { continue };
        count += part.len() as u64;
        if count <= limit {
            bytes.extend_from_slice(&part);
        }
    }
    if count.saturating_add(body.size_hint().lower()) > limit {
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {limit} bytes here")));
    }
    Ok(bytes.into())
}
