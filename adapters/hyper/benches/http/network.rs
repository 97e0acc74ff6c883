//! The runtimes with their HTTP servers, behind one trait.

use super::flavor::Flavor;
use super::workload::{HELLO, MESSAGE, Service};
use axum::Json;
use axum::Router;
use axum::routing::get;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use serde::Serialize;
use std::convert::Infallible;
use std::io;

/// A runtime, and the server made for it. There is one in a process; what is called without a value finds it as its users do.
pub(super) trait Network: 'static {
    /// Starts the runtime, with that number of workers if it is multi-threaded, and drives `root` on this thread.
    fn run(flavor: Flavor, workers: usize, root: impl Future<Output = ()>);

    /// Begins to serve, and answers its port.
    fn serve(service: Service) -> impl Future<Output = io::Result<u16>>;
}

/// The answer of [`Service::Hello`].
pub(super) async fn hello<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(HELLO.as_bytes()))))
}

/// The answer of [`Service::Json`].
pub(super) fn json() -> Router {
    #[derive(Serialize)]
    struct Answer {
        message: &'static str,
    }

    Router::new().route("/", get(async || Json(Answer { message: MESSAGE })))
}
