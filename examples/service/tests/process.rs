//! The program as a process: how it starts, what it says if it cannot, what of it lasts, and how it stops.

mod support;

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::TcpStream;
use hyper::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use support::{Service, command, output, run};
use tempfile::tempdir;

fn hammer() -> Value {
    json!({"name": "hammer", "category": "tools", "quantity": 3})
}

/// Another process that writes, as far as the program can tell: who holds this keeps the program from it.
async fn write_lock(database: &Path) -> SqliteConnection {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    sqlx::query("begin immediate").execute(&mut connection).await.unwrap();
    connection
}

async fn unlock(mut connection: SqliteConnection) {
    sqlx::query("rollback").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// One request over a connection that stays open.
async fn ask_by_hand(stream: &mut TcpStream) {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut part = [0; 1024];
        let count = stream.read(&mut part).await.unwrap();
        assert_ne!(count, 0, "closed after {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&part[..count]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 204 "), "{:?}", String::from_utf8_lossy(&answer));
}

/// What its log says when a request has come.
const BEGUN: &str = "started processing request";

#[test]
fn what_was_added_is_there_after_a_restart() {
    run(async {
        let folder = tempdir().unwrap();
        let database = folder.path().join("items.db");
        let service = Service::start(&database, &[]);
        let made = service.client().post("/items", hammer()).await.1;
        service.stop();
        // All of it is in the file.
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        let service = Service::start(&database, &[]);
        assert_eq!(service.client().get("/items/1").await, (StatusCode::OK, made));
        service.stop();
    });
}

#[test]
fn what_was_answered_is_there_after_a_kill() {
    run(async {
        let folder = tempdir().unwrap();
        let database = folder.path().join("items.db");
        let service = Service::start(&database, &[]);
        let made = service.client().post("/items", hammer()).await.1;
        service.signal(Signal::KILL);
        assert!(!service.ended().0.success());
        let service = Service::start(&database, &[]);
        assert_eq!(service.client().get("/items/1").await, (StatusCode::OK, made));
        service.stop();
    });
}

#[test]
fn a_request_that_is_under_way_when_it_is_told_to_stop_is_answered() {
    run(async {
        for signal in [Signal::TERM, Signal::INT] {
            let folder = tempdir().unwrap();
            let database = folder.path().join("items.db");
            let service = Service::start(&database, &[]);
            let (client, address) = (service.client(), service.address().to_owned());
            let lock = write_lock(&database).await;
            let request = fusee::spawn(async move { client.post("/items", hammer()).await });
            service.await_log(BEGUN);
            service.signal(signal);
            service.await_log("told to stop");
            // Until the listener has been closed they are accepted, or reset; then refused.
            while TcpStream::connect(&address).await.is_ok() {
                fusee::task::yield_now().await;
            }
            assert!(!request.is_finished());
            unlock(lock).await;
            assert_eq!(request.await.unwrap().0, StatusCode::CREATED);
            let (status, log) = service.ended();
            assert_eq!(status.code(), Some(0), "{log}");
            let service = Service::start(&database, &[]);
            assert_eq!(service.client().get("/items/1").await.0, StatusCode::OK);
            service.stop();
        }
    });
}

#[test]
fn the_second_signal_ends_it_at_once() {
    run(async {
        let folder = tempdir().unwrap();
        let database = folder.path().join("items.db");
        let service = Service::start(&database, &["--timeout", "1h", "--grace", "1h"]);
        let client = service.client();
        let _lock = write_lock(&database).await;
        let request = fusee::spawn(async move { client.post("/items", hammer()).await });
        service.await_log(BEGUN);
        service.signal(Signal::TERM);
        service.await_log("told to stop");
        service.signal(Signal::INT);
        let (status, log) = service.ended();
        assert_eq!(status.code(), Some(130), "{log}");
        assert!(request.await.is_err());
    });
}

#[test]
fn requests_that_do_not_end_in_time_are_cut_off() {
    run(async {
        let folder = tempdir().unwrap();
        let database = folder.path().join("items.db");
        let service = Service::start(&database, &["--timeout", "1h", "--grace", "100ms"]);
        let client = service.client();
        let _lock = write_lock(&database).await;
        let request = fusee::spawn(async move { client.post("/items", hammer()).await });
        service.await_log(BEGUN);
        service.signal(Signal::TERM);
        let (status, log) = service.ended();
        assert_eq!(status.code(), Some(1));
        assert!(log.contains("service: some requests had not ended after 100ms"), "{log}");
        assert!(request.await.is_err());
    });
}

#[test]
fn an_answer_that_is_late_is_503_and_the_next_is_in_time() {
    run(async {
        let folder = tempdir().unwrap();
        let database = folder.path().join("items.db");
        let service = Service::start(&database, &["--timeout", "500ms"]);
        let client = service.client();
        let lock = write_lock(&database).await;
        let (status, problem) = client.post("/items", hammer()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
        assert_eq!(problem["status"], 503);
        unlock(lock).await;
        // Nobody knows whether it was done. On a slow machine it is late once more.
        let status = loop {
            let (status, _) = client.post("/items", hammer()).await;
            if status != StatusCode::SERVICE_UNAVAILABLE {
                break status;
            }
        };
        assert!([StatusCode::CREATED, StatusCode::CONFLICT].contains(&status));
        service.stop();
    });
}

#[test]
fn who_reads_waits_for_nobody_who_writes() {
    run(async {
        let folder = tempdir().unwrap();
        let database = folder.path().join("items.db");
        let service = Service::start(&database, &[]);
        let lock = write_lock(&database).await;
        assert_eq!(service.client().get("/items").await.0, StatusCode::OK);
        assert_eq!(service.client().get("/readyz").await.0, StatusCode::NO_CONTENT);
        unlock(lock).await;
        service.stop();
    });
}

#[test]
fn who_is_one_too_many_is_turned_away_and_a_supervisor_is_not() {
    run(async {
        let folder = tempdir().unwrap();
        let database = folder.path().join("items.db");
        let service = Service::start(&database, &["--max-requests", "1"]);
        let client = service.client();
        let lock = write_lock(&database).await;
        let request = fusee::spawn({
            let client = client.clone();
            async move {
                // Until it has not met one of those below.
                loop {
                    let (status, answer) = client.post("/items", hammer()).await;
                    if status != StatusCode::SERVICE_UNAVAILABLE {
                        break (status, answer);
                    }
                }
            }
        });
        // Until it has the only place, where it waits for the lock.
        let problem = loop {
            let (status, problem) = client.get("/items").await;
            if status != StatusCode::OK {
                break problem;
            }
        };
        assert_eq!((&problem["status"], &problem["detail"]), (&json!(503), &json!("too many requests at once")));
        for path in ["/healthz", "/readyz"] {
            assert_eq!(client.get(path).await.0, StatusCode::NO_CONTENT);
        }
        unlock(lock).await;
        assert_eq!(request.await.unwrap().0, StatusCode::CREATED);
        assert_eq!(client.send(Method::DELETE, "/items/1", None).await.0, StatusCode::NO_CONTENT);
        service.stop();
    });
}

#[test]
fn a_connection_too_many_waits_until_another_has_ended() {
    run(async {
        let folder = tempdir().unwrap();
        let service = Service::start(&folder.path().join("items.db"), &["--max-connections", "1"]);
        // By hand, for a client with a pool may open more connections than it needs.
        let mut first = TcpStream::connect(service.address()).await.unwrap();
        ask_by_hand(&mut first).await;
        let second = service.client();
        let waiting = fusee::spawn(async move { second.get("/items").await.0 });
        for _ in 0..50 {
            ask_by_hand(&mut first).await;
        }
        assert!(!waiting.is_finished());
        drop(first);
        assert_eq!(waiting.await.unwrap(), StatusCode::OK);
        service.stop();
    });
}

#[test]
fn each_request_has_a_line_in_the_log() {
    run(async {
        let folder = tempdir().unwrap();
        let service = Service::start(&folder.path().join("items.db"), &[]);
        let request = hyper::Request::get("/").header("x-request-id", "seven").body(Default::default()).unwrap();
        service.client().request_to("/items/7", request).await;
        service.signal(Signal::TERM);
        let (_, log) = service.ended();
        let line = log.lines().find(|line| line.contains("answered")).unwrap_or_else(|| panic!("{log}"));
        for part in ["seven", "GET", "/items/7", "status", "404", "latency"] {
            assert!(line.contains(part), "{line}");
        }
    });
}

#[track_caller]
fn assert_refused(output: &Output, code: i32, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.starts_with("service: ") && said.contains(why), "{said:?} does not say {why:?}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = tempdir().unwrap();
    let database = folder.path().join("items.db");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = output(command(&database, &["--listen", &address]));
    assert_refused(&said, 1, &format!("cannot listen on {address}: Address already in use"));
    let said = output(command(&database, &["--listen", "no-such-host.invalid:80"]));
    assert_refused(&said, 1, "cannot listen on no-such-host.invalid:80: ");
    assert!(!database.exists());
}

#[test]
fn a_file_that_is_no_database_of_the_service_is_refused() {
    let folder = tempdir().unwrap();
    let path = |name| folder.path().join(name);
    std::fs::write(path("text"), "no database, ".repeat(100)).unwrap();
    let said = output(command(&path("text"), &[]));
    assert_refused(&said, 1, &format!("cannot use the database {}: file is not a database", path("text").display()));
    assert_eq!(std::fs::read_to_string(path("text")).unwrap(), "no database, ".repeat(100));

    assert_refused(&output(command(&path("none/items.db"), &[])), 1, "its folder must be there, and be writable");
    assert_refused(&output(command(&path("text/items.db"), &[])), 1, "its folder must be there, and be writable");
    assert_refused(&output(command(folder.path(), &[])), 1, &format!("{}: it is a folder", folder.path().display()));
    // Nobody may write there.
    assert_refused(&output(command(Path::new("/proc/items.db"), &[])), 1, "its folder must be there, and be writable");

    run(async {
        let foreign = SqliteConnectOptions::new().filename(path("foreign")).create_if_missing(true);
        let mut foreign = foreign.connect().await.unwrap();
        sqlx::query("create table items (name text)").execute(&mut foreign).await.unwrap();
        foreign.close().await.unwrap();
    });
    assert_refused(&output(command(&path("foreign"), &[])), 1, "table items already exists");
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    run(async {
        let folder = tempdir().unwrap();
        let database = folder.path().join("items.db");
        Service::start(&database, &[]).stop();
        let mut newer = SqliteConnectOptions::new().filename(&database).connect().await.unwrap();
        sqlx::query("insert into _sqlx_migrations values (1000, 'later', '', true, x'00', 0)")
            .execute(&mut newer)
            .await
            .unwrap();
        newer.close().await.unwrap();
        assert_refused(&output(command(&database, &[])), 1, "a newer version of this service has changed it");
    });
}

#[test]
fn arguments_that_it_does_not_understand_are_named() {
    let cases: [(&[&str], &str); 10] = [
        (&["--database", "items.db", "--colour", "red"], "invalid option '--colour'"),
        (&["items.db"], "unexpected argument \"items.db\""),
        (&[], "missing option '--database'"),
        (&["--database"], "missing argument for option '--database'"),
        (&["--database", "items.db", "--timeout", "soon"], "--timeout: cannot parse argument \"soon\""),
        (&["--database", "items.db", "--timeout", "5"], "--timeout: cannot parse argument \"5\": time unit needed"),
        (&["--database", "items.db", "--timeout", "0s"], "--timeout: cannot parse argument \"0s\": must be longer"),
        (&["--database", "items.db", "--listen", "here"], "--listen: cannot parse argument \"here\": must be a host"),
        (&["--database", "items.db", "--max-requests", "0"], "must be at least 1"),
        (&["--database", "items.db", "--max-body", "64k"], "must be a whole number of bytes"),
    ];
    for (words, why) in cases {
        let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
        command.args(words.iter().map(OsStr::new));
        assert_refused(&output(command), 2, why);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
    command.arg("--help");
    let help = output(command);
    assert!(help.status.success() && help.stdout.starts_with(b"A JSON service"));
}
