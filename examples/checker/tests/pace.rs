//! When requests are made, and in which order addresses are checked: on virtual time, to the millisecond.

mod support;

use std::num::NonZeroU32;

use checker::crawl::Limits;
use checker::politeness::Politeness;
use checker::report::Report;
use checker::transport::Request;
use fusee::time::{Duration, Instant, sleep};
use support::fake::{Fake, Log, Reply, after, page, status};
use support::{crawled, fetcher, limits, number, on_virtual_time};

const HERE: &str = "http://site.test/";

/// A crawl of a site that answers by `reply`.
fn crawl(
    period: Option<Duration>,
    per_host: u32,
    limits: Limits,
    reply: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
) -> (Report, Log) {
    on_virtual_time(async || {
        let (fake, log) = Fake::new(reply);
        let limits = Limits { per_host: number(per_host), ..limits };
        (crawled(fetcher(fake, period, per_host), limits, HERE).await, log)
    })
}

/// A first page with links to `others`, each of which takes a second.
fn star(others: &'static [&'static str]) -> impl Fn(&Request, usize) -> Reply + Send + Sync + 'static {
    move |request, _| {
        if request.url.as_str() == HERE {
            let links: Vec<String> = others.iter().map(|other| format!("<a href='{other}'></a>")).collect();
            page(request, &links.concat())
        } else {
            after(Duration::from_secs(1), page(request, ""))
        }
    }
}

const EIGHT: &[&str] = &["/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8"];

#[test]
fn requests_come_a_period_apart() {
    let (report, log) = crawl(Some(Duration::from_millis(250)), 16, limits(), star(EIGHT));
    assert_eq!(log.times(), [0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000]);
    assert_eq!((report.seconds, report.requests, report.pages), (3.0, 9, 9));
}

#[test]
fn retries_and_redirects_count_for_the_rate() {
    let (_, log) = crawl(Some(Duration::from_millis(250)), 16, limits(), |request, before| match request.url.path() {
        "/" => page(request, "<a href=/moved></a><a href=/flaky></a>"),
        "/moved" => support::fake::with(301, &[("location", "/end")]),
        "/flaky" if before == 0 => status(503),
        _ => page(request, ""),
    });
    assert_eq!(log.times(), [0, 250, 500, 750, 1000]);
}

#[test]
fn time_that_nobody_used_is_not_made_up_for() {
    on_virtual_time(async || {
        let politeness = Politeness::new(Some(Duration::from_millis(100)), number(4));
        let start = Instant::now();
        drop(politeness.turn("site.test").await);
        sleep(Duration::from_secs(10)).await;
        for _ in 0..3 {
            drop(politeness.turn("site.test").await);
        }
        assert_eq!(start.elapsed(), Duration::from_millis(10_200));
    });
}

#[test]
fn a_host_has_so_many_requests_at_a_time() {
    let (report, log) = crawl(None, 3, limits(), star(EIGHT));
    assert_eq!(log.times(), [0, 0, 0, 0, 1000, 1000, 1000, 2000, 2000]);
    assert_eq!(report.seconds, 3.0);
}

#[test]
fn there_are_so_many_requests_at_a_time() {
    let limits = Limits { concurrency: number(2), ..limits() };
    let (report, log) = crawl(None, 8, limits, star(EIGHT));
    assert_eq!(log.times(), [0, 0, 0, 1000, 1000, 2000, 2000, 3000, 3000]);
    assert_eq!(report.seconds, 4.0);
}

#[test]
fn a_host_that_is_full_keeps_no_other_waiting() {
    let both = &["/1", "/2", "/3", "/4", "http://other.test/1", "http://other.test/2"];
    let limits = Limits { concurrency: number(2), ..limits() };
    let (report, log) = crawl(None, 1, limits, star(both));
    assert_eq!((log.of("http://other.test/1"), log.of("http://other.test/2")), (vec![0], vec![1000]));
    assert_eq!(report.seconds, 4.0);
}

#[test]
fn a_redirect_to_another_host_waits_for_a_place_there() {
    let (report, log) = crawl(None, 1, limits(), |request, _| match request.url.as_str() {
        HERE => page(request, "<a href=/moved></a><a href=http://other.test/1></a>"),
        "http://site.test/moved" => {
            after(Duration::from_millis(1), support::fake::with(301, &[("location", "http://other.test/2")]))
        }
        _ => after(Duration::from_secs(1), page(request, "")),
    });
    assert_eq!((log.of("http://other.test/1"), log.of("http://other.test/2")), (vec![0], vec![1000]));
    assert_eq!(report.seconds, 2.0);
}

/// Pages in a row, each with a link to the next and to another site; and from the first one to a far one, which is slow.
fn row(request: &Request, _: usize) -> Reply {
    let path = request.url.path().trim_start_matches('/');
    let number: u32 = path.parse().unwrap_or(0);
    let far = if number == 0 { "<a href=/slow></a>" } else { "" };
    match request.url.host_str() {
        Some("other.test") => page(request, "<a href=/never></a>"),
        _ if path == "slow" => after(Duration::from_secs(2), page(request, "<a href=/3></a>")),
        _ => page(request, &format!("{far}<a href=/{}></a><a href=http://other.test/{number}></a>", number + 1)),
    }
}

#[test]
fn pages_are_read_as_deep_as_the_limit_however_long_they_take() {
    let pages = |depth| {
        let (report, log) = crawl(None, 16, Limits { depth: Some(depth), ..limits() }, row);
        (report.pages, report.links, log.asked())
    };
    let (read, checked, asked) = pages(0);
    assert_eq!((read, checked), (1, 4));
    assert_eq!(asked[0], "GET http://site.test/");
    assert!(asked[1..].iter().all(|asked| asked.starts_with("HEAD ")), "{asked:?}");
    // `/3` is at depth 2 by the slow page, and at depth 3 by the others, which come there first.
    let (read, _, asked) = pages(2);
    assert_eq!(read, 5);
    assert!(
        asked.contains(&"GET http://site.test/3".to_owned()) && asked.contains(&"HEAD http://site.test/4".to_owned())
    );
}

#[test]
fn links_to_other_hosts_are_checked_unless_they_are_to_be_left_out() {
    let depth = Some(0);
    let (report, log) = crawl(None, 16, Limits { depth, ..limits() }, row);
    assert_eq!((report.links, report.skipped), (4, 0));
    assert!(log.asked().contains(&"HEAD http://other.test/0".to_owned()));
    let (report, log) = crawl(None, 16, Limits { depth, same_host: true, ..limits() }, row);
    assert_eq!((report.links, report.skipped), (3, 1));
    assert!(!log.asked().iter().any(|asked| asked.contains("other.test")), "{:?}", log.asked());
}

#[test]
fn robots_txt_is_asked_for_once_and_obeyed() {
    let limits = Limits { robots: true, concurrency: NonZeroU32::MAX, ..limits() };
    let (report, log) = crawl(None, 16, limits, |request, _| match request.url.path() {
        "/robots.txt" => page(request, "User-agent: *\nDisallow: /\n\nUser-agent: fusee-checker\nDisallow: /secret\n"),
        "/" => page(request, "<a href=/secret/1></a><a href=/open></a><a href=http://other.test/secret></a>"),
        _ => page(request, ""),
    });
    let expected = [
        "GET http://site.test/robots.txt",
        "GET http://site.test/",
        "GET http://other.test/robots.txt",
        "GET http://site.test/open",
    ];
    let mut asked = log.asked();
    asked[2..].sort();
    assert_eq!(asked, expected);
    assert_eq!((report.pages, report.links, report.disallowed), (2, 2, 2));
}

#[test]
fn a_site_is_where_its_first_page_leads_to() {
    let (report, _) = crawl(None, 16, limits(), |request, _| match request.url.as_str() {
        HERE => support::fake::with(301, &[("location", "http://www.site.test/")]),
        "http://www.site.test/" => page(request, "<a href=/a></a>"),
        "http://www.site.test/a" => page(request, "<a href=/></a><a href=/b></a>"),
        _ => page(request, ""),
    });
    // `www.site.test/` is the first page under its other name.
    assert_eq!((report.pages, report.links), (3, 4));
}

#[test]
fn a_broken_link_is_known_by_each_page_that_has_it() {
    let (report, log) = crawl(None, 16, limits(), |request, _| match request.url.path() {
        "/" => page(request, "<a href=/a></a><a href=/bad></a>"),
        "/a" => page(request, "<a href=/bad></a><a href=/b></a>"),
        "/b" => page(request, "<a href=/bad></a>"),
        _ => status(404),
    });
    let [broken] = report.broken.as_slice() else { panic!("{:?}", report.broken) };
    assert_eq!((broken.url.as_str(), broken.why.as_str()), ("http://site.test/bad", "404 Not Found"));
    assert_eq!(broken.pages, ["http://site.test/", "http://site.test/a", "http://site.test/b"]);
    assert_eq!(log.of("http://site.test/bad"), [0]);
}
