//! One connection. While an answer is on its way no request is read: what a client can make us keep is one answer and one request.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::PollFlags;

use super::desk::Desk;
use crate::facade::RawInstant;

/// A request has at most so many bytes, without its end of line.
const LONGEST: usize = 4_096;

/// A client that takes nothing of its answer for so long is let go.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Client {
    stream: UnixStream,
    /// What has come and is not answered.
    input: Vec<u8>,
    output: Vec<u8>,
    /// So much of the output is sent.
    sent: usize,
    /// When something was sent, or begun to be.
    progress: RawInstant,
    /// Nothing more is read: it ends when the output is sent.
    leaves: bool,
}

impl Client {
    pub(super) fn new(stream: UnixStream, hello: Vec<u8>) -> Self {
        Self { stream, input: Vec::new(), output: hello, sent: 0, progress: RawInstant::now(), leaves: false }
    }

    /// One that is told why, and no more.
    pub(super) fn refused(stream: UnixStream, why: Vec<u8>) -> Self {
        let mut client = Self::new(stream, why);
        client.leaves = true;
        client
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaves
    }

    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// What it waits for.
    pub(super) fn events(&self) -> PollFlags {
        if self.output.is_empty() { PollFlags::IN } else { PollFlags::OUT }
    }

    /// When it can go on though nothing happens: now, or when it is to be let go.
    pub(super) fn deadline(&self, now: RawInstant) -> Option<RawInstant> {
        match () {
            () if !self.output.is_empty() => Some(self.progress + PATIENCE),
            () if self.leaves || self.input.contains(&b'\n') => Some(now),
            () => None,
        }
    }

    /// Goes on as far as it can, by one answer at most, so that all have their turns; false at its end.
    pub(super) fn advance(&mut self, desk: &mut Desk) -> bool {
        if !self.output.is_empty() {
            return self.send();
        }
        if !self.leaves && !self.input.contains(&b'\n') && !self.receive() {
            return false;
        }
        let end = self.input.iter().position(|&byte| byte == b'\n');
        if end.unwrap_or(self.input.len()) > LONGEST {
            self.leaves = true;
            self.input.clear();
            self.begin(Desk::error("a request is too long"));
        } else if let Some(end) = end {
            let answer = desk.answer(&self.input[..end]);
            self.input.drain(..=end);
            self.begin(answer);
        } else if self.leaves {
            return false;
        }
        self.send()
    }

    fn begin(&mut self, answer: Vec<u8>) {
        (self.output, self.sent, self.progress) = (answer, 0, RawInstant::now());
    }

    fn send(&mut self) -> bool {
        while let rest @ [_, ..] = &self.output[self.sent..] {
            match (&self.stream).write(rest) {
                Ok(0) => return false,
                Ok(count) => (self.sent, self.progress) = (self.sent + count, RawInstant::now()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.progress.elapsed() < PATIENCE,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        // Its room goes: an answer may have been long.
        (self.output, self.sent) = (Vec::new(), 0);
        true
    }

    /// Reads what is there, up to a bound; false if the connection is broken.
    fn receive(&mut self) -> bool {
        let mut bytes = [0; LONGEST];
        match (&self.stream).read(&mut bytes) {
            Ok(0) => self.leaves = true,
            Ok(count) => self.input.extend_from_slice(&bytes[..count]),
            Err(error) => return matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
        true
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // For the other end, though a forked child has a copy of this one. It may be gone.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
