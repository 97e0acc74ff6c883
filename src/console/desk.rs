//! What is answered to a request.

use std::io::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::stats::{Stats, place_of};
use crate::facade::RawInstant;
use crate::insight::{Dump, TaskDump};
use crate::runtime::Handle;

/// The version of the protocol; it is another when a client of this one would misread an answer.
const VERSION: u32 = 1;

/// So many tasks are asked where they wait, unless it is said how many; and so long they have time for that.
const MOST_ASKED: usize = 20;
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Desk {
    handle: Handle,
    started: RawInstant,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Stats,
    Dump,
    Text,
    Waits,
    Recording,
}

#[derive(Deserialize)]
struct Request {
    get: What,
    place: Option<String>,
    most: Option<usize>,
    #[serde(default)]
    all: bool,
}

#[derive(Serialize)]
struct Hello<'a> {
    fusee: &'static str,
    version: u32,
    pid: u32,
    runtime: Option<&'a str>,
    recorder: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<'a> {
    Stats(Stats),
    Dump(Tasks<'a>),
    Text(String),
    Waits(String),
    /// How many bytes follow.
    Recording(Option<usize>),
    Error(&'a str),
}

#[derive(Serialize)]
struct Tasks<'a> {
    runtime: Option<&'a str>,
    /// How many there are of the place that was asked for.
    count: usize,
    /// Alive and not in the dump, wherever they were spawned.
    others: usize,
    tasks: Vec<&'a TaskDump>,
}

impl Desk {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle, started: RawInstant::now() }
    }

    pub(super) fn hello(&self) -> Vec<u8> {
        let recorder = self.handle.scheduler().recorder().is_some();
        let (pid, runtime) = (std::process::id(), self.handle.name());
        line(&Hello { fusee: "console", version: VERSION, pid, runtime, recorder })
    }

    pub(super) fn error(why: &str) -> Vec<u8> {
        line(&Answer::Error(why))
    }

    pub(super) fn answer(&self, request: &[u8]) -> Vec<u8> {
        let request: Request = match serde_json::from_slice(request) {
            Ok(request) => request,
            Err(error) => return Self::error(&format!("this is no request: {error}")),
        };
        match request.get {
            What::Stats => line(&Answer::Stats(Stats::of(&self.handle, self.started.elapsed()))),
            What::Dump => line(&Answer::Dump(self.tasks(&self.handle.dump(), &request))),
            What::Text if request.all => line(&Answer::Text(format!("{:#}", self.handle.dump()))),
            What::Text => line(&Answer::Text(self.handle.dump().to_string())),
            What::Waits => line(&Answer::Waits(self.waits(request.most.unwrap_or(MOST_ASKED)))),
            What::Recording => self.recording(),
        }
    }

    fn tasks<'a>(&'a self, dump: &'a Dump, request: &Request) -> Tasks<'a> {
        let is_asked =
            |task: &&TaskDump| request.place.as_deref().is_none_or(|place| place == place_of(task).unwrap_or_default());
        let most = request.most.unwrap_or(usize::MAX);
        Tasks {
            runtime: self.handle.name(),
            count: dump.tasks().iter().filter(is_asked).count(),
            others: dump.others(),
            tasks: dump.tasks().iter().filter(is_asked).take(most).collect(),
        }
    }

    /// Each trace, and an empty line between two.
    fn waits(&self, most: usize) -> String {
        let traces = self.handle.wait_traces(most, PATIENCE);
        traces.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
    }

    fn recording(&self) -> Vec<u8> {
        let Some(recording) = self.handle.recording() else { return line(&Answer::Recording(None)) };
        let mut bytes = Vec::new();
        // Memory takes whatever is written.
        let _ = recording.write_to(&mut bytes);
        let mut answer = line(&Answer::Recording(Some(bytes.len())));
        let _ = answer.write_all(&bytes);
        answer
    }
}

fn line(answer: &impl Serialize) -> Vec<u8> {
    // No map has keys that are no text, and memory takes whatever is written.
    let mut line = serde_json::to_vec(answer).unwrap_or_default();
    line.push(b'\n');
    line
}
