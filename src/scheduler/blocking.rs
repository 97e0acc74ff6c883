//! The blocking pool's jobs count as awake, from when they are submitted until whoever awaits them has been woken: meanwhile a paused clock
//! stands still (`time/clock/awake.rs`).
//!
//! Who calls it: `spawn_blocking`, on any thread, and the pool's threads. Deliberately not here: the pool (`src/blocking`), which knows no clock.

use std::io;

use super::Scheduler;
use crate::blocking::Ticket;
use crate::facade::thread::JoinHandle;
use crate::task::runnable::Runnable;
use crate::time::clock::Counted;

impl Scheduler {
    /// Has a thread of the blocking pool run `job`: see [`Pool::submit`](crate::blocking::Pool::submit).
    pub(crate) fn submit_blocking(&self, job: Runnable, start: impl FnOnce(Ticket) -> io::Result<JoinHandle<()>>) {
        self.timers.clock().stir();
        let cancelled = self.blocking.submit(job, start);
        (0..cancelled).for_each(|_| self.timers.clock().rest());
    }

    /// The life of a thread of the blocking pool: see [`Pool::work`](crate::blocking::Pool::work).
    pub(crate) fn run_blocking(&self, ticket: Ticket) {
        let _counted = Counted::by(self.timers.clock());
        // Whoever awaits the job has been woken, and counts by itself.
        self.blocking.work(ticket, || {
            self.end_if_forked();
            self.timers.clock().rest();
        });
    }
}
