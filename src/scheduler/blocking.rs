//! The threads of the blocking pool count as awake while they run jobs, and from when they are to come for one, until whoever awaits the job has been woken:
//! meanwhile a paused clock stands still (`time/clock/awake.rs`). A job that waits for a thread does not count by itself: the threads that it waits for do,
//! unless they wait for time to pass.
//!
//! A pool of many threads counts those that come, too: where there is no room for another none is started.
//!
//! Who calls it: `spawn_blocking`, on any thread, and the pool's threads. Deliberately not here: the pool (`src/blocking`), which knows no clock.

use std::io;

use super::Scheduler;
use crate::blocking::{Attend, Ticket};
use crate::facade::Arc;
use crate::facade::atomic::Ordering;
use crate::facade::thread::JoinHandle;
use crate::task::runnable::Runnable;
use crate::time::clock::{Clock, Counted};

/// A thread of the blocking pool that is started and does not run yet, until it is dropped there.
pub(crate) struct Coming(Arc<Scheduler>);

impl Coming {
    pub(crate) fn new(scheduler: &Arc<Scheduler>) -> Self {
        // Counter only: whose number is a little out of date leaves a little more room or less.
        scheduler.coming.fetch_add(1, Ordering::Relaxed);
        Self(scheduler.clone())
    }

    /// How many come, with this one.
    pub(crate) fn all(&self) -> usize {
        // Counter only: as above.
        self.0.coming.load(Ordering::Relaxed)
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        // Counter only: as above.
        self.0.coming.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Scheduler {
    /// Has a thread of the blocking pool run `job`: see [`Pool::submit`](crate::blocking::Pool::submit).
    pub(crate) fn submit_blocking(&self, job: Runnable, start: impl FnOnce(Ticket) -> io::Result<JoinHandle<()>>) {
        self.blocking.submit(job, self.timers.clock(), start);
    }

    /// The life of a thread of the blocking pool: see [`Pool::work`](crate::blocking::Pool::work).
    pub(crate) fn run_blocking(&self, ticket: Ticket) {
        let _counted = Counted::by(self.timers.clock());
        self.blocking.work(ticket, self.timers.clock(), || self.end_if_forked());
    }

    /// Makes this thread one of the blocking pool: see [`Pool::adopt`](crate::blocking::Pool::adopt).
    pub(crate) fn adopt_thread(&self) -> Option<Ticket> {
        self.blocking.adopt(self.timers.clock())
    }

    /// See [`Pool::close`](crate::blocking::Pool::close).
    pub(crate) fn close_blocking(&self) {
        self.blocking.close(self.timers.clock());
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
