//! The built program against a site over TLS, whose certificate nobody but the test knows.

mod support;

use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusee::net::TcpListener;
use fusee::runtime::{Builder, Runtime};
use fusee_hyper::Handshakes;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use serde_json::json;
use support::program::run;
use support::site::Site;
use tokio_rustls::TlsAcceptor;

/// A site over TLS, until this is dropped.
struct Served {
    url: String,
    /// Its certificate.
    ca: PathBuf,
    _runtime: Runtime,
}

impl Served {
    fn new(name: &str) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let ca = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&ca, cert.pem()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = signing_key.serialize_der().try_into().unwrap();
        let mut config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let url = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("https://localhost:{}/slow", listener.local_addr().unwrap().port());
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let listener = Handshakes::new(listener, move |stream, address| {
                let accepting = acceptor.accept(stream);
                async move { Ok((accepting.await?, address)) }
            });
            let (site, _asked) = Site::new("");
            fusee::spawn(fusee_hyper::serve(listener, site.router()).into_future());
            url
        });
        Self { url, ca, _runtime: runtime }
    }
}

#[test]
fn a_site_whose_certificate_is_trusted_is_checked() {
    let site = Served::new("trusted.pem");
    let said = run(&[&site.url, "--ca", site.ca.to_str().unwrap(), "--format", "json"]);
    assert_eq!(said.code, Some(0), "{} {}", said.output, said.errors);
    assert_eq!(said.json()["pages"], json!(3));
}

#[test]
fn a_site_whose_certificate_nobody_knows_is_broken() {
    let site = Served::new("unknown.pem");
    let other = Served::new("other.pem");
    for trust in [&[][..], &["--ca", other.ca.to_str().unwrap()]] {
        let said = run(&[&[&site.url, "--retries", "0", "--no-robots", "--format", "json"], trust].concat());
        assert_eq!(said.code, Some(1), "{} {}", said.output, said.errors);
        let why = said.json()["broken"][0]["why"].as_str().unwrap().to_owned();
        assert!(why.starts_with("cannot connect: ") && why.contains("certificate"), "{why}");
    }
}

#[test]
fn a_file_without_certificates_is_told() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty.pem");
    std::fs::write(&file, "nothing").unwrap();
    let file = file.to_str().unwrap();
    let said = run(&["https://localhost", "--ca", file]);
    assert_eq!(said.code, Some(2));
    assert_eq!(said.errors, format!("checker: --ca {file}: it holds no certificate in PEM\n"));
}
