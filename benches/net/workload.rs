//! What the client asks of a server, and what the server does with it.

use crate::args::Scale;
use std::time::Duration;

/// In the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Workload {
    /// A connection that always has one request under way.
    Echo1,
    Echo64,
    Echo512,
    Echo10000,
    /// Each request has a connection of its own: connect, echo, close.
    Short,
    /// One socket of the server's, 64 of the client's, which have one datagram under way each.
    Udp,
    /// One connection has requests, 999 have none.
    OneBusy,
    /// One request in [`COMPUTED`] is computed at before it is answered.
    Uneven,
    /// A mebibyte to and fro, which the server holds 16 KiB of at a time.
    Large,
    /// Beside a task that holds its worker for 5 ms at a time, and yields in between.
    Hog,
}

/// What the tasks of a server do. It goes to its process by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Echo,
    /// Echo through a buffer of 16 KiB.
    Relay,
    Uneven,
    Hog,
    Datagrams,
    /// One byte is echoed, once a connection has something to say: an idle connection holds no buffer.
    Idle,
}

/// One request in so many has the mark that tells the server to compute.
pub(super) const COMPUTED: usize = 32;

/// The connections of the workload that has most.
pub(super) const MOST_CONNECTIONS: usize = 10_000;

/// The bytes of a small request.
pub(super) const SMALL: usize = 64;

/// The numbers that a client works with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) connections: usize,
    /// How many of the connections have requests.
    pub(super) busy: usize,
    /// The bytes of a request, and of its answer.
    pub(super) bytes: usize,
    /// Whether each request has a connection of its own.
    pub(super) short: bool,
    pub(super) datagrams: bool,
}

impl Workload {
    pub(super) const ALL: [Self; 10] = [
        Self::Echo1,
        Self::Echo64,
        Self::Echo512,
        Self::Echo10000,
        Self::Short,
        Self::Udp,
        Self::OneBusy,
        Self::Uneven,
        Self::Large,
        Self::Hog,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Echo1 => "echo_1",
            Self::Echo64 => "echo_64",
            Self::Echo512 => "echo_512",
            Self::Echo10000 => "echo_10000",
            Self::Short => "echo_short",
            Self::Udp => "echo_udp",
            Self::OneBusy => "echo_one_busy",
            Self::Uneven => "echo_uneven",
            Self::Large => "echo_large",
            Self::Hog => "echo_beside_hog",
        }
    }

    pub(super) fn service(self) -> Service {
        match self {
            Self::Udp => Service::Datagrams,
            Self::Uneven => Service::Uneven,
            Self::Large => Service::Relay,
            Self::Hog => Service::Hog,
            _ => Service::Echo,
        }
    }

    /// With at most `most` connections.
    pub(super) fn shape(self, scale: Scale, most: usize) -> Shape {
        let connections = match self {
            Self::Echo1 => 1,
            Self::Echo512 => 512,
            Self::Echo10000 => MOST_CONNECTIONS,
            Self::OneBusy => 1_000,
            Self::Large => 8,
            _ => 64,
        };
        let connections = if scale == Scale::Full { connections.min(most) } else { connections.min(70) };
        Shape {
            connections,
            busy: if self == Self::OneBusy { 1 } else { connections },
            bytes: if self == Self::Large { 1 << 20 } else { SMALL },
            short: self == Self::Short,
            datagrams: self == Self::Udp,
        }
    }

    /// How long each figure is watched for, unless the command line says otherwise: some hundred answers on each connection, or
    /// a few where there are thousands.
    pub(super) fn usual_time(self) -> Duration {
        Duration::from_millis(if self == Self::Echo10000 { 600 } else { 300 })
    }
}

impl Service {
    pub(super) const ALL: [Self; 6] = [Self::Echo, Self::Relay, Self::Uneven, Self::Hog, Self::Datagrams, Self::Idle];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Relay => "relay",
            Self::Uneven => "uneven",
            Self::Hog => "hog",
            Self::Datagrams => "datagrams",
            Self::Idle => "idle",
        }
    }
}

impl Shape {
    /// For the bytes of an idle connection: they are opened, asked for one byte each, and left alone.
    pub(super) fn idle(scale: Scale, most: usize) -> Self {
        let connections = if scale == Scale::Full { most.min(MOST_CONNECTIONS) } else { 70 };
        Self { connections, busy: connections, bytes: 1, short: false, datagrams: false }
    }
}
