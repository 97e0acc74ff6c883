//! What a server can be told.

use std::future::Future;
use std::time::Duration;

use hyper_util::server::conn::auto;

use crate::serve_error::Log;
use crate::{Executor, Serve, ServeError};

impl<L, M> Serve<L, M> {
    /// Stops when `signal` completes, whatever it says: it accepts no more connections; those that are open answer what they were asked, and
    /// close. A connection that has been upgraded is not one of them any more.
    pub fn with_graceful_shutdown(mut self, signal: impl Future + Send + 'static) -> Self {
        self.shutdown = Box::pin(async move { drop(signal.await) });
        self
    }

    /// Cuts off connections that have not ended so long after the server was told to stop. Without it the server waits
    /// as long as they take.
    pub fn with_shutdown_timeout(mut self, limit: Duration) -> Self {
        self.patience = Some(limit);
        self
    }

    /// Has at most so many connections open at a time: others wait in the listener's queue until one has ended. Without it there is no limit but
    /// that of open files.
    ///
    /// # Panics
    /// If it is zero.
    #[track_caller]
    pub fn with_connection_limit(mut self, count: usize) -> Self {
        assert!(count > 0, "a server that may have no connections serves nobody");
        self.connections = count;
        self
    }

    /// Lets a connection of HTTP/2 have at most so many requests at a time: 200 without saying.
    ///
    /// ```
    /// # async fn example(listener: fusee::net::TcpListener, router: axum::Router) -> std::io::Result<()> {
    /// fusee_hyper::serve(listener, router).with_stream_limit(32).await
    /// # }
    /// ```
    pub fn with_stream_limit(mut self, count: u32) -> Self {
        self.http().http2().max_concurrent_streams(count);
        self
    }

    /// Closes connections on which the head of a request of HTTP/1 takes longer, or its first bytes do: without saying, 30
    /// seconds. As hyper counts, the head of the next request begins when an answer has been sent, so that this is how long an idle
    /// connection is kept, too. `None` is no limit.
    ///
    /// A connection of HTTP/2 that says nothing is pinged after 30 seconds instead, and closed if there is no answer within 20 more, whatever is said here; `keep_alive_interval`, which
    /// [`configure`](Self::configure) can set, is of that.
    pub fn with_header_read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.protocol.http.http1().header_read_timeout(limit);
        self.protocol.limits.opening = limit;
        self
    }

    /// Gives up the body of a request of which no byte has come for so long: without saying, 30 seconds. Each byte begins the time anew. `None` is no
    /// limit.
    ///
    /// Who reads the body gets an error ([`BodyError::is_timeout`](crate::BodyError::is_timeout)), and may still answer; then a connection of HTTP/1 is closed, and of HTTP/2 the
    /// stream. Only time counts in which somebody waits for the body, and in which no answer has begun: neither a handler that is busy nor
    /// a call that goes both ways is disturbed.
    ///
    /// ```
    /// use fusee::time::Duration;
    ///
    /// # async fn example(listener: fusee::net::TcpListener, router: axum::Router) -> std::io::Result<()> {
    /// fusee_hyper::serve(listener, router)
    ///     .with_body_read_timeout(Duration::from_secs(10))
    ///     .with_write_timeout(Duration::from_secs(60))
    ///     .await
    /// # }
    /// ```
    pub fn with_body_read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.protocol.limits.body = limit.into();
        self
    }

    /// Closes a connection whose client takes no byte of what there is for it for so long: without saying, 30 seconds. Each byte begins the time
    /// anew, and none passes while there is nothing to send: an answer may be long in the making. `None` is no limit.
    ///
    /// With HTTP/2 a client can also refuse to open the windows of its streams. Its connection is closed when one of its answers has waited for that
    /// for this time, or about a quarter more, whatever the others do: a client that has several answers must not leave one for so long while it
    /// reads the others. But a request that the server is long at, a quarter of this time or more, keeps the connection, and the
    /// time begins when that is done: one without end, such as a stream of events, protects the others.
    ///
    /// A connection that has been upgraded, to a WebSocket say, has no such limit, nor has a stream of HTTP/2 that was; but what is upgraded in HTTP/2 ends with its connection. A
    /// stream that keeps back what was written, as one of TLS does, has this time to send it on.
    pub fn with_write_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.protocol.limits.write = limit.into();
        self
    }

    /// Calls `hook` with what goes wrong, for a log say: in the task of the connection, or where the server is awaited, for which it should not block. Without
    /// it nobody is told; panics are on standard error, as everywhere.
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// # async fn example(listener: fusee::net::TcpListener, router: axum::Router) -> std::io::Result<()> {
    /// fusee_hyper::serve(listener, router)
    ///     .with_error_hook(|error| match error.source() {
    ///         Some(cause) => eprintln!("{error}: {cause}"),
    ///         None => eprintln!("{error}"),
    ///     })
    ///     .await
    /// # }
    /// ```
    pub fn with_error_hook(mut self, hook: impl Fn(ServeError) + Send + Sync + 'static) -> Self {
        self.protocol.log = Log::new(hook);
        self
    }

    /// Sets other options of the protocols, all of which hyper-util's builder has.
    ///
    /// ```
    /// # use axum::Router;
    /// # fusee::runtime::block_on(async {
    /// # let listener = fusee::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let router: Router = Router::new();
    /// # let stopped = std::future::ready(());
    /// fusee_hyper::serve(listener, router)
    ///     .configure(|http| {
    ///         http.http1().max_headers(50);
    ///         http.http2().max_header_list_size(8 * 1024);
    ///     })
    ///     .with_graceful_shutdown(stopped)
    ///     .await
    /// # }).unwrap();
    /// ```
    pub fn configure(mut self, set: impl FnOnce(&mut auto::Builder<Executor>)) -> Self {
        set(self.http());
        self
    }

    /// As [`configure`](Self::configure), between other statements.
    ///
    /// ```
    /// # async fn example(listener: fusee::net::TcpListener, router: axum::Router) -> std::io::Result<()> {
    /// let mut server = fusee_hyper::serve(listener, router);
    /// server.http().http1().half_close(true);
    /// server.await
    /// # }
    /// ```
    pub fn http(&mut self) -> &mut auto::Builder<Executor> {
        &mut self.protocol.http
    }
}
