//! The same crawl by reqwest, whose connections and timers are tokio's, under the bridge: it finds the same.

mod support;

use std::future::IntoFuture;

use checker::http::{Http, connector};
use checker::report::Report;
use checker::transport::{Answer, Body, Failure, Request, Transport, Want};
use fusee::net::TcpListener;
use fusee::runtime::Builder;
use fusee::time::timeout;
use fusee_tokio::BuilderExt;
use support::site::Site;
use support::{WATCHDOG, crawled, fetcher};

const MAX_BODY: usize = 64 * 1024;

/// reqwest's client, which does not follow redirects by itself.
struct Reqwest(reqwest::Client);

impl Transport for Reqwest {
    async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let failure = |error: reqwest::Error| match error {
            error if error.is_connect() => Failure::Connect(error.to_string()),
            error => Failure::BrokeOff(error.to_string()),
        };
        let mut response = self.0.request(request.method, request.url).send().await.map_err(failure)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let is_html = headers.get("content-type").is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
        let mut body = None;
        if request.want == Want::Page && is_html && status.is_success() {
            let body = body.insert(Body { bytes: Vec::new(), truncated: false });
            while let Some(chunk) = response.chunk().await.map_err(failure)? {
                body.bytes.extend_from_slice(&chunk);
                if body.bytes.len() > MAX_BODY {
                    body.truncated = true;
                    break;
                }
            }
        }
        Ok(Answer { status, headers, body })
    }
}

/// What does not depend on the client, or on time.
fn comparable(report: Report, site: &str) -> Report {
    let mut report = Report { latency: Default::default(), seconds: 0.0, ..report };
    for broken in &mut report.broken {
        for text in [&mut broken.url, &mut broken.why].into_iter().chain(&mut broken.pages) {
            *text = text.replace(site, "");
        }
        if broken.why.starts_with("broke off: ") {
            broken.why.truncate("broke off".len());
        }
    }
    report
}

#[test]
fn both_clients_find_the_same() {
    let runtime = Builder::new_multi_thread().worker_threads(2).with_tokio().unwrap().build().unwrap();
    let (native, bridged) = runtime.block_on(async {
        let mut reports = Vec::new();
        for is_native in [true, false] {
            // Each has a site of its own, which is flaky once.
            let (site, _asked) = Site::new("");
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            fusee::spawn(fusee_hyper::serve(listener, site.router()).into_future());
            let limits = support::limits();
            let crawl = async {
                if is_native {
                    let http = Http::new(connector(None).unwrap(), MAX_BODY);
                    crawled(fetcher(http, None, 4), limits, &url).await
                } else {
                    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
                    crawled(fetcher(Reqwest(client.build().unwrap()), None, 4), limits, &url).await
                }
            };
            reports.push(comparable(timeout(WATCHDOG, crawl).await.expect("it hangs"), &url));
        }
        (reports.remove(0), reports.remove(0))
    });
    assert!(native.pages > 1 && native.broken.len() > 5, "{native:?}");
    assert_eq!(native, bridged);
}
