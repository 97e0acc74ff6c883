//! Who waits in the selector, so that sources are told of in time: the rules by which workers and the driver take the reactor's lease.
//!
//! - A worker that parks takes the lease, if it is free, and waits in the selector. If the driver has it the worker parks as if there were no sources, and calls the
//!   driver out, which then wakes a parked worker; if another worker has it there is nothing to do.
//! - A worker that runs looks for events now and then; not while its queue is full, if the watch sees to it that another thread does.
//! - A worker that has waited, or looked, and leaves gives up the lease, passes the fence `poller_left`, and sees to it that the watch is armed: the driver may have come
//!   for the lease meanwhile, in vain. It need not if it is the only worker, and no thread beside it, nor an executor within a task
//!   of its, has ever waited for a source (structural: `outsider_waits_silent`): then nobody else could run what an event wakes.
//! - The watch (`watch.rs`) looks once in a period, which is a millisecond, or up to four while nothing gets stuck. If no worker has had the lease since the last look, it wakes a parked worker, which finds nothing to do and parks in the
//!   selector; if none is parked the driver waits in the selector itself, until a worker parks, or the driver has told of events and some worker has begun a poll meanwhile.
//! - While some worker waits in the selector, and workers have left it no more than once in a period, the watch has nothing to do, and stops. So connections that are idle cost nothing.
//! - The first source, for which nobody waits, wakes a worker and arms the watch.
//! - While the clock is paused the driver alone takes the lease: see `time/driver/paused.rs`. A worker that waits is called out, and calls the driver as it leaves.
//!
//! So an event is told within two periods of the watch, as long as any thread can run what it wakes.
//!
//! # Invariants (ordering labels)
//! - `poller_left`: the fence between *the lease is free* and *does anybody watch?* Pairs with `watch_recheck`: the worker sees that nobody watches, or
//!   the driver that nobody waits.
//! - `driver_polls`: the fence between *the driver has the lease* and *is a worker parked?* Pairs with `idle_recheck`: the driver sees the worker, or that one sees
//!   who has the lease (structural: `driver_keeps_lease`), and calls the driver out (structural: `seat_leaves_driver`).
//! - `driver_blocks_silent` (structural): the driver, with events in its hands that may block it, wakes a worker that has parked meanwhile: `idle_publish`, after the lease, pairs with
//!   `idle_recheck`.
//! - `io_born_silent` (structural): the first source wakes somebody.
//! - `pause_leaves_poller` (structural): who waits in the selector while the clock is paused is called out.
//! - `resume_looks`: the fence between *the clock runs again* and *is a worker parked?* Pairs with `idle_recheck`: the driver sees the worker, which has parked outside the selector
//!   because the clock stood still, and wakes it (structural: `resume_leaves_parked`); or that one sees that the clock runs.
//!
//! Who calls it: workers where they park and look, the driver where it sleeps, whoever adds the first source.
//! Checked by the models `first_source_vs_park`, `left_vs_watch`, `left_vs_driver`, `look_vs_watch`, `look_vs_pause`, `outsider_vs_watch`, `seat_vs_driver`, `driver_vs_parked`, `driver_blocks_vs_park`, `pause_vs_poller` and
//! `resume_vs_park`.
//! Deliberately not here: the selector (`reactor/`).

use std::task::Waker;

use super::Scheduler;
#[cfg(feature = "io")]
use super::worker::Worker;
use crate::facade::atomic::Ordering;
use crate::facade::{fence_seq_cst, mutant};
#[cfg(feature = "io")]
use crate::reactor::Reactor;
use crate::reactor::{Holder, Lease};
use crate::recorder::word::{self, Kind};
use crate::task::waker::{quiet_first, wake_quietly};

impl Scheduler {
    /// Whether there is a selector to wait in.
    #[inline]
    pub(super) fn reactor_exists(&self) -> bool {
        self.reactor.exists()
    }

    /// The lease for a worker that parks, if there is a selector, and nobody waits in it.
    #[inline]
    pub(super) fn lease_to_park(&self, worker: usize) -> Option<Lease<'_>> {
        if !self.reactor.exists() || self.timers.clock().is_paused() {
            return None;
        }
        match self.reactor.lease(Holder::Parked(worker)) {
            Ok(lease) => Some(lease),
            Err(Some(Holder::Driver)) => {
                if !mutant("seat_leaves_driver") {
                    self.timers.unpark_driver();
                }
                None
            }
            Err(_) => None,
        }
    }

    /// The lease for a worker that looks whether there are events.
    #[inline]
    pub(super) fn lease_to_look(&self, worker: usize) -> Option<Lease<'_>> {
        if !self.reactor.exists() || self.timers.clock().is_paused() {
            return None;
        }
        self.reactor.lease(Holder::Looking(worker)).ok()
    }

    /// A worker that has waited in the selector, or has looked there, has given up the lease.
    pub(super) fn poller_left(&self) {
        if self.watch.poller_left(|| self.can_share_events()) || self.timers.clock().is_paused() {
            self.timers.unpark_driver();
        }
    }

    /// Whether another thread than the one worker can run what events wake: then the watch sees to it that somebody waits for them. Asked after a fence where it is to be exact.
    pub(super) fn can_share_events(&self) -> bool {
        // ORDERING(poller_left): relaxed, the fence before orders it where that matters.
        self.workers() > 1 || self.has_outsiders.load(Ordering::Relaxed)
    }

    /// The worker that waits in the selector, if one does.
    #[inline]
    pub(super) fn poller(&self) -> Option<usize> {
        if !self.reactor.exists() {
            return None;
        }
        match self.reactor.holder() {
            Some(Holder::Parked(worker)) => Some(worker),
            _ => None,
        }
    }

    /// The lease for the driver, which is about to sleep, if it is to wait in the selector.
    pub(crate) fn lease_for_driver(&self) -> Option<Lease<'_>> {
        if !self.reactor.exists() {
            return None;
        }
        let is_paused = self.timers.clock().is_paused();
        if !is_paused && !self.watch.driver_polls() {
            return None;
        }
        let lease = match self.reactor.lease(Holder::Driver) {
            Ok(lease) => lease,
            Err(_) if is_paused => {
                // It calls the driver when it has left.
                if !mutant("pause_leaves_poller") {
                    self.reactor.wake();
                }
                return None;
            }
            Err(_) => return None,
        };
        // ORDERING(driver_polls): the lease before, the bits of parked workers after; pairs with `idle_recheck`.
        fence_seq_cst("driver_polls");
        if !is_paused && self.idle.has_parked() && !mutant("driver_keeps_lease") {
            drop(lease);
            // The watch looks first, at once, and wakes the worker.
            self.timers.unpark_driver();
            return None;
        }
        Some(lease)
    }

    /// Wakes all of `due`, on the driver's thread. What is no task's waker comes last, for it may block; then the driver is not there to hand the selector over to a worker that has
    /// parked while it was in there, and does so before.
    pub(crate) fn wake_on_driver(&self, due: &mut Vec<Waker>) {
        self.record_elsewhere(|| word::of_numbers(Kind::Fire, 0, due.len() as u64));
        let quiet = quiet_first(due);
        due.drain(..quiet).for_each(wake_quietly);
        if !due.is_empty() && self.reactor.exists() && self.watch.driver_polls() && !mutant("driver_blocks_silent") {
            // Its fence comes after the end of the lease, and before the look at who is parked.
            self.notify();
        }
        due.drain(..).for_each(wake_quietly);
        self.record_elsewhere(|| word::of_numbers(Kind::Park, 0, 0));
    }

    /// Whether the watch has to see to it that somebody waits for events.
    pub(super) fn needs_watch(&self) -> bool {
        self.reactor.exists() && !self.timers.clock().is_paused() && !self.watch.driver_polls()
    }

    /// Whether it has to, for nobody does.
    pub(super) fn needs_poller(&self) -> bool {
        self.needs_watch() && !matches!(self.reactor.holder(), Some(Holder::Parked(_)))
    }
}

/// What sources call.
#[cfg(feature = "io")]
impl Scheduler {
    /// The runtime's sources.
    pub(crate) fn reactor(&self) -> &Reactor {
        &self.reactor
    }

    /// The first source was added: somebody must wait for its events.
    pub(crate) fn has_first_source(&self) {
        if mutant("io_born_silent") {
            return;
        }
        Worker::peek(self, Worker::has_sources);
        self.notify();
        // On a paused clock it is the driver that waits, also while a worker never parks.
        self.poller_left();
    }

    /// The calling thread is about to wait for a source with `waker`.
    #[inline]
    pub(crate) fn is_waited_for(&self, waker: &Waker) {
        // ORDERING(poller_left): relaxed; a flag that is set is passed on by the fence below.
        if self.workers() == 1 && !self.has_outsiders.load(Ordering::Relaxed) && !Worker::polls_with(self, waker) {
            self.has_outsider();
        }
    }

    #[cold]
    fn has_outsider(&self) {
        if mutant("outsider_waits_silent") {
            return;
        }
        // ORDERING(poller_left): relaxed, before the fence that `poller_left` of the watch passes.
        self.has_outsiders.swap(true, Ordering::Relaxed);
        if self.watch.poller_left(|| true) {
            self.timers.unpark_driver();
        }
    }
}
