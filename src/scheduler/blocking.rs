//! The threads of the blocking pool count as awake while they run jobs, and from when they are to come for one, until whoever awaits the job has been woken:
//! meanwhile a paused clock stands still (`time/clock/awake.rs`). A job that waits for a thread does not count by itself: the threads that it waits for do,
//! unless they wait for time to pass.
//!
//! The threads that come are counted, too: where they are many and there is no room for another none is started.
//!
//! Who calls it: `spawn_blocking`, on any thread, and the pool's threads. Deliberately not here: the pool (`src/blocking`), which knows no clock.

use std::io;

use super::Scheduler;
use super::thread_settings::FEW;
use crate::blocking::{AtClose, Attend, Ticket};
use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::thread::JoinHandle;
use crate::facade::{Arc, thread_room};
use crate::recorder::Role;
use crate::task::runnable::Runnable;
use crate::time::clock::{Clock, Counted};

/// What is known of the room for threads of the blocking pool.
///
/// Counters only, all of them: whose number is a little out of date starts a few threads more or less.
pub(crate) struct Room {
    /// Threads that are started and do not run yet: they take part of their room only then.
    coming: AtomicUsize,
    /// For so many it is enough.
    enough: AtomicUsize,
    /// For so many it is not. It stays so until there are fewer.
    full: AtomicUsize,
}

impl Room {
    /// The room is looked at once for so many threads: a look takes a microsecond for each four of those that there are.
    const AT_ONCE: usize = 64;

    pub(crate) fn new() -> Self {
        Self { coming: AtomicUsize::new(0), enough: AtomicUsize::new(FEW), full: AtomicUsize::new(usize::MAX) }
    }

    /// Whether there is room for so many threads, the one that is about to start, and has been counted, among them.
    fn allows(&self, threads: usize) -> bool {
        // Counter only: another thread's number may be newer.
        if threads <= self.enough.load(Ordering::Relaxed) {
            return true;
        }
        // Counter only: as above.
        if threads >= self.full.load(Ordering::Relaxed) {
            return false;
        }
        // Counter only: as above. Others take what they need meanwhile: half of it is left to them.
        let more = thread_room().saturating_sub(self.coming.load(Ordering::Relaxed)) / 2;
        let (enough, full) = if more == 0 { (FEW, threads) } else { (threads + more.min(Self::AT_ONCE), usize::MAX) };
        // Counter only: as above.
        self.enough.store(enough, Ordering::Relaxed);
        // Counter only: as above.
        self.full.store(full, Ordering::Relaxed);
        more > 0
    }
}

/// A thread of the blocking pool that is started and does not run yet, until it is dropped there.
pub(crate) struct Coming(Arc<Scheduler>);

impl Coming {
    /// None, if there is no room for it.
    pub(crate) fn new(scheduler: &Arc<Scheduler>) -> Option<Self> {
        // Counter only: as in `allows`.
        scheduler.room.coming.fetch_add(1, Ordering::Relaxed);
        let coming = Self(scheduler.clone());
        scheduler.room.allows(scheduler.blocking.threads()).then_some(coming)
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        // Counter only: as in `allows`.
        self.0.room.coming.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Scheduler {
    /// Has a thread of the blocking pool run `job`: see [`Pool::submit`](crate::blocking::Pool::submit).
    pub(crate) fn submit_blocking(
        &self,
        job: Runnable,
        at_close: AtClose,
        start: impl FnOnce(Ticket) -> io::Result<JoinHandle<()>>,
    ) {
        self.blocking.submit(job, at_close, self.timers.clock(), start);
    }

    /// The life of a thread of the blocking pool: see [`Pool::work`](crate::blocking::Pool::work).
    pub(crate) fn run_blocking(&self, ticket: Ticket) {
        let _counted = Counted::by(self.timers.clock());
        // SAFETY: it is dropped before this returns.
        let _recorded = unsafe { self.record_thread(Role::Pool) };
        self.blocking.work(ticket, self.timers.clock(), || self.end_if_forked());
    }

    /// Makes this thread one of the blocking pool: see [`Pool::adopt`](crate::blocking::Pool::adopt).
    pub(crate) fn adopt_thread(&self) -> Option<Ticket> {
        self.blocking.adopt(self.timers.clock())
    }

    /// See [`Pool::close`](crate::blocking::Pool::close).
    pub(crate) fn close_blocking(&self, start: impl FnOnce(Ticket) -> io::Result<JoinHandle<()>>) {
        self.blocking.close(self.timers.clock(), start);
    }
}

impl Attend for Clock {
    fn stir(&self) {
        Self::stir(self);
    }

    fn rest(&self) {
        Self::rest(self);
    }
}
