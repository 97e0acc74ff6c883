//! Connections within the process: HTTP without sockets, for tests.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use fusee::io::{DuplexStream, duplex};
#[cfg(feature = "client")]
use {crate::Io, http::Uri, tower_service::Service};

/// Makes a connector and a listener in memory: what connects by the one is accepted by the other. Nothing goes through the operating
/// system, so that a test on a paused clock sees clients and server in virtual time alone.
///
/// Each direction of a connection holds at most `max_buf_size` bytes, as with [`duplex`]; sockets hold some hundred KiB.
///
/// ```
/// use std::time::Duration;
///
/// use axum::Router;
/// use axum::routing::get;
/// use fusee::runtime::Builder;
/// use fusee::time::{Instant, sleep};
/// use http_body_util::{BodyExt, Empty};
/// use hyper::body::Bytes;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Builder::new_current_thread().start_paused(true).build()?;
/// runtime.block_on(async {
///     let slow = async || {
///         sleep(Duration::from_secs(3600)).await;
///         "at last"
///     };
///     let (connector, listener) = fusee_hyper::memory(64 * 1024);
///     fusee::spawn(fusee_hyper::serve(listener, Router::new().route("/", get(slow))).into_future());
///     let client = fusee_hyper::client_builder().build::<_, Empty<Bytes>>(connector);
///     let start = Instant::now();
///     let answer = client.get("http://any.name/".parse()?).await?;
///     assert_eq!(answer.into_body().collect().await?.to_bytes(), "at last");
///     assert_eq!(start.elapsed(), Duration::from_secs(3600));
///     Ok(())
/// })
/// # }
/// ```
pub fn memory(max_buf_size: usize) -> (MemoryConnector, MemoryListener) {
    let queue = Arc::new(Mutex::new(Queue { waiting: Some(VecDeque::new()), listener: None }));
    (MemoryConnector { queue: queue.clone(), max_buf_size }, MemoryListener { queue, accepted: 0 })
}

#[derive(Debug)]
struct Queue {
    /// Connections that nobody has accepted yet. None once the listener has gone.
    waiting: Option<VecDeque<DuplexStream>>,
    /// Who accepts.
    listener: Option<Waker>,
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects to a [`MemoryListener`]; [`memory`] makes it. For hyper-util's client, which it serves whatever the address says.
#[derive(Clone, Debug)]
pub struct MemoryConnector {
    queue: Arc<Mutex<Queue>>,
    max_buf_size: usize,
}

impl MemoryConnector {
    /// Connects. The connection can be used at once; it is accepted some time later.
    ///
    /// # Errors
    /// Of the kind [`ConnectionRefused`](io::ErrorKind::ConnectionRefused), if the listener has gone.
    ///
    /// ```
    /// use fusee::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// # fusee::runtime::block_on(async {
    /// let (connector, mut listener) = fusee_hyper::memory(64);
    /// connector.connect()?.write_all(b"hello").await?;
    /// let (mut stream, _) = listener.accept().await?;
    /// let mut text = String::new();
    /// stream.read_to_string(&mut text).await?;
    /// assert_eq!(text, "hello");
    /// drop(listener);
    /// assert!(connector.connect().is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn connect(&self) -> io::Result<DuplexStream> {
        let (ours, theirs) = duplex(self.max_buf_size);
        let listener = {
            let mut queue = lock(&self.queue);
            queue.waiting.as_mut().ok_or(io::ErrorKind::ConnectionRefused)?.push_back(theirs);
            queue.listener.take()
        };
        if let Some(listener) = listener {
            listener.wake();
        }
        Ok(ours)
    }
}

#[cfg(feature = "client")]
impl Service<Uri> for MemoryConnector {
    type Response = Io<DuplexStream>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Io<DuplexStream>>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        std::future::ready(self.connect().map(Io::new))
    }
}

/// Accepts the connections of [`MemoryConnector`]s; [`memory`] makes it. It waits for ever once those have gone.
///
/// The address of each, for handlers that ask for one, is 127.0.0.1 with a port that counts connections from 1.
#[derive(Debug)]
pub struct MemoryListener {
    queue: Arc<Mutex<Queue>>,
    accepted: u16,
}

impl MemoryListener {
    /// Waits for a connection.
    ///
    /// # Errors
    /// None.
    ///
    /// # Cancel safety
    /// Cancel-safe: no connection is lost.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// let (connector, mut listener) = fusee_hyper::memory(64);
    /// let _client = connector.connect()?;
    /// let (_stream, address) = listener.accept().await?;
    /// assert_eq!(address.to_string(), "127.0.0.1:1");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        let stream = poll_fn(|context| self.poll_accept(context)).await;
        self.accepted = self.accepted.checked_add(1).unwrap_or(1);
        Ok((stream, (Ipv4Addr::LOCALHOST, self.accepted).into()))
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<DuplexStream> {
        // Dropped after the lock: a waker's drop may be the end of a task.
        let _old;
        let mut queue = lock(&self.queue);
        match queue.waiting.as_mut().and_then(VecDeque::pop_front) {
            Some(stream) => Poll::Ready(stream),
            None => {
                _old = queue.listener.replace(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(feature = "server")]
impl crate::Listener for MemoryListener {
    type Stream = DuplexStream;
    type Address = SocketAddr;

    async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        MemoryListener::accept(self).await
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        // The connections are dropped after the lock, for that wakes their other ends.
        let _gone = {
            let mut queue = lock(&self.queue);
            (queue.waiting.take(), queue.listener.take())
        };
    }
}
