//! The tasks of a local set as other threads see them, and the sets that a runtime knows.
//!
//! A set belongs to no runtime. The one in which it was polled last tells of its tasks: a poll in another, and the first of all, enters the set there.
//!
//! Who calls it: the set's own thread enters, leaves and stamps (`local/queue.rs`); whoever tells of tasks walks, on any thread (`scheduler/survey.rs`). What the latter
//! reads of a task is its state word, its label and its [`Seen`], and it keeps the allocation meanwhile; futures, outputs and queues are none of its business.
//! Plain locks, under which no code of the user's runs.

use std::collections::BTreeMap;
use std::panic::Location;
use std::time::Duration;

use super::list::TaskList;
use super::raw::Kept;
use super::state::Snapshot;
use crate::facade::plain::{AtomicU64, Ordering};
use crate::facade::{ForkMark, Mutex, RawInstant, StdArc, coarse_nanoseconds};

/// A set's tasks.
pub(crate) struct LocalTasks {
    pub(super) list: TaskList,
    /// Who walks through the list.
    walker: Mutex<()>,
    clock: Clock,
    seen: unsafe fn(&Kept) -> &Seen,
}

/// What is seen of one of them.
pub(crate) struct Seen {
    pub(crate) spawned_at: &'static Location<'static>,
    /// When the set began to poll it last, by the set's clock, in milliseconds and one; zero if it never did.
    polled_at: AtomicU64,
}

/// The sets that a runtime knows, by their addresses.
pub(crate) struct LocalSets {
    sets: Mutex<BTreeMap<usize, StdArc<LocalTasks>>>,
    mark: ForkMark,
}

/// Milliseconds since a set was made, by the kernel's coarse clock where there is one: a poll of a set reads it.
struct Clock {
    coarse: Option<u64>,
    started: RawInstant,
}

impl LocalTasks {
    /// Of a set without tasks. `seen` finds what is seen of a task of its, whose cell it knows.
    pub(super) fn new(seen: unsafe fn(&Kept) -> &Seen) -> Self {
        let clock = Clock { coarse: coarse_nanoseconds(), started: RawInstant::now() };
        Self { list: TaskList::new(), walker: Mutex::new(()), clock, seen }
    }

    /// Now, for [`Seen::is_polled`].
    pub(super) fn stamp(&self) -> u64 {
        self.clock.milliseconds() + 1
    }

    /// Calls `f` with each task, its word, where it was spawned, and how long ago its last poll began, if it was polled. The list is locked for `step` of them at a time.
    pub(crate) fn for_each(
        &self,
        step: usize,
        mut f: impl FnMut(Kept, Snapshot, &'static Location<'static>, Option<Duration>),
    ) {
        let _alone = self.walker.lock();
        let mut found = Vec::with_capacity(step);
        self.list.begin_walk();
        let mut goes_on = true;
        while goes_on {
            // SAFETY: the list's reference keeps the task.
            goes_on = self.list.walk(step, |task| found.push(unsafe { Kept::another(task) }));
            let now = self.stamp();
            for task in found.drain(..) {
                // SAFETY: what is in the list is a task of the set.
                let seen = unsafe { (self.seen)(&task) };
                let word = task.snapshot();
                // Counter only: what comes later decides nothing.
                let polled_at = seen.polled_at.load(Ordering::Relaxed);
                let polled = (polled_at > 0).then(|| Duration::from_millis(now.saturating_sub(polled_at)));
                let spawned_at = seen.spawned_at;
                f(task, word, spawned_at, polled);
            }
        }
    }
}

impl Seen {
    /// Of a task that is about to be spawned.
    pub(super) fn new(spawned_at: &'static Location<'static>) -> Self {
        Self { spawned_at, polled_at: AtomicU64::new(0) }
    }

    /// The set is about to poll the task.
    #[inline]
    pub(super) fn is_polled(&self, stamp: u64) {
        // Counter only, and one thread writes it.
        self.polled_at.store(stamp, Ordering::Relaxed);
    }
}

impl LocalSets {
    pub(crate) fn new(mark: ForkMark) -> Self {
        Self { sets: Mutex::new(BTreeMap::new()), mark }
    }

    /// Whether this is a forked child: who walked through the sets as it was made may hold locks for ever, those of the sets, too.
    pub(super) fn are_inherited(&self) -> bool {
        self.mark.is_inherited()
    }

    pub(super) fn enter(&self, set: &StdArc<LocalTasks>) {
        self.sets.lock().insert(StdArc::as_ptr(set).addr(), set.clone());
    }

    pub(super) fn leave(&self, set: &StdArc<LocalTasks>) {
        if !self.are_inherited() {
            let left = self.sets.lock().remove(&StdArc::as_ptr(set).addr());
            drop(left);
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<StdArc<LocalTasks>> {
        self.sets.lock().values().cloned().collect()
    }
}

impl Clock {
    fn milliseconds(&self) -> u64 {
        match self.coarse.zip(coarse_nanoseconds()) {
            Some((start, now)) => now.saturating_sub(start) / 1_000_000,
            None => RawInstant::now().saturating_duration_since(self.started).as_millis() as u64,
        }
    }
}
