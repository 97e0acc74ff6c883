//! The program `queue` against a real redis-server, which each test starts for itself.

#![cfg(unix)]

#[allow(dead_code, reason = "each program's tests use a part of it")]
#[path = "../../../tests/program/mod.rs"]
mod program;
#[allow(dead_code, reason = "each program's tests use a part of it")]
#[path = "../../../tests/program/running.rs"]
mod running;
mod server;

use std::net::TcpListener;
use std::process::Command;
use std::time::Instant;

use program::{Ended, WATCHDOG, assert_complaint, run};
use running::Running;
use rustix::process::Signal;
use server::Server;

/// What a worker in these tests is told besides: takes over soon, tries again at once.
const SOON: [&str; 4] = ["--lease", "1", "--pause", "0"];

fn command(server: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queue"));
    command.args(arguments).args(["--redis", &server.url()]);
    command
}

/// Runs the program to its end, which must be a good one; what it printed.
fn queue(server: &Server, arguments: &[&str]) -> String {
    let ended = run(&mut command(server, arguments));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    ended.stdout
}

fn worker(server: &Server, more: &[&str]) -> Running {
    let mut worker = Running::start(command(server, &["work"]).args(more));
    assert_eq!(worker.line(), "working; ctrl-c or SIGTERM stops");
    worker
}

/// The figures of `status` in their order, without the number of workers.
fn status(server: &Server) -> [u64; 5] {
    let text = queue(server, &["status"]);
    let figures: Vec<_> = text.lines().filter_map(|line| line.split_whitespace().last()?.parse().ok()).collect();
    figures[..5].try_into().expect("there are six")
}

/// Waits until `status` says so.
fn wait_for_status(server: &Server, expected: [u64; 5]) {
    let start = Instant::now();
    while status(server) != expected {
        assert!(start.elapsed() < WATCHDOG, "{:?} and not {expected:?}", status(server));
    }
}

/// Tells `worker` to stop; its last line, and how it ended.
fn stop(worker: Running) -> (String, Ended) {
    worker.signal(Signal::TERM);
    let ended = worker.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    (ended.stdout.lines().last().unwrap_or_default().to_owned(), ended)
}

const ALL_DONE: &str = "0 to be tried again, 0 dead, 0 given back, 0 lost to others";

#[test]
fn jobs_are_done_by_workers_in_turn_and_counted() {
    let server = Server::start();
    assert_eq!(queue(&server, &["push", "print", "hello"]), "job 1\n");
    assert_eq!(queue(&server, &["push", "sleep", "0", "--times", "2"]), "job 2\njob 3\n");
    assert_eq!(status(&server), [3, 0, 0, 0, 0]);
    let mut worker = worker(&server, &[]);
    worker.line_with("hello");
    wait_for_status(&server, [0, 0, 0, 0, 3]);
    // One that comes while the worker waits.
    queue(&server, &["push", "print", "and again"]);
    worker.line_with("and again");
    worker.line_with("job 4: done");
    let (last, ended) = stop(worker);
    assert_eq!((last, ended.stderr.as_str()), (format!("4 done, {ALL_DONE}"), ""));
    assert_eq!(status(&server), [0, 0, 0, 0, 4]);
    assert!(queue(&server, &["status"]).ends_with("workers        0\n"));
}

#[test]
fn a_queue_has_nothing_to_do_with_another_of_another_name() {
    let server = Server::start();
    queue(&server, &["push", "print", "one", "--queue", "one"]);
    assert_eq!(status(&server), [0; 5]);
    let mut worker = worker(&server, &["--queue", "one"]);
    worker.line_with("job 1: done");
}

#[test]
fn many_jobs_are_each_done_once_by_several_workers() {
    let server = Server::start();
    let workers = [worker(&server, &["--concurrency", "8"]), worker(&server, &["--concurrency", "8"])];
    queue(&server, &["push", "sleep", "0", "--times", "500"]);
    wait_for_status(&server, [0, 0, 0, 0, 500]);
    let done = workers.map(|worker| stop(worker).0.split(' ').next().unwrap().parse::<u64>().unwrap());
    assert_eq!(done.iter().sum::<u64>(), 500, "{done:?}");
}

#[test]
fn jobs_are_worked_on_at_the_same_time_and_no_more_than_were_allowed() {
    let server = Server::start();
    queue(&server, &["push", "sleep", "3600", "--times", "3"]);
    let mut worker = worker(&server, &["--concurrency", "2", "--grace", "0"]);
    worker.line_with("begins");
    worker.line_with("begins");
    assert_eq!(status(&server), [1, 2, 0, 0, 0]);
    // What is not finished within the grace is given back, and its attempt does not count.
    let (last, _) = stop(worker);
    assert_eq!(last, "0 done, 0 to be tried again, 0 dead, 2 given back, 0 lost to others");
    assert_eq!(status(&server), [3, 0, 0, 0, 0]);
    let mut next = self::worker(&server, &["--concurrency", "3"]);
    for _ in 0..3 {
        assert!(next.line_with("begins").ends_with("attempt 1"));
    }
}

#[test]
fn a_job_that_fails_is_tried_again_until_it_succeeds() {
    let server = Server::start();
    queue(&server, &["push", "fail", "2"]);
    let mut worker = worker(&server, &SOON);
    assert!(worker.line_with("failed").ends_with("fails at attempt 1"));
    assert!(worker.line_with("failed").ends_with("fails at attempt 2"));
    worker.line_with("job 1: done");
    assert_eq!(stop(worker).0, "1 done, 2 to be tried again, 0 dead, 0 given back, 0 lost to others");
    assert_eq!(status(&server), [0, 0, 0, 0, 1]);
}

#[test]
fn a_job_that_fails_too_often_is_dead_until_it_is_revived() {
    let server = Server::start();
    queue(&server, &["push", "panic", "out of order"]);
    queue(&server, &["push", "fail", "3"]);
    queue(&server, &["push", "sleep", "3600"]);
    let arguments = [&SOON[..], &["--attempts", "2", "--limit", "1"]].concat();
    let mut worker = worker(&server, &arguments);
    for _ in 0..3 {
        worker.line_with("dead after attempt 2");
    }
    assert_eq!(status(&server), [0, 0, 0, 3, 0]);
    let dead = queue(&server, &["dead"]);
    let mut lines: Vec<_> = dead.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "job 1: panic \"out of order\", 2 attempts: panicked: out of order",
            "job 2: fail \"3\", 2 attempts: fails at attempt 2",
            "job 3: sleep \"3600\", 2 attempts: took longer than 1s",
        ]
    );
    stop(worker);

    assert_eq!(queue(&server, &["revive"]), "3 jobs wait again\n");
    assert_eq!(status(&server), [3, 0, 0, 0, 0]);
    let arguments = [&SOON[..], &["--attempts", "4"]].concat();
    let mut patient = self::worker(&server, &arguments);
    patient.line_with("job 2: done");
}

#[test]
fn a_worker_that_is_told_to_stop_finishes_what_it_has_and_takes_no_more() {
    let server = Server::start();
    for signal in [Signal::TERM, Signal::INT] {
        let done = status(&server)[4];
        let mut worker = worker(&server, &["--concurrency", "1"]);
        queue(&server, &["push", "sleep", "2", "--times", "2"]);
        worker.line_with("begins");
        worker.signal(signal);
        let ended = worker.end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        assert!(ended.stdout.ends_with(&format!("1 done, {ALL_DONE}\n")), "{ended:?}");
        assert_eq!(status(&server), [1, 0, 0, 0, done + 1]);
        let mut next = self::worker(&server, &["--limit", "100"]);
        next.line_with("done");
        stop(next);
        assert_eq!(status(&server), [0, 0, 0, 0, done + 2]);
    }
}

#[test]
fn the_second_signal_gives_back_what_is_in_hand() {
    let server = Server::start();
    queue(&server, &["push", "sleep", "3600"]);
    let mut worker = worker(&server, &["--grace", "3600"]);
    worker.line_with("begins");
    worker.signal(Signal::TERM);
    // Two that come together count as one: the second waits until the first was heard.
    worker.signal(Signal::INT);
    let start = Instant::now();
    while status(&server) != [1, 0, 0, 0, 0] {
        worker.signal(Signal::TERM);
        assert!(start.elapsed() < WATCHDOG);
    }
    let ended = worker.end();
    assert!(ended.stdout.contains("job 1: given back\n"), "{ended:?}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn the_jobs_of_a_worker_that_was_killed_are_taken_over() {
    let server = Server::start();
    queue(&server, &["push", "sleep", "2"]);
    let mut killed = worker(&server, &SOON);
    assert!(killed.line_with("begins").ends_with("attempt 1"));
    killed.signal(Signal::KILL);
    assert_eq!(killed.end().code, None);
    assert_eq!(status(&server), [0, 1, 0, 0, 0]);
    let mut next = worker(&server, &SOON);
    assert!(next.line_with("begins").ends_with("attempt 2"));
    next.line_with("job 1: done");
    assert_eq!(status(&server), [0, 0, 0, 0, 1]);
}

/// Redis looks at ten entries for each that is asked for, and the one that is to be found comes after twenty.
#[test]
fn the_job_of_a_worker_that_was_killed_is_found_behind_those_of_one_that_lives() {
    let server = Server::start();
    queue(&server, &["push", "sleep", "3600", "--times", "20"]);
    let mut lives = worker(&server, &["--concurrency", "20", "--limit", "7200", "--lease", "3"]);
    for _ in 0..20 {
        lives.line_with("begins");
    }
    queue(&server, &["push", "sleep", "0"]);
    queue(&server, &["push", "sleep", "3600"]);
    let mut killed = worker(&server, &["--concurrency", "1"]);
    killed.line_with("job 21: done");
    killed.line_with("job 22: sleep begins");
    killed.signal(Signal::KILL);
    killed.end();
    let mut next = worker(&server, &["--concurrency", "1", "--lease", "8"]);
    assert!(next.line_with("begins").starts_with("job 22: sleep begins, attempt 2"));
}

/// The job takes longer than two leases, and another worker looks for what it may take over twice in each.
#[test]
fn a_job_that_takes_long_is_not_taken_over_while_its_worker_lives() {
    let server = Server::start();
    queue(&server, &["push", "sleep", "5"]);
    let mut one = worker(&server, &["--lease", "2"]);
    one.line_with("begins");
    let other = worker(&server, &["--lease", "2"]);
    one.line_with("job 1: done");
    assert_eq!(stop(other).0, format!("0 done, {ALL_DONE}"));
    assert_eq!(status(&server), [0, 0, 0, 0, 1]);
}

#[test]
fn a_worker_that_slept_for_longer_than_its_lease_lets_go_of_what_another_has() {
    let server = Server::start();
    queue(&server, &["push", "sleep", "3600"]);
    let mut sleeps = worker(&server, &[&SOON[..], &["--limit", "7200"]].concat());
    sleeps.line_with("begins");
    sleeps.signal(Signal::STOP);
    let mut next = worker(&server, &[&SOON[..], &["--limit", "7200", "--grace", "0"]].concat());
    assert!(next.line_with("begins").ends_with("attempt 2"));
    sleeps.signal(Signal::CONT);
    sleeps.line_with("job 1: lost to another worker");
    assert_eq!(stop(sleeps).0, "0 done, 0 to be tried again, 0 dead, 0 given back, 1 lost to others");
    assert!(stop(next).0.contains("1 given back"));
}

#[test]
fn a_worker_goes_on_when_redis_comes_back_and_knows_nothing() {
    let mut server = Server::start();
    let mut worker = worker(&server, &SOON);
    queue(&server, &["push", "print", "before"]);
    worker.line_with("job 1: done");
    server.kill();
    worker.complaint_with("is away");
    server.start_again();
    worker.complaint_with("is back");
    queue(&server, &["push", "print", "after"]);
    worker.line_with("after");
    worker.line_with("job 1: done");
    assert_eq!(stop(worker).0, format!("2 done, {ALL_DONE}"));
}

#[test]
fn a_job_that_ends_while_redis_is_away_counts_once_when_it_is_back() {
    let mut server = Server::that_keeps();
    queue(&server, &["push", "sleep", "2"]);
    let mut worker = worker(&server, &["--lease", "60"]);
    worker.line_with("begins");
    server.kill();
    worker.complaint_with("is away");
    server.start_again();
    worker.line_with("job 1: done");
    assert_eq!(status(&server), [0, 0, 0, 0, 1]);
    assert_eq!(stop(worker).0, format!("1 done, {ALL_DONE}"));
}

#[test]
fn a_worker_that_began_while_redis_was_away_waits_for_it_or_for_a_signal() {
    let mut server = Server::start();
    server.kill();
    let mut waits = worker(&server, &[]);
    waits.complaint_with("is away");
    assert_eq!(stop(worker(&server, &[])).0, format!("0 done, {ALL_DONE}"));
    server.start_again();
    waits.complaint_with("is back");
    queue(&server, &["push", "print", "hello"]);
    waits.line_with("hello");
}

#[test]
fn a_redis_that_is_away_is_an_error_for_who_asks_once() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("redis://{nobody}");
    for arguments in [&["push", "print", "hello"][..], &["status"], &["dead"], &["revive"]] {
        let ended = run(Command::new(env!("CARGO_BIN_EXE_queue")).args(arguments).args(["--redis", &url]));
        assert_complaint(&ended, "queue", 1);
        assert!(ended.stderr.starts_with(&format!("queue: redis at {nobody}: ")), "{ended:?}");
    }
}

#[test]
fn a_password_that_redis_does_not_take_is_an_error_for_a_worker_too() {
    let server = Server::start();
    let url = server.url().replace("redis://", "redis://:secret@");
    for arguments in [&["status"][..], &["work"]] {
        let ended = run(Command::new(env!("CARGO_BIN_EXE_queue")).args(arguments).args(["--redis", &url]));
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.to_lowercase().contains("password"), "{ended:?}");
    }
}

#[test]
fn bad_arguments_are_one_line_and_code_2() {
    let bad: [&[&str]; 21] = [
        &[],
        &["dance"],
        &["push"],
        &["push", "dance"],
        &["push", "sleep"],
        &["push", "sleep", "long"],
        &["push", "print", "one", "two"],
        &["push", "print", "--times", "0"],
        &["push", "print", "--limit", "3"],
        &["status", "--times", "3"],
        &["status", "now"],
        &["work", "--concurrency", "0"],
        &["work", "--concurrency", "-1"],
        &["work", "--limit", "soon"],
        &["work", "--lease"],
        &["status", "--redis", "127.0.0.1:6379"],
        &["status", "--redis", "rediss://127.0.0.1:6379"],
        &["status", "--redis", "http://127.0.0.1"],
        &["status", "--queue", ""],
        &["status", "--queue", "a{b}"],
        &["--no-such-option"],
    ];
    for arguments in bad {
        assert_complaint(&run(Command::new(env!("CARGO_BIN_EXE_queue")).args(arguments)), "queue", 2);
    }
    let ended = run(Command::new(env!("CARGO_BIN_EXE_queue")).args(["work", "--lease", "2000000"]));
    assert!(ended.stderr.starts_with("queue: --lease: must be at most 1000000, not 2000000"), "{ended:?}");
}

#[test]
fn help_is_no_error() {
    let ended = run(Command::new(env!("CARGO_BIN_EXE_queue")).arg("--help"));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.starts_with("Usage: queue ") && ended.stdout.contains("Exit codes:"), "{ended:?}");
}
