//! An event, and how events are read from the words of a ring.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::recorder::ring::Excerpt;
use crate::recorder::stalls::Stall;
use crate::recorder::word::{AGAIN, ENDED, HOOK, Kind, PAUSE, Parts};

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
    /// A poll begins. It ends with the next poll of the track, of a task or of a root future, or as the worker fires, parks, steals or calls a hook, or as recording is paused.
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
    /// The hook for parking or for unparking is called, of [`on_thread_park`](crate::runtime::Builder::on_thread_park). It ends as a poll does.
    Hook,
    /// Recording was [paused](crate::runtime::Handle::pause_recording): what the thread did before the next event is not known.
    Pause,
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

/// The events of a ring's words, of which the last is from before `taken`. What stands before the first time is left out: nobody knows when it was. `stalls` says what is known besides.
pub(super) fn read(excerpt: &Excerpt, stalls: &[Stall], taken: Duration) -> Vec<Event> {
    let words = &excerpt.words;
    let mut reader = Reader {
        events: Vec::with_capacity(words.len()),
        polled: None,
        told: None,
        spacing: u64::MAX,
        number: excerpt.first,
        stalls,
        earliest: 0,
    };
    let mut untimed = 0;
    for (index, &word) in words.iter().enumerate() {
        if let Some(kind @ (Kind::Stamp | Kind::Time)) = Parts::of(word).map(|parts| parts.kind) {
            reader.take(&words[untimed..index], Parts::nanoseconds(word), kind == Kind::Stamp);
            // The time itself.
            reader.number = reader.number.wrapping_add(1);
            untimed = index + 1;
        }
    }
    reader.take_last(&words[untimed..], taken.as_nanos() as u64);
    reader.events
}

/// What has been read so far.
struct Reader<'a> {
    events: Vec<Event>,
    /// The task that was polled last.
    polled: Option<Task>,
    /// The last time that was written down, and how far apart the events before it were.
    told: Option<u64>,
    spacing: u64,
    /// The number of the next word.
    number: u64,
    /// Those whose word is still to come, and the end of the last one whose word has come.
    stalls: &'a [Stall],
    earliest: u64,
}

impl Reader<'_> {
    /// Takes `words` between two times, of which the second is `ends`: that of the last of them, if it is a stamp.
    fn take(&mut self, words: &[u64], ends: u64, is_stamp: bool) {
        // A time by itself comes after the last of them.
        let count = words.len() as u64 + u64::from(!is_stamp);
        match self.told {
            Some(begins) => {
                let apart = ends.saturating_sub(begins) / count.max(1);
                for (&word, index) in words.iter().zip(1..) {
                    let is_exact = is_stamp && index == count;
                    self.place(word, if is_exact { ends } else { begins + apart * index }, begins..=ends, is_exact);
                }
                if !words.is_empty() {
                    self.spacing = apart;
                }
            }
            // Of those before the first time the last alone has one.
            None => {
                let unknown = words.len().saturating_sub(usize::from(is_stamp));
                self.number = self.number.wrapping_add(unknown as u64);
                words[unknown..].iter().for_each(|&word| self.place(word, ends, ends..=ends, true));
            }
        }
        self.told = Some(ends);
    }

    /// Takes the words behind the last time: they are as far apart as those before were.
    fn take_last(&mut self, words: &[u64], taken: u64) {
        let Some(begins) = self.told else { return };
        let apart = (taken.saturating_sub(begins) / (words.len() as u64).max(1)).min(self.spacing);
        for (&word, index) in words.iter().zip(1..) {
            self.place(word, begins + apart * index, begins..=taken.max(begins), false);
        }
    }

    /// Takes the next word, which is from about `at`: as far as that goes together with when the ring stood still, and within `bounds`.
    fn place(&mut self, word: u64, at: u64, bounds: RangeInclusive<u64>, is_exact: bool) {
        while let Some((stall, rest)) = self.stalls.split_first()
            && stall.number <= self.number
        {
            (self.earliest, self.stalls) = (self.earliest.max(stall.last), rest);
        }
        self.number = self.number.wrapping_add(1);
        if is_exact {
            return self.tell(word, at, true);
        }
        let (begins, ends) = bounds.into_inner();
        let first = self.stalls.first().map_or(ends, |stall| ends.min(stall.first));
        self.tell(word, at.min(first).max(self.earliest.min(ends)).max(begins), false);
    }

    fn tell(&mut self, word: u64, at: u64, is_exact: bool) {
        let Some(kind) = kind_of(word) else { return };
        let mut tell = |kind| self.events.push(Event { at: Duration::from_nanos(at), is_exact, kind });
        match kind {
            EventKind::Poll(task) => {
                // What the poll before has come to.
                if let Some(before) = self.polled.replace(task) {
                    if word & AGAIN != 0 {
                        tell(EventKind::Wake(before));
                    }
                    if word & ENDED != 0 {
                        tell(EventKind::End(before, Outcome::Ready));
                    }
                }
                tell(kind);
            }
            EventKind::End(Task { address: 0, .. }, outcome) => {
                self.polled.into_iter().for_each(|task| tell(EventKind::End(task, outcome)));
            }
            _ => tell(kind),
        }
    }
}

/// `None` for what this version does not know.
fn kind_of(word: u64) -> Option<EventKind> {
    let parts = Parts::of(word)?;
    let address = parts.address();
    let task = Task { address, place: Some(parts.place()) };
    let unplaced = Task { address, place: None };
    let number = parts.number as usize;
    Some(match parts.kind {
        Kind::Stamp | Kind::Time => return None,
        Kind::Poll => EventKind::Poll(task),
        Kind::End => EventKind::End(unplaced, outcome_of(number)?),
        Kind::Spawn => EventKind::Spawn(task),
        Kind::Wake => EventKind::Wake(task),
        Kind::Yield => EventKind::Yield,
        Kind::Steal => EventKind::Steal { from: number, tasks: parts.second as usize },
        Kind::Fire => EventKind::Fire { timers: number, sources: (parts.second as usize).saturating_sub(number) },
        Kind::Park if word == HOOK => EventKind::Hook,
        Kind::Park if word == PAUSE => EventKind::Pause,
        Kind::Park => EventKind::Park,
        Kind::Unpark => EventKind::Unpark,
        Kind::Block if number == 0 => EventKind::BlockingBegin(unplaced),
        Kind::Block => EventKind::BlockingEnd(unplaced),
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
    use crate::recorder::word::{End, of_numbers, of_task, time};

    const POLL: u64 = of_task(Kind::Poll, 3, 64);
    const PARK: u64 = of_numbers(Kind::Park, 0, 0);

    fn stamp(nanoseconds: u64) -> u64 {
        time(Kind::Stamp, nanoseconds)
    }

    fn of(words: &[u64], taken: Duration) -> Vec<Event> {
        read(&Excerpt { first: 0, words: words.to_vec() }, &[], taken)
    }

    fn at(events: &[Event]) -> Vec<(u64, bool)> {
        events.iter().map(|event| (event.at().as_nanos() as u64, event.is_exact())).collect()
    }

    #[test]
    fn between_two_times_events_are_spread_evenly() {
        let words =
            [POLL, POLL, stamp(100), POLL, POLL, stamp(300), POLL, POLL, time(Kind::Time, 330), PARK, stamp(350)];
        let events = of(&words, Duration::from_secs(1));
        let expected = [(100, true), (200, false), (300, true), (310, false), (320, false), (350, true)];
        assert_eq!(at(&events), expected);
        assert_eq!(events[0].kind(), EventKind::Poll(Task { address: 64, place: Some(3) }));
        assert_eq!(events[5].kind(), EventKind::Park);
    }

    #[test]
    fn one_poll_among_many_is_slow_if_the_ring_stood_still_behind_it() {
        let words = [POLL, stamp(100), POLL, POLL, POLL, POLL, stamp(1_100)];
        let excerpt = |first| Excerpt { first, words: words.to_vec() };
        // Two of the four had begun at 120, and no other before 1,080.
        for first in [0, 70] {
            let stall = Stall { number: first + 4, first: 120, last: 1_080 };
            let older = Stall { number: first.saturating_sub(3), first: 10, last: 20 };
            let events = read(&excerpt(first), &[older, stall], Duration::from_secs(1));
            assert_eq!(at(&events), [(100, true), (120, false), (120, false), (1_080, false), (1_100, true)]);
        }
        // Somebody has looked at the clock too early.
        let early = Stall { number: 4, first: 50, last: 1_080 };
        assert!(read(&excerpt(0), &[early], Duration::from_secs(1)).is_sorted_by_key(Event::at));
        // It stands still yet.
        let last = Stall { number: 7, first: 1_101, last: 9_000 };
        assert_eq!(read(&excerpt(0), &[last], Duration::from_secs(1)).len(), 5);
    }

    #[test]
    fn the_last_are_as_far_apart_as_those_before() {
        let words = [POLL, stamp(100), POLL, POLL, stamp(120), POLL, POLL];
        assert_eq!(at(&of(&words, Duration::from_secs(1)))[3..], [(130, false), (140, false)]);
        assert_eq!(at(&of(&words, Duration::from_nanos(126)))[3..], [(123, false), (126, false)]);
    }

    #[test]
    fn what_the_poll_before_has_come_to_is_told_before_the_next_one() {
        let other = of_task(Kind::Poll, 4, 128);
        let ready = of_numbers(Kind::End, End::Ready as u64, 0);
        let words = [POLL, stamp(100), other | AGAIN, POLL | ENDED, PARK, ready, stamp(130)];
        let events: Vec<_> = of(&words, Duration::from_secs(1)).iter().map(Event::kind).collect();
        let [one, other] = [(64, 3), (128, 4)].map(|(address, place)| Task { address, place: Some(place) });
        use EventKind::{Park, Poll, Wake};
        let end = |task| EventKind::End(task, Outcome::Ready);
        assert_eq!(events, [Poll(one), Wake(one), Poll(other), end(other), Poll(one), Park, end(one)]);
    }

    #[test]
    fn without_a_time_there_is_nothing_to_tell() {
        assert!(of(&[POLL; 4], Duration::from_secs(1)).is_empty());
        assert!(of(&[], Duration::ZERO).is_empty());
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let words = [stamp(5), 0, 16, of_task(Kind::End, 7, 8), of_numbers(Kind::End, 0, 0)];
        assert!(of(&words, Duration::from_secs(1)).is_empty());
    }
}
