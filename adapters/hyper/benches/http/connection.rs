//! One socket of the client's, and the request that is under way on it.
//!
//! Nothing here blocks: what cannot go on goes on when the selector tells of the socket.

use super::pattern::Pattern;
use super::selector::{Interest, Selector};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, connect, recv, send, socket_with, sockopt,
};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

/// Addresses of this machine that the client's sockets take in turn: one has too few ports for the short connections of a minute, whose
/// ports rest for as long.
const SOURCES: u64 = 64;

/// What all connections of a client have in common.
pub(super) struct Route {
    pub(super) server: SocketAddrV4,
    pub(super) datagrams: bool,
    /// Whether each request has a connection of its own.
    pub(super) short: bool,
}

#[derive(Debug)]
pub(super) struct Connection {
    /// By which the selector names it.
    token: usize,
    /// `None` before the first request, and between two that have a connection each.
    socket: Option<OwnedFd>,
    request: &'static [u8],
    sent: usize,
    /// What has come of the answer.
    received: Vec<u8>,
    /// How long an answer is, once one has come.
    length: Option<usize>,
    /// Since when the request has been due; `None` without one.
    due: Option<Instant>,
}

impl Connection {
    pub(super) fn new(token: usize) -> Self {
        Self { token, socket: None, request: b"", sent: 0, received: Vec::new(), length: None, due: None }
    }

    /// Begins with the request of that number, on a new socket if there is none.
    pub(super) fn start(
        &mut self,
        (number, due): (u64, Instant),
        pattern: &Pattern,
        route: &Route,
        selector: &Selector,
    ) -> io::Result<()> {
        assert!(self.due.is_none(), "one request at a time");
        (self.request, self.sent, self.due) = (pattern.request(route.short), 0, Some(due));
        self.received.clear();
        if let Some(socket) = &self.socket {
            self.sent = send_some(socket, self.request)?;
            return Ok(());
        }
        let socket = route.open(number)?;
        self.sent = send_some(&socket, self.request)?;
        // Added with the request on its way, a socket tells of the answer alone.
        let all_sent = self.sent == self.request.len();
        let interest = if route.short && all_sent { Interest::Answer } else { Interest::Both };
        selector.add(&socket, self.token, interest)?;
        self.socket = Some(socket);
        Ok(())
    }

    /// Goes on, now that the selector has told of the socket. Since when the request had been due, if it is answered now.
    pub(super) fn advance(
        &mut self,
        pattern: &Pattern,
        route: &Route,
        buffer: &mut [u8],
    ) -> io::Result<Option<Instant>> {
        let (Some(due), Some(socket)) = (self.due, &self.socket) else { return Ok(None) };
        self.sent += send_some(socket, &self.request[self.sent..])?;
        loop {
            let (length, _) = match recv(socket, &mut *buffer, RecvFlags::empty()) {
                Err(Errno::AGAIN) => break,
                result => result?,
            };
            if length == 0 {
                return Err(io::Error::other(format!("an end after {} bytes of an answer", self.received.len())));
            }
            self.received.extend_from_slice(&buffer[..length]);
            // Edges tell of what comes from now on.
            if length < buffer.len() {
                break;
            }
        }
        if !pattern.is_whole(&self.received, &mut self.length).map_err(io::Error::other)? {
            return Ok(None);
        }
        if route.short {
            self.socket = None;
        }
        self.due = None;
        Ok(Some(due))
    }
}

impl Route {
    /// A socket on its way to the server.
    fn open(&self, number: u64) -> io::Result<OwnedFd> {
        let kind = if self.datagrams { SocketType::DGRAM } else { SocketType::STREAM };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, kind, flags, None)?;
        let source = Ipv4Addr::new(127, 0, 0, 2 + (number % SOURCES) as u8);
        bind(&socket, &SocketAddrV4::new(source, 0))?;
        if !self.datagrams {
            sockopt::set_tcp_nodelay(&socket, true)?;
        }
        match connect(&socket, &self.server) {
            Err(Errno::INPROGRESS) => {}
            result => result?,
        }
        Ok(socket)
    }
}

/// As many of the bytes as fit now; none while the socket is being connected.
fn send_some(socket: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match send(socket, &bytes[sent..], SendFlags::NOSIGNAL) {
            Err(Errno::AGAIN) => break,
            result => sent += result?,
        }
    }
    Ok(sent)
}
