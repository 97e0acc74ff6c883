//! An event, and how events are read from the words of a ring.

use std::time::Duration;

use crate::recorder::word::{AGAIN, Kind, Parts};

/// Something that a thread has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    at: Duration,
    is_exact: bool,
    kind: EventKind,
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A poll begins. It ends with the next poll of the track, of a task or of a root future, or as the worker fires, parks or steals.
    Poll(Task),
    /// The task that is being polled, or whose future is dropped, ends.
    End(Task, Outcome),
    /// The task is spawned, by what is being polled.
    Spawn(Task),
    /// The task is queued, for what is being polled, or timers or sources that fire, have woken it; or for it was woken while it was polled itself.
    Wake(Task),
    /// The poll was made to give way, its budget being spent.
    Yield,
    /// So many tasks were taken from the queue of the worker `from`.
    Steal {
        /// The other worker.
        from: usize,
        /// How many tasks.
        tasks: usize,
    },
    /// Timers and sources wake who waits for them.
    Fire {
        /// How many timers; the driver counts its among the sources.
        timers: usize,
        /// How many waits for sources.
        sources: usize,
    },
    /// The thread has nothing to do, and sleeps.
    Park,
    /// It has woken.
    Unpark,
    /// A blocking job begins. Its task is no task of a worker's.
    BlockingBegin(Task),
    /// It has ended.
    BlockingEnd(Task),
    /// The future of `block_on` is polled.
    Root,
    /// The task's name is that of this number in [`Recording::name`](super::Recording::name); told before its first poll.
    Name(Task, usize),
}

/// A task, as events tell of it. Its [`id`](Self::id) is another's once the task has ended: that one's first event is its [`EventKind::Spawn`], if that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    address: u64,
    place: Option<u16>,
}

/// How a task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its future was ready.
    Ready,
    /// It was aborted, or dropped as the runtime shut down.
    Cancelled,
    /// Its future panicked.
    Panicked,
}

impl Event {
    /// When it happened, since the start of the runtime; if it is not [exact](Self::is_exact), about so.
    pub fn at(&self) -> Duration {
        self.at
    }

    /// Whether the clock was read for it. If not it has happened after the exact event before it and before the one behind it.
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// What it is.
    pub fn kind(&self) -> EventKind {
        self.kind
    }
}

impl Task {
    /// The task's [`Id`](crate::task::Id), as a number: what it prints is this, in hexadecimal.
    pub fn id(self) -> u64 {
        self.address
    }

    /// The number of the place where it was spawned.
    pub(super) fn place(self) -> Option<usize> {
        self.place.map(usize::from)
    }
}

/// The events of a ring's `words`, of which the last is from before `taken`. What stands before the first time is left out: nobody knows when it was.
pub(super) fn read(words: &[u64], taken: Duration) -> Vec<Event> {
    let mut events = Vec::with_capacity(words.len());
    let is_stamp = |word: &u64| Parts::of(*word).is_some_and(|parts| parts.kind == Kind::Stamp);
    let mut rest = words.iter().position(is_stamp).map_or(&[][..], |first| &words[first..]);
    let mut spacing = u64::MAX;
    let mut polled = None;
    while let Some((&stamp, tail)) = rest.split_first() {
        let length = tail.iter().position(is_stamp).unwrap_or(tail.len());
        let (of_stamp, next) = tail.split_at(length);
        let begins = Parts::nanoseconds(stamp);
        let ends = next.first().map_or(taken.as_nanos() as u64, |&stamp| Parts::nanoseconds(stamp));
        let count = of_stamp.len().max(1) as u64;
        let even = ends.saturating_sub(begins) / count;
        // Nobody has read the clock after the last ones: they are as far apart as those before were.
        let apart = if next.is_empty() { even.min(spacing) } else { even };
        for (index, &word) in of_stamp.iter().enumerate() {
            let at = Duration::from_nanos(begins + apart * index as u64);
            let Some(kind) = kind_of(word) else { continue };
            let mut tell = |kind| events.push(Event { at, is_exact: index == 0, kind });
            if let EventKind::Poll(task) = kind {
                // The poll before has ended by now, and its task was queued at its end.
                let before = polled.replace(task);
                before.filter(|_| word & AGAIN != 0).into_iter().for_each(|task| tell(EventKind::Wake(task)));
            }
            tell(kind);
        }
        if !of_stamp.is_empty() {
            spacing = even;
        }
        rest = next;
    }
    events
}

/// `None` for what this version does not know.
fn kind_of(word: u64) -> Option<EventKind> {
    let parts = Parts::of(word)?;
    let address = parts.address();
    let task = Task { address, place: Some(parts.place()) };
    let unplaced = Task { address, place: None };
    let number = parts.number as usize;
    Some(match parts.kind {
        Kind::Stamp => return None,
        Kind::Poll => EventKind::Poll(task),
        Kind::End => EventKind::End(unplaced, outcome_of(number)?),
        Kind::Spawn => EventKind::Spawn(task),
        Kind::Wake => EventKind::Wake(task),
        Kind::Yield => EventKind::Yield,
        Kind::Steal => EventKind::Steal { from: number, tasks: parts.second as usize },
        Kind::Fire => EventKind::Fire { timers: number, sources: (parts.second as usize).saturating_sub(number) },
        Kind::Park => EventKind::Park,
        Kind::Unpark => EventKind::Unpark,
        Kind::Block => EventKind::BlockingBegin(unplaced),
        Kind::Unblock => EventKind::BlockingEnd(unplaced),
        Kind::Root => EventKind::Root,
        Kind::Name => EventKind::Name(unplaced, number),
    })
}

fn outcome_of(number: usize) -> Option<Outcome> {
    [Outcome::Ready, Outcome::Cancelled, Outcome::Panicked].get(number).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::word::{of_numbers, of_task, stamp};

    fn at(events: &[Event]) -> Vec<(u64, bool)> {
        events.iter().map(|event| (event.at().as_nanos() as u64, event.is_exact())).collect()
    }

    #[test]
    fn between_two_times_events_are_spread_evenly() {
        let poll = of_task(Kind::Poll, 3, 64);
        let words =
            [poll, stamp(100), poll, poll, stamp(300), poll, poll, poll, stamp(330), of_numbers(Kind::Park, 0, 0)];
        let events = read(&words, Duration::from_secs(1));
        let expected = [(100, true), (200, false), (300, true), (310, false), (320, false), (330, true)];
        assert_eq!(at(&events), expected);
        assert_eq!(events[0].kind(), EventKind::Poll(Task { address: 64, place: Some(3) }));
        assert_eq!(events[5].kind(), EventKind::Park);
    }

    #[test]
    fn the_last_are_as_far_apart_as_those_before() {
        let poll = of_task(Kind::Poll, 3, 64);
        let words = [stamp(100), poll, poll, stamp(120), poll, poll, poll];
        assert_eq!(at(&read(&words, Duration::from_secs(1)))[2..], [(120, true), (130, false), (140, false)]);
        assert_eq!(at(&read(&words, Duration::from_nanos(126)))[2..], [(120, true), (122, false), (124, false)]);
    }

    #[test]
    fn a_task_that_was_woken_as_it_was_polled_is_woken_before_the_next_poll() {
        let (one, other) = (of_task(Kind::Poll, 3, 64), of_task(Kind::Poll, 4, 128));
        let words = [stamp(100), one | AGAIN, other | AGAIN, one, stamp(130)];
        let events: Vec<_> = read(&words, Duration::from_secs(1)).iter().map(Event::kind).collect();
        let [one, other] = [(64, 3), (128, 4)].map(|(address, place)| Task { address, place: Some(place) });
        use EventKind::{Poll, Wake};
        assert_eq!(events, [Poll(one), Wake(one), Poll(other), Poll(one)]);
    }

    #[test]
    fn without_a_time_there_is_nothing_to_tell() {
        assert!(read(&[of_task(Kind::Poll, 3, 64); 4], Duration::from_secs(1)).is_empty());
        assert!(read(&[], Duration::ZERO).is_empty());
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert!(read(&[stamp(5), 0, 15, of_task(Kind::End, 7, 8)], Duration::from_secs(1)).is_empty());
    }
}
