//! Clients that stop in the middle: they neither send the body that they announced, nor read their answers.
//!
//! In memory and on a paused clock, so that the moments at which they are given up are known.

mod support;

use std::convert::Infallible;
use std::error::Error as _;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as AxumRequest;
use axum::response::Response as AxumResponse;
use axum::routing::{get, post};
use fusee::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use fusee::time::{Instant, sleep, timeout};
use fusee_hyper::{
    Executor, Io, MemoryConnector, MemoryListener, RequestBody, Serve, ServeError, Shared, Timer, memory, serve,
};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response, StatusCode};
use support::{on_every_paused_flavour, text};

/// What is allowed without saying.
const LIMIT: Duration = Duration::from_secs(30);

/// At most so many bytes are on their way.
const ROOM: usize = 1000;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What the hook is told, and when.
type Told = UnboundedReceiver<(ServeError, Instant)>;

fn start(router: Router) -> (MemoryConnector, Told) {
    start_with(router, |serve| serve)
}

fn start_with(
    router: Router,
    options: impl FnOnce(Serve<MemoryListener, Shared<Router>>) -> Serve<MemoryListener, Shared<Router>>,
) -> (MemoryConnector, Told) {
    let (connector, listener) = memory(ROOM);
    let (tell, told) = unbounded();
    let hook = move |error| _ = tell.unbounded_send((error, Instant::now()));
    // Idle connections are of no interest here.
    let server = serve(listener, router).with_header_read_timeout(None).with_error_hook(hook);
    fusee::spawn(options(server).into_future());
    (connector, told)
}

/// When a connection ended because nothing moved.
async fn timed_out(told: &mut Told) -> Instant {
    let (error, at) = told.next().await.unwrap();
    assert!(matches!(error, ServeError::Connection(_)), "{error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return at;
        }
        cause = error.source();
    }
    panic!("it has ended by something else: {error:?}");
}

/// A client of HTTP/2, to which a stream may send so many bytes before it reads.
async fn h2_client<B>(connector: &MemoryConnector, window: u32) -> SendRequest<B>
where
    B: hyper::body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let stream = Io::new(connector.connect().unwrap());
    let mut builder = http2::Builder::new(Executor);
    builder.timer(Timer).initial_stream_window_size(window).initial_connection_window_size(65_535);
    let (sender, connection) = builder.handshake(stream).await.unwrap();
    fusee::spawn(connection);
    sender
}

/// A body that is sent by hand.
fn by_hand() -> (UnboundedSender<Result<Frame<Bytes>, Infallible>>, Body) {
    let (sender, receiver) = unbounded();
    (sender, Body::new(http_body_util::StreamBody::new(receiver)))
}

fn data(text: &'static str) -> Result<Frame<Bytes>, Infallible> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn request(path: &str) -> http::request::Builder {
    Request::post(format!("http://here{path}"))
}

/// A server that answers how long a body was, or that it was late; its moment of shutdown is that of the runtime.
fn counting() -> MemoryConnector {
    async fn count(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (status, text) = match request.into_body().collect().await {
            Ok(body) => (StatusCode::OK, body.to_bytes().len().to_string()),
            Err(error) if error.is_timeout() => (StatusCode::REQUEST_TIMEOUT, String::new()),
            Err(error) => panic!("{error:?}"),
        };
        Ok(Response::builder().status(status).body(text.into()).unwrap())
    }

    let (connector, listener) = memory(ROOM);
    fusee::spawn(serve(listener, tower::service_fn(count)).into_future());
    connector
}

#[test]
fn a_body_of_http1_that_stops_is_given_up_and_its_connection_closed() {
    on_every_paused_flavour(async || {
        for head in ["content-length: 10\r\n\r\nfive!", "transfer-encoding: chunked\r\n\r\n5\r\nfive!"] {
            let mut stream = counting().connect().unwrap();
            let start = Instant::now();
            stream.write_all(format!("POST / HTTP/1.1\r\nhost: here\r\n{head}").as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
            assert_eq!(start.elapsed(), LIMIT);
        }
    });
}

#[test]
fn a_body_of_http2_that_stops_is_given_up_and_its_connection_goes_on() {
    on_every_paused_flavour(async || {
        let mut sender = h2_client(&counting(), 65_535).await;
        let start = Instant::now();
        let (chunks, stuck) = by_hand();
        chunks.unbounded_send(data("five!")).unwrap();
        let answer = sender.send_request(request("/").body(stuck).unwrap()).await.unwrap();
        assert_eq!((answer.status(), start.elapsed()), (StatusCode::REQUEST_TIMEOUT, LIMIT));
        let answer = sender.send_request(request("/").body(Body::from("nine byte")).unwrap()).await.unwrap();
        assert_eq!(text(answer.into_body()).await, "9");
    });
}

#[test]
fn a_body_that_comes_byte_by_byte_has_all_the_time_for_each() {
    on_every_paused_flavour(async || {
        let connector = counting();
        let mut stream = connector.connect().unwrap();
        stream.write_all(b"POST / HTTP/1.0\r\ncontent-length: 6\r\n\r\n").await.unwrap();
        let mut sender = h2_client(&connector, 65_535).await;
        let (chunks, body) = by_hand();
        let asking = fusee::spawn(sender.send_request(request("/").body(body).unwrap()));
        for _ in 0..6 {
            sleep(LIMIT - seconds(1)).await;
            stream.write_all(b"x").await.unwrap();
            chunks.unbounded_send(data("x")).unwrap();
        }
        drop(chunks);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("\r\n6"), "{answer}");
        assert_eq!(text(asking.await.unwrap().unwrap().into_body()).await, "6");
    });
}

#[test]
fn the_time_in_which_nobody_reads_the_body_does_not_count() {
    on_every_paused_flavour(async || {
        let late = async |body: Body| {
            sleep(seconds(100)).await;
            text(body).await
        };
        let (connector, _told) = start(Router::new().route("/", post(late)));
        let mut stream = connector.connect().unwrap();
        stream.write_all(b"POST / HTTP/1.0\r\ncontent-length: 5\r\n\r\n").await.unwrap();
        let mut sender = h2_client(&connector, 65_535).await;
        let (chunks, body) = by_hand();
        let asking = fusee::spawn(sender.send_request(request("/").body(body).unwrap()));
        sleep(seconds(120)).await;
        stream.write_all(b"first").await.unwrap();
        chunks.unbounded_send(data("second")).unwrap();
        drop(chunks);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("\r\nfirst"), "{answer}");
        assert_eq!(text(asking.await.unwrap().unwrap().into_body()).await, "second");
    });
}

#[test]
fn a_call_that_goes_both_ways_may_be_silent() {
    on_every_paused_flavour(async || {
        let (connector, _told) = start(Router::new().route("/", post(async |body: Body| body)));
        let mut sender = h2_client(&connector, 65_535).await;
        let (chunks, body) = by_hand();
        let mut answer = sender.send_request(request("/").body(body).unwrap()).await.unwrap();
        for word in ["one", "two"] {
            sleep(seconds(600)).await;
            chunks.unbounded_send(data(word)).unwrap();
            assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), word);
        }
    });
}

#[test]
fn the_limits_are_the_programs_to_say() {
    on_every_paused_flavour(async || {
        let router = Router::new().route("/", post(async |body: Body| text(body).await)).route("/long", get(long));
        let (connector, _told) =
            start_with(router, |serve| serve.with_body_read_timeout(None).with_write_timeout(None));
        let mut stuck = connector.connect().unwrap();
        stuck.write_all(b"POST / HTTP/1.0\r\ncontent-length: 5\r\n\r\n").await.unwrap();
        let mut unread = connector.connect().unwrap();
        unread.write_all(b"GET /long HTTP/1.0\r\n\r\n").await.unwrap();
        let mut sender = h2_client(&connector, 10).await;
        let answer = sender.send_request(request("/long").method("GET").body(Body::empty()).unwrap()).await.unwrap();
        sleep(seconds(1000)).await;
        stuck.write_all(b"there").await.unwrap();
        let mut words = String::new();
        stuck.read_to_string(&mut words).await.unwrap();
        assert!(words.ends_with("\r\nthere"), "{words}");
        words.clear();
        unread.read_to_string(&mut words).await.unwrap();
        assert!(words.ends_with(LONG), "{words}");
        assert_eq!(text(answer.into_body()).await, LONG);
    });
}

/// An answer of many times the room.
const LONG: &str = match std::str::from_utf8(&[b'x'; 20 * ROOM]) {
    Ok(text) => text,
    Err(_) => "",
};

async fn long() -> &'static str {
    LONG
}

/// The same, in parts.
async fn streamed() -> Body {
    let parts = stream::iter(LONG.as_bytes().chunks(100)).map(|part| Ok::<_, Infallible>(Bytes::from_static(part)));
    Body::from_stream(parts)
}

fn long_router() -> Router {
    let later = async || {
        sleep(seconds(300)).await;
        "later"
    };
    let ticks = async || {
        let ticks = stream::iter(["one", "two"]).then(async |word| {
            sleep(seconds(300)).await;
            Ok::<_, Infallible>(word)
        });
        Body::from_stream(ticks)
    };
    Router::new()
        .route("/long", get(long))
        .route("/streamed", get(streamed))
        .route("/later", get(later))
        .route("/ticks", get(ticks))
}

async fn asked(connector: &MemoryConnector, path: &str) -> DuplexStream {
    let mut stream = connector.connect().unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

fn get_of(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://here{path}")).body(Full::default()).unwrap()
}

#[test]
fn a_client_of_http1_that_does_not_read_is_closed() {
    on_every_paused_flavour(async || {
        for path in ["/long", "/streamed"] {
            let (connector, mut told) = start(long_router());
            let start = Instant::now();
            let mut stream = asked(&connector, path).await;
            assert_eq!(timed_out(&mut told).await - start, LIMIT);
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest.len(), ROOM, "what there was room for");
        }
    });
}

#[test]
fn a_client_that_sends_requests_and_reads_no_answers_is_closed() {
    on_every_paused_flavour(async || {
        let (connector, mut told) = start(Router::new().route("/", get(async || "fine")));
        let start = Instant::now();
        let mut stream = connector.connect().unwrap();
        let writing = async {
            while stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await.is_ok() {}
            start.elapsed()
        };
        assert_eq!(writing.await, LIMIT);
        assert_eq!(timed_out(&mut told).await - start, LIMIT);
    });
}

#[test]
fn a_client_that_reads_slowly_has_all_the_time_for_each_byte() {
    on_every_paused_flavour(async || {
        for path in ["/long", "/streamed"] {
            let (connector, _told) = start(long_router());
            let mut stream = asked(&connector, path).await;
            for _ in 0..10 {
                sleep(LIMIT - seconds(1)).await;
                stream.read_exact(&mut [0]).await.unwrap();
            }
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            assert!(rest.len() > LONG.len(), "head and body, but for the chunks' frames");
        }
    });
}

#[test]
fn answers_that_are_long_in_the_making_are_waited_for() {
    on_every_paused_flavour(async || {
        for (path, words) in [("/later", "later"), ("/ticks", "onetwo")] {
            let (connector, _told) = start(long_router());
            let mut answer = String::new();
            asked(&connector, path).await.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with(words), "{answer}");
            let mut sender = h2_client(&connector, 10).await;
            let answer = sender.send_request(get_of(path)).await.unwrap();
            assert_eq!(text(answer.into_body()).await, words);
        }
    });
}

/// Whether a connection of HTTP/2 has ended as it is to, for which it is looked four times within the limit.
fn is_at_limit(time: Duration) -> bool {
    (LIMIT..=LIMIT * 5 / 4).contains(&time)
}

#[test]
fn a_client_of_http2_that_opens_no_window_is_closed() {
    on_every_paused_flavour(async || {
        // Of all of the answer, or a part of it, or none.
        for (path, window) in [("/long", 0), ("/long", 10), ("/streamed", 0), ("/streamed", 100)] {
            let (connector, mut told) = start(long_router());
            let mut sender = h2_client(&connector, window).await;
            let start = Instant::now();
            let answer = sender.send_request(get_of(path)).await.unwrap();
            let time = timed_out(&mut told).await - start;
            assert!(is_at_limit(time), "{path} {window}: {time:?}");
            answer.into_body().collect().await.unwrap_err();
        }
    });
}

#[test]
fn a_client_of_http2_that_reads_nothing_at_all_is_closed() {
    on_every_paused_flavour(async || {
        let (connector, mut told) = start_with(long_router(), |serve| {
            // hyper's pings would notice it, too.
            serve.configure(|http| {
                http.http2().keep_alive_interval(None);
            })
        });
        let mut stream = connector.connect().unwrap();
        let start = Instant::now();
        // Its settings, and a request for `/later`, which is being made all the time. Then pings, for whose answers there is no room.
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let head = b"\x82\x86\x41\x04here\x44\x06/later";
        stream.write_all(&[&[0, 0, head.len() as u8, 1, 5, 0, 0, 0, 1], &head[..]].concat()).await.unwrap();
        while stream.write_all(b"\0\0\x08\x06\0\0\0\0\0pingping").await.is_ok() {}
        assert_eq!(start.elapsed(), LIMIT);
        assert_eq!(timed_out(&mut told).await - start, LIMIT);
    });
}

#[test]
fn a_stream_that_is_waited_for_keeps_its_connection_whatever_others_do() {
    on_every_paused_flavour(async || {
        let (connector, mut told) = start(long_router());
        let mut sender = h2_client(&connector, 10).await;
        let unread = sender.send_request(get_of("/long")).await.unwrap();
        for path in ["/later", "/ticks"] {
            let answer = sender.send_request(get_of(path)).await.unwrap();
            text(answer.into_body()).await;
        }
        let start = Instant::now();
        let time = timed_out(&mut told).await - start;
        assert!(is_at_limit(time), "{time:?}");
        drop(unread);
    });
}

#[test]
fn a_client_of_http2_that_reads_slowly_is_not_closed() {
    on_every_paused_flavour(async || {
        let (connector, _told) = start(long_router());
        let mut sender = h2_client(&connector, 400).await;
        let mut answer = sender.send_request(get_of("/streamed")).await.unwrap();
        let mut length = 0;
        while let Some(frame) = answer.frame().await {
            length += frame.unwrap().into_data().unwrap().len();
            if length < 2000 {
                sleep(LIMIT - seconds(1)).await;
            }
        }
        assert_eq!(length, LONG.len());
    });
}

#[test]
fn a_connection_that_was_upgraded_has_no_limits() {
    on_every_paused_flavour(async || {
        let seen = Arc::new(Mutex::new(None));
        let wrote = seen.clone();
        let becomes_long = async move |mut request: AxumRequest| {
            let upgrade = hyper::upgrade::on(&mut request);
            fusee::spawn(async move {
                let mut upgraded = fusee_hyper::FuturesIo::new(upgrade.await.unwrap());
                let written = upgraded.write_all(LONG.as_bytes()).await;
                *wrote.lock().unwrap() = Some(written.is_ok());
            });
            let answer = AxumResponse::builder().status(StatusCode::SWITCHING_PROTOCOLS);
            answer.header("connection", "upgrade").header("upgrade", "long").body(Body::empty()).unwrap()
        };
        let (connector, _told) = start(Router::new().route("/", get(becomes_long)));
        let mut stream = connector.connect().unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: long\r\n\r\n").await.unwrap();
        let mut reading = pin!(async {
            sleep(seconds(600)).await;
            let mut all = String::new();
            stream.read_to_string(&mut all).await.unwrap();
            all
        });
        timeout(seconds(599), &mut reading).await.unwrap_err();
        assert!(reading.await.ends_with(LONG));
        assert_eq!(*seen.lock().unwrap(), Some(true));
    });
}
