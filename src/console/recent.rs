//! What was polled within the last second, by the recording.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use crate::insight::recording::{Event, EventKind, Place, Recording, Task, Track, TrackSource};
use crate::runtime::Handle;

/// So far back it goes, if the rings are long enough.
const WINDOW: Duration = Duration::from_secs(1);

pub(super) struct Recent {
    /// The window that all workers' rings cover.
    pub(super) window_ns: u64,
    pub(super) workers: Vec<OfWorker>,
    /// By the place where the tasks were spawned.
    pub(super) places: HashMap<Option<String>, Polls>,
}

#[derive(Default)]
pub(super) struct OfWorker {
    pub(super) polls: Polls,
    pub(super) current: Option<Current>,
}

/// Polls that have begun or gone on within the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Polls {
    polls: u64,
    /// The part of them within the window.
    busy_ns: u64,
    /// All of the longest one.
    longest_ns: u64,
}

/// A poll that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Current {
    task: String,
    place: Option<String>,
    for_ns: u64,
}

/// One poll of a worker's track.
struct Poll {
    task: Task,
    begin: Duration,
    end: Duration,
    /// Its end is the moment at which the recording was taken.
    goes_on: bool,
}

impl Recent {
    /// None without a recorder, or if it is paused.
    pub(super) fn of(handle: &Handle) -> Option<Self> {
        if !handle.scheduler().recorder()?.is_on() {
            return None;
        }
        Some(Self::of_recording(&handle.recording()?))
    }

    fn of_recording(recording: &Recording) -> Self {
        let is_worker = |track: &&Track| matches!(track.source(), TrackSource::Worker(_));
        let tracks: Vec<_> = recording.tracks().iter().filter(is_worker).collect();
        let events: Vec<_> = tracks.iter().map(|track| track.events()).collect();
        // A ring that was written over begins later: rates are of what all cover.
        let lost = tracks.iter().zip(&events).filter(|(track, _)| track.overwritten() > 0);
        let begins = lost.filter_map(|(_, events)| events.first().map(Event::at)).max().unwrap_or_default();
        let from = begins.max(recording.taken().saturating_sub(WINDOW));
        // Places are made into text once each, at the end.
        let mut places: HashMap<Option<&Place>, Polls> = HashMap::new();
        let mut workers = Vec::with_capacity(events.len());
        for events in &events {
            let mut worker = OfWorker::default();
            for poll in polls(events, recording.taken()).filter(|poll| poll.end >= from) {
                let place = recording.place(poll.task);
                worker.polls.add(&poll, from);
                places.entry(place).or_default().add(&poll, from);
                if poll.goes_on {
                    let task = format!("{:#x}", poll.task.id());
                    let for_ns = nanoseconds(poll.end.saturating_sub(poll.begin));
                    worker.current = Some(Current { task, place: place.map(ToString::to_string), for_ns });
                }
            }
            workers.push(worker);
        }
        Self {
            window_ns: nanoseconds(recording.taken().saturating_sub(from)),
            workers,
            places: places.into_iter().map(|(place, polls)| (place.map(ToString::to_string), polls)).collect(),
        }
    }
}

impl Polls {
    fn add(&mut self, poll: &Poll, from: Duration) {
        self.polls += 1;
        self.busy_ns += nanoseconds(poll.end.saturating_sub(poll.begin.max(from)));
        self.longest_ns = self.longest_ns.max(nanoseconds(poll.end.saturating_sub(poll.begin)));
    }
}

/// The polls of a track.
fn polls(events: &[Event], taken: Duration) -> impl Iterator<Item = Poll> {
    events.iter().enumerate().filter_map(move |(index, event)| {
        let EventKind::Poll(task) = event.kind() else { return None };
        let end = events[index + 1..].iter().find(|later| ends_poll(later.kind()));
        Some(Poll { task, begin: event.at(), end: end.map_or(taken, Event::at), goes_on: end.is_none() })
    })
}

/// Whether a poll that was going on has ended with this.
fn ends_poll(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Poll(_)
            | EventKind::Root
            | EventKind::End(..)
            | EventKind::Fire { .. }
            | EventKind::Park
            | EventKind::Unpark
            | EventKind::Hook
            | EventKind::Pause
            | EventKind::Steal { .. }
    )
}

fn nanoseconds(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}
