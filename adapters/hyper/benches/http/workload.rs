//! What the client asks of a server, and what the server answers.

use crate::args::Scale;
use std::time::Duration;

/// In the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Workload {
    /// A connection that always has one request under way.
    Hello1,
    Hello64,
    Hello512,
    /// Each request has a connection of its own, and says so.
    Short,
    Json1,
    Json64,
    Json512,
}

/// What a server answers. It goes to its process by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// Text, by a function. All servers limit the time of a head, by the timers of their runtimes.
    Hello,
    /// JSON, by a handler of axum's. fusee-hyper's server limits the time of a head, axum's own does not.
    Json,
    /// As [`Hello`](Self::Hello), while bytes are counted.
    Idle,
}

/// The connections of the weighing.
pub(super) const MOST_CONNECTIONS: usize = 10_000;

/// The body of [`Service::Hello`].
pub(super) const HELLO: &str = "Hello, World!";

/// The message of [`Service::Json`].
pub(super) const MESSAGE: &str = "Hello from axum";

/// The body of [`Service::Json`].
pub(super) const JSON: &str = r#"{"message":"Hello from axum"}"#;

/// The numbers that a client works with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) connections: usize,
    /// How many of the connections have requests.
    pub(super) busy: usize,
    /// The bytes of an answer's body, by which the client knows which one it is.
    pub(super) bytes: usize,
    /// Whether each request has a connection of its own.
    pub(super) short: bool,
    /// Never; the client knows of them.
    pub(super) datagrams: bool,
}

impl Workload {
    pub(super) const ALL: [Self; 7] =
        [Self::Hello1, Self::Hello64, Self::Hello512, Self::Short, Self::Json1, Self::Json64, Self::Json512];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hello1 => "hello_1",
            Self::Hello64 => "hello_64",
            Self::Hello512 => "hello_512",
            Self::Short => "hello_short",
            Self::Json1 => "json_1",
            Self::Json64 => "json_64",
            Self::Json512 => "json_512",
        }
    }

    pub(super) fn service(self) -> Service {
        match self {
            Self::Hello1 | Self::Hello64 | Self::Hello512 | Self::Short => Service::Hello,
            Self::Json1 | Self::Json64 | Self::Json512 => Service::Json,
        }
    }

    /// With at most `most` connections.
    pub(super) fn shape(self, scale: Scale, most: usize) -> Shape {
        let connections = match self {
            Self::Hello1 | Self::Json1 => 1,
            Self::Hello64 | Self::Short | Self::Json64 => 64,
            Self::Hello512 | Self::Json512 => 512,
        };
        let connections = if scale == Scale::Full { connections.min(most) } else { connections.min(70) };
        let bytes = if self.service() == Service::Json { JSON.len() } else { HELLO.len() };
        Shape { connections, busy: connections, bytes, short: self == Self::Short, datagrams: false }
    }

    /// How long each figure is watched for, unless the command line says otherwise.
    pub(super) fn usual_time(self) -> Duration {
        Duration::from_millis(500)
    }
}

impl Service {
    pub(super) const ALL: [Self; 3] = [Self::Hello, Self::Json, Self::Idle];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Json => "json",
            Self::Idle => "idle",
        }
    }
}

impl Shape {
    /// For the bytes of an idle connection: they are opened, asked once each, and left alone.
    pub(super) fn idle(scale: Scale, most: usize) -> Self {
        let connections = if scale == Scale::Full { most.min(MOST_CONNECTIONS) } else { 70 };
        Self { connections, busy: connections, bytes: HELLO.len(), short: false, datagrams: false }
    }
}
