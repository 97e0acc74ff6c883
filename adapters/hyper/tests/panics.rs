//! Panics of what the program has written: each ends one connection, and no server.

mod support;

use std::io;
use std::net::SocketAddr;
use std::panic::panic_any;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::routing::get;
use fusee::io::AsyncReadExt;
use fusee::task::JoinHandle;
use fusee_hyper::{Handshakes, Io, MemoryConnector, RequestBody, ServeError, memory, serve, serve_each};
use http_body_util::{Empty, Full};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use support::{on_every_flavour, text};
use tower_service::Service;

/// What the hook was told.
type Told = Arc<Mutex<Vec<String>>>;

fn hook() -> (Told, impl Fn(ServeError) + Send + Sync + 'static) {
    let told = Told::default();
    let telling = told.clone();
    (told, move |error: ServeError| telling.lock().unwrap().push(error.to_string()))
}

/// What the hook was told, once it was told something: the other end may see before that how its connection ends, which happens as the panic unwinds.
async fn first_told(told: &Told) -> Vec<String> {
    loop {
        let so_far = told.lock().unwrap().clone();
        if !so_far.is_empty() {
            return so_far;
        }
        fusee::task::yield_now().await;
    }
}

/// A router, or none yet: it panics where it is told to, at its first connection.
#[derive(Clone)]
struct Panicking {
    at: At,
    readied: usize,
    called: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Ready,
    Call,
    Future,
}

impl Service<SocketAddr> for Panicking {
    type Response = Router;
    type Error = io::Error;
    type Future = futures::future::BoxFuture<'static, io::Result<Router>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.readied += 1;
        assert!(self.at != At::Ready || self.readied > 1, "as the test wants");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: SocketAddr) -> Self::Future {
        self.called += 1;
        assert!(self.at != At::Call || self.called > 1, "as the test wants");
        let panics = self.at == At::Future && self.called == 1;
        Box::pin(async move {
            assert!(!panics, "as the test wants");
            Ok(Router::new().route("/", get(async || "fine")))
        })
    }
}

async fn fine(connector: &MemoryConnector) {
    let (mut sender, connection) = http1::handshake(Io::new(connector.connect().unwrap())).await.unwrap();
    fusee::spawn(connection);
    let request = Request::get("/").header("host", "here").body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(text(sender.send_request(request).await.unwrap().into_body()).await, "fine");
}

#[test]
fn a_maker_of_services_that_panics_loses_that_connection() {
    on_every_flavour(async || {
        for at in [At::Ready, At::Call, At::Future] {
            let (connector, listener) = memory(1000);
            let (told, hook) = hook();
            let server = serve_each(listener, Panicking { at, readied: 0, called: 0 }).with_error_hook(hook);
            let server: JoinHandle<_> = fusee::spawn(server.into_future());
            let mut lost = connector.connect().unwrap();
            assert_eq!(lost.read(&mut [0]).await.unwrap(), 0, "{at:?}");
            fine(&connector).await;
            assert!(!server.is_finished());
            assert_eq!(first_told(&told).await, ["a connection has ended by a panic: as the test wants"], "{at:?}");
        }
    });
}

/// A service that panics where it is told to, for requests of `/panic`.
#[derive(Clone)]
struct Abrupt;

impl Service<Request<RequestBody>> for Abrupt {
    type Response = Response<Full<Bytes>>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Response<Full<Bytes>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        assert_ne!(request.uri().path(), "/panic", "as the test wants");
        std::future::ready(Ok(Response::new("fine".into())))
    }
}

#[test]
fn a_service_that_panics_as_it_is_called_ends_its_connection_or_stream() {
    on_every_flavour(async || {
        let (connector, listener) = memory(1000);
        let (told, hook) = hook();
        let server = fusee::spawn(serve(listener, Abrupt).with_error_hook(hook).into_future());
        let (mut sender, connection) = http1::handshake(Io::new(connector.connect().unwrap())).await.unwrap();
        fusee::spawn(connection);
        let panics = || Request::get("http://here/panic").header("host", "here").body(Empty::<Bytes>::new()).unwrap();
        sender.send_request(panics()).await.unwrap_err();
        sender.ready().await.unwrap_err();
        let stream = Io::new(connector.connect().unwrap());
        let (mut sender, connection) = http2::handshake(fusee_hyper::Executor, stream).await.unwrap();
        fusee::spawn(connection);
        sender.send_request(panics()).await.unwrap_err();
        let request = Request::get("http://here/").body(Empty::<Bytes>::new()).unwrap();
        assert_eq!(text(sender.send_request(request).await.unwrap().into_body()).await, "fine");
        fine(&connector).await;
        assert!(!server.is_finished());
        assert_eq!(first_told(&told).await.len(), 1, "that of HTTP/2 is the stream's alone");
    });
}

#[test]
fn a_service_that_panics_as_it_is_cloned_loses_that_connection() {
    struct Uncloned(Arc<Mutex<usize>>);

    impl Clone for Uncloned {
        fn clone(&self) -> Self {
            let mut clones = self.0.lock().unwrap();
            *clones += 1;
            let is_first = *clones == 1;
            drop(clones);
            assert!(!is_first, "as the test wants");
            Self(self.0.clone())
        }
    }

    impl Service<Request<RequestBody>> for Uncloned {
        type Response = Response<Full<Bytes>>;
        type Error = io::Error;
        type Future = std::future::Ready<io::Result<Response<Full<Bytes>>>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<RequestBody>) -> Self::Future {
            std::future::ready(Ok(Response::new("fine".into())))
        }
    }

    on_every_flavour(async || {
        let (connector, listener) = memory(1000);
        fusee::spawn(serve(listener, Uncloned(Arc::default())).into_future());
        let mut lost = connector.connect().unwrap();
        assert_eq!(lost.read(&mut [0]).await.unwrap(), 0);
        fine(&connector).await;
    });
}

#[test]
fn a_hook_that_panics_ends_nothing() {
    on_every_flavour(async || {
        let (connector, listener) = memory(1000);
        let server = serve_each(listener, Panicking { at: At::Call, readied: 0, called: 0 });
        let server = server.with_error_hook(|error| panic!("{error}"));
        fusee::spawn(server.into_future());
        let mut lost = connector.connect().unwrap();
        assert_eq!(lost.read(&mut [0]).await.unwrap(), 0);
        fine(&connector).await;
    });
}

#[test]
fn a_handshake_that_panics_loses_that_connection() {
    on_every_flavour(async || {
        for in_future in [false, true] {
            let (connector, listener) = memory(1000);
            let (told, hook) = hook();
            let mut count = 0;
            let listener = Handshakes::new(listener, move |stream, address| {
                count += 1;
                let panics = count == 1;
                assert!(!panics || in_future, "as the test wants");
                async move {
                    assert!(!panics, "as the test wants");
                    Ok((stream, address))
                }
            });
            let router = Router::new().route("/", get(async || "fine"));
            let server = fusee::spawn(serve(listener, router).with_error_hook(hook).into_future());
            let mut lost = connector.connect().unwrap();
            assert_eq!(lost.read(&mut [0]).await.unwrap(), 0);
            fine(&connector).await;
            assert!(!server.is_finished());
            assert_eq!(first_told(&told).await, ["no connection was accepted"]);
        }
    });
}

/// Panics once more when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload's drop");
    }
}

#[test]
fn a_panic_whose_payload_panics_as_it_is_dropped_ends_no_server() {
    #[derive(Clone, Copy, Debug)]
    enum In {
        Hook,
        Service,
        Handshake,
    }

    on_every_flavour(async || {
        for (place, is_told) in [(In::Hook, true), (In::Service, true), (In::Handshake, true), (In::Handshake, false)] {
            let (connector, listener) = memory(1000);
            let mut count = 0;
            let listener = Handshakes::new(listener, move |stream, address| {
                count += 1;
                let is_first = count == 1;
                async move {
                    match place {
                        In::Hook if is_first => Err(io::ErrorKind::ConnectionAborted.into()),
                        In::Handshake if is_first => panic_any(Bomb),
                        _ => Ok((stream, address)),
                    }
                }
            });
            let mut count = 0;
            let services = tower::service_fn(move |_: SocketAddr| {
                count += 1;
                if matches!(place, In::Service) && count == 1 {
                    panic_any(Bomb);
                }
                std::future::ready(Ok::<_, io::Error>(Router::new().route("/", get(async || "fine"))))
            });
            let mut server = serve_each(listener, services);
            if is_told {
                server = server.with_error_hook(move |_| {
                    if matches!(place, In::Hook) {
                        panic_any(Bomb);
                    }
                });
            }
            let server = fusee::spawn(server.into_future());
            let mut lost = connector.connect().unwrap();
            assert_eq!(lost.read(&mut [0]).await.unwrap(), 0, "{place:?}");
            fine(&connector).await;
            assert!(!server.is_finished(), "{place:?}");
        }
    });
}
