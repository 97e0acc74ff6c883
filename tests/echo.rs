//! The example `echo` as a user runs it: its rates, what a client of another program gets, its errors.

#![cfg(feature = "net")]

#[allow(dead_code, reason = "it prints no numbers, one a line")]
mod program;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use program::{Ended, assert_complaint, example, finish, run};

fn echo(arguments: &[&str]) -> Ended {
    run(Command::new(example("echo")).args(arguments))
}

/// A server that runs until it is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(example("echo")).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect(&line).to_owned();
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_prints_its_rate_once_a_second_with_clients_of_its_own() {
    for flavour in [&["--workers", "2"][..], &["--workers", "1"], &["--current-thread"]] {
        let ended = echo(&[&["--clients", "3", "--seconds", "2"], flavour].concat());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        let lines: Vec<_> = ended.stdout.lines().collect();
        assert!(lines[0].starts_with("listening on 127.0.0.1:"), "{ended:?}");
        assert_eq!(lines.len(), 3, "{ended:?}");
        for line in &lines[1..] {
            let rate = line.trim().strip_suffix(" echoes/s").expect(line);
            assert!(rate.replace(',', "").parse::<u64>().unwrap() > 0, "{ended:?}");
        }
    }
}

#[test]
fn clients_of_other_programs_get_back_what_they_send() {
    for flavour in [&["--workers", "2"][..], &["--current-thread"]] {
        let server = Server::start(flavour);
        let clients: Vec<_> = (0..10).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
        for (n, mut client) in (0u8..).zip(clients) {
            let sent = vec![n; 100_000];
            let mut writer = client.try_clone().unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    writer.write_all(&sent).unwrap();
                    writer.shutdown(Shutdown::Write).unwrap();
                });
                let mut got = Vec::new();
                client.read_to_end(&mut got).unwrap();
                assert!(got == sent, "{} bytes came back", got.len());
            });
        }
    }
}

#[test]
fn bad_arguments_are_one_line_and_code_2() {
    let bad: [&[&str]; 10] = [
        &["7000"],
        &["--clients", "-1"],
        &["--clients"],
        &["--seconds", "0"],
        &["--seconds", "1.5"],
        &["--workers", "0"],
        &["--workers", "1000000"],
        &["--address", "localhost"],
        &["--address", "127.0.0.1:99999"],
        &["--no-such-option"],
    ];
    for arguments in bad {
        assert_complaint(&echo(arguments), "echo", 2);
    }
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let ended = echo(&["--address", &taken.local_addr().unwrap().to_string(), "--seconds", "1"]);
    assert_complaint(&ended, "echo", 1);
    assert!(ended.stderr.contains("cannot listen on 127.0.0.1:"), "{ended:?}");
}

/// The clients, which run first, take all descriptors that there are. So the server gets none, and tries again ten times a second.
#[cfg(unix)]
#[test]
fn what_cannot_be_accepted_is_told_in_one_line_with_its_number() {
    let mut command = Command::new("sh");
    let limited =
        command.args(["-c", "ulimit -n 40 && exec \"$0\" --current-thread --clients 50"]).arg(example("echo"));
    let ended = run(limited);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let [told, failed] = ended.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{ended:?}") };
    let (_, tries) = told.strip_prefix("echo: cannot accept: ").expect(told).split_once(" (tries: ").expect(told);
    assert!(tries.strip_suffix(')').expect(told).parse::<u64>().unwrap() > 1, "{told}");
    assert!(failed.starts_with("echo: a client failed: "), "{failed}");
}

#[test]
fn a_reader_that_leaves_after_the_first_line_is_no_error() {
    let mut command = Command::new(example("echo"));
    let mut child = command.args(["--clients", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    let ended = finish(child);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}
