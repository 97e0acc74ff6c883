//! A program that runs until it is told to end: its lines as they come, signals to it, its end.
//!
//! Whoever waits for a line waits for the event, under a watchdog. A program that is dropped is killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use super::program::{Ended, WATCHDOG};

/// A program that runs.
pub(crate) struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Running {
    /// Starts `command`; what is piped to it is written by [`Running::write`].
    pub(crate) fn start(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the program starts");
        let stdout = lines(child.stdout.take().expect("it is piped"));
        let stderr = lines(child.stderr.take().expect("it is piped"));
        Self { child, stdout, stderr }
    }

    /// The next line on standard output.
    pub(crate) fn line(&mut self) -> String {
        next(&self.stdout).unwrap_or_else(|| panic!("the program has ended: {:?}", rest(&self.stderr)))
    }

    /// The next line on standard output that holds `text`; those before it are passed over.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The next line on standard error that holds `text`; those before it are passed over.
    pub(crate) fn complaint_with(&mut self, text: &str) -> String {
        loop {
            let line = next(&self.stderr).unwrap_or_else(|| panic!("the program has ended without {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Writes to its standard input.
    pub(crate) fn write(&mut self, text: &str) {
        self.child.stdin.as_mut().expect("it is open").write_all(text.as_bytes()).expect("it reads");
    }

    /// Closes its standard input.
    pub(crate) fn close(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Its number.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends it `signal`.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs, or has not been waited for");
    }

    /// Waits for its end. What was read from its lines before is not in the answer.
    pub(crate) fn end(mut self) -> Ended {
        let (stdout, stderr) = (rest(&self.stdout), rest(&self.stderr));
        Ended { code: self.child.wait().expect("it was started").code(), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads `pipe` line by line on a thread of its own.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The next line; nothing at the end.
fn next(lines: &Receiver<String>) -> Option<String> {
    match lines.recv_timeout(WATCHDOG) {
        Ok(line) => Some(line),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("the program neither writes nor ends"),
    }
}

/// All lines to the end.
fn rest(lines: &Receiver<String>) -> String {
    std::iter::from_fn(|| next(lines)).map(|line| line + "\n").collect()
}
