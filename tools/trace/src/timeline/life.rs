//! Tasks, from their spawn to their end, their states, and the arrows to their polls.
//!
//! The id of a task that has ended is another's: a spawn, or whatever comes after an end, begins the life of the next.

use std::time::Duration;

use fusee::insight::recording::{Recording, TrackSource};

use super::sighting::{Seen, Sighting};
use super::{Activity, Arrow, Happening, Mark, State, StateKind, Task, Thread};

/// Tells the tasks of `sightings`, which are in order, and gives them to the slices and marks of `threads`.
pub(super) fn of_all(
    recording: &Recording,
    sightings: &[Sighting],
    threads: &mut [Thread],
    taken: Duration,
) -> (Vec<Task>, Vec<Arrow>) {
    let mut lives: Vec<_> = sightings.chunk_by(|a, b| a.task.id() == b.task.id()).flat_map(split).collect();
    lives.sort_by_key(|life| life.of.iter().map(|sighting| sighting.time.at).min());
    let since = complete_since(threads);
    let (mut tasks, mut arrows) = (Vec::with_capacity(lives.len()), Vec::new());
    for life in lives {
        let number = tasks.len();
        attach(life.of, number, threads);
        arrows.extend(arrows_of(life.of, number, threads).filter(|arrow| arrow.from.1 >= since));
        tasks.push(task(recording, &life, threads, since, taken));
    }
    threads.iter_mut().for_each(|thread| thread.marks.sort_by_key(|mark| mark.at));
    (tasks, arrows)
}

/// From then on nothing of the workers is overwritten: before, a task may have been polled where nobody knows.
fn complete_since(threads: &[Thread]) -> Duration {
    let worker = |thread: &&Thread| matches!(thread.source, TrackSource::Worker(_)) && thread.overwritten > 0;
    let firsts = threads.iter().filter(worker).filter_map(|thread| thread.covers.map(|(first, _)| first));
    firsts.max().unwrap_or_default()
}

/// What is told of one task.
struct Life<'a> {
    of: &'a [Sighting],
    /// Nothing of it can come later.
    is_over: bool,
}

fn split(of_id: &[Sighting]) -> impl Iterator<Item = Life<'_>> {
    let mut rest = of_id;
    std::iter::from_fn(move || {
        let begins = |sighting: &Sighting| matches!(sighting.seen, Seen::Spawn(_));
        let ends = |sighting: &Sighting| matches!(sighting.seen, Seen::End(..));
        let next = rest.iter().skip(1).position(begins).map_or(rest.len(), |before| before + 1);
        let end = rest.iter().position(ends).map_or(rest.len(), |end| end + 1);
        let (of, others) = rest.split_at(next.min(end));
        rest = others;
        let is_over = of.last().is_some_and(ends) || !others.is_empty();
        (!of.is_empty()).then_some(Life { of, is_over })
    })
}

fn attach(of: &[Sighting], number: usize, threads: &mut [Thread]) {
    for sighting in of {
        let thread = &mut threads[sighting.thread];
        let slice = sighting.slice.map(|slice| &mut thread.slices[slice]);
        match sighting.seen {
            Seen::Spawn(mark) => thread.marks[mark].what = Happening::Spawn(number),
            Seen::End(mark, outcome) => {
                thread.marks[mark].what = Happening::End(number, outcome);
                if let Some(slice) = slice.filter(|slice| slice.activity == Activity::Poll(number)) {
                    slice.outcome = Some(outcome);
                }
            }
            Seen::Poll => {
                if let Some(slice) = slice {
                    slice.activity = Activity::Poll(number);
                }
            }
            Seen::Wake if slice.is_none() => {
                let (at, is_exact) = (sighting.time.at, sighting.time.is_exact);
                thread.marks.push(Mark { at, is_exact, what: Happening::Wake(number) });
            }
            Seen::Wake | Seen::Name(_) => {}
        }
    }
}

fn arrows_of(of: &[Sighting], task: usize, threads: &[Thread]) -> impl Iterator<Item = Arrow> {
    let mut cause: Option<&Sighting> = None;
    of.iter().filter_map(move |sighting| match sighting.seen {
        Seen::Spawn(_) | Seen::Wake => {
            cause = Some(sighting);
            None
        }
        Seen::Poll => {
            let cause = cause.take()?;
            let to = (sighting.thread, sighting.slice?);
            let is_spawn = matches!(cause.seen, Seen::Spawn(_));
            // Spread times may say that it comes after the poll.
            let at = cause.time.at.min(threads[to.0].slices[to.1].begins);
            let is_exact = cause.time.is_exact && sighting.time.is_exact;
            Some(Arrow { task, is_spawn, is_exact, from: (cause.thread, at, cause.slice), to })
        }
        Seen::End(..) | Seen::Name(_) => None,
    })
}

fn task(recording: &Recording, life: &Life<'_>, threads: &[Thread], since: Duration, taken: Duration) -> Task {
    let mut path = Path::new(since);
    let mut outcome = None;
    for sighting in life.of {
        let at = sighting.time.at;
        match sighting.seen {
            Seen::Spawn(_) | Seen::Wake => path.is_queued(at),
            Seen::Poll => {
                let slice = sighting.slice.map(|slice| &threads[sighting.thread].slices[slice]);
                path.runs(at, slice.map_or(at, |slice| slice.ends));
            }
            Seen::End(_, how) => {
                outcome = Some(how);
                path.reaches(at);
            }
            Seen::Name(_) => {}
        }
    }
    if !life.is_over {
        path.reaches(taken);
    }
    let number = life.of.iter().find_map(|sighting| match sighting.seen {
        Seen::Name(number) => Some(number),
        _ => None,
    });
    Task {
        id: life.of[0].task.id(),
        place: life.of.iter().find_map(|sighting| recording.place(sighting.task)).map(ToString::to_string),
        name: number.and_then(|number| recording.name(number)).map(str::to_owned),
        outcome,
        states: path.states,
    }
}

/// What a task goes through.
struct Path {
    states: Vec<State>,
    /// What it is, and since when.
    now: Option<(StateKind, Duration)>,
    /// When it stops running, and what it is then.
    then: (Duration, StateKind),
    /// Whether it has waited or been queued is not known before.
    complete_since: Duration,
}

impl Path {
    fn new(complete_since: Duration) -> Self {
        Self { states: Vec::new(), now: None, then: (Duration::ZERO, StateKind::Waiting), complete_since }
    }

    fn is_queued(&mut self, at: Duration) {
        self.reaches(at);
        match &mut self.now {
            // It is queued once its poll is over.
            Some((StateKind::Running, _)) => self.then.1 = StateKind::Queued,
            Some((kind, _)) => *kind = StateKind::Queued,
            None => self.now = Some((StateKind::Queued, at)),
        }
    }

    fn runs(&mut self, at: Duration, until: Duration) {
        self.reaches(at);
        let begins = self.now.map_or(at, |(_, since)| since);
        self.now = Some((StateKind::Running, begins));
        self.then = (until, StateKind::Waiting);
    }

    /// It is `at`: what it is by now is written down.
    fn reaches(&mut self, at: Duration) {
        let Some((kind, _)) = self.now else { return };
        if kind == StateKind::Running {
            self.write(self.then.0.min(at));
            if at >= self.then.0 {
                self.now = self.now.map(|(_, since)| (self.then.1, since));
            }
        }
        self.write(at);
    }

    fn write(&mut self, ends: Duration) {
        let Some((kind, since)) = &mut self.now else { return };
        let known = if *kind == StateKind::Running { Duration::ZERO } else { self.complete_since };
        let begins = known.max(*since);
        if ends > begins {
            match self.states.last_mut().filter(|state| state.kind == *kind && state.ends == begins) {
                Some(state) => state.ends = ends,
                None => self.states.push(State { kind: *kind, begins, ends }),
            }
        }
        *since = ends.max(*since);
    }
}
