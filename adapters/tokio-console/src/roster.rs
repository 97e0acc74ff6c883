//! The tasks by their numbers, and what each client was told of them.

use std::collections::{HashMap, HashSet};
use std::panic::Location;
use std::time::{Duration, SystemTime};

use console_api::field::{Name, Value};
use console_api::instrument::Update;
use console_api::metadata::{Kind, Level};
use console_api::register_metadata::NewMetadata;
use console_api::tasks::{Stats, Task, TaskUpdate, task};
use console_api::{Field, Id, MetaId, Metadata, PollStats, RegisterMetadata};
use fusee::insight::{TaskDump, TaskState};
use fusee::runtime::Handle;

/// So many tasks are told of for the first time in one update, and so many in all.
const MOST_NEW: usize = 4_000;
const MOST_CHANGED: usize = 16_000;

/// What all tasks are of.
const META: u64 = 1;

/// The tasks that were seen last.
#[derive(Default)]
pub(crate) struct Roster {
    seen: HashMap<fusee::task::Id, Seen>,
    /// Their numbers.
    there: HashSet<u64>,
    /// The number that was given last.
    last: u64,
}

struct Seen {
    number: u64,
    first: SystemTime,
    name: Option<String>,
    spawned_at: Option<&'static Location<'static>>,
    polls: u64,
    poll_time: Duration,
}

impl Seen {
    fn new(task: &TaskDump, number: u64, first: SystemTime) -> Self {
        let (name, spawned_at) = (task.name().map(str::to_owned), task.spawned_at());
        Self { number, first, name, spawned_at, polls: 0, poll_time: Duration::ZERO }
    }

    fn is(&self, task: &TaskDump) -> bool {
        self.name.as_deref() == task.name()
            && self.spawned_at == task.spawned_at()
            && task.polls().unwrap_or_default() >= self.polls
            && task.poll_time().unwrap_or_default() >= self.poll_time
    }
}

/// What one client was told.
#[derive(Default)]
pub(crate) struct Told {
    has_meta: bool,
    tasks: HashMap<u64, Stats>,
}

impl Roster {
    /// Whether the task of this number was there when somebody looked last.
    pub(crate) fn has(&self, number: u64) -> bool {
        self.there.contains(&number)
    }

    /// What has changed since `told`.
    pub(crate) fn update(&mut self, handle: &Handle, told: &mut Told) -> Update {
        let (dump, now) = (handle.dump(), SystemTime::now());
        let mut new_tasks = Vec::new();
        let mut stats_update = HashMap::new();
        let mut before = std::mem::take(&mut self.seen);
        self.there.clear();
        for task in dump.tasks().iter().filter(|task| task.state() != TaskState::Complete) {
            let known = before.remove(&task.id()).filter(|seen| seen.is(task));
            let mut seen = known.unwrap_or_else(|| {
                self.last += 1;
                Seen::new(task, self.last, now)
            });
            seen.polls = task.polls().unwrap_or_default();
            seen.poll_time = task.poll_time().unwrap_or_default();
            let (number, first) = (seen.number, seen.first);
            self.seen.insert(task.id(), seen);
            self.there.insert(number);
            let stats = stats_of(task, first, now);
            let last = told.tasks.get(&number).copied();
            // The others come with the next update: one is to be shorter than what clients take.
            if new_tasks.len() >= MOST_NEW && last.is_none() || stats_update.len() >= MOST_CHANGED {
                continue;
            }
            if last.is_some_and(|last| task.polls().is_some() && is_like(&last, &stats)) {
                continue;
            }
            told.tasks.insert(number, stats);
            if last.is_none() {
                new_tasks.push(task_of(task, number));
            }
            stats_update.insert(number, stats);
        }
        let gone: Vec<_> = told.tasks.keys().copied().filter(|number| !self.there.contains(number)).collect();
        for number in gone {
            if let Some(last) = told.tasks.remove(&number) {
                stats_update.insert(number, Stats { dropped_at: Some(now.into()), ..last });
            }
        }
        let metadata = if std::mem::replace(&mut told.has_meta, true) { Vec::new() } else { vec![metadata()] };
        Update {
            now: Some(now.into()),
            new_metadata: Some(RegisterMetadata { metadata }),
            task_update: Some(TaskUpdate { new_tasks, stats_update, dropped_events: 0 }),
            resource_update: Some(console_api::resources::ResourceUpdate::default()),
            async_op_update: Some(console_api::async_ops::AsyncOpUpdate::default()),
        }
    }
}

/// Whether nothing has happened between the two: moments are told by how long ago they were, and so are never quite the same.
fn is_like(last: &Stats, stats: &Stats) -> bool {
    let polls = |stats: &Stats| stats.poll_stats.map(|polls| (polls.polls, polls.last_poll_ended.is_none()));
    // Woken, and not polled yet.
    let is_scheduled = |stats: &Stats| {
        let (wake, poll) = (stats.last_wake, stats.poll_stats.and_then(|polls| polls.last_poll_started));
        wake.zip(poll).is_some_and(|(wake, poll)| (wake.seconds, wake.nanos) > (poll.seconds, poll.nanos))
    };
    polls(last) == polls(stats) && last.waker_clones == stats.waker_clones && is_scheduled(last) == is_scheduled(stats)
}

fn metadata() -> NewMetadata {
    let metadata = Metadata {
        name: "fusee.task".to_owned(),
        target: "fusee::task".to_owned(),
        kind: Kind::Span.into(),
        level: Level::Trace.into(),
        field_names: ["task.name", "task.id", "kind", "spawn.location"].map(str::to_owned).into(),
        ..Metadata::default()
    };
    NewMetadata { id: Some(MetaId { id: META }), metadata: Some(metadata) }
}

fn task_of(task: &TaskDump, number: u64) -> Task {
    let field = |name: &str, value| Field {
        name: Some(Name::StrName(name.to_owned())),
        value: Some(value),
        metadata_id: Some(MetaId { id: META }),
    };
    let name = task.name().map(|name| field("task.name", Value::StrVal(name.to_owned())));
    let place = task.spawned_at().map(|place| field("spawn.location", Value::StrVal(place.to_string())));
    let kind = if task.local_set().is_some() { "local" } else { "task" };
    let others = [field("task.id", Value::U64Val(number)), field("kind", Value::StrVal(kind.to_owned()))];
    Task {
        id: Some(Id { id: number }),
        metadata: Some(MetaId { id: META }),
        kind: task::Kind::Spawn.into(),
        fields: name.into_iter().chain(others).chain(place).collect(),
        parents: Vec::new(),
        location: task.spawned_at().map(Into::into),
    }
}

fn stats_of(task: &TaskDump, first: SystemTime, now: SystemTime) -> Stats {
    let ago = |time: Duration| now.checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH);
    let started = ago(task.polled());
    let is_waiting = task.state() == TaskState::Waiting;
    let poll_stats = PollStats {
        // Who is in a dump has been polled.
        polls: task.polls().unwrap_or(1).max(1),
        first_poll: None,
        last_poll_started: Some(started.into()),
        // When it ended is not known: at once, as far as anybody can tell.
        last_poll_ended: (task.state() != TaskState::Running).then(|| started.into()),
        busy_time: Some(task.poll_time().unwrap_or_default().try_into().unwrap_or_default()),
    };
    Stats {
        created_at: Some(first.into()),
        dropped_at: None,
        wakes: 0,
        // Who is queued may have none, and has lost nothing.
        waker_clones: if task.is_stranded() { 0 } else { task.wakers().unwrap_or(1).max(1) as u64 },
        waker_drops: 0,
        // A task that waits was woken before its last poll, whose beginning is known less well.
        last_wake: task.woken().map(ago).map(|woken| if is_waiting { woken.min(started) } else { woken }.into()),
        poll_stats: Some(poll_stats),
        self_wakes: 0,
        scheduled_time: Some(Default::default()),
    }
}
