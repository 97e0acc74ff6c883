//! What is shown: the latest answers, rates between two of them, and the choices of the user.

use std::collections::VecDeque;
use std::time::Duration;

use crate::args::Args;
use crate::protocol::{Current, Hello, Stats, Tasks, Worker};
use crate::rows::SortKey;
use crate::untrusted::Untrusted;

/// So many shares of a worker are kept: as many as a wide screen has columns for.
const HISTORY: usize = 200;

/// A worker that has polled nothing for so long, and was not parked, is in one poll for all that is known.
pub const STUCK_NS: u64 = 100_000_000;

/// All that is shown.
#[derive(Clone, Debug)]
pub struct Model {
    /// The socket's path.
    pub socket: String,
    /// Who answers.
    pub hello: Hello,
    /// The latest figures; none before the first.
    pub stats: Option<Stats>,
    /// What has become of the workers' counters.
    pub workers: Vec<WorkerRates>,
    /// Tasks spawned in a second.
    pub spawn_rate: Option<f64>,
    /// Why nobody answers, if so.
    pub lost: Option<String>,
    /// From one answer to the next.
    pub interval: Duration,
    /// Whether nothing is asked.
    pub is_paused: bool,
    /// What the places are sorted by.
    pub sort: SortKey,
    /// Whether the other way round.
    pub is_reversed: bool,
    /// What the places must contain.
    pub filter: String,
    /// Whether keys go to the filter.
    pub is_typing: bool,
    /// The place that is chosen, by its text: it is followed as rows change their order.
    pub chosen: Option<Untrusted>,
    /// The place whose tasks are shown, if one's are.
    pub opened: Option<Opened>,
    /// Whether the screen is to end.
    pub ends: bool,
}

/// A place whose tasks are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// Which place, by its text.
    pub place: Untrusted,
    /// None before the first answer.
    pub tasks: Option<Tasks>,
    /// The row that is chosen.
    pub chosen: usize,
}

/// What has become of a worker's counters from one answer to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerRates {
    /// The share of time in which it was not parked.
    pub busy: Option<f64>,
    /// Those of before, too; the latest is the last.
    pub history: VecDeque<f64>,
    /// Polls in a second.
    pub polls: Option<f64>,
    /// Stolen tasks in a second.
    pub stolen: Option<f64>,
    /// Since when it has polled nothing, by the runtime's uptime, though it was not parked.
    quiet_since_ns: u64,
}

/// What a worker does.
#[derive(Clone, Debug, PartialEq)]
pub enum Now {
    /// It has nothing to do.
    Parked,
    /// It is in a poll, by the recording.
    Polls(Current),
    /// It has ended no poll for so many nanoseconds.
    Quiet(u64),
    /// It runs.
    Runs,
}

impl Model {
    /// Before the first answer of who has said `hello`.
    pub fn new(args: &Args, hello: Hello) -> Self {
        Self {
            socket: args.socket.display().to_string(),
            hello,
            stats: None,
            workers: Vec::new(),
            spawn_rate: None,
            lost: None,
            interval: args.interval,
            is_paused: false,
            sort: args.sort,
            is_reversed: false,
            filter: args.filter.clone(),
            is_typing: false,
            chosen: None,
            opened: None,
            ends: false,
        }
    }

    /// Takes an answer.
    pub fn take(&mut self, hello: Hello, stats: Stats) {
        self.lost = None;
        let before = self.stats.take().filter(|before| hello == self.hello && before.uptime_ns < stats.uptime_ns);
        if before.is_none() {
            // Another process, or another runtime.
            self.workers.clear();
        }
        self.hello = hello;
        self.workers.resize_with(stats.workers.len(), || WorkerRates {
            quiet_since_ns: stats.uptime_ns,
            ..WorkerRates::default()
        });
        let seconds = before.as_ref().map(|before| (stats.uptime_ns - before.uptime_ns) as f64 / 1e9);
        let per_second = |from: u64, to: u64| seconds.map(|seconds| to.saturating_sub(from) as f64 / seconds);
        self.spawn_rate = before.as_ref().and_then(|before| per_second(before.spawned, stats.spawned));
        let nothing = Worker::default();
        for (index, (rates, now)) in self.workers.iter_mut().zip(&stats.workers).enumerate() {
            let then = before.as_ref().and_then(|before| before.workers.get(index));
            if now.is_parked || then.is_none_or(|then| (then.polls, then.parks) != (now.polls, now.parks)) {
                rates.quiet_since_ns = stats.uptime_ns;
            }
            let then = then.unwrap_or(&nothing);
            rates.busy = per_second(then.busy_ns, now.busy_ns).map(|busy| (busy / 1e9).min(1.0));
            rates.polls = per_second(then.polls, now.polls);
            rates.stolen = per_second(then.stolen, now.stolen);
            rates.history.extend(rates.busy);
            let surplus = rates.history.len().saturating_sub(HISTORY);
            rates.history.drain(..surplus);
        }
        self.stats = Some(stats);
    }

    /// Takes the tasks of a place, unless another is shown by now.
    pub fn take_tasks(&mut self, place: &Untrusted, tasks: Tasks) {
        if let Some(opened) = self.opened.as_mut().filter(|opened| opened.place == *place) {
            opened.chosen = opened.chosen.min(tasks.tasks.len().saturating_sub(1));
            opened.tasks = Some(tasks);
        }
    }

    /// What a worker does.
    pub fn now_of(&self, index: usize) -> Now {
        let Some(stats) = &self.stats else { return Now::Runs };
        let Some((worker, rates)) = stats.workers.get(index).zip(self.workers.get(index)) else { return Now::Runs };
        let quiet = stats.uptime_ns.saturating_sub(rates.quiet_since_ns);
        match &worker.current {
            _ if worker.is_parked => Now::Parked,
            Some(current) => Now::Polls(current.clone()),
            None if quiet >= STUCK_NS && rates.busy.is_some_and(|busy| busy > 0.5) => Now::Quiet(quiet),
            None => Now::Runs,
        }
    }

    /// How long the time is that recent polls are told of.
    pub fn window_seconds(&self) -> Option<f64> {
        let window = self.stats.as_ref()?.window_ns.filter(|window| *window > 0)?;
        Some(window as f64 / 1e9)
    }
}
