//! A worker and the sources of its runtime: it waits in the selector where it would block, and looks for events while it runs.
//!
//! What events wake is collected first, and woken as what timers wake (`firing.rs`): with the lease given up and the worker on its seat, counted neither as a searcher nor as
//! asleep.
//!
//! # Invariants
//! - Events in a worker's hands leave nobody parked for long who could share them: see `firing.rs`.
//! - `looker_leaves_silent` (structural): who has looked gives up the lease as who has waited does. Checked by the models `look_vs_watch` and `look_vs_pause`.
//!
//! - A task that gives way after a long poll is held back by its worker, in no queue, for as long as it takes to look for events and to wake its runtime's own tasks for them: no code of
//!   the user's runs meanwhile.
//!
//! Who calls it: `mod.rs`, on the thread that has the worker.
//! Deliberately not here: who may wait, and who takes over (`scheduler/polling.rs`).

#[cfg(feature = "io")]
use std::task::Waker;

use super::Worker;
use super::firing;
use super::notes::Note;
use super::timing::ENOUGH;
use crate::facade::{RawInstant, mutant, sharply};
use crate::reactor::{Lease, Wait};
use crate::scheduler::{Scheduler, seat};
#[cfg(feature = "io")]
use crate::task::waker::Identity;

impl Worker {
    /// Whether this thread's worker is one of `scheduler`, in a poll that it has given `waker`: not so in an executor within that.
    #[cfg(feature = "io")]
    pub(in crate::scheduler) fn polls_with(scheduler: *const Scheduler, waker: &Waker) -> bool {
        Self::peek(scheduler, |worker| worker.timing.polls_with(Identity::of(waker))) == Some(true)
    }

    /// The runtime has sources: this worker knows before it looks around.
    #[cfg(feature = "io")]
    pub(in crate::scheduler) fn has_sources(&self) {
        self.timing.notes.put(Note::Sources, true);
    }

    /// Blocks until there is a token, it is `alarm`, or there are events: in the selector, if the lease is free; it is still held then. True if it took a token.
    pub(super) fn wait<'a>(&self, scheduler: &'a Scheduler, alarm: Option<RawInstant>) -> (Option<Lease<'a>>, bool) {
        let Some(mut lease) = scheduler.lease_to_park(self.shard.index) else { return (None, self.block(alarm)) };
        let has_token = self
            .timing
            .collect(|due| self.parker.poll(&mut lease, alarm, due, || !scheduler.timers.clock().is_paused()));
        (Some(lease), has_token)
    }

    fn block(&self, alarm: Option<RawInstant>) -> bool {
        match alarm {
            Some(alarm) => sharply(|| self.parker.park_until(alarm)),
            None => {
                self.parker.park();
                true
            }
        }
    }

    /// Whether, on a runtime with sources, the kernel's coarse clock has moved on since the last call: the last poll may have taken long, however few there were since the last
    /// look. It costs a tenth of a look, where others cost nothing.
    #[inline]
    pub(super) fn has_been_long(&self) -> bool {
        self.timing.notes.has(Note::Sources) && self.timing.has_ticked()
    }

    /// What the worker does before its next poll, if it `looks` around or has noted something: whether it then looks at what comes from elsewhere, too; nothing if it fires
    /// instead of the poll.
    #[inline(never)]
    pub(super) fn prepare(&self, looks: bool) -> Option<bool> {
        let (scheduler, notes) = (&*self.shard.scheduler, &self.timing.notes);
        if scheduler.reactor_exists() {
            notes.put(Note::Sources, true);
        }
        if self.has_events_before_held_back() {
            notes.put(Note::OwesLook, looks);
            return None;
        }
        let looks = looks || self.has_been_long();
        if looks {
            self.tell_late();
        }
        // What the last waker has queued without a notification comes before the next waker, which may block.
        if !notes.take(Note::OwesPoll) {
            let has_events = notes.has(Note::Events) || (looks && self.look_at_sources());
            if self.timing.should_fire(&scheduler.timers, self.shard.index, looks, has_events, &self.queue) {
                return None;
            }
        }
        Some(self.timing.may_look_outside(looks))
    }

    /// Looks for events if a task is held back that has given way after a long poll. True if there are some: they are woken, and then that task is queued. If not, it is
    /// queued now.
    fn has_events_before_held_back(&self) -> bool {
        let Some(task) = self.timing.take_held_back() else { return false };
        if self.look_at_sources() {
            self.timing.hold_back(task);
            return true;
        }
        self.requeue(task);
        false
    }

    /// Looks for events, without waiting, unless there is enough to do. True if there are some.
    pub(super) fn look_at_sources(&self) -> bool {
        // A queue may be full for ever, and nobody else look: then every so often. More seldom than what is found is done with, so that what must wait for that has its turn.
        if self.queue.len() >= ENOUGH && (self.shard.scheduler.can_share_events() || !self.timing.insists()) {
            return false;
        }
        let Some(mut lease) = self.shard.scheduler.lease_to_look(self.shard.index) else { return false };
        self.timing.collect(|due| lease.wait(Wait::No, due));
        drop(lease);
        if !mutant("looker_leaves_silent") {
            // The driver may have come for the lease meanwhile.
            self.shard.scheduler.poller_left();
        }
        self.timing.notes.has(Note::Events)
    }
}

/// This thread's worker leaves its seat for a while, or polls a root future: nobody is to rely on it as a searcher, nor wait for what it has collected, which may be others than
/// its tasks.
pub(crate) fn pause() {
    let has_events = seat::with(|worker| {
        worker.stop_searching();
        if let Some(task) = worker.timing.take_held_back() {
            worker.requeue(task);
        }
        worker.timing.notes.has(Note::Events)
    });
    if has_events == Some(true) {
        firing::fire();
    }
}
