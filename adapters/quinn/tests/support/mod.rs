//! What the tests share: runtimes of both flavours under a watchdog, certificates, endpoints.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use quinn::rustls::RootCertStore;
use quinn::{ClientConfig, Endpoint, ServerConfig, TransportConfig};

/// After how long a test counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// Any port of this machine's.
pub(crate) fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// Runs `body` with a current-thread runtime and with one of two workers. Fails if that takes longer than [`PATIENCE`].
pub(crate) fn on_both_flavours(body: impl Fn(Runtime) + Send + 'static) {
    let (done, wait) = channel();
    let thread = thread::spawn(move || {
        body(Builder::new_current_thread().build().unwrap());
        body(Builder::new_multi_thread().worker_threads(2).build().unwrap());
        // The receiver is gone only if the watchdog has barked.
        let _ = done.send(());
    });
    match wait.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("watchdog: the test hangs, {PATIENCE:?} have passed"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => thread.join().unwrap_or_else(|payload| resume_unwind(payload)),
    }
}

/// The configurations of a server at `localhost` and of clients that trust it.
pub(crate) fn configurations(transport: TransportConfig) -> (ServerConfig, ClientConfig) {
    let identity = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let certificate = identity.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let transport = Arc::new(transport);
    let key = identity.signing_key.serialize_der().try_into().unwrap();
    let mut server = ServerConfig::with_single_cert(vec![certificate], key).unwrap();
    server.transport_config(transport.clone());
    let mut client = ClientConfig::with_root_certificates(Arc::new(roots)).unwrap();
    client.transport_config(transport);
    (server, client)
}

/// A server, and a client that connects to it.
pub(crate) fn pair(transport: TransportConfig) -> (Endpoint, Endpoint) {
    let (server, client) = configurations(transport);
    let server = fusee_quinn::server(server, anywhere()).unwrap();
    let mut endpoint = fusee_quinn::client(anywhere()).unwrap();
    endpoint.set_default_client_config(client);
    (server, endpoint)
}

/// Both ends of a connection.
pub(crate) async fn connect(server: &Endpoint, client: &Endpoint) -> (quinn::Connection, quinn::Connection) {
    let address = server.local_addr().unwrap();
    let accepted = async { server.accept().await.unwrap().await.unwrap() };
    let made = async { client.connect(address, "localhost").unwrap().await.unwrap() };
    futures_util::future::join(accepted, made).await
}
