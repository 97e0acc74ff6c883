//! The whole checker but for the sockets: hyper's client and fusee-hyper's server, over connections in memory and on virtual
//! time.

mod support;

use checker::http::Http;
use checker::report::Report;
use fusee::time::Duration;
use support::site::{SLOW, Seen, Site};
use support::{crawled, fetcher, limits, on_virtual_time, served};

const MAX_BODY: usize = 64 * 1024;

/// A crawl of the site from `path`.
fn crawl(path: &str, period: Option<Duration>) -> (Report, Vec<Seen>) {
    on_virtual_time(async || {
        let (site, _asked) = Site::new("");
        let http = Http::new(served(site.router()), MAX_BODY);
        let report = crawled(fetcher(http, period, 16), limits(), &format!("http://site.test{path}")).await;
        (report, site.seen())
    })
}

/// What is wrong with the one address that is broken, and how long it took to know.
fn broken(path: &str) -> (String, f64, usize) {
    let (report, _) = crawl(path, None);
    let [broken] = report.broken.as_slice() else { panic!("{report:?}") };
    (broken.why.clone(), report.seconds, report.requests)
}

#[test]
fn time_passes_as_the_server_takes_it() {
    let (report, _) = crawl("/slow", None);
    assert_eq!((report.pages, report.broken.len()), (3, 0));
    assert_eq!(report.seconds, SLOW.as_secs_f64());
    assert_eq!((report.latency.p50_ms, report.latency.p99_ms), (0.0, 300.0));
}

#[test]
fn requests_reach_the_server_a_period_apart() {
    let (report, seen) = crawl("/deep", Some(Duration::from_secs(2)));
    assert_eq!((report.pages, report.seconds), (2, 2.0));
    assert_eq!(seen[1].at - seen[0].at, Duration::from_secs(2));
}

#[test]
fn a_server_that_is_busy_is_asked_when_it_said() {
    let (report, seen) = crawl("/busy", None);
    assert_eq!((report.pages, report.retries, report.seconds), (1, 1, 1.0));
    assert_eq!(seen[1].at - seen[0].at, Duration::from_secs(1));
    let (report, _) = crawl("/flaky", None);
    assert_eq!((report.pages, report.retries, report.seconds), (1, 1, 0.1));
}

#[test]
fn each_kind_of_failure_is_told() {
    assert_eq!(broken("/down"), ("500 Internal Server Error".to_owned(), 0.7, 4));
    assert_eq!(broken("/hang"), ("no answer within 5s".to_owned(), 5.0, 1));
    assert_eq!(broken("/gone"), ("410 Gone".to_owned(), 0.0, 1));
    assert_eq!(broken("/loop/a"), ("redirects in a loop: back to http://site.test/loop/a".to_owned(), 0.0, 2));
    assert_eq!(broken("/endless/1"), ("more than 5 redirects".to_owned(), 0.0, 6));
    assert_eq!(broken("/away"), ("redirects to no address: \"gopher://elsewhere.test/\"".to_owned(), 0.0, 1));
    let (why, seconds, requests) = broken("/cut");
    assert!(why.starts_with("broke off: "), "{why}");
    assert_eq!((seconds, requests), (0.7, 4));
}

#[test]
fn a_body_is_read_as_far_as_the_limit() {
    let (report, seen) = crawl("/huge", None);
    assert_eq!((report.truncated, report.pages, report.broken.len()), (1, 3, 0));
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/huge", "/deep", "/deeper"]);
}

#[test]
fn what_is_no_html_is_not_read() {
    let (report, seen) = crawl("/notes.txt", None);
    assert_eq!((report.pages, report.links, seen.len()), (0, 1, 1));
}
