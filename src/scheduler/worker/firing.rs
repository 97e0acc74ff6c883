//! A worker wakes who waits for what is due: timers of its own shard, and events. And it tells others of what it cannot do alone.
//!
//! Tasks that are woken go to the back of its queue. To wake a second worker costs as much as a few polls do, and then both look for work where one would have found enough to go on
//! without a pause. So of tasks that events have woken nobody is told at first, if the worker is likely to be done with its queue before long: it tells somebody when, looking
//! around, it finds that it was not. Timers and wakers of others are told of at once: by them it is late already, or they may block.
//!
//! # Invariants (ordering labels)
//! - Wakers are woken with the worker on its seat, counted neither as a searcher nor as asleep, and the driver told: they are code of the user's, and may block, but for
//!   those that are *quiet*. So may hooks.
//! - A lone task's waker queues without a notification, and a poll comes before any other waker is woken: the task's own, unless others are before it, of which somebody is told, or late.
//! - Before a waker that may block somebody is told of what is in the queue (`worker_fires_silent`, structural).
//! - `late_publish`: who has queued tasks and told nobody sees that the watch is armed, or calls the driver, which sees them. Pairs with `watch_recheck`, as
//!   `slot_publish` does; `io_batch_silent` (structural). If the worker does not get to its next look, the watch tells somebody (structural: `watch_ignores_queue`).
//!
//! Who calls it: `mod.rs`, and `sources.rs`. Checked by the models `requeue_vs_timer`, `timer_behind_slot`, `poll_batch_vs_sleep` and `late_vs_watch`.
//! Deliberately not here: when to fire (`timing.rs`), and the watch (`scheduler/watch.rs`).

use super::Worker;
use super::notes::Note;
use crate::facade::{RawInstant, mutant};
use crate::recorder::word::Kind;
use crate::scheduler::seat;
use crate::task::waker::{Identity, quiet_first, wake_quietly};

/// How many timers a worker fires at once. With fewer, those who share in a storm would be woken more often for less.
const BATCH: usize = 128;

/// So many times the time between two looks around may a worker need for what it has told nobody of.
const LATE: u32 = 2;

/// Where a task goes that is woken on the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Firing {
    /// No timer is firing: into the slot.
    Nothing,
    /// To the queue, by a waker that does nothing else: whoever fires sees to what follows.
    Quietly,
    /// To the queue, and somebody is woken: the waker may be anybody's, and block.
    Loudly,
}

/// Fires a batch of what is due in the shard of this thread's worker, which is on its seat, and wakes who waits for events that have come.
pub(super) fn fire() {
    let expired = seat::with(|worker| {
        let (timing, shard) = (&worker.timing, worker.shard());
        let mut due = timing.due.take();
        timing.notes.put(Note::Events, false);
        let events = due.len();
        if timing.is_due.take() || timing.has_more.get() {
            timing.has_more.set(shard.scheduler.timers.expire(shard.index, BATCH, &mut due));
            if due.len() > events {
                timing.fired.set(Some(RawInstant::now()));
            }
        }
        if !due.is_empty() {
            worker.metrics().fires.add(1);
            worker.record_numbers(Kind::Fire, || (due.len() - events, due.len()));
            timing.run(&shard.scheduler.timers, shard.index);
        }
        timing.polled.set(Identity::NONE);
        let has_timers = due.len() > events;
        let quiet = quiet_first(&mut due);
        timing.firing.set(Firing::Quietly);
        timing.notes.put(Note::OwesPoll, quiet == 1 && due.len() == 1);
        (due, quiet, has_timers)
    });
    let Some((mut due, quiet, has_timers)) = expired else { return };
    due.drain(..quiet).for_each(wake_quietly);
    seat::with(|worker| {
        worker.timing.firing.set(Firing::Loudly);
        worker.tell_of_fired(quiet, has_timers, due.is_empty());
        if let Some(task) = worker.timing.take_held_back() {
            worker.enqueue(task);
        }
    });
    due.drain(..).for_each(wake_quietly);
    seat::with(|worker| {
        worker.timing.firing.set(Firing::Nothing);
        worker.timing.due.set(due);
    });
}

impl Worker {
    /// Tells somebody of what is in the queue, to which so many `fired` tasks were added, or sees to it that somebody is told in time.
    fn tell_of_fired(&self, fired: usize, has_timers: bool, is_last: bool) {
        let queued = self.queue.len();
        if queued == 0 {
            return;
        }
        if !is_last {
            if !mutant("worker_fires_silent") {
                self.tell();
            }
        } else if queued == 1 && fired == 1 && (self.slot().is_empty() || mutant("worker_fires_behind")) {
            // It is run at once.
        } else if has_timers || queued >= LATE as usize * self.timing.polls_per_look() {
            self.tell();
        } else if !mutant("io_batch_silent") {
            self.timing.untold_looks.set(self.timing.untold_looks.get().max(1));
            self.shard.scheduler.watch_queue();
        }
    }

    /// Wakes somebody who can share what is in the queue.
    fn tell(&self) {
        self.timing.untold_looks.set(0);
        self.shard.scheduler.notify();
        self.shard.scheduler.tell_if_closed();
    }

    /// The worker looks around: it tells of what it has told nobody of, if that has taken it long.
    pub(super) fn tell_late(&self) {
        match self.timing.untold_looks.get() {
            0 => {}
            _ if self.queue.is_empty() => self.timing.untold_looks.set(0),
            looks if looks >= LATE => self.tell(),
            looks => self.timing.untold_looks.set(looks + 1),
        }
    }
}
