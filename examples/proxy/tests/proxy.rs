//! The program `proxy` as clients and upstreams see it.

#![cfg(unix)]

#[allow(dead_code, reason = "each program's tests use a part of it")]
#[path = "../../../tests/program/mod.rs"]
mod program;
#[allow(dead_code, reason = "each program's tests use a part of it")]
#[path = "../../../tests/program/running.rs"]
mod running;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Instant;

use program::{Ended, WATCHDOG, assert_complaint, run};
use running::Running;
use rustix::process::Signal;

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_proxy"))
}

/// A proxy before `upstreams`, and where it listens.
fn proxy(upstreams: &[SocketAddr], more: &[&str]) -> (Running, SocketAddr) {
    let mut command = command();
    command.args(["--listen", "127.0.0.1:0"]).args(more);
    for upstream in upstreams {
        command.args(["--to", &upstream.to_string()]);
    }
    let mut proxy = Running::start(&mut command);
    let line = proxy.line();
    let address = line.strip_prefix("listening on ").expect(&line).parse().expect(&line);
    (proxy, address)
}

/// An upstream that reads to the end and then answers with its name and what it has read.
fn upstream(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut text = String::new();
                if stream.read_to_string(&mut text).is_ok() {
                    let _ = write!(stream, "{name}: {text}");
                }
            });
        }
    });
    address
}

/// An upstream that sends back what comes, as it comes.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || drop(std::io::copy(&mut &stream, &mut &stream)));
        }
    });
    address
}

/// A connection to an echo behind the proxy at `address` that has got `text` back: so the proxy has accepted it.
fn connect_and_hear(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(text.as_bytes()).unwrap();
    let mut heard = vec![0; text.len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(heard, text.as_bytes());
    stream
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(WATCHDOG)).unwrap();
    stream
}

/// The answer of `stream` after the last word of the question.
fn answer(mut stream: TcpStream) -> String {
    stream.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn ask(address: SocketAddr, question: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(question.as_bytes()).unwrap();
    answer(stream)
}

/// A port on which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn connections_go_to_each_in_its_turn_and_half_of_one_is_kept_for_the_answer() {
    let upstreams = [upstream("one"), upstream("two")];
    let (mut proxy, address) = proxy(&upstreams, &[]);
    let answers: Vec<_> = (0..4).map(|n| ask(address, &format!("question {n}"))).collect();
    assert_eq!(answers, ["one: question 0", "two: question 1", "one: question 2", "two: question 3"]);
    proxy.signal(Signal::TERM);
    proxy.line_with("stopping; ");
    let Ended { code, stdout, stderr } = proxy.end();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let [one, two] = upstreams;
    assert_eq!(
        stdout,
        format!(
            "accepted 4, without upstream 0, failed 0, idle 0, cut at the end 0\n\
             {one}: connections 2, bytes there 20, bytes back 30\n\
             {two}: connections 2, bytes there 20, bytes back 30\n"
        )
    );
}

#[test]
fn megabytes_go_both_ways_whole() {
    let (proxy, address) = proxy(&[upstream("one")], &[]);
    let question = "abcdefgh".repeat(1 << 19);
    assert!(ask(address, &question) == format!("one: {question}"));
    proxy.signal(Signal::TERM);
    let ended = proxy.end();
    assert!(ended.stdout.contains("connections 1, bytes there 4194304, bytes back 4194309"), "{ended:?}");
}

#[test]
fn who_has_fewest_connections_is_asked_first() {
    let (_proxy, address) = proxy(&[upstream("one"), upstream("two")], &["--policy", "least-connections"]);
    // It stays open, at one of them: the others all go to the other.
    let mut stays = connect(address);
    stays.write_all(b"I stay").unwrap();
    assert_eq!(ask(address, "a"), "two: a");
    // A connection whose answer has come may still be counted for a moment, and then it is the first's turn, or not. Taking turns, no two in a row would be the second's.
    let (start, mut in_a_row) = (Instant::now(), 0);
    while in_a_row < 6 {
        in_a_row = if ask(address, "b") == "two: b" { in_a_row + 1 } else { 0 };
        assert!(start.elapsed() < WATCHDOG, "the first has got some of every six");
    }
    assert_eq!(answer(stays), "one: I stay");
}

#[test]
fn the_next_is_asked_where_one_is_down() {
    let down = nobody();
    let (mut proxy, address) = proxy(&[down, upstream("two")], &[]);
    for _ in 0..4 {
        assert_eq!(ask(address, "hello"), "two: hello");
    }
    assert!(proxy.complaint_with("is down").starts_with(&format!("proxy: {down} is down: ")));
    proxy.signal(Signal::INT);
    let ended = proxy.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // It is said once.
    assert_eq!(ended.stderr, "", "{ended:?}");
    assert!(ended.stdout.contains(&format!("{down}: connections 0")), "{ended:?}");
}

#[test]
fn a_client_is_let_go_where_all_are_down() {
    let (proxy, address) = proxy(&[nobody()], &[]);
    assert_eq!(answer(connect(address)), "");
    proxy.signal(Signal::TERM);
    let ended = proxy.end();
    assert!(ended.stdout.contains("\naccepted 1, without upstream 1, "), "{ended:?}");
}

#[test]
fn who_is_one_too_many_is_served_when_another_has_ended() {
    let (_proxy, address) = proxy(&[upstream("one")], &["--connections", "1"]);
    let mut first = connect(address);
    first.write_all(b"first").unwrap();
    let second = thread::spawn(move || ask(address, "second"));
    assert_eq!(answer(first), "one: first");
    assert_eq!(second.join().unwrap(), "one: second");
}

#[test]
fn a_connection_that_says_nothing_is_cut_after_its_limit() {
    let (proxy, address) = proxy(&[upstream("one")], &["--idle", "1"]);
    let mut silent = connect(address);
    silent.write_all(b"a word").unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    proxy.signal(Signal::TERM);
    let ended = proxy.end();
    assert!(ended.stdout.contains("\naccepted 1, without upstream 0, failed 0, idle 1, cut at the end 0"), "{ended:?}");
}

#[test]
fn told_to_stop_it_accepts_no_more_and_lets_an_open_connection_finish() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut proxy, address) = proxy(&[echo()], &["--grace", "60"]);
        let mut open = connect_and_hear(address, "half a ");
        proxy.signal(signal);
        assert_eq!(proxy.line(), "stopping; still open: 1");
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        open.write_all(b"question").unwrap();
        assert_eq!(answer(open), "question");
        let ended = proxy.end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        assert!(ended.stdout.contains("connections 1, bytes there 15, bytes back 15"), "{ended:?}");
    }
}

#[test]
fn a_connection_that_does_not_finish_is_cut_after_the_grace_or_at_the_second_signal() {
    for (grace, twice) in [("0", false), ("3600", true)] {
        let (mut proxy, address) = proxy(&[echo()], &["--grace", grace]);
        let _open = connect_and_hear(address, "I never end");
        proxy.signal(Signal::TERM);
        assert_eq!(proxy.line(), "stopping; still open: 1");
        if twice {
            proxy.signal(Signal::INT);
        }
        let ended = proxy.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("idle 0, cut at the end 1"), "{ended:?}");
    }
}

#[test]
fn bad_arguments_are_one_line_and_code_2() {
    let bad: [&[&str]; 13] = [
        &[],
        &["--listen", "127.0.0.1:0"],
        &["--to", "127.0.0.1:9001"],
        &["--listen", "localhost", "--to", "127.0.0.1:9001"],
        &["--listen", "127.0.0.1:99999", "--to", "127.0.0.1:9001"],
        &["--listen", "127.0.0.1:0", "--to", "127.0.0.1"],
        &["--listen", "127.0.0.1:0", "--to", ":80"],
        &["--listen", "127.0.0.1:0", "--to", "127.0.0.1:0"],
        &["--listen", "127.0.0.1:0", "--to", "127.0.0.1:9001", "--policy", "random"],
        &["--listen", "127.0.0.1:0", "--to", "127.0.0.1:9001", "--connections", "0"],
        &["--listen", "127.0.0.1:0", "--to", "127.0.0.1:9001", "--idle", "-1"],
        &["--listen", "127.0.0.1:0", "--to", "127.0.0.1:9001", "--grace", "soon"],
        &["--no-such-option"],
    ];
    for arguments in bad {
        assert_complaint(&run(command().args(arguments)), "proxy", 2);
    }
    let ended = run(command().args(["--listen", "127.0.0.1:0", "--to", "127.0.0.1:9001", "--connect-timeout", "0"]));
    assert!(ended.stderr.starts_with("proxy: --connect-timeout: must be at least 1, not 0"), "{ended:?}");
}

#[test]
fn an_address_that_is_taken_and_a_name_that_nobody_knows_are_errors() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(command().args(["--listen", &address, "--to", "127.0.0.1:9001"]));
    assert_complaint(&ended, "proxy", 1);
    assert!(ended.stderr.contains(&format!("cannot listen on {address}: ")), "{ended:?}");

    let ended = run(command().args(["--listen", "127.0.0.1:0", "--to", "no-such-host.invalid:80"]));
    assert_complaint(&ended, "proxy", 1);
    assert!(ended.stderr.contains("cannot find no-such-host.invalid:80: "), "{ended:?}");
}

#[test]
fn help_is_no_error() {
    let ended = run(command().arg("--help"));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.starts_with("Usage: proxy ") && ended.stdout.contains("Exit codes:"), "{ended:?}");
}
