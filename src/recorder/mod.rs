//! The flight recorder: what the threads of a runtime have done last.
//!
//! Each worker writes events of one word into a ring of its own, and so do the driver, the blocking pool's threads and those in `block_on`. Nothing is shared,
//! locked or allocated by that, and nobody waits for a reader. Off, it costs a worker a look at a flag of its own.
//!
//! | file | holds |
//! |---|---|
//! | `ring.rs` | a ring, its one writer and its readers |
//! | `pen.rs` | the writer, and when it reads the clock |
//! | `lane.rs` | the rings of threads that are no workers |
//! | `settings.rs` | what a builder is told |
//! | `stalls.rs` | when a ring stood still, seen from outside |
//! | `word.rs` | what a word says |
//!
//! Who calls it: `scheduler/` and `runtime/` record; `insight/recording/` reads, on any thread.
//! Deliberately not here: how it is told (`insight/recording/`).

mod lane;
mod pen;
pub(crate) mod ring;
mod settings;
pub(crate) mod stalls;
pub(crate) mod word;

use std::collections::HashMap;

use crate::facade::plain::{AtomicU64, Ordering};
use crate::facade::{Arc, ForkMark, Mutex, RawInstant, StdArc};
pub(crate) use lane::{Attached, Role, note_here};
pub(crate) use pen::Pen;
use ring::{Excerpt, Ring};
pub use settings::Recorder;
use stalls::{Stall, Stalls};

/// So many times fewer events of a thread that is no worker are kept.
const LANE_SHARE: usize = 16;

/// So many names of tasks are kept, of each so many bytes at most: they stay when the tasks have ended.
const NAMES: usize = 4_096;
const NAME_BYTES: usize = 256;

/// What is recorded of a runtime.
pub(crate) struct Rings {
    mark: ForkMark,
    started: RawInstant,
    /// 0 if it is paused.
    is_on: AtomicU64,
    workers: Box<[Arc<Ring>]>,
    lane_words: usize,
    lanes: Mutex<Vec<lane::Kept>>,
    names: Mutex<Names>,
    /// One for each worker.
    stalls: Mutex<Vec<Stalls>>,
}

/// The names of tasks, by numbers.
#[derive(Default)]
struct Names {
    numbers: HashMap<StdArc<str>, u64>,
    names: Vec<StdArc<str>>,
}

/// What all rings hold at the moment.
pub(crate) struct Copied {
    /// The workers', each with when it stood still.
    pub(crate) workers: Vec<(Excerpt, Vec<Stall>)>,
    pub(crate) lanes: Vec<(Role, Excerpt)>,
    pub(crate) names: Vec<StdArc<str>>,
}

impl Rings {
    /// Of a runtime with so many workers that `started` at that moment.
    pub(crate) fn new(settings: &Recorder, workers: usize, started: RawInstant, mark: ForkMark) -> Self {
        let words = settings.words();
        Self {
            mark,
            started,
            is_on: AtomicU64::new(u64::from(!settings.is_paused())),
            workers: (0..workers).map(|_| Arc::new(Ring::new(words))).collect(),
            lane_words: (words / LANE_SHARE).max(settings::LEAST),
            lanes: Mutex::new(Vec::new()),
            names: Mutex::new(Names::default()),
            stalls: Mutex::new((0..workers).map(|_| Stalls::default()).collect()),
        }
    }

    /// The pen of a worker, which nobody else has.
    pub(crate) fn pen(&self, worker: usize) -> Pen {
        Pen::new(Some(self.workers[worker].clone()), self.started, self.is_on())
    }

    pub(crate) fn is_on(&self) -> bool {
        // Counter only: who records sees it before long.
        self.is_on.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn switch(&self, is_on: bool) {
        // Counter only, as above.
        self.is_on.store(u64::from(is_on), Ordering::Relaxed);
    }

    /// A worker looks around, `now`: it records from then on, or no more, as was asked for.
    #[inline]
    pub(crate) fn tell(&self, pen: &Pen, now: RawInstant) {
        pen.switch(self.is_on(), || now);
    }

    /// The number of a task's name; `None` if there are too many.
    pub(crate) fn number_of(&self, name: &str) -> Option<u64> {
        let name = &name[..name.floor_char_boundary(NAME_BYTES)];
        let mut names = self.names.lock();
        if let Some(&number) = names.numbers.get(name) {
            return Some(number);
        }
        let number = names.names.len();
        (number < NAMES).then(|| {
            let name = StdArc::<str>::from(name);
            names.names.push(name.clone());
            names.numbers.insert(name, number as u64);
            number as u64
        })
    }

    /// The name of this number.
    pub(crate) fn name(&self, number: u64) -> Option<StdArc<str>> {
        self.names.lock().names.get(number as usize).cloned()
    }

    /// When the runtime started.
    pub(crate) fn started(&self) -> RawInstant {
        self.started
    }

    /// How many words a worker has written so far.
    pub(crate) fn head_of(&self, worker: usize) -> u64 {
        self.workers[worker].head()
    }

    /// It was `number` at both moments.
    pub(crate) fn stood_still(&self, worker: usize, number: u64, first: RawInstant, last: RawInstant) {
        let [first, last] = [first, last].map(|at| at.saturating_duration_since(self.started).as_nanos() as u64);
        self.stalls.lock()[worker].add(Stall { number, first, last });
    }

    /// The last words of a worker, so many at most.
    pub(crate) fn last_of(&self, worker: usize, words: usize) -> Excerpt {
        self.workers[worker].read_last(words)
    }

    /// What the rings hold.
    pub(crate) fn copy(&self) -> Copied {
        // First: what is known of words that are read later does no harm.
        let stalls: Vec<_> = self.stalls.lock().iter().map(Stalls::copy).collect();
        let workers = self.workers.iter().map(|ring| ring.read()).zip(stalls).collect();
        let lanes: Vec<_> = self.lanes.lock().iter().map(|lane| (lane.role, lane.ring.clone())).collect();
        let lanes = lanes.into_iter().map(|(role, ring)| (role, ring.read())).collect();
        // Last: of every name that an event has.
        Copied { workers, lanes, names: self.names.lock().names.clone() }
    }
}
