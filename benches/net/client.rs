//! Who loads the servers: one thread around a selector, and no runtime.
//!
//! *Closed loop*: each busy connection sends its next request when it has the answer to the last. So the server is always busy, and the rate says
//! how fast it is. *Open loop*: requests are due by a schedule, whatever the server does; the first connection that is free sends the first
//! that is due, in turn. Their latencies count from when they were due, and each that was due is sent and waited for.

use super::connection::{Connection, Route};
use super::pattern::Pattern;
use super::run::Run;
use super::schedule::Schedule;
use super::selector::Selector;
use super::workload::Shape;
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

/// As many connections are opened at the same time: fewer than any listener's backlog holds.
const OPENED_AT_ONCE: usize = 64;

/// What one read takes at most.
const BUFFER: usize = 64 << 10;

pub(super) struct Client {
    selector: Selector,
    route: Route,
    pattern: Pattern,
    connections: Vec<Connection>,
    /// Those that have requests, and none under way.
    free: VecDeque<usize>,
    /// The number of the next request.
    number: u64,
    /// How many are under way.
    under_way: usize,
    tokens: VecDeque<usize>,
    buffer: Vec<u8>,
}

impl Client {
    /// Opens all connections. Each has had one answer then: the server has accepted it.
    pub(super) fn connect(shape: Shape, port: u16) -> io::Result<Self> {
        let server = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        let mut client = Self {
            selector: Selector::new()?,
            route: Route { server, datagrams: shape.datagrams, short: shape.short },
            pattern: Pattern::new(shape.bytes),
            connections: (0..shape.connections).map(Connection::new).collect(),
            free: VecDeque::new(),
            number: 0,
            under_way: 0,
            tokens: VecDeque::new(),
            buffer: vec![0; BUFFER],
        };
        let mut unopened = 0..shape.connections;
        let mut answered = 0;
        unopened.by_ref().take(OPENED_AT_ONCE).try_for_each(|token| client.send(token, Instant::now()))?;
        while client.under_way > 0 {
            client.wait(None)?;
            while client.next_answer()?.is_some() {
                answered += 1;
                unopened.next().map_or(Ok(()), |token| client.send(token, Instant::now()))?;
            }
        }
        assert_eq!(answered, shape.connections, "each connection has its answer");
        client.free = (0..shape.busy).collect();
        Ok(client)
    }

    /// The closed loop, for so long.
    pub(super) fn closed(&mut self, time: Duration) -> io::Result<Run> {
        let start = Instant::now();
        let mut run = Run::new(start);
        for _ in 0..self.free.len() {
            self.send_on_free(Instant::now())?;
        }
        while self.under_way > 0 {
            self.wait(None)?;
            while let Some((token, due)) = self.next_answer()? {
                let now = Instant::now();
                run.answered(now, now - due);
                if now - start < time {
                    self.send(token, now)?;
                } else {
                    self.free.push_back(token);
                }
            }
        }
        run.end();
        Ok(run)
    }

    /// The open loop.
    pub(super) fn open(&mut self, schedule: Schedule) -> io::Result<Run> {
        let mut schedule = schedule.peekable();
        let start = Instant::now();
        let mut run = Run::new(start);
        loop {
            while let Some(due) = schedule.peek().map(|due| start + *due)
                && !self.free.is_empty()
                && let Some(delay) = Instant::now().checked_duration_since(due)
            {
                schedule.next();
                run.sent_after(delay);
                self.send_on_free(due)?;
            }
            let next = schedule.peek().filter(|_| !self.free.is_empty());
            if next.is_none() && self.under_way == 0 {
                break;
            }
            self.wait(next.map(|due| (start + *due).saturating_duration_since(Instant::now())))?;
            while let Some((token, due)) = self.next_answer()? {
                let now = Instant::now();
                run.answered(now, now - due);
                self.free.push_back(token);
            }
        }
        run.end();
        Ok(run)
    }

    fn send_on_free(&mut self, due: Instant) -> io::Result<()> {
        let token = self.free.pop_front().expect("the caller has seen one");
        self.send(token, due)
    }

    fn send(&mut self, token: usize, due: Instant) -> io::Result<()> {
        let Self { connections, pattern, route, selector, number, .. } = self;
        connections[token].start((*number, due), pattern, route, selector)?;
        self.number += 1;
        self.under_way += 1;
        Ok(())
    }

    fn wait(&mut self, time: Option<Duration>) -> io::Result<()> {
        self.selector.wait(time, &mut self.tokens)
    }

    /// Of those that the selector has told of, the next that is answered, and since when its request was due.
    fn next_answer(&mut self) -> io::Result<Option<(usize, Instant)>> {
        while let Some(token) = self.tokens.pop_front() {
            let connection = &mut self.connections[token];
            if let Some(due) = connection.advance(&self.pattern, &self.route, &mut self.buffer)? {
                self.under_way -= 1;
                return Ok(Some((token, due)));
            }
        }
        Ok(None)
    }
}
