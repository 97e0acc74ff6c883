//! A stock of items behind JSON over HTTP, kept in SQLite: a service to start a real one from.
//!
//! | file | holds |
//! |---|---|
//! | `main.rs` | the program: its runtime, its server, how it stops |
//! | `arguments.rs` | the command line |
//! | `api.rs` | the routes, and what they take and answer |
//! | `limits.rs` | what protects it from too much |
//! | `problem.rs` | errors, as clients see them |
//! | `store.rs`, `store/open.rs` | the database |

mod api;
mod limits;
mod problem;
pub mod store;

use std::any::Any;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fusee::time::{Duration, timeout};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::Span;

pub use limits::{Limits, limited};
pub use problem::{FieldError, Problem};
use store::Store;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The whole service, but for its sockets.
pub fn router(store: Store, limits: Limits) -> Router {
    // A supervisor is answered also when there is too much to do.
    let health = Router::new()
        .route("/healthz", get(StatusCode::NO_CONTENT))
        .route("/readyz", get(ready).with_state((store.clone(), limits.timeout)));
    let routes = limited(api::routes(store), limits).merge(health);
    let not_allowed = async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this can be had by other methods");
    observed(routes.fallback(async || Problem::not_found()).method_not_allowed_fallback(not_allowed))
}

/// Gives each request a name, which its answer and the log carry, and a line in the log. A panic is an answer, too.
pub fn observed(router: Router) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_response(|response: &Response, latency: Duration, _: &Span| {
            tracing::info!(status = response.status().as_u16(), ?latency, "answered");
        })
        .on_failure(());
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(trace)
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
}

fn span(request: &Request) -> Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}

fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    tracing::error!("a handler has panicked: {}", text.unwrap_or("with something that is no text"));
    Problem::internal().into_response()
}

/// Whether the database answers in time.
async fn ready(State((store, limit)): State<(Store, Duration)>) -> Result<StatusCode, Problem> {
    let late = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer");
    timeout(limit, store.ping()).await.map_err(late)??;
    Ok(StatusCode::NO_CONTENT)
}

/// The programs of the page for beginners compile, and their tests pass: this package has what they need.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/first-service.md")]
mod first_service {}
