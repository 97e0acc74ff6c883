//! TLS by rustls on either side: a listener whose handshakes are tasks, and hyper-rustls around the connector.

mod support;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use fusee::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use fusee::net::{TcpListener, TcpStream};
use fusee::time::{Instant, sleep};
use fusee_hyper::{Connector, Handshakes, Listener, client_builder, memory, serve};
use futures::channel::{mpsc, oneshot};
use futures::{FutureExt, StreamExt};
use http_body_util::Empty;
use hyper::Version;
use hyper::body::Bytes;
use hyper_rustls::HttpsConnectorBuilder;
use support::{on_every_flavour, on_every_paused_flavour, text};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// Both ends, which trust each other.
fn configs() -> (TlsAcceptor, ClientConfig) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = certified.cert.der().clone();
    let key = certified.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(default_provider());
    let server_config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let mut server_config =
        server_config.unwrap().with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    server_config.alpn_protocols = vec![b"h2".into(), b"http/1.1".into()];
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client_config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let client_config = client_config.unwrap().with_root_certificates(roots).with_no_client_auth();
    (TlsAcceptor::from(Arc::new(server_config)), client_config)
}

async fn fine(config: ClientConfig, version: Version, address: SocketAddr) {
    let tls = HttpsConnectorBuilder::new().with_tls_config(config).https_only();
    let tcp = Connector::new().with_any_scheme();
    let tls = match version {
        Version::HTTP_2 => tls.enable_http2().wrap_connector(tcp),
        _ => tls.enable_http1().wrap_connector(tcp),
    };
    let client = client_builder().build::<_, Empty<Bytes>>(tls);
    let answer = client.get(format!("https://localhost:{}/", address.port()).parse().unwrap()).await.unwrap();
    assert_eq!(answer.version(), version);
    assert_eq!(text(answer.into_body()).await, "fine");
}

#[test]
fn https_is_served_in_either_version_while_others_never_end_their_handshakes() {
    let (acceptor, client_config) = configs();
    on_every_flavour(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = acceptor.clone();
        let listener = Handshakes::new(listener, move |stream, address| {
            let accepting = acceptor.accept(stream);
            async move { Ok((accepting.await?, address)) }
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let server = serve(listener, Router::new().route("/", get(async || "fine")));
        let server = fusee::spawn(server.with_graceful_shutdown(async { _ = stopped.await }).into_future());
        // Of these one says nothing, one begins, and one speaks no TLS.
        let silent = TcpStream::connect(address).await.unwrap();
        let mut begins = TcpStream::connect(address).await.unwrap();
        begins.write_all(b"\x16\x03\x01\x01\x00\x01").await.unwrap();
        let mut other = TcpStream::connect(address).await.unwrap();
        other.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        for version in [Version::HTTP_11, Version::HTTP_2] {
            fine(client_config.clone(), version, address).await;
        }
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
        // Their handshakes have been given up with the server.
        for mut stream in [silent, begins] {
            let end = stream.read(&mut [0]).await;
            assert!(!matches!(end, Ok(1..)), "{end:?}");
        }
    });
}

/// A handshake that ends with the first byte; a question mark fails it, an exclamation mark is a panic.
async fn by_a_byte(mut stream: DuplexStream, address: SocketAddr) -> io::Result<(DuplexStream, SocketAddr)> {
    let mut byte = [0];
    stream.read_exact(&mut byte).await?;
    match byte {
        [b'?'] => Err(io::Error::new(io::ErrorKind::InvalidData, "a question")),
        [b'!'] => panic!("as the test wants"),
        _ => Ok((stream, address)),
    }
}

#[test]
fn handshakes_end_in_any_order_and_those_that_fail_are_errors_of_their_connection() {
    on_every_paused_flavour(async || {
        let (connector, listener) = memory(64);
        let mut listener = Handshakes::new(listener, by_a_byte).with_limit(4);
        let start = Instant::now();
        let mut streams: Vec<_> = (0..4).map(|_| connector.connect().unwrap()).collect();
        let mut ports = Vec::new();
        for (index, byte) in [(2, b"x"), (0, b"?"), (1, b"!")] {
            assert!(listener.accept().now_or_never().is_none());
            streams[index].write_all(byte).await.unwrap();
            match listener.accept().await {
                Ok((_, address)) => ports.push(address.port()),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted),
            }
        }
        assert_eq!(ports, [3], "the third was first");
        assert_eq!(start.elapsed(), Duration::ZERO);
        let Err(error) = listener.accept().await else { panic!("the last says nothing") };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        assert!(error.to_string().contains("deadline"), "{error}");
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    });
}

#[test]
fn no_more_handshakes_are_under_way_than_the_limit_says() {
    on_every_paused_flavour(async || {
        let (connector, listener) = memory(64);
        let (begin, mut begun) = mpsc::unbounded();
        let limit = Duration::from_secs(3);
        let mut listener = Handshakes::new(listener, move |stream, address| {
            begin.unbounded_send(()).unwrap();
            by_a_byte(stream, address)
        })
        .with_timeout(limit)
        .with_limit(2);
        let streams: Vec<_> = (0..6).map(|_| connector.connect().unwrap()).collect();
        let start = Instant::now();
        let accepting = fusee::spawn(async move {
            for _ in 0..6 {
                assert!(listener.accept().await.is_err());
            }
        });
        let mut times = Vec::new();
        for _ in 0..6 {
            begun.next().await.unwrap();
            times.push(start.elapsed().as_secs());
        }
        assert_eq!(times, [0, 0, 3, 3, 6, 6]);
        accepting.await.unwrap();
        drop(streams);
    });
}

#[test]
fn failed_handshakes_do_not_make_the_server_pause() {
    on_every_paused_flavour(async || {
        let (connector, listener) = memory(64);
        let failures = Arc::new(AtomicUsize::new(0));
        let count = failures.clone();
        let server = serve(Handshakes::new(listener, by_a_byte), Router::new().route("/", get(async || "fine")))
            .with_error_hook(move |_| _ = count.fetch_add(1, Ordering::SeqCst));
        fusee::spawn(server.into_future());
        let start = Instant::now();
        for _ in 0..100 {
            let mut stream = connector.connect().unwrap();
            stream.write_all(b"?").await.unwrap();
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        }
        let mut stream = connector.connect().unwrap();
        stream.write_all(b"xGET / HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("fine"), "{answer}");
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(Duration::from_secs(1)).await;
        assert_eq!(failures.load(Ordering::SeqCst), 100);
    });
}
