//! Watched futures, as those who tell of them see them: when each was woken and polled last, and in which task.
//!
//! Who calls it: a watched future (`insight/watched.rs`) where it is polled and dropped; its waker, on any thread; whoever tells of them, on any thread.
//! A plain lock, under which no code of the user's runs.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::time::Duration;

use super::id::{self, Id};
use crate::facade::plain::{AtomicU64, Ordering};
use crate::facade::{ForkMark, Mutex, RawInstant, StdArc};

/// What is noted of a watched future. Moments are nanoseconds since it was made, and one.
pub(crate) struct Notes {
    made: RawInstant,
    pub(crate) made_at: &'static Location<'static>,
    /// When it was woken first since its last poll began; zero if it was not.
    woken_at: AtomicU64,
    polled_at: AtomicU64,
    /// The task that polled it last.
    task: AtomicU64,
}

/// The watched futures of a runtime, by the addresses of their notes. In a forked child there are none: the lock may be held for ever there.
pub(crate) struct WatchedFutures {
    futures: Mutex<BTreeMap<usize, StdArc<Notes>>>,
    mark: ForkMark,
}

impl Notes {
    pub(crate) fn new(made_at: &'static Location<'static>) -> Self {
        let none = || AtomicU64::new(0);
        Self { made: RawInstant::now(), made_at, woken_at: none(), polled_at: none(), task: none() }
    }

    /// It is about to be polled on this thread.
    pub(crate) fn is_polled(&self) {
        let task = id::try_id().map_or(0, |task| task.address() as u64);
        // Counter only: whoever reads them decides nothing by them.
        self.task.store(task, Ordering::Relaxed);
        // Counter only, as above.
        self.woken_at.store(0, Ordering::Relaxed);
        // Counter only, as above.
        self.polled_at.store(self.now(), Ordering::Relaxed);
    }

    /// Its waker was called.
    pub(crate) fn is_woken(&self) {
        // Counter only, as above: that of two at once who comes second changes nothing.
        let _ = self.woken_at.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// How long ago it was woken, if it was since its last poll.
    pub(crate) fn woken(&self) -> Option<Duration> {
        // Counter only, as above.
        self.ago(self.woken_at.load(Ordering::Relaxed))
    }

    /// How long ago its last poll began.
    pub(crate) fn polled(&self) -> Option<Duration> {
        // Counter only, as above.
        self.ago(self.polled_at.load(Ordering::Relaxed))
    }

    /// The task that polled it last.
    pub(crate) fn task(&self) -> Option<Id> {
        // Counter only, as above.
        NonZeroUsize::new(self.task.load(Ordering::Relaxed) as usize).map(Id::of_address)
    }

    fn ago(&self, moment: u64) -> Option<Duration> {
        (moment > 0).then(|| Duration::from_nanos(self.now().saturating_sub(moment)))
    }

    fn now(&self) -> u64 {
        RawInstant::now().saturating_duration_since(self.made).as_nanos() as u64 + 1
    }
}

impl WatchedFutures {
    pub(crate) fn new(mark: ForkMark) -> Self {
        Self { futures: Mutex::new(BTreeMap::new()), mark }
    }

    pub(crate) fn enter(&self, notes: &StdArc<Notes>) {
        if !self.mark.is_inherited() {
            self.futures.lock().insert(StdArc::as_ptr(notes).addr(), notes.clone());
        }
    }

    pub(crate) fn leave(&self, notes: &StdArc<Notes>) {
        if !self.mark.is_inherited() {
            self.futures.lock().remove(&StdArc::as_ptr(notes).addr());
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<StdArc<Notes>> {
        if self.mark.is_inherited() { Vec::new() } else { self.futures.lock().values().cloned().collect() }
    }
}
