//! What the tests of HTTP share: a server that counts what it accepts, clients, and runtimes of each flavour.
#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]

pub mod slow;

use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use fusee::net::{TcpListener, TcpStream};
use fusee::runtime::Builder;
use fusee::task::JoinHandle;
use fusee::time::timeout;
use fusee_hyper::{Connector, Io, Listener, Serve, Shared, client_builder, serve};
use futures::channel::oneshot;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;

/// Longer than anything takes that does not hang.
const WATCHDOG: Duration = Duration::from_secs(60);

/// The same on a paused clock.
const VIRTUAL_WATCHDOG: Duration = Duration::from_secs(3600);

/// Runs `body` on a runtime of each flavour.
pub fn on_every_flavour(body: impl AsyncFn()) {
    run(false, body);
}

/// Runs `body` on a runtime of each flavour whose clock is paused.
pub fn on_every_paused_flavour(body: impl AsyncFn()) {
    run(true, body);
}

fn run(paused: bool, body: impl AsyncFn()) {
    for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
        let runtime = builder.worker_threads(2).start_paused(paused).build().unwrap();
        let limit = if paused { VIRTUAL_WATCHDOG } else { WATCHDOG };
        runtime.block_on(async { timeout(limit, body()).await.expect("it hangs") });
    }
}

/// Runs `body` once, on a paused clock.
pub fn on_paused<F: Future<Output = ()>>(body: impl FnOnce() -> F) {
    let runtime = Builder::new_multi_thread().worker_threads(2).start_paused(true).build().unwrap();
    runtime.block_on(async { timeout(VIRTUAL_WATCHDOG, body()).await.expect("it hangs") });
}

/// All of a body, which is text.
pub async fn text<B: hyper::body::Body>(body: B) -> String {
    let Ok(body) = body.collect().await else { panic!("the body breaks off") };
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

/// A listener that counts.
pub struct Counting(TcpListener, Arc<AtomicUsize>);

impl Listener for Counting {
    type Stream = TcpStream;
    type Address = SocketAddr;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = Listener::accept(&mut self.0).await?;
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(accepted)
    }
}

/// A server that runs.
pub struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    pub async fn start(router: Router) -> Self {
        Self::start_with(router, |serve| serve).await
    }

    /// A server with options.
    pub async fn start_with(
        router: Router,
        options: impl FnOnce(Serve<Counting, Shared<Router>>) -> Serve<Counting, Shared<Router>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let (stop, stopped) = oneshot::channel();
        let serve = options(serve(Counting(listener, accepted.clone()), router));
        let task = fusee::spawn(serve.with_graceful_shutdown(async { _ = stopped.await }).into_future());
        Self { address, stop: Some(stop), accepted, task }
    }

    pub fn uri(&self, path: &str) -> Uri {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// One connection of HTTP/1, driven by hand.
    pub async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) = http1::handshake(Io::new(stream)).await.unwrap();
        fusee::spawn(async { _ = connection.with_upgrades().await });
        sender
    }

    /// How many connections there have been.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Tells it to stop.
    pub fn tell(&mut self) {
        self.stop.take().expect("told once").send(()).expect("it listens");
    }

    /// Tells it to stop, if nobody has, and waits.
    pub async fn stop(mut self) {
        self.ended().await.unwrap();
    }

    /// As `stop`, with its answer.
    pub async fn ended(&mut self) -> io::Result<()> {
        if let Some(stop) = self.stop.take() {
            stop.send(()).expect("it listens");
        }
        (&mut self.task).await.unwrap()
    }
}

pub type TestClient = Client<Connector, Full<Bytes>>;

pub fn client() -> TestClient {
    client_builder().build(Connector::new())
}

/// A client that speaks HTTP/2 from the first byte.
pub fn h2_client() -> TestClient {
    client_builder().http2_only(true).build(Connector::new())
}

/// A request for `path`, over a connection that has been made.
pub fn get_of(path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("host", "here").body(Full::default()).unwrap()
}
