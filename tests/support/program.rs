//! A test that is a program, too: started again in a process of its own, with the standard streams that the test gives it.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::env;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::task::{Context, Waker};

use fusee::io::{AsyncRead, Stdin};

/// Set in the program: its name.
const PROGRAM: &str = "FUSEE_TEST_PROGRAM";

/// The code with which a program ends: the harness has others.
const ENDED: i32 = 42;

/// What a program has written.
pub(crate) struct Told {
    pub(crate) out: String,
    pub(crate) errors: String,
}

/// In the process of the program `name`, which is the test that calls this: runs it, and ends the process without a word of the harness. Else starts
/// that process with `input`, has `drive` deal with it, waits for its end, and answers what it has told and `drive` has not read. Fails if it does.
pub(crate) fn run(name: &str, input: impl Into<Stdio>, program: impl FnOnce(), drive: impl FnOnce(&mut Child)) -> Told {
    run_with(name, input, Stdio::piped(), program, drive)
}

/// As [`run`], with somewhere else for the errors to go.
pub(crate) fn run_with(
    name: &str,
    input: impl Into<Stdio>,
    errors: impl Into<Stdio>,
    program: impl FnOnce(),
    drive: impl FnOnce(&mut Child),
) -> Told {
    if env::var(PROGRAM).is_ok_and(|running| running == name) {
        program();
        // What the standard library has in its buffers goes out, too.
        std::process::exit(ENDED);
    }
    let mut command = Command::new(env::current_exe().expect("a test knows its own path"));
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(PROGRAM, name);
    let mut child =
        command.stdin(input).stdout(Stdio::piped()).stderr(errors).spawn().expect("a process for the program");
    // It has the program's ends of the streams, which are the child's alone from here on.
    drop(command);
    let input = child.stdin.take();
    drive(&mut child);
    let ended = child.wait_with_output().expect("the program ends");
    drop(input);
    let out = String::from_utf8(ended.stdout).expect("text");
    let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(ENDED), "{out}\n{errors}");
    // The harness's own words come first, unless `drive` has read them.
    let out = out.split_once(&format!("test {name} ... ")).map_or(&*out, |(_, out)| out);
    Told { out: out.to_owned(), errors }
}

/// A pipe: what a program has, and who writes.
pub(crate) fn pipe() -> (OwnedFd, std::fs::File) {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    (reader, writer.into())
}

/// Waits until the program says so.
pub(crate) fn hears(child: &mut Child, line: &str) {
    let out = child.stdout.as_mut().unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(format!("{line}\n").as_bytes()) {
        let mut byte = [0];
        assert_eq!(out.read(&mut byte).unwrap(), 1, "it ended, and said {}", String::from_utf8_lossy(&heard));
        heard.push(byte[0]);
    }
}

/// Polls a read of the standard input once. Whether it waits.
pub(crate) fn begins_to_wait(input: &mut Stdin) -> bool {
    Pin::new(input).poll_read(&mut Context::from_waker(Waker::noop()), &mut [0; 16]).is_pending()
}
