//! Slices and marks, from the events of a track.

use std::time::Duration;

use fusee::insight::recording::{Event, EventKind, Task, Track, TrackSource};

use super::sighting::{Seen, Sighting};
use super::{Activity, Happening, Mark, Slice, Thread};

/// A task that is not known yet: every poll, spawn and end is given its own by `life.rs`.
const UNKNOWN: usize = usize::MAX;

/// What a track tells.
pub(super) struct Read {
    pub(super) thread: Thread,
    pub(super) sightings: Vec<Sighting>,
    is_open: bool,
}

struct Reader {
    thread: Thread,
    sightings: Vec<Sighting>,
    /// Whether the last slice goes on.
    is_open: bool,
    /// The mark of the last unpark, if nothing has been done since.
    idle_since: Option<usize>,
    last: Duration,
}

/// Reads the events of `track`.
pub(super) fn read(track: &Track) -> Read {
    let events = track.events();
    let times = times(&events);
    let thread = Thread {
        source: track.source(),
        overwritten: track.overwritten(),
        events: events.len(),
        covers: times.first().zip(times.last()).map(|(first, last)| (first.at, last.at)),
        slices: Vec::new(),
        marks: Vec::new(),
    };
    let mut reader =
        Reader { thread, sightings: Vec::new(), is_open: false, idle_since: None, last: Duration::default() };
    for (event, time) in events.iter().zip(times) {
        reader.take(event.kind(), time);
        reader.last = time.at;
    }
    let last = reader.thread.slices.last().map(|slice| slice.activity);
    let is_over = match reader.thread.source {
        // When `block_on` has returned is not recorded, nor when the driver has fired.
        TrackSource::BlockOn(_) => last == Some(Activity::Root),
        TrackSource::Driver => true,
        _ => false,
    };
    if is_over && reader.is_open {
        reader.leave(Duration::MAX);
    }
    Read { thread: reader.thread, sightings: reader.sightings, is_open: reader.is_open }
}

impl Read {
    /// What goes on does so until the recording is `taken`.
    pub(super) fn finish(&mut self, taken: Duration) {
        let open = self.thread.slices.last_mut().filter(|_| self.is_open);
        if let Some((slice, (_, last))) = open.zip(self.thread.covers.as_mut()) {
            slice.ends = taken;
            *last = taken;
        }
    }
}

/// When an event was, and between which two moments for certain.
#[derive(Clone, Copy)]
pub(super) struct Time {
    pub(super) at: Duration,
    pub(super) is_exact: bool,
    pub(super) least: Duration,
    pub(super) most: Duration,
}

/// Never before the one in front of it, whatever a file says.
fn times(events: &[Event]) -> Vec<Time> {
    let (mut last, mut exact) = (Duration::ZERO, Duration::ZERO);
    let mut times: Vec<_> = events
        .iter()
        .map(|event| {
            last = last.max(event.at());
            if event.is_exact() {
                exact = last;
            }
            Time { at: last, is_exact: event.is_exact(), least: exact, most: last }
        })
        .collect();
    let mut next = last;
    for time in times.iter_mut().rev() {
        if time.is_exact {
            next = time.at;
        } else {
            time.most = next;
        }
    }
    times
}

impl Reader {
    fn take(&mut self, kind: EventKind, time: Time) {
        match kind {
            EventKind::Poll(task) => {
                self.begin(Activity::Poll(UNKNOWN), time);
                self.see(Seen::Poll, task, time);
            }
            EventKind::Root => self.begin(Activity::Root, time),
            EventKind::Park => {
                if let Some(Happening::Unpark { in_vain }) = self.idle_mark() {
                    *in_vain = true;
                }
                self.begin(Activity::Park, time);
            }
            EventKind::Hook => self.begin(Activity::Hook, time),
            EventKind::Pause => {
                self.idle_since = None;
                self.end(time);
            }
            EventKind::Unpark => {
                self.end(time);
                self.idle_since = Some(self.thread.marks.len());
                self.mark(Happening::Unpark { in_vain: false }, time);
            }
            EventKind::Fire { timers, sources } => self.begin(Activity::Fire { timers, sources }, time),
            EventKind::Steal { from, tasks } => {
                self.end(time);
                self.mark(Happening::Steal { from, tasks }, time);
            }
            EventKind::BlockingBegin(task) => self.begin(Activity::Job(task.id()), time),
            EventKind::BlockingEnd(_) => self.end(time),
            EventKind::Spawn(task) => {
                self.goes_on(time);
                self.see(Seen::Spawn(self.thread.marks.len()), task, time);
                self.mark(Happening::Spawn(UNKNOWN), time);
            }
            EventKind::Wake(task) => {
                self.goes_on(time);
                self.see(Seen::Wake, task, time);
            }
            EventKind::End(task, outcome) => {
                self.goes_on(time);
                self.see(Seen::End(self.thread.marks.len(), outcome), task, time);
                self.mark(Happening::End(UNKNOWN, outcome), time);
            }
            EventKind::Yield => {
                self.goes_on(time);
                if let Some(slice) = self.thread.slices.last_mut().filter(|_| self.is_open) {
                    slice.gave_way = true;
                }
            }
            EventKind::Name(task, number) => self.see(Seen::Name(number), task, time),
            // What later versions tell is left out.
            _ => {}
        }
    }

    fn idle_mark(&mut self) -> Option<&mut Happening> {
        Some(&mut self.thread.marks[self.idle_since.take()?].what)
    }

    /// What goes on ends, and this begins.
    fn begin(&mut self, activity: Activity, time: Time) {
        // A `block_on` that has returned is followed by the next one: when it has returned is not recorded.
        let returned = activity == Activity::Root && matches!(self.thread.source, TrackSource::BlockOn(_));
        if returned && self.is_open && self.thread.slices.last().is_some_and(|slice| slice.activity == Activity::Root) {
            self.leave(time.at);
        } else {
            self.end(time);
        }
        if activity != Activity::Park {
            self.idle_since = None;
        }
        let (begins, is_exact) = (time.at, time.is_exact);
        let slice =
            Slice { begins, ends: begins, is_exact, is_finished: false, gave_way: false, outcome: None, activity };
        self.thread.slices.push(slice);
        self.is_open = true;
    }

    fn end(&mut self, time: Time) {
        if let Some(slice) = self.thread.slices.last_mut().filter(|_| self.is_open) {
            if self.thread.source == TrackSource::Driver {
                return self.leave(time.at);
            }
            (slice.ends, slice.is_finished) = (time.at, true);
            slice.is_exact &= time.is_exact;
        }
        self.is_open = false;
    }

    /// The slice ends after what has happened in it, and before that moment.
    fn leave(&mut self, before: Duration) {
        if let Some(slice) = self.thread.slices.last_mut() {
            slice.ends = (self.last + Duration::from_nanos(1)).min(before);
        }
        self.is_open = false;
    }

    /// Something happens that a poll, or what else wakes tasks, does: before the first of these on a worker it was one that nobody knows.
    fn goes_on(&mut self, time: Time) {
        let is_worker = matches!(self.thread.source, TrackSource::Worker(_));
        if is_worker && self.thread.slices.is_empty() && self.thread.marks.is_empty() {
            self.begin(Activity::Earlier, time);
        }
    }

    fn see(&mut self, seen: Seen, task: Task, time: Time) {
        let slice = self.is_open.then(|| self.thread.slices.len() - 1);
        self.sightings.push(Sighting { seen, task, time, thread: 0, slice });
    }

    fn mark(&mut self, what: Happening, time: Time) {
        self.thread.marks.push(Mark { at: time.at, is_exact: time.is_exact, what });
    }
}
