//! The built program against a site on a port of this machine.

mod support;

use std::io::{BufRead, BufReader};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use support::program::{Served, checker, ended, run, signal};

/// What is wrong with each broken link, and the pages that have it, without the site's address.
fn broken(report: &Value, site: &Served) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().replace(&site.url, "");
    let list = |value: &Value| value.as_array().unwrap().clone();
    let of = |broken: &Value| {
        (text(&broken["url"]), text(&broken["why"]), list(&broken["pages"]).iter().map(text).collect())
    };
    list(&report["broken"]).iter().map(of).collect()
}

#[test]
fn the_whole_site_is_checked() {
    let other = Served::new("");
    let links = format!("<a href='{0}/deep'>There</a> <a href='{0}/gone'>Gone</a>", other.url);
    let site = Served::new(&links);
    let said = run(&[&site.url, "--format", "json", "--timeout", "30s", "--retries", "1", "--max-body", "65536"]);
    assert_eq!((said.code, said.errors.as_str()), (Some(1), ""));
    let report = said.json();

    let mut broken = broken(&report, &site);
    // Which of these it is depends on how the connection breaks off.
    let cut = broken.iter_mut().find(|(url, ..)| url == "/cut").expect("it is broken");
    assert!(cut.1.starts_with("broke off: "), "{}", cut.1);
    cut.1.truncate("broke off".len());
    let expected = [
        ("/cut", "broke off", &["/"][..]),
        ("/down", "500 Internal Server Error", &["/"]),
        ("/endless/1", "more than 10 redirects", &["/"]),
        ("/gone", "410 Gone", &["/about"]),
        ("/loop/a", "redirects in a loop: back to /loop/a", &["/"]),
        ("/missing", "404 Not Found", &["/", "/about"]),
        (&format!("{}/gone", other.url), "410 Gone", &["/"]),
        ("http://[bad/", "not an address", &["/"]),
    ];
    let expected = expected.map(|(url, why, pages)| {
        (url.to_owned(), why.to_owned(), pages.iter().map(|page| page.to_string()).collect::<Vec<_>>())
    });
    broken.sort();
    assert_eq!(broken.len(), expected.len(), "{broken:?}");
    for one in &expected {
        assert!(broken.contains(one), "{one:?} is not in {broken:?}");
    }

    // Home, About, Slow, Deep, Deeper, Flaky, Busy and Huge: Moved is About under another name.
    assert_eq!((&report["pages"], &report["truncated"]), (&json!(8), &json!(1)));
    assert_eq!((&report["disallowed"], &report["skipped"], &report["unchecked"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(report["interrupted"], json!(false));
    // Of Cut, the loop and the endless way there is no status in the end.
    assert_eq!(report["statuses"], json!({ "200": 13, "404": 1, "410": 2, "500": 1 }));
    assert_eq!(report["links"], json!(20));
    assert!(report["seconds"].as_f64().unwrap() >= 1.0, "it has waited as long as /busy said");
    assert!(report["latency"]["p99_ms"].as_f64().unwrap() >= 300.0, "/slow is the slowest but one");

    assert_eq!((site.site.count("/private/secret"), site.site.count("/not-a-link")), (0, 0));
    assert_eq!((site.site.count("/busy"), site.site.count("/flaky"), site.site.count("/down")), (2, 2, 2));
    assert_eq!((other.site.count("/deep"), other.site.count("/deeper")), (1, 0));
}

#[test]
fn a_site_without_faults_is_told_so_in_a_table() {
    let site = Served::new("");
    let said = run(&[&format!("{}/slow", site.url), "--same-host"]);
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    let rows: Vec<Vec<&str>> = said.output.lines().map(|line| line.split('│').map(str::trim).collect()).collect();
    for row in [["", "pages", "3", ""], ["", "links", "3", ""], ["", "broken", "0", ""], ["", "status 200", "3", ""]] {
        assert!(rows.iter().any(|line| line.as_slice() == row), "{row:?} is not in\n{}", said.output);
    }
}

#[test]
fn a_broken_link_is_told_in_a_table() {
    let site = Served::new("");
    let said = run(&[&format!("{}/about", site.url), "--depth", "0"]);
    assert_eq!(said.code, Some(1));
    let row = ["", &format!("{}/gone", site.url), "410 Gone", &format!("{}/about", site.url), ""];
    let mut lines = said.output.lines().map(|line| line.split('│').map(str::trim).collect::<Vec<_>>());
    assert!(lines.any(|line| line.as_slice() == row), "{row:?} is not in\n{}", said.output);
}

#[test]
fn nobody_there_is_a_broken_link() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let said = run(&[&url, "--retries", "0", "--format", "json"]);
    assert_eq!(said.code, Some(1));
    let why = said.json()["broken"][0]["why"].as_str().unwrap().to_owned();
    assert!(why.starts_with("cannot connect: ") && why.contains("refused"), "{why}");
}

#[test]
fn bad_input_is_told_and_nothing_is_asked() {
    let cases: &[(&[&str], &str)] = &[
        (&[], "there is no URL to begin with: try --help"),
        (&["site.test"], "it must begin with http:// or https://"),
        (&["ftp://site.test"], "it must begin with http:// or https://"),
        (&["http://"], "empty host"),
        (&["http://a.test", "--rate", "0"], "it must be a number from 0.001 to 1000"),
        (&["http://a.test", "--rate", "NaN"], "it must be a number from 0.001 to 1000"),
        (&["http://a.test", "--timeout", "10"], "--timeout: cannot parse argument \"10\": time unit needed"),
        (&["http://a.test", "--timeout", "0s"], "it must be longer than nothing"),
        (&["http://a.test", "--concurrency", "0"], "--concurrency: cannot parse argument \"0\": number would be zero"),
        (&["http://a.test", "--depth", "-1"], "invalid digit"),
        (&["http://a.test", "--format", "xml"], "it must be text or json"),
        (&["http://a.test", "--deep"], "invalid option '--deep'"),
        (&["http://a.test", "--retries"], "missing argument"),
        (&["http://a.test", "--ca", "/nowhere/ca.pem"], "--ca /nowhere/ca.pem: "),
    ];
    for (arguments, text) in cases {
        let said = run(arguments);
        assert_eq!((said.code, said.output.as_str()), (Some(2), ""), "{arguments:?}: {}", said.errors);
        assert!(said.errors.starts_with("checker: ") && said.errors.contains(text), "{arguments:?}: {}", said.errors);
    }
}

#[test]
fn help_is_printed() {
    let said = run(&["--help"]);
    assert_eq!((said.code, said.output.trim_end()), (Some(0), checker::arguments::HELP));
}

/// A hundred links.
fn many() -> String {
    (0..100).map(|number| format!("<a href='/page/{number}'>{number}</a>")).collect()
}

#[test]
fn told_to_stop_it_says_what_was_done() {
    for told in [Signal::SIGINT, Signal::SIGTERM] {
        let mut site = Served::new(&many());
        let child = checker(&[&site.url, "--rate", "2", "--no-robots", "--format", "json"]).spawn().unwrap();
        site.wait_for("/about");
        signal(child.id(), told);
        let said = ended(child);
        assert_eq!(said.code, Some(130));
        let report = said.json();
        assert_eq!(report["interrupted"], json!(true));
        let count = |name: &str| report[name].as_u64().unwrap();
        // What was under way has ended.
        assert!(count("pages") >= 2 && count("unchecked") > 90, "{report:#}");
        assert!(count("requests") < 20, "{report:#}");
    }
}

#[test]
fn told_twice_it_ends_at_once() {
    let mut site = Served::new("<a href='/hang'>Hang</a>");
    let mut child = checker(&[&site.url, "--timeout", "1h", "--no-robots", "--format", "json"]).spawn().unwrap();
    site.wait_for("/hang");
    signal(child.id(), Signal::SIGINT);
    // It says that it has heard, and goes on, for a request is under way.
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert!(line.contains("once more stops at once"), "{line}");
    assert_eq!(child.try_wait().unwrap(), None);
    signal(child.id(), Signal::SIGINT);
    let said = ended(child);
    assert_eq!((said.code, said.output.as_str()), (Some(130), ""));
}
