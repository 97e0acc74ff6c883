//! Clients that stop in the middle of a body.
//!
//! In memory and on a paused clock, so that the moments at which they are given up are known.

mod support;

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::time::{Instant, sleep};
use fusee_hyper::{MemoryConnector, RequestBody, memory, serve};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Bytes, Frame};
use hyper::{Request, Response, StatusCode};
use support::slow::{LIMIT, LONG, ROOM, h2_client, seconds, start, start_with};
use support::{on_every_paused_flavour, text};

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
fn a_body_that_was_given_up_is_at_its_end() {
    async fn read(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
        let mut body = request.into_body();
        while body.frame().await.unwrap().is_ok() {}
        Ok(Response::new(format!("{} {:?}", body.is_end_stream(), body.size_hint().exact()).into()))
    }

    on_every_paused_flavour(async || {
        let (connector, listener) = memory(ROOM);
        fusee::spawn(serve(listener, tower::service_fn(read)).into_future());
        let mut stream = connector.connect().unwrap();
        stream.write_all(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 10\r\n\r\nfive!").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("true Some(0)"), "{answer}");
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
        let router =
            Router::new().route("/", post(async |body: Body| text(body).await)).route("/long", get(async || LONG));
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
