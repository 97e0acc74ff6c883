//! Clients that do not read their answers.
//!
//! In memory and on a paused clock, so that the moments at which they are given up are known.

mod support;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as AxumRequest;
use axum::response::Response as AxumResponse;
use axum::routing::get;
use fusee::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use fusee::time::{Instant, sleep, timeout};
use fusee_hyper::MemoryConnector;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use support::slow::{LIMIT, LONG, ROOM, h2_client, seconds, start, start_with, timed_out};
use support::{on_every_paused_flavour, text};

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

/// Whether a connection of HTTP/2 has ended as it is to, for which it is looked four times within the limit, and once more soon after it.
fn is_at_limit(time: Duration) -> bool {
    (LIMIT..=LIMIT * 5 / 4 + Duration::from_millis(100)).contains(&time)
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
fn a_client_of_http2_that_takes_nothing_keeps_no_connection_by_cheap_requests() {
    on_every_paused_flavour(async || {
        let cheap = get(async || StatusCode::NO_CONTENT);
        let (connector, mut told) = start(long_router().route("/cheap", cheap).route("/byte", get(async || "x")));
        let mut sender = h2_client(&connector, 10).await;
        let start = Instant::now();
        let unread = sender.send_request(get_of("/long")).await.unwrap();
        let asking = fusee::spawn(async move {
            let mut answers = 0;
            while let Ok(answer) = sender.send_request(get_of(["/cheap", "/byte"][answers % 2])).await {
                answer.into_body().collect().await.unwrap();
                answers += 1;
                sleep(seconds(1)).await;
            }
            answers
        });
        let time = timed_out(&mut told).await - start;
        assert!(is_at_limit(time), "{time:?}");
        assert!(asking.await.unwrap() > 29);
        drop(unread);
    });
}

#[test]
fn no_time_at_all_to_read_is_enough_while_the_server_is_waited_for() {
    on_every_paused_flavour(async || {
        let later = async || {
            sleep(seconds(1)).await;
            "later"
        };
        let router = Router::new().route("/", get(later));
        let (connector, _told) = start_with(router, |serve| serve.with_write_timeout(Duration::ZERO));
        let mut sender = h2_client(&connector, 65_535).await;
        let answer = sender.send_request(get_of("/")).await.unwrap();
        assert_eq!(text(answer.into_body()).await, "later");
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
