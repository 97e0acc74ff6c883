//! Servers in memory for clients that are slow, and what becomes of them.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use axum::Router;
use fusee::time::Instant;
use fusee_hyper::{Executor, Io, MemoryConnector, MemoryListener, Serve, ServeError, Shared, Timer, memory, serve};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use hyper::client::conn::http2::{self, SendRequest};

/// What is allowed without saying.
pub const LIMIT: Duration = Duration::from_secs(30);

/// At most so many bytes are on their way.
pub const ROOM: usize = 1000;

pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What the hook is told, and when.
pub type Told = UnboundedReceiver<(ServeError, Instant)>;

pub fn start(router: Router) -> (MemoryConnector, Told) {
    start_with(router, |serve| serve)
}

pub fn start_with(
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
pub async fn timed_out(told: &mut Told) -> Instant {
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
pub async fn h2_client<B>(connector: &MemoryConnector, window: u32) -> SendRequest<B>
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

/// An answer of many times the room.
pub const LONG: &str = match std::str::from_utf8(&[b'x'; 20 * ROOM]) {
    Ok(text) => text,
    Err(_) => "",
};
