//! A site with everything that a checker meets, served by fusee-hyper; it notes what it is asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::response::Builder;
use axum::http::{Method, Response};
use fusee::time::{Instant, sleep};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::stream;

/// How long `/slow` takes.
pub const SLOW: Duration = Duration::from_millis(300);

/// A request that was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub at: Instant,
}

/// The site.
#[derive(Clone)]
pub struct Site {
    /// What the page `/` has beside its own links.
    more: Arc<str>,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Is told of each path.
    watch: UnboundedSender<String>,
}

impl Site {
    /// A site whose first page has `more` as well, and what tells the paths as they are asked for.
    pub fn new(more: &str) -> (Self, UnboundedReceiver<String>) {
        let (watch, asked) = unbounded();
        (Self { more: more.into(), seen: Arc::default(), watch }, asked)
    }

    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How often `path` was asked for, by whichever method.
    pub fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.path == path).count()
    }
}

const HOME: &str = r#"<!doctype html><title>Home</title>
<a href="/about">About</a> <a href="about#team">The team</a> <a href="/slow">Slow</a>
<a href="/missing">Missing</a> <a href="/moved">Moved</a> <a href="/loop/a">Round and round</a>
<a href="/endless/1">On and on</a> <a href="/flaky">Flaky</a> <a href="/busy">Busy</a> <a href="/down">Down</a>
<a href="/huge">Huge</a> <a href="/cut">Cut</a> <a href="/get-only">GET only</a> <a href="/notes.txt">Notes</a>
<a href="/private/secret">Secret</a> <a href="mailto:site@example.org">Write</a> <a href="http://[bad/">Bad</a>
<img src="/logo.png"> <script>"<a href='/not-a-link'>"</script>
"#;

async fn answer(State(site): State<Site>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let before = site.count(&path);
    let method = request.method().clone();
    site.seen.lock().unwrap().push(Seen { method: method.clone(), path: path.clone(), at: Instant::now() });
    // Whoever does not care has dropped the other end.
    let _ = site.watch.unbounded_send(path.clone());
    match path.as_str() {
        "/" => html(format!("{HOME}{}", site.more)),
        "/robots.txt" => text("User-agent: fusee-checker\nDisallow: /private/\n"),
        "/about" => html(r#"<a href="/">Home</a> <a href="/gone">Gone</a> <a href="/missing">Missing</a>"#),
        "/slow" => {
            sleep(SLOW).await;
            html(r#"<a href="/deep">Deeper</a>"#)
        }
        "/deep" => html(r#"<a href="/deeper">Deeper</a>"#),
        "/gone" => empty(status(410)),
        "/moved" => empty(status(301).header(LOCATION, "/about")),
        "/away" => empty(status(302).header(LOCATION, "gopher://elsewhere.test/")),
        "/loop/a" => empty(status(302).header(LOCATION, "/loop/b")),
        "/loop/b" => empty(status(302).header(LOCATION, "a")),
        "/flaky" if before == 0 => empty(status(503)),
        "/busy" if before == 0 => empty(status(429).header(RETRY_AFTER, "1")),
        "/flaky" | "/busy" | "/deeper" | "/private/secret" => html("<p>Here.</p>"),
        "/down" => empty(status(500)),
        "/huge" => html(r#"<a href="/deep">Deep</a>"#).map(endless),
        "/cut" => cut(status(200).header(CONTENT_TYPE, "text/html")),
        "/get-only" if method == Method::HEAD => empty(status(405)),
        "/get-only" | "/notes.txt" => text("<a href=/not-a-link>"),
        "/logo.png" => status(200).header(CONTENT_TYPE, "image/png").body(Body::from("PNG")).unwrap(),
        "/hang" => std::future::pending().await,
        path => match path.strip_prefix("/endless/").and_then(|count| count.parse::<u32>().ok()) {
            Some(count) => empty(status(307).header(LOCATION, format!("/endless/{}", count + 1))),
            None if path.starts_with("/page/") => html("<p>One of many.</p>"),
            None => empty(status(404)),
        },
    }
}

fn status(status: u16) -> Builder {
    Response::builder().status(status)
}

fn empty(head: Builder) -> Response<Body> {
    head.body(Body::empty()).unwrap()
}

fn html(page: impl Into<Body>) -> Response<Body> {
    status(200).header(CONTENT_TYPE, "text/html; charset=utf-8").body(page.into()).unwrap()
}

fn text(text: &'static str) -> Response<Body> {
    status(200).header(CONTENT_TYPE, "text/plain").body(Body::from(text)).unwrap()
}

/// `first`, and then blanks for ever.
fn endless(first: Body) -> Body {
    use futures::StreamExt;

    let blanks = stream::repeat_with(|| Ok(vec![b' '; 4096].into()));
    Body::from_stream(first.into_data_stream().chain(blanks))
}

/// Less than it promises, and then no connection.
fn cut(head: Builder) -> Response<Body> {
    let part = stream::iter([Ok("<p>The rest is"), Err(std::io::Error::other("silence"))]);
    head.header(CONTENT_LENGTH, 1000).body(Body::from_stream(part)).unwrap()
}
