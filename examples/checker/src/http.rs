//! Requests by hyper's client, over sockets of fusee, with TLS if the feature `tls` is there.

use std::error::Error;
use std::io;
use std::path::Path;

use fusee_hyper::client_builder;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use hyper::{Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;

use crate::robots::AGENT;
use crate::transport::{Answer, Body, Failure, Request, Transport, Want};

/// What connects: by TCP, and TLS where the address asks for it.
#[cfg(feature = "tls")]
pub type Connector = hyper_rustls::HttpsConnector<fusee_hyper::Connector>;

/// What connects: by TCP.
#[cfg(not(feature = "tls"))]
pub type Connector = fusee_hyper::Connector;

/// hyper's client, which keeps connections for the next request.
#[derive(Clone, Debug)]
pub struct Http<C> {
    client: Client<C, Empty<Bytes>>,
    agent: String,
    max_body: usize,
}

/// A connector to the world.
///
/// The certificates that are trusted are Mozilla's roots, or those of the PEM file `ca`, and no others.
///
/// # Errors
/// The file cannot be read, or holds no certificate; or there is one, and no TLS.
#[cfg(feature = "tls")]
pub fn connector(ca: Option<&Path>) -> io::Result<Connector> {
    use std::sync::Arc;

    use hyper_rustls::{ConfigBuilderExt, HttpsConnectorBuilder};
    use rustls::ClientConfig;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(io::Error::other)?;
    let config = match ca {
        Some(ca) => config.with_root_certificates(roots(ca)?),
        None => config.with_webpki_roots(),
    };
    let builder = HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth());
    let builder = builder.https_or_http().enable_http1().enable_http2();
    Ok(builder.wrap_connector(fusee_hyper::Connector::new().with_any_scheme()))
}

#[cfg(feature = "tls")]
fn roots(ca: &Path) -> io::Result<rustls::RootCertStore> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(io::Error::other)? {
        roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    if roots.is_empty() {
        return Err(io::Error::other("it holds no certificate in PEM"));
    }
    Ok(roots)
}

/// A connector to the world, without TLS.
///
/// # Errors
/// If certificates are named.
#[cfg(not(feature = "tls"))]
pub fn connector(ca: Option<&Path>) -> io::Result<Connector> {
    match ca {
        Some(_) => Err(io::Error::other("this program was built without the feature `tls`")),
        None => Ok(fusee_hyper::Connector::new()),
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> Http<C> {
    /// Requests over the connections of `connector`. Of a body at most `max_body` bytes are read.
    pub fn new(connector: C, max_body: usize) -> Self {
        let agent = format!("{AGENT}/{}", env!("CARGO_PKG_VERSION"));
        Self { client: client_builder().build(connector), agent, max_body }
    }

    async fn answer(&self, response: Response<Incoming>, want: Want) -> Result<Answer, Failure> {
        let (head, mut incoming) = response.into_parts();
        let is_wanted = match want {
            Want::Status => false,
            Want::Page => head.headers.get(CONTENT_TYPE).is_some_and(|value| is_html(value.as_bytes())),
            Want::Text => true,
        };
        let mut body = None;
        if is_wanted && head.status.is_success() {
            let body = body.insert(Body { bytes: Vec::new(), truncated: false });
            while let Some(frame) = incoming.frame().await {
                let frame = frame.map_err(|error| Failure::BrokeOff(causes(&error)))?;
                let Some(data) = frame.data_ref() else { continue };
                let room = self.max_body - body.bytes.len();
                body.bytes.extend_from_slice(&data[..data.len().min(room)]);
                if data.len() > room {
                    body.truncated = true;
                    break;
                }
            }
        }
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> Transport for Http<C> {
    async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let uri: Uri = request.url.as_str().parse().map_err(|_| Failure::Malformed)?;
        let built = hyper::Request::builder().method(request.method).uri(uri);
        let built = built.header(USER_AGENT, &self.agent);
        let built = built.header(ACCEPT, "*/*").body(Empty::new()).expect("its parts are valid");
        match self.client.request(built).await {
            Ok(response) => self.answer(response, request.want).await,
            Err(error) if error.is_connect() => Err(Failure::Connect(causes(&error))),
            Err(error) => Err(Failure::BrokeOff(causes(&error))),
        }
    }
}

/// Whether a type's name is one of HTML's.
fn is_html(content_type: &[u8]) -> bool {
    let end = content_type.iter().position(|&byte| byte == b';').unwrap_or(content_type.len());
    let essence = content_type[..end].trim_ascii();
    essence.eq_ignore_ascii_case(b"text/html") || essence.eq_ignore_ascii_case(b"application/xhtml+xml")
}

/// What lies behind an error of the client, which says only at which step it came.
fn causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    let mut texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.dedup();
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_known_by_its_type() {
        for html in ["text/html", "Text/HTML; charset=utf-8", " application/xhtml+xml ;q"] {
            assert!(is_html(html.as_bytes()), "{html}");
        }
        for other in ["", "text/plain", "text/htmlx", "image/png; text/html"] {
            assert!(!is_html(other.as_bytes()), "{other}");
        }
    }
}
