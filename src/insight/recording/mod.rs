//! What the threads of a runtime have done last, event by event: the flight recorder.
//!
//! Each worker keeps its last events in a ring of its own, if [`Builder::recorder`] has been asked for one: polls, spawns, wakes, steals, sleep. A [`Recording`] is a copy of all rings. It is taken at any
//! time, by any thread, while everything runs: when a request was slow, when the process panics, when a [dump](super) raises a question of what came before. Nobody waits for it,
//! and nothing is lost by it but what is older than the rings are long.
//!
//! ```
//! use fusee::insight::Recorder;
//! use fusee::insight::recording::EventKind;
//! use fusee::runtime::Builder;
//!
//! let runtime = Builder::new_current_thread().recorder(Recorder::new()).build()?;
//! runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
//! let recording = runtime.handle().recording().unwrap();
//! let [worker, ..] = recording.tracks() else { panic!("a track for each worker, and others") };
//! let spawned = worker.events().into_iter().find_map(|event| match event.kind() {
//!     EventKind::Spawn(task) => recording.place(task),
//!     _ => None,
//! });
//! assert_eq!(spawned.unwrap().file(), file!());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`Recording::write_to`] puts it into a file, for `fusee-trace` to draw or to sum up, on another machine too.
//!
//! # Time
//! A worker does not read the clock for each event: that would cost a third of a poll that does nothing. What it does for microseconds at a stretch has exact times; of quick polls some are
//! written down between two readings, a few microseconds apart, and [`Event::at`] spreads them evenly. [`Event::is_exact`] tells the two apart. If one poll among many quick ones was slow, it is known which with a [`Watchdog`](super::Watchdog): one that takes longer than two of its looks.
//!
//! # What is not recorded
//! Tasks of local sets, apart from the polls of what runs the set; what a task does after [`block_in_place`](crate::task::block_in_place) until it waits, its end too; and what threads do that are none of the runtime's: a task that such a thread has woken is polled without a wake.
//!
//! [`Builder::recorder`]: crate::runtime::Builder::recorder
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the recording and its tracks |
//! | `event.rs` | an event, and how it is read from words |
//! | `file.rs` | a recording as bytes |

mod event;
mod file;

use std::panic::Location;
use std::time::Duration;

use crate::facade::{RawInstant, WallTime};
use crate::recorder::Role;
use crate::recorder::ring::Excerpt;
use crate::recorder::stalls::Stall;
use crate::runtime::Handle;
pub use event::{Event, EventKind, Outcome, Task};

/// A copy of what a runtime has recorded. See [the module](self) for an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    runtime: Option<String>,
    taken_at: WallTime,
    /// Since the start of the runtime.
    taken: Duration,
    tracks: Vec<Track>,
    /// By the number of the place.
    places: Vec<Option<Place>>,
    names: Vec<String>,
}

/// What one thread has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    source: TrackSource,
    excerpt: Excerpt,
    stalls: Vec<Stall>,
    taken: Duration,
}

/// Whose a [`Track`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrackSource {
    /// That of the worker of this number, on whatever thread.
    Worker(usize),
    /// That of the thread that fires timers which no worker does.
    Driver,
    /// That of a thread of the blocking pool, or of one after the other; they are numbered as they are first at work at the same time.
    Blocking(usize),
    /// That of a thread in `block_on` of a multi-thread runtime, or of one after the other.
    BlockOn(usize),
}

/// A place in the source, where tasks are spawned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    file: String,
    line: u32,
    column: u32,
}

impl Handle {
    /// A copy of what the runtime's threads have done last; `None` if the runtime was built without a [recorder](crate::runtime::Builder::recorder), and in a
    /// child of the process that built it. From any thread,
    /// and after the runtime has shut down. It copies the rings: some hundred microseconds for each mebibyte.
    ///
    /// ```
    /// assert!(fusee::runtime::Runtime::new()?.handle().recording().is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn recording(&self) -> Option<Recording> {
        Recording::of(self)
    }

    /// Records no more until [`resume_recording`](Self::resume_recording), to keep what has been recorded. Workers that run learn of it within some hundred microseconds, or after the poll that they
    /// are in; others as they wake. Each writes [`EventKind::Pause`] last. Nothing, without a recorder.
    pub fn pause_recording(&self) {
        self.switch_recording(false);
    }

    /// Records from now on, after [`pause_recording`](Self::pause_recording), or if the recorder was built [paused](super::Recorder::paused).
    ///
    /// ```
    /// use fusee::insight::Recorder;
    ///
    /// let runtime = fusee::runtime::Builder::new_multi_thread().recorder(Recorder::new().paused()).build()?;
    /// runtime.handle().resume_recording();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn resume_recording(&self) {
        self.switch_recording(true);
    }

    fn switch_recording(&self, is_on: bool) {
        if let Some(rings) = self.scheduler().recorder() {
            rings.switch(is_on);
        }
    }
}

impl Recording {
    /// Of the runtime that `handle` refers to.
    fn of(handle: &Handle) -> Option<Self> {
        let scheduler = handle.scheduler();
        let rings = scheduler.recorder()?;
        if scheduler.is_forked() {
            // Its locks may be taken for ever.
            return None;
        }
        let copied = rings.copy();
        // What was recorded was before.
        let taken = RawInstant::now().saturating_duration_since(rings.started());
        let track = |source, excerpt, stalls| Track { source, excerpt, stalls, taken };
        let workers = (0..).map(TrackSource::Worker).zip(copied.workers);
        let mut tracks: Vec<_> = workers.map(|(source, (excerpt, stalls))| track(source, excerpt, stalls)).collect();
        let (mut pool, mut block_on) = (0.., 0..);
        for (role, excerpt) in copied.lanes {
            let source = match role {
                Role::Driver => TrackSource::Driver,
                Role::Pool => TrackSource::Blocking(pool.next().unwrap_or_default()),
                Role::BlockOn => TrackSource::BlockOn(block_on.next().unwrap_or_default()),
            };
            tracks.push(track(source, excerpt, Vec::new()));
        }
        let places = scheduler.places().into_iter().map(|place| place.map(Place::from)).collect();
        let names = copied.names.iter().map(|name| name.to_string()).collect();
        Some(Self {
            runtime: handle.name().map(str::to_owned),
            taken_at: WallTime::now(),
            taken,
            tracks,
            places,
            names,
        })
    }

    /// The runtime's [name](crate::runtime::Builder::name).
    pub fn runtime(&self) -> Option<&str> {
        self.runtime.as_deref()
    }

    /// When it was taken, since the start of the runtime, as [`Event::at`].
    pub fn taken(&self) -> Duration {
        self.taken
    }

    /// When it was taken, by the clock on the wall.
    pub fn taken_at(&self) -> WallTime {
        self.taken_at
    }

    /// The workers, by their numbers, then the other threads.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Where `task` was spawned, if that is known.
    pub fn place(&self, task: Task) -> Option<&Place> {
        self.places.get(task.place()?)?.as_ref()
    }

    /// The name of this number; see [`EventKind::Name`]. It has 256 bytes at most: of a longer one those are kept that are whole characters.
    pub fn name(&self, number: usize) -> Option<&str> {
        self.names.get(number).map(String::as_str)
    }
}

impl Track {
    /// Whose it is.
    pub fn source(&self) -> TrackSource {
        self.source
    }

    /// The events, the oldest first; worked out at each call.
    pub fn events(&self) -> Vec<Event> {
        event::read(&self.excerpt, &self.stalls, self.taken)
    }

    /// How many words, of events and of times, were overwritten by later ones.
    pub fn overwritten(&self) -> u64 {
        self.excerpt.first
    }
}

impl Place {
    /// The file, as the compiler was given it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column, from 1.
    pub fn column(&self) -> u32 {
        self.column
    }
}

impl From<&Location<'_>> for Place {
    fn from(place: &Location<'_>) -> Self {
        Self { file: place.file().to_owned(), line: place.line(), column: place.column() }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl std::fmt::Display for TrackSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Worker(number) => write!(f, "worker {number}"),
            Self::Driver => write!(f, "timer driver"),
            Self::Blocking(number) => write!(f, "blocking {number}"),
            Self::BlockOn(number) => write!(f, "block_on {number}"),
        }
    }
}
