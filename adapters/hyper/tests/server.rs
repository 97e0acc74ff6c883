//! What a server does beside answering: bodies in chunks, panics, clients that leave, errors, limits, options.

mod support;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use fusee::task::yield_now;
use fusee::time::Instant;
use fusee_hyper::{Io, Listener, serve, serve_each};
use futures::channel::oneshot;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use support::{Server, client, get_of, h2_client, on_every_flavour, on_every_paused_flavour, text};

#[test]
fn bodies_in_chunks_go_both_ways() {
    on_every_flavour(async || {
        let chunks = async || {
            let chunks = stream::iter(0..1000).then(async |n| {
                yield_now().await;
                io::Result::Ok(format!("{n},"))
            });
            Body::from_stream(chunks)
        };
        let sum = async |body: Body| {
            let text = text(body).await;
            text.split_terminator(',').map(|n| n.parse::<u64>().unwrap()).sum::<u64>().to_string()
        };
        let server = Server::start(Router::new().route("/chunks", get(chunks)).route("/sum", post(sum))).await;
        let client = fusee_hyper::client_builder().build::<_, Body>(fusee_hyper::Connector::new());
        let answer = client.get(server.uri("/chunks")).await.unwrap();
        assert_eq!(answer.headers()["transfer-encoding"], "chunked");
        let request = Request::post(server.uri("/sum")).body(Body::new(answer.into_body())).unwrap();
        let answer = client.request(request).await.unwrap();
        assert_eq!(text(answer.into_body()).await, (0..1000).sum::<u64>().to_string());
        drop(client);
        server.stop().await;
    });
}

#[test]
fn a_handler_that_panics_ends_its_connection_or_stream_alone() {
    on_every_flavour(async || {
        let panics = async || -> &'static str { panic!("as the test wants") };
        let router = Router::new().route("/", get(async || "fine")).route("/panic", get(panics));
        let server = Server::start(router).await;
        let (mut other, mut ending) = (server.connect().await, server.connect().await);
        assert_eq!(other.send_request(get_of("/")).await.unwrap().status(), StatusCode::OK);
        assert!(ending.send_request(get_of("/panic")).await.is_err());
        assert!(ending.ready().await.is_err(), "the connection has ended");
        other.ready().await.unwrap();
        assert_eq!(other.send_request(get_of("/")).await.unwrap().status(), StatusCode::OK);

        let client = h2_client();
        assert!(client.get(server.uri("/panic")).await.is_err());
        assert_eq!(client.get(server.uri("/")).await.unwrap().status(), StatusCode::OK);
        assert_eq!(server.accepted(), 3, "HTTP/2 has gone on by its connection");
        server.stop().await;
    });
}

#[test]
fn the_handler_of_a_client_that_leaves_is_dropped() {
    on_every_flavour(async || {
        let (dropped, has_dropped) = oneshot::channel::<()>();
        let (entered, has_entered) = oneshot::channel::<()>();
        let guards = Arc::new(std::sync::Mutex::new(Some((entered, dropped))));
        let waits = async move || -> String {
            let (entered, _dropped) = guards.lock().unwrap().take().unwrap();
            entered.send(()).unwrap();
            std::future::pending().await
        };
        let server = Server::start(Router::new().route("/", get(waits))).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
        has_entered.await.unwrap();
        drop(stream);
        assert!(has_dropped.await.is_err(), "it was dropped, and not sent");
        server.stop().await;
    });
}

/// A listener that answers errors before it accepts.
struct Failing(VecDeque<io::Error>, TcpListener);

impl Listener for Failing {
    type Stream = TcpStream;
    type Address = SocketAddr;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        match self.0.pop_front() {
            Some(error) => Err(error),
            None => Listener::accept(&mut self.1).await,
        }
    }
}

#[test]
fn it_accepts_again_after_errors_and_pauses_if_they_are_not_the_clients() {
    const TOO_MANY_FILES: i32 = 24;
    let aborted = || io::ErrorKind::ConnectionAborted.into();
    let too_many = || io::Error::from_raw_os_error(TOO_MANY_FILES);
    for (errors, pauses) in [(vec![aborted(), aborted()], 0), (vec![too_many(), aborted(), too_many()], 2)] {
        support::on_paused(|| async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let start = Instant::now();
            let router = Router::new().route("/", get(async || "fine"));
            let server = fusee::spawn(serve(Failing(errors.into(), listener), router).into_future());
            let answer = client().get(format!("http://{address}/").parse().unwrap()).await.unwrap();
            assert_eq!(text(answer.into_body()).await, "fine");
            assert_eq!(start.elapsed(), pauses * Duration::from_millis(100));
            server.abort();
        });
    }
}

#[test]
fn no_more_connections_are_open_than_the_limit_says() {
    on_every_flavour(async || {
        let open = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let counts = {
            let (open, most) = (open.clone(), most.clone());
            async move || {
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // The others would come now, if they were let in.
                for _ in 0..100 {
                    yield_now().await;
                }
                open.fetch_sub(1, Ordering::SeqCst);
                "fine"
            }
        };
        let server =
            Server::start_with(Router::new().route("/", get(counts)), |serve| serve.with_connection_limit(3)).await;
        let asks = (0..20).map(async |_| {
            let mut request = get_of("/");
            request.headers_mut().insert("connection", "close".parse().unwrap());
            let answer = server.connect().await.send_request(request).await.unwrap();
            assert_eq!(text(answer.into_body()).await, "fine");
        });
        futures::future::join_all(asks).await;
        assert_eq!(server.accepted(), 20);
        assert_eq!(most.load(Ordering::SeqCst), 3);
        server.stop().await;
    });
}

/// What a server says to a client that has sent `bytes`, until it closes, and how long that takes.
async fn closed_after(server: &Server, bytes: &[u8]) -> (String, Duration) {
    let start = Instant::now();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has been closed, too.
    let _ = stream.read_to_end(&mut answer).await;
    (String::from_utf8(answer).unwrap(), start.elapsed())
}

#[test]
fn a_client_that_does_not_come_to_the_point_is_closed() {
    on_every_paused_flavour(async || {
        let server = Server::start(Router::new().route("/", get(async || "fine"))).await;
        let limit = Duration::from_secs(30);
        for bytes in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n", b"GE", b"GET / HTTP/1.1\r\nhost: h"] {
            let (answer, time) = closed_after(&server, bytes).await;
            assert_eq!((answer.as_str(), time), ("", limit), "{bytes:?}");
        }
        let (answer, time) = closed_after(&server, b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await;
        assert!(answer.ends_with("fine"));
        assert_eq!(time, limit, "idle as long after its answer");
        server.stop().await;
    });
}

#[test]
fn a_client_of_http2_that_answers_no_pings_is_closed_and_one_that_does_is_not() {
    on_every_paused_flavour(async || {
        let server = Server::start(Router::new().route("/", get(async || "fine"))).await;
        // hyper's client answers them, idle as it is; its pool would drop it after 90 seconds.
        let stream = Io::new(TcpStream::connect(server.address).await.unwrap());
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake::<_, _, Full<Bytes>>(fusee_hyper::Executor, stream).await.unwrap();
        fusee::spawn(connection);
        let start = Instant::now();
        let mut silent = TcpStream::connect(server.address).await.unwrap();
        silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        silent.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(50));
        fusee::time::sleep(Duration::from_secs(600)).await;
        let request = Request::get("http://here/").body(Full::default()).unwrap();
        assert_eq!(text(sender.send_request(request).await.unwrap().into_body()).await, "fine");
        drop(sender);
        server.stop().await;
    });
}

#[test]
fn the_limit_of_a_head_is_the_programs_to_say_and_does_not_bound_the_answer() {
    on_every_paused_flavour(async || {
        let slow = async || {
            fusee::time::sleep(Duration::from_secs(100)).await;
            "slow"
        };
        let router = Router::new().route("/", get(slow));
        let limit = Duration::from_secs(5);
        let server = Server::start_with(router.clone(), |serve| serve.with_header_read_timeout(limit)).await;
        assert_eq!(closed_after(&server, b"").await.1, limit);
        assert_eq!(closed_after(&server, b"GET ").await.1, limit);
        let (answer, time) = closed_after(&server, b"GET / HTTP/1.0\r\n\r\n").await;
        assert!(answer.ends_with("slow"));
        assert_eq!(time, Duration::from_secs(100));
        server.stop().await;

        let server = Server::start_with(router, |serve| serve.with_header_read_timeout(None)).await;
        fusee::time::timeout(Duration::from_secs(600), closed_after(&server, b"GET ")).await.unwrap_err();
        server.stop().await;
    });
}

#[test]
fn options_of_the_protocols_reach_them() {
    on_every_paused_flavour(async || {
        let server = Server::start_with(Router::new(), |serve| {
            serve.configure(|http| {
                http.http1().title_case_headers(true);
            })
        })
        .await;
        let (answer, _) = closed_after(&server, b"GET / HTTP/1.0\r\n\r\n").await;
        assert!(answer.contains("\r\nContent-Length: 0\r\n"), "{answer}");
        server.stop().await;
    });
}

#[test]
fn a_client_of_http2_is_told_how_many_streams_it_may_have() {
    on_every_paused_flavour(async || {
        let server = Server::start_with(Router::new(), |serve| serve.with_stream_limit(0x0708_090a)).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(head[3], 4, "its settings come first");
        let mut settings = vec![0; usize::from(head[2])];
        stream.read_exact(&mut settings).await.unwrap();
        // Of each the name has two bytes, and the value four.
        let streams = settings.chunks(6).find(|setting| setting[..2] == [0, 3]).expect("MAX_CONCURRENT_STREAMS");
        assert_eq!(streams[2..], [7, 8, 9, 10]);
        server.stop().await;
    });
}

#[test]
fn tcp_connections_are_not_delayed() {
    on_every_flavour(async || {
        let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        assert!(Listener::accept(&mut listener).await.unwrap().0.nodelay().unwrap());
    });
}

#[test]
fn a_unix_listener_serves() {
    on_every_flavour(async || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let router = Router::new().route("/", get(async || "fine"));
        let server = fusee::spawn(serve(UnixListener::bind(&path).unwrap(), router).into_future());
        let stream = UnixStream::connect(&path).await.unwrap();
        let (mut sender, connection) = http1::handshake::<_, Full<Bytes>>(Io::new(stream)).await.unwrap();
        fusee::spawn(connection);
        assert_eq!(text(sender.send_request(get_of("/")).await.unwrap().into_body()).await, "fine");
        server.abort();
    });
}

#[test]
fn a_service_is_made_for_each_address() {
    on_every_flavour(async || {
        let who = async |ConnectInfo(address): ConnectInfo<SocketAddr>| address.to_string();
        let services = Router::new().route("/", get(who)).into_make_service_with_connect_info::<SocketAddr>();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = fusee::spawn(serve_each(listener, services).into_future());
        for _ in 0..2 {
            let stream = TcpStream::connect(address).await.unwrap();
            let here = stream.local_addr().unwrap().to_string();
            let (mut sender, connection) = http1::handshake::<_, Full<Bytes>>(Io::new(stream)).await.unwrap();
            fusee::spawn(connection);
            assert_eq!(text(sender.send_request(get_of("/")).await.unwrap().into_body()).await, here);
        }
        server.abort();
    });
}

#[test]
fn a_maker_of_services_that_fails_for_one_address_loses_that_connection_and_one_that_is_never_ready_ends_the_server() {
    /// Its first service fails to be made; after the second it is not ready any more.
    #[derive(Clone)]
    struct Fickle(usize);

    impl tower_service::Service<SocketAddr> for Fickle {
        type Response = Router;
        type Error = io::Error;
        type Future = std::future::Ready<io::Result<Router>>;

        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(if self.0 < 2 { Ok(()) } else { Err(io::Error::other("worn out")) })
        }

        fn call(&mut self, _: SocketAddr) -> Self::Future {
            self.0 += 1;
            let router = Router::new().route("/", get(async || "fine"));
            std::future::ready(if self.0 == 1 { Err(io::Error::other("not now")) } else { Ok(router) })
        }
    }

    on_every_flavour(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = fusee::spawn(serve_each(listener, Fickle(0)).into_future());
        let connect = async || {
            let stream = Io::new(TcpStream::connect(address).await.unwrap());
            let (sender, connection) = http1::handshake::<_, Empty<Bytes>>(stream).await.unwrap();
            fusee::spawn(connection);
            sender
        };
        let request = || Request::get("/").header("host", "here").body(Empty::new()).unwrap();
        assert!(connect().await.send_request(request()).await.is_err());
        let answer = connect().await.send_request(request()).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "fine");
        assert_eq!(server.await.unwrap().unwrap_err().to_string(), "worn out");
    });
}
