//! One request, and what comes back: what the rest knows of HTTP.

use std::future::Future;
use std::time::{Duration, SystemTime};

use hyper::header::{HeaderMap, LOCATION, RETRY_AFTER};
use hyper::{Method, StatusCode};
use thiserror::Error;
use url::Url;

/// What makes requests: hyper's client ([`Http`](crate::http::Http)), or a test's.
pub trait Transport: Send + Sync + 'static {
    /// Makes one request, without following it anywhere.
    ///
    /// Dropped, it gives the request up.
    fn send(&self, request: Request) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// HEAD or GET.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// How much of the body is of use.
    pub want: Want,
}

/// What somebody wants to know of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Whether it is there.
    Status,
    /// Its links, if it is a page of HTML.
    Page,
    /// Its text, of whatever type.
    Text,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The head.
    pub headers: HeaderMap,
    /// The body, if it was wanted, and the status is a success.
    pub body: Option<Body>,
}

/// A body, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether there was more than the limit allows.
    pub truncated: bool,
}

/// Why there is no answer, or none that counts.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Failure {
    /// No connection was made.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// There was a connection, and it broke off, or the other end does not speak HTTP.
    #[error("broke off: {0}")]
    BrokeOff(String),
    /// The time limit passed.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// A redirect without an address, or with one that is none.
    #[error("redirects to no address: {0:?}")]
    BadRedirect(String),
    /// A redirect to where the way has led before.
    #[error("redirects in a loop: back to {0}")]
    RedirectLoop(Url),
    /// A redirect too many.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// What is written in the page is no address.
    #[error("not an address")]
    Malformed,
    /// Somebody stopped the crawl first.
    #[error("stopped")]
    Stopped,
}

impl Answer {
    /// Where a redirect leads. `None` if it is no redirect.
    pub(crate) fn location(&self) -> Option<String> {
        if !matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let location = self.headers.get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Some(location.unwrap_or_default())
    }

    /// How long the server wants to be left alone: seconds, or a date.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    }
}
