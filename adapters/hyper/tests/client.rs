//! The client's side: which addresses it takes, its limits, and its pool.

mod support;

use std::error::Error as _;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use fusee::net::{TcpListener, TcpSocket, TcpStream};
use fusee::time::{Instant, sleep};
use fusee_hyper::{Connector, client_builder};
use http_body_util::Full;
use hyper::Uri;
use hyper::body::Bytes;
use support::{Server, TestClient, client, on_every_flavour, on_every_paused_flavour, text};
use tower_service::Service;

async fn connect(connector: &mut Connector, uri: &str) -> io::Result<TcpStream> {
    Ok(connector.call(uri.parse::<Uri>().unwrap()).await?.into_inner())
}

#[test]
fn addresses_are_names_or_digits_with_a_port_or_without() {
    on_every_flavour(async || {
        let mut connector = Connector::new();
        for host in ["127.0.0.1", "[::1]", "localhost"] {
            let Ok(listener) = TcpListener::bind(format!("{host}:0")).await else {
                assert_eq!(host, "[::1]", "only IPv6 may be missing");
                continue;
            };
            let address = listener.local_addr().unwrap();
            let stream = connect(&mut connector, &format!("http://{host}:{}/path", address.port())).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap().port(), address.port());
            assert!(stream.nodelay().unwrap());
        }
        // Nobody listens at the port of the scheme, or else somebody does.
        match connect(&mut connector, "http://127.0.0.1/").await {
            Ok(stream) => assert_eq!(stream.peer_addr().unwrap().port(), 80),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused),
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let stream = connect(&mut Connector::new().with_nodelay(false), &uri).await.unwrap();
        assert!(!stream.nodelay().unwrap());
    });
}

#[test]
fn other_schemes_are_refused_unless_they_are_asked_for() {
    on_every_flavour(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("https://{}", listener.local_addr().unwrap());
        let error = connect(&mut Connector::new(), &uri).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("with_any_scheme"), "{error}");
        connect(&mut Connector::new().with_any_scheme(), &uri).await.unwrap();
        let error = connect(&mut Connector::new().with_any_scheme(), "/path").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

/// A listener whose queue is full: it does not answer.
async fn silent() -> (fusee::net::TcpListener, Vec<std::net::TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let fill = move || {
        let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200));
        std::iter::from_fn(|| connect().ok()).collect()
    };
    let queued = fusee::task::spawn_blocking(fill).await.unwrap();
    (listener, queued)
}

#[test]
fn a_connect_that_is_not_answered_ends_at_its_limit() {
    on_every_paused_flavour(async || {
        let (listener, _queued) = silent().await;
        let limit = Duration::from_secs(7);
        let client: TestClient = client_builder().build(Connector::new().with_timeout(limit));
        let start = Instant::now();
        let uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let error = client.get(uri).await.unwrap_err();
        assert!(error.is_connect());
        let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).expect("an error of I/O");
        assert_eq!(cause.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), limit);
    });
}

#[test]
fn the_pool_closes_what_has_been_idle_for_too_long() {
    on_every_paused_flavour(async || {
        let router = Router::new().route("/", get(async || "fine"));
        let server = Server::start_with(router, |serve| serve.with_header_read_timeout(None)).await;
        let client: TestClient =
            client_builder().pool_idle_timeout(Duration::from_secs(20)).build::<_, Full<Bytes>>(Connector::new());
        // After each pause, whether the connection of before is still there.
        for (pause, connections) in [(0, 1), (10, 1), (15, 1), (30, 2), (10, 2)] {
            sleep(Duration::from_secs(pause)).await;
            assert_eq!(text(client.get(server.uri("/")).await.unwrap().into_body()).await, "fine");
            assert_eq!(server.accepted(), connections, "after {pause} seconds");
        }
        server.stop().await;
    });
}

#[test]
fn the_limit_of_a_request_is_a_timeout_around_it() {
    on_every_paused_flavour(async || {
        let router = Router::new().route("/", get(async || sleep(Duration::from_secs(60)).await));
        let server = Server::start(router).await;
        let start = Instant::now();
        let client = client();
        fusee::time::timeout(Duration::from_secs(5), client.get(server.uri("/"))).await.unwrap_err();
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        server.stop().await;
        // The server has noticed that the client does not wait any more.
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    });
}
