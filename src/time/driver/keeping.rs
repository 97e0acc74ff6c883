//! Who looks after a worker's shard: the worker itself, and the driver behind it.
//!
//! A timer whose task sleeps on an idle worker costs one wake-up of a thread, and not three, if that worker waits for it alone: the driver is
//! neither told of it nor woken by it. A busy worker fires what is due in its shard between two polls. The driver is the guarantor: a worker that
//! is stuck in a poll keeps no timer waiting for longer than [`GRACE`].
//!
//! | the shard's worker | `patience` | the driver looks |
//! |---|---|---|
//! | none: the shard of foreign threads, or a worker that no thread works as | 0 | when a timer is due |
//! | runs | [`GRACE`] | that much later |
//! | sleeps until its first timer is due ([`keep`](Timers::keep)) | [`NEVER`] | not at all |
//!
//! A worker that registers a timer need not tell the driver before the end of the poll that it is in, when it goes to sleep itself or tells it
//! (`scheduler/worker/timing.rs`). Races that must not leave a timer to nobody:
//!
//! - *Somebody registers an earlier timer while the worker goes to sleep until a later one.* He writes `next`, passes the fence
//!   `timer_publish`, and reads `patience`; the worker writes `patience`, passes the fence `timer_keep`, and reads `next`. So the worker
//!   sees the timer, or he sees that it sleeps, and has the driver take over.
//! - *The worker wakes and runs while the driver goes to sleep.* It writes `patience`, passes the fence `timer_publish`, and reads `until`; the
//!   driver writes `until`, passes the fence `driver_rescan`, and reads `patience`.
//! - *The clock is paused, resumed or advanced while the worker sleeps*, whose alarm is then wrong. The driver, which is unparked for each of these,
//!   takes over. A worker that worked out its alarm before has written `patience` before, as they lock the clock's reading one after the other.
//! - *Somebody takes over while the worker wakes.* Whoever takes over changes [`NEVER`] alone; a worker that has woken meanwhile tells the driver itself.
//!
//! # Invariants (ordering labels)
//! - `timer_taken_over`: the fence between taking over and reading `until`; pairs with `driver_rescan`.
//! - `timer_keep`: the worker's fence above; pairs with `timer_publish`. `timer_sleeper_alone` (structural): a registrar has the driver
//!   take over. `timer_kept_through_pause` (structural): the driver does when the clock has changed. `timer_wakes_untold` (structural): the
//!   worker tells the driver when it runs again.
//!
//! Checked by the models `keep_vs_earlier`, `keep_vs_driver`, `keep_vs_pause` and `untold_vs_poll`.
//! Deliberately not here: when a worker looks (`scheduler/worker/timing.rs`).

use std::task::Waker;

use super::{NEVER, Timers};
use crate::facade::atomic::Ordering;
use crate::facade::{RawInstant, fence_seq_cst, mutant};
use crate::time::shard::TimerShard;

/// For how many nanoseconds the driver leaves what is due in a shard to its worker, if that runs: so late is a timer of a worker that is stuck, and
/// so seldom does the driver wake in vain.
const GRACE: u64 = 1_000_000;

impl Timers {
    /// The shard's worker goes to sleep, and looks after it: until when, if there is a timer.
    pub(crate) fn keep(&self, shard: usize) -> Option<RawInstant> {
        let home = &self.shards[shard];
        home.set_patience(NEVER);
        // ORDERING(timer_keep): `patience` before, `next` after; pairs with `timer_publish`.
        fence_seq_cst("timer_keep");
        let next = Some(home.next()).filter(|&next| next != NEVER)?;
        self.clock.alarm_if_running(next).unwrap_or_else(|_| {
            // Paused time is the driver's alone.
            home.set_patience(0);
            None
        })
    }

    /// The clock was paused, resumed or advanced: workers that sleep do so for too long, maybe. The driver looks for them.
    #[cfg(feature = "test-util")]
    pub(super) fn take_all_over(&self) {
        if !mutant("timer_kept_through_pause") {
            self.shards.iter().for_each(|shard| _ = shard.take_over());
        }
    }

    /// The shard's worker is on a thread's seat, or awake again: it looks between polls.
    pub(crate) fn attend(&self, shard: usize) {
        self.shards[shard].set_patience(GRACE);
        if !mutant("timer_wakes_untold") {
            self.tell_driver(shard);
        }
    }

    /// No thread works as the shard's worker any more.
    pub(crate) fn abandon(&self, shard: usize) {
        self.shards[shard].set_patience(0);
        self.tell_driver(shard);
    }

    /// Whether something is due in the shard of a worker that asks.
    pub(crate) fn is_due(&self, shard: usize) -> bool {
        let next = self.shards[shard].next();
        next != NEVER && !self.clock.is_paused() && next <= self.clock.now()
    }

    /// Moves up to `limit` wakers of what is due in the shard of a worker that asks into `due`. True when more is.
    pub(crate) fn expire(&self, shard: usize, limit: usize, due: &mut Vec<Waker>) -> bool {
        !self.clock.is_paused() && self.shards[shard].expire(self.clock.now(), limit, due)
    }

    /// The registrar's half of the driver's sleep.
    pub(crate) fn tell_driver(&self, shard: usize) {
        self.tell_driver_of(&self.shards[shard]);
    }

    pub(super) fn tell_driver_of(&self, shard: &TimerShard) {
        // ORDERING(timer_publish): `next` and `patience` before, `until` after; pairs with `driver_rescan`. And `next` before, `patience`
        // after; pairs with `timer_keep`.
        fence_seq_cst("timer_publish");
        if !mutant("timer_sleeper_alone") && shard.take_over() {
            // ORDERING(timer_taken_over): `patience` before, `until` after; pairs with `driver_rescan`.
            fence_seq_cst("timer_taken_over");
        }
        let limit = shard.limit();
        // ORDERING(timer_publish): relaxed, after the fence.
        let mut until = self.until.load(Ordering::Relaxed);
        while limit < until {
            // Counter only: lowered so that later registrars with later timers leave the driver alone.
            match self.until.compare_exchange_weak(until, limit, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return self.unparker.unpark(),
                Err(found) => until = found,
            }
        }
    }
}
