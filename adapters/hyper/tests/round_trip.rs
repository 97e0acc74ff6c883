//! Server and client, both of this package, in HTTP/1 and HTTP/2.

mod support;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Version};
use support::{Server, client, get_of, h2_client, on_every_flavour};

fn router() -> Router {
    Router::new()
        .route("/hello/{name}", get(async |Path(name): Path<String>| format!("Hello, {name}!")))
        .route("/length", post(async |body: Bytes| body.len().to_string()))
}

#[test]
fn http1_answers_what_was_asked_and_keeps_the_connection() {
    on_every_flavour(async || {
        let server = Server::start(router()).await;
        let mut sender = server.connect().await;
        for name in ["one", "two", "three"] {
            sender.ready().await.unwrap();
            let answer = sender.send_request(get_of(&format!("/hello/{name}"))).await.unwrap();
            assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_11));
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), format!("Hello, {name}!"));
        }
        assert_eq!(server.accepted(), 1);
        server.stop().await;
    });
}

#[test]
fn http2_carries_many_requests_at_once_on_one_connection() {
    on_every_flavour(async || {
        let server = Server::start(router()).await;
        let client = h2_client();
        let asks = (0..50).map(|n| {
            let (client, uri) = (client.clone(), server.uri(&format!("/hello/{n}")));
            async move {
                let answer = client.get(uri).await.unwrap();
                assert_eq!(answer.version(), Version::HTTP_2);
                assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), format!("Hello, {n}!"));
            }
        });
        futures::future::join_all(asks).await;
        assert_eq!(server.accepted(), 1);
        server.stop().await;
    });
}

#[test]
fn large_bodies_arrive_whole_in_either_version() {
    on_every_flavour(async || {
        let server = Server::start(router().layer(axum::extract::DefaultBodyLimit::disable())).await;
        for client in [client(), h2_client()] {
            let request = Request::post(server.uri("/length")).body(Full::from(vec![7; 5_000_000])).unwrap();
            let answer = client.request(request).await.unwrap();
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "5000000");
        }
        server.stop().await;
    });
}
