//! What requests say, and what their answers must.

use super::workload::{HELLO, JSON};

const KEPT: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
const SHORT: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const STATUS: &[u8] = b"HTTP/1.1 200 OK\r\n";

pub(super) struct Pattern {
    /// Of the answers.
    body: &'static [u8],
}

impl Pattern {
    /// Answers have a body of that length.
    pub(super) fn new(length: usize) -> Self {
        let body = [HELLO, JSON].into_iter().find(|body| body.len() == length).expect("one of the bodies is as long");
        Self { body: body.as_bytes() }
    }

    pub(super) fn request(&self, short: bool) -> &'static [u8] {
        if short { SHORT } else { KEPT }
    }

    /// Whether the bytes are an answer; an error if they cannot become one. Heads are all of one length, since dates are: `length` is
    /// that of an answer, once it is known.
    pub(super) fn is_whole(&self, bytes: &[u8], length: &mut Option<usize>) -> Result<bool, String> {
        if length.is_none() {
            let head = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            *length = head.map(|head| head + 4 + self.body.len());
        }
        match length {
            Some(length) if bytes.len() >= *length => {}
            _ => return Ok(false),
        }
        let is_right = Some(bytes.len()) == *length && bytes.starts_with(STATUS) && bytes.ends_with(self.body);
        if is_right { Ok(true) } else { Err(format!("another answer: {:?}", String::from_utf8_lossy(bytes))) }
    }
}
