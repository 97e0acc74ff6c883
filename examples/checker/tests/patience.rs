//! When a request is made again, and how far redirects are followed: on virtual time, to the millisecond.

mod support;

use std::sync::Arc;

use checker::fetch::{Effort, Fetcher};
use checker::politeness::Politeness;
use checker::transport::{Failure, Request, Want};
use fusee::task::JoinSet;
use fusee::time::{Duration, Instant, sleep};
use support::fake::{Fake, Log, Reply, after, refused, status, with};
use support::{effort, fetcher, number, on_virtual_time, url};
use tokio_util::sync::CancellationToken;

const HERE: &str = "http://site.test/";

/// What asking [`HERE`] comes to: the status, or why not; when each request was made; and when it was over.
fn asked(reply: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> (Result<u16, Failure>, Vec<u128>, u128) {
    on_virtual_time(async || {
        let start = Instant::now();
        let (fake, log) = Fake::new(reply);
        let result = fetcher(fake, None, 8).fetch(&url(HERE), Want::Page).await;
        (result.map(|fetched| fetched.answer.status.as_u16()), log.times(), start.elapsed().as_millis())
    })
}

#[test]
fn pauses_double() {
    let failure = Failure::Connect("refused".to_owned());
    assert_eq!(asked(|_, _| refused()), (Err(failure), vec![0, 100, 300, 700], 700));
    assert_eq!(asked(|_, _| status(500)), (Ok(500), vec![0, 100, 300, 700], 700));
}

#[test]
fn what_passes_is_asked_until_it_has_passed() {
    assert_eq!(
        asked(|_, before| if before < 2 { status(503) } else { status(200) }),
        (Ok(200), vec![0, 100, 300], 300)
    );
    assert_eq!(asked(|_, before| if before < 1 { refused() } else { status(404) }), (Ok(404), vec![0, 100], 100));
}

#[test]
fn what_does_not_pass_is_asked_once() {
    for code in [200, 204, 400, 403, 404, 410, 501] {
        assert_eq!(asked(move |_, _| status(code)), (Ok(code), vec![0], 0));
    }
}

#[test]
fn a_server_is_left_alone_as_long_as_it_wishes() {
    let busy = |_: &Request, before| if before == 0 { with(429, &[("retry-after", "3")]) } else { status(200) };
    assert_eq!(asked(busy), (Ok(200), vec![0, 3000], 3000));
}

#[test]
fn a_wish_makes_no_pause_shorter() {
    for wish in ["0", "Thu, 01 Jan 1970 00:00:00 GMT", "soon"] {
        let busy = move |_: &Request, _| with(503, &[("retry-after", wish)]);
        assert_eq!(asked(busy), (Ok(503), vec![0, 100, 300, 700], 700), "{wish}");
    }
}

#[test]
fn a_server_that_wishes_too_much_is_asked_once() {
    assert_eq!(asked(|_, _| with(429, &[("retry-after", "11")])), (Ok(429), vec![0], 0));
}

#[test]
fn nobody_else_asks_a_host_that_wants_to_be_left_alone() {
    on_virtual_time(async || {
        let (fake, log) = Fake::new(|request, before| match (request.url.as_str(), before) {
            ("http://busy.test/first", 0) => with(429, &[("retry-after", "2")]),
            _ => status(200),
        });
        let fetcher = fetcher(fake, None, 8);
        let mut tasks = JoinSet::new();
        for (at, place) in [(0, "http://busy.test/first"), (5, "http://busy.test/second"), (5, "http://idle.test/")] {
            let fetcher = fetcher.clone();
            tasks.spawn(async move {
                sleep(Duration::from_millis(at)).await;
                fetcher.fetch(&url(place), Want::Page).await.unwrap();
            });
        }
        tasks.join_all().await;
        assert_eq!(log.of("http://busy.test/first"), [0, 2000]);
        assert_eq!(log.of("http://busy.test/second"), [2000]);
        assert_eq!(log.of("http://idle.test/"), [5]);
    });
}

#[test]
fn an_answer_that_takes_too_long_is_none_and_is_not_asked_for_again() {
    let limit = Duration::from_secs(5);
    assert_eq!(asked(move |_, _| after(limit, status(200))), (Ok(200), vec![0], 5000));
    let longer = limit + Duration::from_millis(1);
    assert_eq!(asked(move |_, _| after(longer, status(200))), (Err(Failure::TimedOut(limit)), vec![0], 5000));
}

#[test]
fn chance_makes_a_pause_at_most_twice_as_long() {
    for _ in 0..32 {
        let times = on_virtual_time(async || {
            let (fake, log) = Fake::new(|_, _| refused());
            let effort = Effort { jitter: true, ..effort() };
            let politeness = Politeness::new(None, number(1));
            let fetcher = Fetcher::new(fake, politeness, effort, CancellationToken::new());
            fetcher.fetch(&url(HERE), Want::Page).await.unwrap_err();
            log.times()
        });
        let pauses: Vec<u128> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // A pause of part of a millisecond is rounded up.
        assert!(
            pauses.iter().zip([100, 200, 400]).all(|(&pause, least)| (least..=2 * least + 1).contains(&pause)),
            "{pauses:?}"
        );
    }
}

#[test]
fn a_head_is_enough_unless_the_server_makes_a_difference() {
    let methods = |head: u16| {
        on_virtual_time(async move || {
            let (fake, log) = Fake::new(move |request, _| status(if request.method == "HEAD" { head } else { 200 }));
            let fetched = fetcher(fake, None, 8).fetch(&url(HERE), Want::Status).await.unwrap();
            (log.asked().len(), fetched.answer.status.as_u16())
        })
    };
    for code in [200, 204, 304] {
        assert_eq!(methods(code), (1, code));
    }
    for code in [403, 404, 405, 501] {
        assert_eq!(methods(code), (2, 200));
    }
    // Not by GET after that: it was asked four times.
    assert_eq!(methods(500), (4, 500));
    assert_eq!(methods(429), (4, 429));
}

/// What following redirects from [`HERE`] comes to, and what was asked for.
fn followed(to: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> (Result<String, Failure>, Log) {
    on_virtual_time(async || {
        let (fake, log) = Fake::new(move |request, _| match to(request.url.path()) {
            Some(place) => with(302, &[("location", &place)]),
            None => status(200),
        });
        let fetched = fetcher(fake, None, 8).fetch(&url(HERE), Want::Page).await;
        (fetched.map(|fetched| fetched.url.into()), log)
    })
}

#[test]
fn redirects_are_followed_and_resolved() {
    let (end, log) = followed(|path| match path {
        "/" => Some("a/b#part".to_owned()),
        "/a/b" => Some("../c?d".to_owned()),
        "/c" => Some("//other.test/e".to_owned()),
        _ => None,
    });
    assert_eq!(end.as_deref(), Ok("http://other.test/e"));
    let asked =
        ["GET http://site.test/", "GET http://site.test/a/b", "GET http://site.test/c?d", "GET http://other.test/e"];
    assert_eq!(log.asked(), asked);
}

#[test]
fn redirects_in_a_loop_end() {
    let (end, log) = followed(|path| Some(if path == "/b" { "/a" } else { "/b" }.to_owned()));
    assert_eq!(end, Err(Failure::RedirectLoop(url("http://site.test/b"))));
    assert_eq!(log.times().len(), 3);
    let (end, _) = followed(|_| Some(String::from("/#again")));
    assert_eq!(end, Err(Failure::RedirectLoop(url(HERE))));
}

#[test]
fn redirects_without_end_end() {
    let (end, log) = followed(|path| Some(format!("{path}x")));
    assert_eq!(end, Err(Failure::TooManyRedirects(5)));
    assert_eq!(log.times().len(), 6);
    let (end, _) = followed(|path| (path.len() < 6).then(|| format!("{path}x")));
    assert_eq!(end.as_deref(), Ok("http://site.test/xxxxx"));
}

#[test]
fn redirects_to_nowhere_are_none() {
    for place in ["", "mailto:somebody@site.test", "http://[bad"] {
        assert_eq!(followed(move |_| Some(place.to_owned())).0, Err(Failure::BadRedirect(place.to_owned())));
    }
}

/// When it ends that is stopped after 150 ms, and how.
fn stopped(reply: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> (Result<u16, Failure>, u128) {
    on_virtual_time(async || {
        let start = Instant::now();
        let stop = CancellationToken::new();
        let (fake, _log) = Fake::new(reply);
        let fetcher = Arc::new(Fetcher::new(fake, Politeness::new(None, number(8)), effort(), stop.clone()));
        let asking = fusee::spawn(async move { fetcher.fetch(&url(HERE), Want::Page).await });
        sleep(Duration::from_millis(150)).await;
        stop.cancel();
        let result = asking.await.unwrap();
        (result.map(|fetched| fetched.answer.status.as_u16()), start.elapsed().as_millis())
    })
}

#[test]
fn a_stop_ends_pauses_and_lets_requests_end() {
    assert_eq!(stopped(|_, _| refused()), (Err(Failure::Stopped), 150));
    assert_eq!(stopped(|_, _| with(429, &[("retry-after", "9")])), (Err(Failure::Stopped), 150));
    let slow = Duration::from_secs(1);
    assert_eq!(stopped(move |_, _| after(slow, status(200))), (Ok(200), 1000));
    assert_eq!(stopped(move |_, _| after(slow, status(503))), (Err(Failure::Stopped), 1000));
}
