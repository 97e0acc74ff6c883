//! Connections in memory.

mod support;

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee_hyper::{client_builder, memory, serve_each};
use futures::FutureExt;
use http_body_util::Empty;
use hyper::body::Bytes;
use support::{on_every_flavour, text};

#[test]
fn a_client_talks_to_a_server_and_is_known_by_a_number() {
    on_every_flavour(async || {
        let who = async |ConnectInfo(address): ConnectInfo<SocketAddr>| address.to_string();
        let services = Router::new().route("/", get(who)).into_make_service_with_connect_info::<SocketAddr>();
        let (connector, listener) = memory(10);
        fusee::spawn(serve_each(listener, services).into_future());
        for number in 1..=3 {
            // Each has a pool of its own.
            let client = client_builder().build::<_, Empty<Bytes>>(connector.clone());
            let answer = client.get("http://any.name/".parse().unwrap()).await.unwrap();
            assert_eq!(text(answer.into_body()).await, format!("127.0.0.1:{number}"));
        }
    });
}

#[test]
fn connections_wait_for_a_listener_and_end_with_it() {
    on_every_flavour(async || {
        let (connector, mut listener) = memory(10);
        assert!(listener.accept().now_or_never().is_none());
        let mut first = connector.connect().unwrap();
        let mut second = connector.connect().unwrap();
        first.write_all(b"1").await.unwrap();
        let (mut accepted, _) = listener.accept().await.unwrap();
        let mut byte = [0];
        accepted.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"1");
        drop(listener);
        assert_eq!(second.read(&mut byte).await.unwrap(), 0);
        assert_eq!(connector.connect().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        accepted.write_all(b"on").await.unwrap();
    });
}

#[test]
fn who_accepts_is_woken() {
    on_every_flavour(async || {
        let (connector, mut listener) = memory(10);
        let accepting = fusee::spawn(async move { listener.accept().await.unwrap() });
        fusee::task::yield_now().await;
        let _stream = connector.connect().unwrap();
        accepting.await.unwrap();
    });
}
