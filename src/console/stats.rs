//! The figures of an answer: from counters and a dump. Counters go on meanwhile: two of them may be of different moments. Rates are made of two answers, by who asks.

use std::collections::HashMap;
use std::panic::Location;
use std::time::Duration;

use serde::Serialize;

use super::recent::{Current, Polls, Recent};
use crate::insight::{Dump, TaskDump, TaskState};
use crate::runtime::{Handle, RuntimeFlavor, RuntimeMetrics};

/// A poll that lasts longer is told of.
const STUCK: Duration = Duration::from_millis(100);

/// So many stuck and so many stranded tasks are told of one by one.
const MOST: usize = 20;

#[derive(Serialize)]
pub(super) struct Stats {
    flavor: &'static str,
    /// Since the console was opened, which is when the runtime started.
    uptime_ns: u64,
    alive: usize,
    spawned: u64,
    /// Tasks in the global queue.
    queued: usize,
    forced_yields: u64,
    workers: Vec<Worker>,
    places: Vec<Place>,
    /// The first of the tasks that are being polled for long, and of those that can never run again.
    stuck: Vec<TaskDump>,
    stranded: Vec<TaskDump>,
    /// The first of the circles of tasks that wait for each other, by their numbers.
    circles: Vec<Vec<String>>,
    timers: Timers,
    blocking: Blocking,
    /// How long the part of the recording is that `recent` and `longest_ns` tell of; none without a recorder that records.
    window_ns: Option<u64>,
}

#[derive(Serialize)]
struct Worker {
    polls: u64,
    parks: u64,
    is_parked: bool,
    stolen: u64,
    queued: usize,
    busy_ns: u64,
    /// What it polls, by the recording.
    current: Option<Current>,
    recent: Option<Polls>,
}

/// Where tasks are spawned.
#[derive(Serialize)]
struct Place {
    /// File, line and column; none for those that there was no room for.
    place: Option<String>,
    #[serde(flatten)]
    tasks: Tally,
    recent: Option<Polls>,
}

/// The tasks of a place.
#[derive(Clone, Copy, Default, Serialize)]
struct Tally {
    alive: usize,
    waiting: usize,
    queued: usize,
    running: usize,
    stranded: usize,
    /// How long ago that of them was polled which waits longest.
    oldest_idle_ms: u64,
}

#[derive(Serialize)]
struct Timers {
    live: usize,
    registered: u64,
    fired: u64,
    cancelled: u64,
}

#[derive(Serialize)]
struct Blocking {
    threads: usize,
    idle: usize,
    queued: usize,
}

impl Stats {
    pub(super) fn of(handle: &Handle, uptime: Duration) -> Self {
        let (metrics, dump) = (handle.metrics(), handle.dump());
        let recent = Recent::of(handle);
        let is_stuck = |task: &&TaskDump| task.state() == TaskState::Running && task.polled() >= STUCK;
        Self {
            flavor: match handle.runtime_flavor() {
                RuntimeFlavor::CurrentThread => "current_thread",
                RuntimeFlavor::MultiThread => "multi_thread",
            },
            uptime_ns: uptime.as_nanos() as u64,
            alive: metrics.num_alive_tasks(),
            spawned: metrics.spawned_tasks_count(),
            queued: metrics.global_queue_depth(),
            forced_yields: metrics.budget_forced_yield_count(),
            workers: (0..metrics.num_workers()).map(|index| Worker::of(&metrics, index, recent.as_ref())).collect(),
            places: places_of(&dump, recent.as_ref()),
            stuck: dump.tasks().iter().filter(is_stuck).take(MOST).cloned().collect(),
            stranded: dump.stranded().take(MOST).cloned().collect(),
            circles: dump
                .circles()
                .iter()
                .take(MOST)
                .map(|circle| circle.iter().map(ToString::to_string).collect())
                .collect(),
            timers: Timers::of(&metrics),
            blocking: Blocking {
                threads: metrics.num_blocking_threads(),
                idle: metrics.num_idle_blocking_threads(),
                queued: metrics.blocking_queue_depth(),
            },
            window_ns: recent.map(|recent| recent.window_ns),
        }
    }
}

impl Worker {
    fn of(metrics: &RuntimeMetrics, index: usize, recent: Option<&Recent>) -> Self {
        let park_unparks = metrics.worker_park_unpark_count(index);
        let track = recent.and_then(|recent| recent.workers.get(index));
        Self {
            polls: metrics.worker_poll_count(index),
            parks: park_unparks.div_ceil(2),
            is_parked: park_unparks % 2 == 1,
            stolen: metrics.worker_steal_count(index),
            queued: metrics.worker_local_queue_depth(index),
            busy_ns: metrics.worker_total_busy_duration(index).as_nanos() as u64,
            current: track.and_then(|track| track.current.clone()),
            recent: track.map(|track| track.polls),
        }
    }
}

impl Timers {
    fn of(metrics: &RuntimeMetrics) -> Self {
        Self {
            live: metrics.timers_live(),
            registered: metrics.timers_registered_count(),
            fired: metrics.timers_fired_count(),
            cancelled: metrics.timers_cancelled_count(),
        }
    }
}

impl Tally {
    fn add(&mut self, task: &TaskDump) {
        let counted = match task.state() {
            TaskState::Complete => return,
            TaskState::Running => &mut self.running,
            TaskState::Queued => &mut self.queued,
            TaskState::Waiting => &mut self.waiting,
        };
        *counted += 1;
        self.alive += 1;
        self.stranded += usize::from(task.is_stranded());
        if task.state() == TaskState::Waiting {
            self.oldest_idle_ms = self.oldest_idle_ms.max(task.polled().as_millis() as u64);
        }
    }
}

/// Each place, whether there are tasks of it or it was only polled of late.
fn places_of(dump: &Dump, recent: Option<&Recent>) -> Vec<Place> {
    // By its parts, which are made into text once for each place.
    let mut tallies: HashMap<_, Tally> = HashMap::new();
    for task in dump.tasks() {
        let place = task.spawned_at().map(|place| (place.file(), place.line(), place.column()));
        tallies.entry(place).or_default().add(task);
    }
    let named = |place: Option<(&str, u32, u32)>| place.map(|(file, line, column)| format!("{file}:{line}:{column}"));
    let mut polls = recent.map(|recent| recent.places.clone()).unwrap_or_default();
    let of_tasks = tallies.into_iter().map(|(place, tasks)| (named(place), tasks));
    let mut places: Vec<_> = of_tasks
        .map(|(place, tasks)| {
            let recent = recent.map(|_| polls.remove(&place).unwrap_or_default());
            Place { place, tasks, recent }
        })
        .collect();
    places.extend(polls.into_iter().map(|(place, polls)| Place {
        place,
        tasks: Tally::default(),
        recent: Some(polls),
    }));
    places.sort_by(|a, b| b.tasks.alive.cmp(&a.tasks.alive).then_with(|| a.place.cmp(&b.place)));
    places
}

/// Where a task was spawned.
pub(super) fn place_of(task: &TaskDump) -> Option<String> {
    task.spawned_at().map(Location::to_string)
}
