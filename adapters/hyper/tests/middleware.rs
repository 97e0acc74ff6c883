//! Layers of tower and tower-http around a router.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use hyper::StatusCode;
use support::{Server, client, on_every_flavour, text};
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

#[test]
fn traces_limits_and_maps_go_around_it() {
    on_every_flavour(async || {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (on_request, on_response) = (seen.clone(), seen.clone());
        let trace = TraceLayer::new_for_http()
            .on_request(move |request: &Request, _: &Span| {
                on_request.lock().unwrap().push(format!("asked for {}", request.uri().path()));
            })
            .on_response(move |answer: &Response, _: Duration, _: &Span| {
                on_response.lock().unwrap().push(format!("answered {}", answer.status()));
            });
        let layers = ServiceBuilder::new().layer(trace).layer(GlobalConcurrencyLimitLayer::new(1)).map_response(
            |mut answer: Response| {
                answer.headers_mut().insert("x-layer", "passed".parse().unwrap());
                answer
            },
        );
        let server = Server::start(Router::new().route("/", get(async || "fine")).layer(layers)).await;
        let client = client();
        let answer = client.get(server.uri("/")).await.unwrap();
        assert_eq!(answer.headers()["x-layer"], "passed");
        assert_eq!(text(answer.into_body()).await, "fine");
        assert_eq!(client.get(server.uri("/other")).await.unwrap().status(), StatusCode::NOT_FOUND);
        drop(client);
        server.stop().await;
        assert_eq!(
            *seen.lock().unwrap(),
            ["asked for /", "answered 200 OK", "asked for /other", "answered 404 Not Found"]
        );
    });
}

#[test]
fn a_tower_service_without_axum_serves() {
    use fusee_hyper::RequestBody;
    use http_body_util::Full;
    use hyper::body::Bytes;

    on_every_flavour(async || {
        let service = tower::service_fn(async |request: hyper::Request<RequestBody>| {
            let text = format!("{} {}", request.method(), request.uri().path());
            Ok::<_, std::convert::Infallible>(hyper::Response::new(Full::<Bytes>::from(text)))
        });
        let listener = fusee::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/there", listener.local_addr().unwrap()).parse().unwrap();
        let server = fusee::spawn(fusee_hyper::serve(listener, service).into_future());
        assert_eq!(text(client().get(uri).await.unwrap().into_body()).await, "GET /there");
        server.abort();
    });
}
