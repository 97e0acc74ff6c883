//! TLS by rustls on either side: a listener that shakes hands, and hyper-rustls around the connector.

mod support;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use fusee::net::{TcpListener, TcpStream};
use fusee_hyper::{Connector, Listener, client_builder, serve};
use futures::channel::oneshot;
use http_body_util::Empty;
use hyper::Version;
use hyper::body::Bytes;
use hyper_rustls::HttpsConnectorBuilder;
use support::{on_every_flavour, text};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// It shakes hands with one client after the other: enough for a test.
struct Tls(TcpListener, TlsAcceptor);

impl Listener for Tls {
    type Stream = TlsStream<TcpStream>;
    type Address = SocketAddr;

    async fn accept(&mut self) -> io::Result<(TlsStream<TcpStream>, SocketAddr)> {
        let (stream, address) = Listener::accept(&mut self.0).await?;
        Ok((self.1.accept(stream).await?, address))
    }
}

#[test]
fn https_is_served_and_called_in_either_version() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = certified.cert.der().clone();
    let key = certified.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(default_provider());
    let server_config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let mut server_config =
        server_config.unwrap().with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    server_config.alpn_protocols = vec![b"h2".into(), b"http/1.1".into()];
    let acceptor = TlsAcceptor::from(Arc::new(server_config));
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client_config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let client_config = client_config.unwrap().with_root_certificates(roots).with_no_client_auth();

    on_every_flavour(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let router = Router::new().route("/", get(async || "fine"));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = serve(Tls(listener, acceptor.clone()), router);
        let server = fusee::spawn(server.with_graceful_shutdown(async { _ = stopped.await }).into_future());
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let tls = HttpsConnectorBuilder::new().with_tls_config(client_config.clone()).https_only();
            let tcp = Connector::new().with_any_scheme();
            let tls = match version {
                Version::HTTP_2 => tls.enable_http2().wrap_connector(tcp),
                _ => tls.enable_http1().wrap_connector(tcp),
            };
            let client = client_builder().build::<_, Empty<Bytes>>(tls);
            let answer = client.get(uri.parse().unwrap()).await.unwrap();
            assert_eq!(answer.version(), version);
            assert_eq!(text(answer.into_body()).await, "fine");
        }
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
    });
}
