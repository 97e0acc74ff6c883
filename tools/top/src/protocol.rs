//! The answers of a console. What a later one adds is passed over, and what an earlier one leaves out is none.

use serde::Deserialize;

use crate::untrusted::Untrusted;

/// The version of the protocol that is spoken here.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// `console`.
    pub fusee: String,
    /// Of the protocol.
    pub version: u32,
    /// The process.
    pub pid: u32,
    /// The runtime's name.
    pub runtime: Option<Untrusted>,
    /// Whether the runtime has a recorder.
    pub recorder: bool,
}

/// An answer to a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To `stats`.
    Stats(Box<Stats>),
    /// To `dump`.
    Dump(Tasks),
    /// To `text`.
    Text(Untrusted),
    /// To `waits`.
    Waits(Untrusted),
    /// To `recording`: how many bytes follow.
    Recording(Option<u64>),
    /// To what is no request, or cannot be answered.
    Error(Untrusted),
}

/// The figures of a runtime.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// `multi_thread` or `current_thread`.
    pub flavor: String,
    /// Since the start of the runtime, in nanoseconds.
    pub uptime_ns: u64,
    /// Tasks that are not complete.
    pub alive: u64,
    /// Tasks spawned so far.
    pub spawned: u64,
    /// Tasks in the global queue.
    pub queued: u64,
    /// The workers, by their numbers.
    pub workers: Vec<Worker>,
    /// The places where tasks are spawned.
    pub places: Vec<Place>,
    /// The first of the tasks that are being polled for long.
    pub stuck: Vec<Task>,
    /// The first of the tasks that can never run again.
    pub stranded: Vec<Task>,
    /// Tasks that wait for each other, by their ids: in each list every one for the next, and the last for the first.
    pub circles: Vec<Vec<Untrusted>>,
    /// The timers.
    pub timers: Timers,
    /// The threads for blocking jobs.
    pub blocking: Blocking,
    /// How long the time is that `recent` tells of, in nanoseconds; none without a recorder that records.
    pub window_ns: Option<u64>,
}

/// The counters of a worker.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Worker {
    /// Polls of tasks so far.
    pub polls: u64,
    /// Times that it parked.
    pub parks: u64,
    /// Whether it is parked.
    pub is_parked: bool,
    /// Tasks that it stole.
    pub stolen: u64,
    /// Tasks in its queue.
    pub queued: u64,
    /// How long it was not parked, in nanoseconds.
    pub busy_ns: u64,
    /// What it polls, by the recording.
    pub current: Option<Current>,
    /// What it has polled of late, by the recording.
    pub recent: Option<Polls>,
}

/// A poll that has not ended.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Current {
    /// The task's id.
    pub task: Untrusted,
    /// Where it was spawned.
    pub place: Option<Untrusted>,
    /// For how long, in nanoseconds.
    pub for_ns: u64,
}

/// Polls within the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Polls {
    /// How many.
    pub polls: u64,
    /// How long they took within the window, in nanoseconds.
    pub busy_ns: u64,
    /// The longest of them, in nanoseconds.
    pub longest_ns: u64,
}

/// A place where tasks are spawned.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Place {
    /// File, line and column.
    pub place: Option<Untrusted>,
    /// Its tasks that have waited and are not complete.
    pub alive: u64,
    /// Those of them that wait to be woken.
    pub waiting: u64,
    /// Those that were woken.
    pub queued: u64,
    /// Those that are polled.
    pub running: u64,
    /// Those that can never run again.
    pub stranded: u64,
    /// How long ago that of those which wait was polled which was polled the longest time ago, in milliseconds.
    pub oldest_idle_ms: u64,
    /// Their polls of late, by the recording.
    pub recent: Option<Polls>,
}

/// The timers of a runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Timers {
    /// Those that are there.
    pub live: u64,
    /// Those that have fired.
    pub fired: u64,
}

/// The blocking pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Blocking {
    /// Its threads.
    pub threads: u64,
    /// Those that have nothing to do.
    pub idle: u64,
    /// Jobs that wait for a thread.
    pub queued: u64,
}

/// Tasks of one place, or of all.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Tasks {
    /// How many there are.
    pub count: u64,
    /// So many as were asked for.
    pub tasks: Vec<Task>,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Task {
    /// Its id, a number in hexadecimal.
    pub id: Untrusted,
    /// Its name.
    pub name: Option<Untrusted>,
    /// Where it was spawned.
    pub spawned_at: Option<SpawnedAt>,
    /// `running`, `queued`, `waiting` or `complete`.
    pub state: Untrusted,
    /// How long ago its last poll began, in nanoseconds.
    pub polled_ns: u64,
    /// How many wakers of it there are.
    pub wakers: Option<u64>,
    /// Whether it can never run again.
    pub is_stranded: bool,
    /// What it waits for, as far as that is known.
    pub waits: Vec<Wait>,
}

/// A place in the source.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SpawnedAt {
    /// The file, as the compiler was given it.
    pub file: Untrusted,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// What a task waits for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wait {
    /// A timer that is due in so many nanoseconds.
    Timer {
        /// So many.
        left_ns: u64,
    },
    /// A socket, or something else with a descriptor.
    Source {
        /// Its number.
        number: u64,
        /// For what.
        interest: Vec<Untrusted>,
    },
    /// Another task, which is to come to its end.
    Task {
        /// Its id.
        id: Untrusted,
    },
    /// A blocking job, which is to come to its end.
    BlockingJob {
        /// Its id.
        id: Untrusted,
    },
    /// What this program does not know.
    #[serde(other)]
    Other,
}

impl Task {
    /// Its id, and the name that the user gave it.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {name:?}", self.id),
            None => self.id.to_string(),
        }
    }
}

impl std::fmt::Display for SpawnedAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
