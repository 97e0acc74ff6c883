//! The threads of the blocking pool count as awake while they run jobs, and from when they are to come for one, until whoever awaits the job has been woken:
//! meanwhile a paused clock stands still (`time/clock/awake.rs`). A job that waits for a thread does not count by itself: the threads that it waits for do,
//! unless they wait for time to pass.
//!
//! Who calls it: `spawn_blocking`, on any thread, and the pool's threads. Deliberately not here: the pool (`src/blocking`), which knows no clock.

use std::io;

use super::Scheduler;
use crate::blocking::{Attend, Ticket};
use crate::facade::thread::JoinHandle;
use crate::task::runnable::Runnable;
use crate::time::clock::{Clock, Counted};

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
