//! The limits, without sockets and a database, on a clock that is paused: what lasts for seconds takes no time here.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, get};
use fusee::sync::Notify;
use fusee::time::{Duration, Instant, sleep};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use service::{Limits, limited, observed};
use tower::ServiceExt;

const TIMEOUT: Duration = Duration::from_secs(5);
const LIMITS: Limits = Limits { timeout: TIMEOUT, body: 100, requests: 2 };

async fn ask(router: &Router, path: &str, body: impl Into<Body>) -> Response {
    router.clone().oneshot(Request::post(path).body(body.into()).unwrap()).await.unwrap()
}

async fn json(response: Response) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

/// Answers with the length of a body, after a time.
fn slow(time: Duration) -> Router {
    let answer = async move |body: Bytes| {
        sleep(time).await;
        body.len().to_string()
    };
    limited(Router::new().route("/", any(answer)), LIMITS)
}

/// A body that never ends.
fn stuck() -> Body {
    Body::from_stream(stream::iter([Ok::<_, Infallible>("a beginning")]).chain(stream::pending()))
}

#[fusee::test(start_paused = true)]
async fn an_answer_that_comes_in_time_is_given() {
    let start = Instant::now();
    let answer = ask(&slow(TIMEOUT - Duration::from_nanos(1)), "/", "five!").await;
    assert_eq!((answer.status(), start.elapsed()), (StatusCode::OK, TIMEOUT - Duration::from_nanos(1)));
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "5");
}

#[fusee::test(start_paused = true)]
async fn an_answer_that_is_late_is_503_at_the_limit() {
    let start = Instant::now();
    let answer = ask(&slow(Duration::from_secs(3600)), "/", "").await;
    assert_eq!((answer.status(), start.elapsed()), (StatusCode::SERVICE_UNAVAILABLE, TIMEOUT));
    assert_eq!(answer.headers()["retry-after"], "1");
    let body = json(answer).await;
    assert_eq!(body, json!({"title": "Service Unavailable", "status": 503, "detail": "the answer took too long"}));
}

#[fusee::test(start_paused = true)]
async fn a_body_that_does_not_come_is_408_and_holds_no_place() {
    let router = slow(Duration::from_secs(1));
    let start = Instant::now();
    let stuck = (0..10).map(|_| ask(&router, "/", stuck()));
    let stuck = futures::future::join_all(stuck);
    let (stuck, answer) = futures::join!(stuck, ask(&router, "/", "in between"));
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(stuck.iter().all(|answer| answer.status() == StatusCode::REQUEST_TIMEOUT));
    assert_eq!(start.elapsed(), TIMEOUT);
}

#[fusee::test(start_paused = true)]
async fn who_comes_when_all_places_are_taken_is_turned_away_at_once() {
    let router = slow(Duration::from_secs(1));
    let start = Instant::now();
    let asks = (0..5).map(async |_| (ask(&router, "/", "").await.status().as_u16(), start.elapsed().as_secs()));
    let mut answers = futures::future::join_all(asks).await;
    answers.sort_unstable();
    assert_eq!(answers, [(200, 1), (200, 1), (503, 0), (503, 0), (503, 0)]);
    // The places are free again; also those of requests that were given up.
    let given_up = fusee::time::timeout(Duration::from_millis(1), ask(&router, "/", ""));
    assert!(given_up.await.is_err());
    let answers = futures::future::join_all((0..2).map(|_| ask(&router, "/", ""))).await;
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
}

#[fusee::test(start_paused = true)]
async fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
    let router = slow(Duration::ZERO);
    assert_eq!(ask(&router, "/", vec![7; 100]).await.status(), StatusCode::OK);
    let too_large = StatusCode::PAYLOAD_TOO_LARGE;
    assert_eq!(ask(&router, "/", vec![7; 101]).await.status(), too_large);
    // Without a length, too.
    let pieces = |count| Body::from_stream(stream::iter((0..count).map(|_| Ok::<_, Infallible>(vec![7; 10]))));
    assert_eq!(ask(&router, "/", pieces(10)).await.status(), StatusCode::OK);
    assert_eq!(ask(&router, "/", pieces(11)).await.status(), too_large);
    // It ends where more than patience has been read.
    let endless = Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(vec![7; 10])));
    assert_eq!(ask(&router, "/", endless).await.status(), too_large);
}

#[fusee::test(start_paused = true)]
async fn a_body_that_breaks_off_is_400() {
    let broken = Body::from_stream(stream::iter([Ok("a part"), Err(std::io::Error::other("gone"))]));
    let answer = ask(&slow(Duration::ZERO), "/", broken).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(json(answer).await["detail"], "the body broke off: gone");
}

#[fusee::test(start_paused = true)]
async fn a_request_that_its_client_gives_up_is_dropped() {
    let (begun, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let told = (begun.clone(), dropped.clone());
    let handler = async move || {
        struct OnDrop(Arc<Notify>);
        impl Drop for OnDrop {
            fn drop(&mut self) {
                self.0.notify_one();
            }
        }
        let _guard = OnDrop(told.1.clone());
        told.0.notify_one();
        pending::<()>().await;
    };
    let router = limited(Router::new().route("/", get(handler)), LIMITS);
    let request = fusee::spawn(router.oneshot(Request::get("/").body(Body::empty()).unwrap()));
    begun.notified().await;
    request.abort();
    dropped.notified().await;
}

#[fusee::test]
async fn a_panic_is_an_answer_and_has_its_requests_name() {
    let router = observed(Router::new().route("/", get(async || -> () { panic!("on purpose") })));
    let request = Request::get("/").header("x-request-id", "seven").body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.headers()["x-request-id"], "seven");
    assert_eq!(json(answer).await["status"], 500);
    // Who gives none is given one.
    let name = async || {
        let answer = router.clone().oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        answer.headers()["x-request-id"].clone()
    };
    assert_ne!(name().await, name().await);
}
