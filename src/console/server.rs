//! The thread's loop: it waits for the listener, the clients and the end, and serves each client that can go on by one step.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::client::Client;
use super::desk::Desk;
use crate::facade::RawInstant;

/// So many clients are served at a time.
const MOST_CLIENTS: usize = 16;

/// For so long nobody is accepted after a failure, as of a process that may have no more descriptors: the listener would go on being ready.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Server {
    listener: UnixListener,
    /// Ready when the thread is to end.
    ended: UnixStream,
    clients: Vec<Client>,
    desk: Desk,
    /// Until when nobody is accepted.
    pause: Option<RawInstant>,
}

impl Server {
    pub(super) fn new(listener: UnixListener, ended: UnixStream, desk: Desk) -> Self {
        Self { listener, ended, clients: Vec::new(), desk, pause: None }
    }

    pub(super) fn run(mut self) {
        while self.wait() {
            let Self { clients, desk, .. } = &mut self;
            clients.retain_mut(|client| client.advance(desk));
            self.accept();
        }
    }

    /// Waits until there is something to do; false at the end.
    fn wait(&mut self) -> bool {
        let now = RawInstant::now();
        self.pause = self.pause.filter(|until| *until > now);
        let accepts = if self.pause.is_none() { PollFlags::IN } else { PollFlags::empty() };
        let mut waits = vec![PollFd::new(&self.ended, PollFlags::IN), PollFd::new(&self.listener, accepts)];
        waits.extend(
            self.clients.iter().map(|client| PollFd::from_borrowed_fd(client.stream().as_fd(), client.events())),
        );
        let deadline = self.clients.iter().filter_map(|client| client.deadline(now)).chain(self.pause).min();
        let timeout = deadline.map(|deadline| {
            // Rounded up: to the millisecond, in which systems may wait.
            let left = deadline.saturating_duration_since(now);
            let left = if left.is_zero() { left } else { left + Duration::from_millis(1) };
            Timespec { tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() }
        });
        match poll(&mut waits, timeout.as_ref()) {
            Ok(_) => waits[0].revents().is_empty(),
            Err(Errno::INTR) => true,
            // Without memory for it there is no service.
            Err(_) => false,
        }
    }

    fn accept(&mut self) {
        if self.pause.is_some() {
            return;
        }
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => self.clients.extend(self.greet(stream).ok()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.pause = Some(RawInstant::now() + PAUSE);
                    return;
                }
            }
        }
    }

    fn greet(&self, stream: UnixStream) -> io::Result<Client> {
        stream.set_nonblocking(true)?;
        if self.clients.iter().filter(|client| !client.is_leaving()).count() < MOST_CLIENTS {
            return Ok(Client::new(stream, self.desk.hello()));
        }
        if self.clients.len() < 2 * MOST_CLIENTS {
            return Ok(Client::refused(stream, Desk::error("there are as many clients as are served at a time")));
        }
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}
