//! Connections that become something else: by hand, and WebSockets in axum.

mod support;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::TcpStream;
use fusee_hyper::{FuturesIo, Io};
use futures::{SinkExt, StreamExt};
use hyper::StatusCode;
use support::{Server, get_of, on_every_flavour};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

#[test]
fn a_connection_is_upgraded_and_outlives_the_server() {
    on_every_flavour(async || {
        let becomes_echo = async |mut request: Request| {
            let upgrade = hyper::upgrade::on(&mut request);
            fusee::spawn(async move {
                let mut upgraded = FuturesIo::new(upgrade.await.unwrap());
                let mut words = [0; 9];
                upgraded.read_exact(&mut words).await.unwrap();
                upgraded.write_all(&words).await.unwrap();
                upgraded.close().await.unwrap();
            });
            let mut answer = Response::new(Body::empty());
            *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            answer.headers_mut().insert("connection", "upgrade".parse().unwrap());
            answer.headers_mut().insert("upgrade", "echo".parse().unwrap());
            answer
        };
        let server = Server::start(Router::new().route("/", get(becomes_echo))).await;
        let mut request = get_of("/");
        request.headers_mut().insert("connection", "upgrade".parse().unwrap());
        request.headers_mut().insert("upgrade", "echo".parse().unwrap());
        let answer = server.connect().await.send_request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        let mut upgraded = FuturesIo::new(hyper::upgrade::on(answer).await.unwrap());
        server.stop().await;
        upgraded.write_all(b"after all").await.unwrap();
        let mut words = String::new();
        upgraded.read_to_string(&mut words).await.unwrap();
        assert_eq!(words, "after all");
    });
}

/// A handler of axum's for WebSockets. axum's own `WebSocketUpgrade` spawns by tokio.
async fn websocket(mut request: Request) -> Response {
    let key = derive_accept_key(request.headers()["sec-websocket-key"].as_bytes());
    let upgrade = hyper::upgrade::on(&mut request);
    fusee::spawn(async move {
        let stream = Io::new(upgrade.await.unwrap());
        let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Text(text) = message {
                socket.send(Message::text(format!("you said {text}"))).await.unwrap();
            }
        }
    });
    let answer = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let answer = answer.header("connection", "upgrade").header("upgrade", "websocket");
    answer.header("sec-websocket-accept", key).body(Body::empty()).unwrap()
}

#[test]
fn a_websocket_in_axum_talks() {
    on_every_flavour(async || {
        let server = Server::start(Router::new().route("/", get(websocket))).await;
        let stream = TcpStream::connect(server.address).await.unwrap();
        let uri = format!("ws://{}/", server.address);
        let (mut socket, _) = tokio_tungstenite::client_async(uri, stream).await.unwrap();
        for word in ["one", "two"] {
            socket.send(Message::text(word)).await.unwrap();
            let answer = socket.next().await.unwrap().unwrap();
            assert_eq!(answer.into_text().unwrap().as_str(), format!("you said {word}"));
        }
        socket.close(None).await.unwrap();
        server.stop().await;
    });
}

#[test]
fn a_stream_of_futures_ios_speaks_http() {
    on_every_flavour(async || {
        let server = Server::start(Router::new().route("/", get(async || "fine"))).await;
        let stream = TcpStream::connect(server.address).await.unwrap();
        let io = FuturesIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        fusee::spawn(connection);
        let answer = sender.send_request(get_of("/")).await.unwrap();
        assert_eq!(support::text(answer.into_body()).await, "fine");
        drop(sender);
        server.stop().await;
    });
}
