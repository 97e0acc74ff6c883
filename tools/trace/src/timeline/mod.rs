//! What a recording tells, put in order: slices of threads, tasks from spawn to end, and arrows from what wakes a task to its poll.
//!
//! Invariants, for any recording, whoever wrote it: the slices of a thread follow each other and do not overlap, marks and the starts of arrows lie within what the thread was recorded,
//! and so do the states of a task. The exports lean on that; `tests/nesting.rs` checks it on what they write.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the timeline and its parts |
//! | `thread.rs` | slices and marks, from the events of a track |
//! | `sighting.rs` | what tracks tell of a task, in its order |
//! | `life.rs` | tasks, their states and arrows, from that |

mod life;
mod sighting;
mod thread;

use std::time::{Duration, SystemTime};

use fusee::insight::recording::{Outcome, Recording, TrackSource};

/// What a [`Recording`] tells, to be exported or summed up. See [the crate](crate) for an example.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub(crate) runtime: Option<String>,
    pub(crate) taken: Duration,
    pub(crate) taken_at: SystemTime,
    pub(crate) threads: Vec<Thread>,
    /// The one that is seen first comes first.
    pub(crate) tasks: Vec<Task>,
    /// By the moment of the poll, for each task.
    pub(crate) arrows: Vec<Arrow>,
}

/// What is known of a thread of the runtime.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub(crate) source: TrackSource,
    pub(crate) overwritten: u64,
    pub(crate) events: usize,
    /// From the first event to the last, or to the moment at which the recording was taken if something was going on.
    pub(crate) covers: Option<(Duration, Duration)>,
    pub(crate) slices: Vec<Slice>,
    pub(crate) marks: Vec<Mark>,
}

/// Something that a thread does for a while.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) begins: Duration,
    pub(crate) ends: Duration,
    /// Whether the clock was read at its beginning, and at its end if that is recorded.
    pub(crate) is_exact: bool,
    /// Whether its end is recorded.
    pub(crate) is_finished: bool,
    pub(crate) gave_way: bool,
    /// How the task that is polled ends in it.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) activity: Activity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// Of the task at this place of [`Timeline::tasks`].
    Poll(usize),
    /// The future of `block_on`.
    Root,
    Fire {
        timers: usize,
        sources: usize,
    },
    Park,
    /// The thread's hook for parking or unparking.
    Hook,
    /// A blocking job of this id.
    Job(u64),
    /// It has begun before what is recorded.
    Earlier,
}

/// Something that happens at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) at: Duration,
    pub(crate) is_exact: bool,
    pub(crate) what: Happening,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// Of a task, as in [`Activity::Poll`].
    Spawn(usize),
    /// A task, which no slice encloses.
    Wake(usize),
    End(usize, Outcome),
    Steal {
        from: usize,
        tasks: usize,
    },
    /// The worker wakes: those that are followed by a park without anything done were in vain.
    Unpark {
        in_vain: bool,
    },
}

/// A task, from its spawn to its end as far as these are recorded.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: u64,
    pub(crate) place: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) states: Vec<State>,
}

/// What a task is for a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) kind: StateKind,
    pub(crate) begins: Duration,
    pub(crate) ends: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateKind {
    Waiting,
    Queued,
    Running,
}

/// From what wakes or spawns a task to its next poll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrow {
    pub(crate) task: usize,
    pub(crate) is_spawn: bool,
    /// Whether the clock was read at both ends.
    pub(crate) is_exact: bool,
    /// The thread that wakes it, when it does, and in which of its slices.
    pub(crate) from: (usize, Duration, Option<usize>),
    /// The thread that polls it, and the slice.
    pub(crate) to: (usize, usize),
}

impl Timeline {
    /// Puts `recording` in order.
    #[must_use]
    pub fn new(recording: &Recording) -> Self {
        let mut read: Vec<_> = recording.tracks().iter().map(thread::read).collect();
        let ends = read.iter().flat_map(|track| {
            let last = track.thread.covers.map(|(_, last)| last);
            last.into_iter().chain(track.thread.slices.last().map(|slice| slice.ends))
        });
        let taken = ends.fold(recording.taken(), Duration::max);
        read.iter_mut().for_each(|track| track.finish(taken));
        let sightings = read.iter_mut().enumerate().flat_map(|(thread, track)| {
            track.sightings.iter_mut().for_each(|sighting| sighting.thread = thread);
            std::mem::take(&mut track.sightings)
        });
        let sightings = sighting::in_order(sightings.collect());
        let mut threads: Vec<_> = read.into_iter().map(|track| track.thread).collect();
        let (tasks, arrows) = life::of_all(recording, &sightings, &mut threads, taken);
        Self {
            runtime: recording.runtime().map(str::to_owned),
            taken,
            taken_at: recording.taken_at(),
            threads,
            tasks,
            arrows,
        }
    }

    /// What the process is called.
    pub(crate) fn title(&self) -> String {
        self.runtime.as_ref().map_or_else(|| "fusee".to_owned(), |name| format!("fusee, runtime {name}"))
    }

    /// What the slices of a task's polls are called: its name, or where it was spawned.
    pub(crate) fn name_of(&self, task: usize) -> &str {
        let task = &self.tasks[task];
        let name = task.name.as_deref().filter(|name| !name.is_empty());
        name.or_else(|| task.place.as_deref().map(without_column)).unwrap_or("a task")
    }

    /// The arrows that can be drawn: from one slice to another, forwards, with the moment at which they start. Spread times leave others now and then.
    pub(crate) fn drawn(&self) -> impl Iterator<Item = (&Arrow, usize, Duration)> {
        self.arrows.iter().filter_map(|arrow| {
            let (thread, at, slice) = (arrow.from.0, arrow.from.1, arrow.from.2?);
            let (from, to) = (&self.threads[thread].slices[slice], &self.threads[arrow.to.0].slices[arrow.to.1]);
            let last = from.ends.checked_sub(Duration::from_nanos(1))?;
            let are_there = from.begins <= last && to.begins < to.ends;
            let at = at.clamp(from.begins, last.max(from.begins));
            (are_there && from.begins < to.begins && at <= to.begins).then_some((arrow, slice, at))
        })
    }

    pub(crate) fn label(&self, slice: &Slice) -> &str {
        match slice.activity {
            Activity::Poll(task) => self.name_of(task),
            Activity::Root => "block_on",
            Activity::Fire { .. } => "fire",
            Activity::Park => "park",
            Activity::Hook => "hook",
            Activity::Job(_) => "blocking job",
            Activity::Earlier => "begun before",
        }
    }
}

impl Happening {
    /// What its mark is called; nothing for what is told by slices and by the arrows between them.
    pub(crate) fn label(self) -> Option<&'static str> {
        match self {
            Self::Spawn(_) => Some("spawn"),
            Self::Wake(_) => Some("wake"),
            Self::End(_, Outcome::Cancelled) => Some("cancelled"),
            Self::End(_, Outcome::Panicked) => Some("panicked"),
            Self::Steal { .. } => Some("steal"),
            Self::Unpark { in_vain: true } => Some("woken in vain"),
            Self::End(_, Outcome::Ready) | Self::Unpark { in_vain: false } => None,
        }
    }
}

impl StateKind {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Running => "running",
        }
    }
}

impl Slice {
    pub(crate) fn took(&self) -> Duration {
        self.ends - self.begins
    }
}

impl Arrow {
    /// From the wake to the poll.
    pub(crate) fn waited(&self, threads: &[Thread]) -> Duration {
        threads[self.to.0].slices[self.to.1].begins.saturating_sub(self.from.1)
    }
}

/// A place as it is written down, without the column: a line has one spawn, as a rule.
pub(crate) fn without_column(place: &str) -> &str {
    place.rsplit_once(':').map_or(place, |(line, _)| line)
}

pub(crate) fn in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ready => "ready",
        Outcome::Cancelled => "cancelled",
        Outcome::Panicked => "panicked",
    }
}
