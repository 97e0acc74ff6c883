//! How a server stops: what has been asked is answered, and nothing keeps it longer than it is told to wait.

mod support;

use std::future::{IntoFuture, pending};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, TcpStream};
use fusee::time::{Instant, sleep};
use fusee_hyper::serve;
use futures::channel::oneshot;
use support::{Server, client, get_of, h2_client, on_every_flavour, on_every_paused_flavour, text};
use tower::service_fn;

/// A router, of which `/slow` says when it has been asked, and answers a minute later.
fn slow_router() -> (Router, oneshot::Receiver<()>) {
    let (entered, has_entered) = oneshot::channel();
    let entered = Arc::new(Mutex::new(Some(entered)));
    let slow = async move || {
        let entered = entered.lock().unwrap().take();
        entered.expect("asked once").send(()).unwrap();
        sleep(Duration::from_secs(60)).await;
        "slow"
    };
    (Router::new().route("/slow", get(slow)).route("/", get(async || "fine")), has_entered)
}

/// Asks for `/`, and reads the answer.
async fn ask(stream: &mut TcpStream) {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"fine") {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        answer.extend(byte);
    }
}

#[test]
fn a_slow_request_is_answered_before_the_server_ends() {
    on_every_paused_flavour(async || {
        let (router, has_entered) = slow_router();
        let mut server = Server::start(router).await;
        let start = Instant::now();
        let mut sender = server.connect().await;
        let asks = fusee::spawn(async move {
            let answer = sender.send_request(get_of("/slow")).await.unwrap();
            assert_eq!(answer.headers()["connection"], "close");
            text(answer.into_body()).await
        });
        has_entered.await.unwrap();
        server.ended().await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(60));
        assert_eq!(asks.await.unwrap(), "slow");
    });
}

#[test]
fn a_slow_stream_of_http2_is_answered_and_no_other_begun() {
    on_every_paused_flavour(async || {
        let (router, has_entered) = slow_router();
        let mut server = Server::start(router).await;
        let client = h2_client();
        let (asking, uri, other) = (client.clone(), server.uri("/slow"), server.uri("/"));
        let asks = fusee::spawn(async move { text(asking.get(uri).await.unwrap().into_body()).await });
        has_entered.await.unwrap();
        server.tell();
        sleep(Duration::from_secs(1)).await;
        client.get(other).await.unwrap_err();
        server.ended().await.unwrap();
        assert_eq!(asks.await.unwrap(), "slow");
    });
}

#[test]
fn idle_connections_are_closed_at_once_and_new_ones_refused() {
    on_every_paused_flavour(async || {
        let (router, _) = slow_router();
        let mut server = Server::start(router).await;
        let mut idle = Vec::new();
        for _ in 0..10 {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            ask(&mut stream).await;
            idle.push(stream);
        }
        let client = h2_client();
        text(client.get(server.uri("/")).await.unwrap().into_body()).await;
        let start = Instant::now();
        server.ended().await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        for mut stream in idle {
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        }
        let error = TcpStream::connect(server.address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_connection_that_has_said_nothing_yet_is_closed_at_once() {
    on_every_paused_flavour(async || {
        let (router, _) = slow_router();
        let mut server = Server::start(router).await;
        let mut silent = TcpStream::connect(server.address).await.unwrap();
        // Accepted in order: by this answer the silent one has been accepted, too.
        let mut sender = server.connect().await;
        text(sender.send_request(get_of("/")).await.unwrap().into_body()).await;
        let start = Instant::now();
        server.ended().await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    });
}

/// A router whose handler says when it has been asked, and never answers; and what tells that the handler was dropped.
fn hanging_router() -> (Router, oneshot::Receiver<()>, oneshot::Receiver<()>) {
    let (entered, has_entered) = oneshot::channel();
    let (dropped, has_dropped) = oneshot::channel::<()>();
    let guards = Arc::new(Mutex::new(Some((entered, dropped))));
    let hangs = async move || -> String {
        let (entered, _dropped) = guards.lock().unwrap().take().unwrap();
        entered.send(()).unwrap();
        std::future::pending().await
    };
    (Router::new().route("/", get(hangs)), has_entered, has_dropped)
}

#[test]
fn connections_that_do_not_end_in_time_are_cut_off() {
    on_every_paused_flavour(async || {
        for limit in [Duration::ZERO, Duration::from_secs(10)] {
            for client in [client(), h2_client()] {
                let (router, has_entered, has_dropped) = hanging_router();
                let mut server = Server::start_with(router, |serve| serve.with_shutdown_timeout(limit)).await;
                let uri = server.uri("/");
                let asks = fusee::spawn(async move { client.get(uri).await.is_err() });
                has_entered.await.unwrap();
                let start = Instant::now();
                assert_eq!(server.ended().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
                assert_eq!(start.elapsed(), limit);
                assert!(has_dropped.await.is_err(), "the handler was dropped");
                assert!(asks.await.unwrap());
            }
        }
    });
}

#[test]
fn the_limit_does_not_matter_to_a_server_whose_connections_end() {
    on_every_paused_flavour(async || {
        let (router, has_entered) = slow_router();
        let mut server = Server::start_with(router, |serve| serve.with_shutdown_timeout(Duration::from_secs(61))).await;
        let mut sender = server.connect().await;
        let asks =
            fusee::spawn(async move { text(sender.send_request(get_of("/slow")).await.unwrap().into_body()).await });
        has_entered.await.unwrap();
        server.ended().await.unwrap();
        assert_eq!(asks.await.unwrap(), "slow");
    });
}

#[test]
fn the_connections_of_a_server_that_is_dropped_go_on() {
    on_every_flavour(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "fine"));
        let server = fusee::spawn(serve(listener, router).into_future());
        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            ask(&mut stream).await;
            server.abort();
        }
        assert!(server.await.unwrap_err().is_cancelled());
        assert!(TcpStream::connect(address).await.is_err());
    });
}

#[test]
fn a_server_that_waits_for_room_can_be_told_to_stop() {
    on_every_paused_flavour(async || {
        let (router, has_entered) = slow_router();
        let mut server = Server::start_with(router, |serve| serve.with_connection_limit(1)).await;
        let mut sender = server.connect().await;
        let asks =
            fusee::spawn(async move { text(sender.send_request(get_of("/slow")).await.unwrap().into_body()).await });
        has_entered.await.unwrap();
        server.ended().await.unwrap();
        assert_eq!(asks.await.unwrap(), "slow");
    });
}

#[test]
fn a_connection_whose_service_is_never_made_is_cut_off() {
    on_every_paused_flavour(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (held, dropped) = oneshot::channel::<()>();
        let (stop, stopped) = oneshot::channel::<()>();
        let limit = Duration::from_secs(10);
        let held = Arc::new(Mutex::new(Some(held)));
        // It never comes to an end, and tells when it is dropped.
        let stuck = service_fn(move |_: SocketAddr| {
            let held = held.lock().unwrap().take();
            async move {
                let _held = held;
                pending::<io::Result<Router>>().await
            }
        });
        let server = fusee_hyper::serve_each(listener, stuck)
            .with_graceful_shutdown(async { _ = stopped.await })
            .with_shutdown_timeout(limit);
        let server = fusee::spawn(server.into_future());
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
        sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        stop.send(()).unwrap();
        assert_eq!(server.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), limit);
        assert!(dropped.await.is_err(), "what made the service was dropped");
        // Reset, for it has sent something that nobody has read.
        assert!(!matches!(stream.read(&mut [0]).await, Ok(1..)));
    });
}

/// Accepts nothing, and never waits.
struct Hopeless;

impl fusee_hyper::Listener for Hopeless {
    type Stream = TcpStream;
    type Address = std::net::SocketAddr;

    async fn accept(&mut self) -> io::Result<(TcpStream, std::net::SocketAddr)> {
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}

#[test]
fn a_server_whose_listener_fails_without_end_lets_others_run_and_can_be_told_to_stop() {
    on_every_flavour(async || {
        let (stop, stopped) = oneshot::channel::<()>();
        let server = serve(Hopeless, Router::new()).with_graceful_shutdown(async { _ = stopped.await });
        let server = fusee::spawn(server.into_future());
        fusee::task::yield_now().await;
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_client_that_takes_nothing_keeps_no_server_from_stopping() {
    on_every_paused_flavour(async || {
        let (connector, listener) = fusee_hyper::memory(1000);
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().route("/", get(async || "x".repeat(100_000)));
        let server = serve(listener, router).with_graceful_shutdown(async { _ = stopped.await });
        let server = fusee::spawn(server.into_future());
        let mut unread = connector.connect().unwrap();
        unread.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
        let mut silent = connector.connect().unwrap();
        silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut stuck = connector.connect().unwrap();
        stuck.write_all(b"PRI * HT").await.unwrap();
        sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
        // The client of HTTP/2 is pinged 30 seconds after it was last heard of, and has 20 more.
        assert_eq!(start.elapsed(), Duration::from_secs(49));
    });
}

/// Accepts without end, and never waits; its connections are over at once.
struct Flooded;

impl fusee_hyper::Listener for Flooded {
    type Stream = fusee::io::DuplexStream;
    type Address = ();

    async fn accept(&mut self) -> io::Result<(fusee::io::DuplexStream, ())> {
        Ok((fusee::io::duplex(10).0, ()))
    }
}

#[test]
fn a_server_that_always_has_a_connection_to_accept_lets_others_run_and_can_be_told_to_stop() {
    on_every_flavour(async || {
        let (stop, stopped) = oneshot::channel::<()>();
        let server = serve(Flooded, Router::new()).with_graceful_shutdown(async { _ = stopped.await });
        let server = fusee::spawn(server.into_future());
        fusee::task::yield_now().await;
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
    });
}

#[test]
fn what_was_asked_before_the_stop_is_answered_and_what_was_not_is_no_error() {
    on_every_paused_flavour(async || {
        for (sent, end) in [("GET / HTTP/1.1\r\nhost: here\r\n\r\n", "fine"), ("", ""), ("PRI * HTTP/2.0\r\n", "")] {
            let (connector, listener) = fusee_hyper::memory(1000);
            let told = Arc::new(Mutex::new(Vec::new()));
            let telling = told.clone();
            let slow = service_fn(async |_: SocketAddr| {
                sleep(Duration::from_secs(2)).await;
                io::Result::Ok(Router::new().route("/", get(async || "fine")))
            });
            let server = fusee_hyper::serve_each(listener, slow)
                .with_error_hook(move |error| telling.lock().unwrap().push(format!("{error:?}")))
                .with_graceful_shutdown(sleep(Duration::from_secs(1)));
            let server = fusee::spawn(server.into_future());
            let mut stream = connector.connect().unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            server.await.unwrap().unwrap();
            assert!(answer.ends_with(end) && answer.is_empty() == end.is_empty(), "{sent:?}: {answer:?}");
            assert_eq!(*told.lock().unwrap(), [""; 0], "{sent:?}");
        }
    });
}
