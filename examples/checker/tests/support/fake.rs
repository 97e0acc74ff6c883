//! Answers without HTTP, each after a time, and when they were asked for.

use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, HeaderName, StatusCode};
use checker::transport::{Answer, Body, Failure, Request, Transport, Want};
use fusee::time::{Duration, Instant, sleep};

/// What comes, and how long it takes.
pub type Reply = (Duration, Result<Answer, Failure>);

/// A transport that asks `F`, with the request and how often its address was asked for before.
pub struct Fake<F> {
    reply: F,
    start: Instant,
    log: Log,
}

/// What was asked for, and when, in milliseconds.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<(u128, Request)>>>);

impl<F> Fake<F>
where
    F: Fn(&Request, usize) -> Reply + Send + Sync + 'static,
{
    pub fn new(reply: F) -> (Self, Log) {
        let log = Log::default();
        (Self { reply, start: Instant::now(), log: log.clone() }, log)
    }
}

impl<F> Transport for Fake<F>
where
    F: Fn(&Request, usize) -> Reply + Send + Sync + 'static,
{
    async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let before = self.log.of(request.url.as_str()).len();
        let (pause, result) = (self.reply)(&request, before);
        self.log.0.lock().unwrap().push((self.start.elapsed().as_millis(), request));
        sleep(pause).await;
        result
    }
}

impl Log {
    /// When requests were made.
    pub fn times(&self) -> Vec<u128> {
        self.0.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    /// When requests for an address were made.
    pub fn of(&self, url: &str) -> Vec<u128> {
        let log = self.0.lock().unwrap();
        log.iter().filter(|(_, request)| request.url.as_str() == url).map(|(at, _)| *at).collect()
    }

    /// By which methods, and for which addresses.
    pub fn asked(&self) -> Vec<String> {
        let log = self.0.lock().unwrap();
        log.iter().map(|(_, request)| format!("{} {}", request.method, request.url)).collect()
    }
}

/// A status, at once.
pub fn status(status: u16) -> Reply {
    with(status, &[])
}

/// A status with headers, at once.
pub fn with(status: u16, fields: &[(&'static str, &str)]) -> Reply {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    (Duration::ZERO, Ok(Answer { status, headers, body: None }))
}

/// A page, if that is wanted, at once.
pub fn page(request: &Request, html: &str) -> Reply {
    let (pause, result) = status(200);
    let body = (request.want != Want::Status).then(|| Body { bytes: html.into(), truncated: false });
    (pause, result.map(|answer| Answer { body, ..answer }))
}

/// Nobody there.
pub fn refused() -> Reply {
    (Duration::ZERO, Err(Failure::Connect("refused".to_owned())))
}

/// The same, later.
pub fn after(pause: Duration, (_, result): Reply) -> Reply {
    (pause, result)
}
