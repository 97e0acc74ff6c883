//! A shard of the timers: one wheel under one lock, and the word that says when it is due.
//!
//! Each worker has a shard and all foreign threads share one, so that registering and cancelling seldom meet anybody.
//! A `Sleep` owns a [`Key`] into its shard; the entry is there until the `Sleep` gives it back, fired or not.
//!
//! Who calls it: `Sleep` on any thread that polls or drops one; its worker and the driver thread expire.
//!
//! # Invariants (ordering labels)
//! - `timer_publish`: `next` is written under the lock, at or before the wheel's next expiry; then the registrar passes a fence
//!   and looks whether the driver sleeps too long (`driver/`). `timer_publish_after_unlock` (structural): under the lock.
//! - `next` may be too early (a cancelled timer leaves it), never too late: that costs one spurious wake-up, not a timer.
//! - `patience` says how much later than `next` the driver looks; who writes it, and when, is told in `driver/keeping.rs`.
//! - No waker is cloned, woken or dropped under the lock: they are moved out first (structural: `timer_clone_under_lock`). One that panics as it
//!   is dropped hides no answer: a poll that finds the timer fired has freed its entry.
//! - A poll that brings another waker leaves it (structural: `timer_keeps_waker`), and looks twice (structural:
//!   `timer_poll_skips_second_look`): the timer may fire while the waker is cloned.
//! - A reset of a timer that has fired says so (structural: `timer_reset_ignores_fired`): its waker is gone.
//! - An entry is freed once, by its owner, fired or not (structural: `timer_cancel_leaves_fired`); a closed shard takes none
//!   (structural: `timer_register_ignores_closed`).
//! - A closed shard owns no storage, and looks at no key (structural: `timer_cancel_ignores_closed`, `timer_fire_ignores_closed`): all its timers' entries are gone.
//! - What the thread that fires a timer did before is seen by the poll that finds it fired: both hold the lock.
//!
//! Checked by the models `timer_fire_poll`, `timer_fire_cancel`, `timer_fire_reregister`, `timer_fire_reset`, `timer_fire_reset_to_past`,
//! `timer_insert_cancel`, `timer_cascade_cancel`, `timer_clone_panics` and, with the driver, `driver_earlier_deadline`.
//! Deliberately not here: the wheel's arithmetic (`wheel/`), the thread (`driver/`).

use std::task::{Poll, Waker};

use super::wheel::{Key, Wheel};
use crate::facade::atomic::{AtomicU64, Ordering};
use crate::facade::{Mutex, catch_unwind, mutant};

/// No expiry at all.
pub(crate) const NEVER: u64 = u64::MAX;

/// The shard takes no timers any more: its runtime has shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

/// One wheel and its lock. Times are nanoseconds since the runtime's start.
pub(crate) struct TimerShard {
    /// When somebody must look at this shard; [`NEVER`] if nobody need.
    next: AtomicU64,
    /// For how long the driver leaves that to the shard's worker.
    patience: AtomicU64,
    timers: Mutex<ShardTimers>,
}

struct ShardTimers {
    wheel: Wheel<Waker>,
    counts: Counts,
    closed: bool,
}

/// What has become of a shard's timers so far: each that was registered waits, was fired or was cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) registered: u64,
    pub(crate) fired: u64,
    /// Taken out before they fired, by their owner or by the shard's end.
    pub(crate) cancelled: u64,
    /// Entries in the wheel: timers that wait, and fired ones whose owner has not noticed yet.
    pub(crate) live: usize,
}

/// A timer just registered.
pub(crate) struct Registered {
    pub(crate) key: Key,
    /// This timer is the first to be due: whoever looks after the shard must know.
    pub(crate) earlier: bool,
}

impl TimerShard {
    pub(crate) fn new() -> Self {
        Self::with(Wheel::new(0))
    }

    /// One whose timers fire in the exact order of their deadlines, and not a nanosecond late.
    pub(crate) fn exact() -> Self {
        Self::with(Wheel::with_tick_shift(0, 0))
    }

    fn with(wheel: Wheel<Waker>) -> Self {
        Self {
            next: AtomicU64::new(NEVER),
            patience: AtomicU64::new(0),
            timers: Mutex::new(ShardTimers { wheel, counts: Counts::default(), closed: false }),
        }
    }

    /// When somebody must look here. The caller orders it by its fence.
    pub(crate) fn next(&self) -> u64 {
        // ORDERING(timer_publish): relaxed, after the reader's fence (`driver_rescan`, `timer_keep`).
        self.next.load(Ordering::Relaxed)
    }

    /// When the driver must look here. The caller orders it by its fence.
    pub(crate) fn limit(&self) -> u64 {
        // ORDERING(timer_publish): relaxed, after the reader's fence.
        self.next().saturating_add(self.patience.load(Ordering::Relaxed))
    }

    /// Sets for how long after `next` the driver leaves the shard to its worker. A fence of the caller's follows.
    pub(crate) fn set_patience(&self, patience: u64) {
        // ORDERING(timer_keep): relaxed, the caller's fence orders it; a swap, for registrars race it with a compare-exchange.
        self.patience.swap(patience, Ordering::Relaxed);
    }

    /// Has the driver look as soon as a timer is due, if it leaves that to a worker that sleeps: true then. The caller's fence came before, and
    /// another follows if so.
    pub(crate) fn take_over(&self) -> bool {
        // ORDERING(timer_keep): relaxed, as above. If the exchange fails the worker has woken, and tells the driver.
        self.patience.load(Ordering::Relaxed) == NEVER
            && self.patience.compare_exchange(NEVER, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Enters a timer.
    pub(crate) fn register(&self, deadline: u64, waker: Waker) -> Result<Registered, Closed> {
        let mut timers = self.timers.lock();
        if timers.closed && !mutant("timer_register_ignores_closed") {
            drop(timers);
            return Err(Closed);
        }
        let key = timers.wheel.insert(deadline, waker);
        timers.counts.registered += 1;
        let earlier = self.publish_if_earlier(timers.wheel.expiry_of(key));
        drop(timers);
        Ok(Registered { key, earlier })
    }

    /// Moves a timer to another deadline. Whether it was pending, and whether it is the first to be due now.
    pub(crate) fn reset(&self, key: Key, deadline: u64) -> (bool, bool) {
        let mut timers = self.timers.lock();
        if timers.closed {
            return (false, false);
        }
        if !timers.wheel.reset(key, deadline) && !mutant("timer_reset_ignores_fired") {
            return (false, false);
        }
        (true, self.publish_if_earlier(timers.wheel.expiry_of(key)))
    }

    /// Fires a timer now, due or not: its waker, for the caller to wake, unless it has fired before, or the shard is closed.
    pub(crate) fn fire(&self, key: Key) -> Option<Waker> {
        let mut timers = self.timers.lock();
        if timers.closed && !mutant("timer_fire_ignores_closed") {
            return None;
        }
        let waker = timers.wheel.fire(key);
        timers.counts.fired += u64::from(waker.is_some());
        waker
    }

    /// Lowers `next` to `expiry`, that of a timer just entered, under the lock. True if it was later.
    fn publish_if_earlier(&self, expiry: Option<u64>) -> bool {
        // ORDERING(timer_publish): relaxed, written under the lock only; the registrar's fence follows.
        let Some(expiry) = expiry.filter(|&expiry| expiry < self.next.load(Ordering::Relaxed)) else { return false };
        // ORDERING(timer_publish): relaxed, as above; a swap, for the driver reads it without the lock.
        self.next.swap(expiry, Ordering::Relaxed);
        true
    }

    /// Ready once the timer has fired: its entry is then free, and `key` is void. Else `waker` is the one to be woken.
    pub(crate) fn poll(&self, key: Key, waker: &Waker) -> Poll<Result<(), Closed>> {
        let mut timers = self.timers.lock();
        if let Some(answer) = timers.settle(key, waker) {
            return answer;
        }
        // The waker has changed. Cloning it is the user's code, and not for under the lock.
        drop(timers);
        let locked = mutant("timer_clone_under_lock").then(|| self.timers.lock());
        let waker = waker.clone();
        drop(locked);
        let mut timers = self.timers.lock();
        // The timer may have fired, or the shard have closed, since the first look.
        let answer = if mutant("timer_poll_skips_second_look") { None } else { timers.settle(key, &waker) };
        let old = match answer {
            None => timers.wheel.get_mut(key).map(|slot| std::mem::replace(slot, waker)),
            Some(_) => Some(waker),
        };
        drop(timers);
        drop_quietly(old);
        answer.unwrap_or(Poll::Pending)
    }

    /// Takes a timer out, fired or not. Its waker is dropped after the lock is released.
    pub(crate) fn cancel(&self, key: Key) {
        let mut timers = self.timers.lock();
        if timers.closed && !mutant("timer_cancel_ignores_closed") {
            return;
        }
        if mutant("timer_cancel_leaves_fired") && timers.wheel.get_mut(key).is_none() {
            return;
        }
        let waker = timers.wheel.remove(key);
        timers.counts.cancelled += u64::from(waker.is_some());
        drop(timers);
        drop_quietly(waker);
    }

    /// Moves up to `limit` wakers of timers due at `now` into `due`, and publishes what is next. True when more are due.
    pub(crate) fn expire(&self, now: u64, limit: usize, due: &mut Vec<Waker>) -> bool {
        let mut timers = self.timers.lock();
        let before = due.len();
        let more = timers.wheel.expire(now, limit, |waker| due.push(waker));
        timers.counts.fired += (due.len() - before) as u64;
        // If more are due they have been for no longer than `now`, as far as the driver's patience goes.
        let next = if more { now } else { timers.wheel.next_expiry().unwrap_or(NEVER) };
        if mutant("timer_publish_after_unlock") {
            drop(timers);
            self.next.swap(next, Ordering::Relaxed);
            return more;
        }
        // ORDERING(timer_publish): relaxed, under the lock, so that a registrar cannot come between the wheel and its word.
        self.next.swap(next, Ordering::Relaxed);
        more
    }

    /// When the next timer is due, exactly. Publishes what is next, too: a timer that was cancelled may have left it too early.
    #[cfg(feature = "test-util")]
    pub(crate) fn earliest_due(&self) -> Option<u64> {
        let timers = self.timers.lock();
        let next = timers.wheel.next_expiry().unwrap_or(NEVER);
        // ORDERING(timer_publish): relaxed, under the lock, as in `expire`.
        self.next.swap(next, Ordering::Relaxed);
        timers.wheel.earliest_due()
    }

    /// Whether a timer has fired, and nobody has polled it since.
    pub(crate) fn has_fired(&self, key: Key) -> bool {
        let timers = self.timers.lock();
        !timers.closed && timers.wheel.is_fired(key)
    }

    /// Refuses timers from now on, and moves up to `limit` wakers of those that are in into `due`. True when more are in; else nothing is left
    /// of them.
    pub(crate) fn close(&self, limit: usize, due: &mut Vec<Waker>) -> bool {
        let mut timers = self.timers.lock();
        timers.closed = true;
        let before = due.len();
        let more = timers.wheel.take_all(limit, |waker| due.push(waker));
        timers.counts.cancelled += (due.len() - before) as u64;
        let storage = (!more).then(|| timers.wheel.take());
        drop(timers);
        // It holds no wakers any more.
        drop(storage);
        more
    }

    /// Calls `f` with the deadline and the waker of each timer that waits, of the first, second, or `part`-th thousand, under the lock: it runs no code of the user's. False when
    /// there are no more.
    pub(crate) fn for_each_of(&self, part: usize, f: impl FnMut(u64, &Waker)) -> bool {
        self.timers.lock().wheel.for_each_of(part, f)
    }

    /// What has become of the timers so far.
    pub(crate) fn counts(&self) -> Counts {
        let timers = self.timers.lock();
        Counts { live: timers.wheel.len(), ..timers.counts }
    }
}

impl ShardTimers {
    /// The answer to a poll, unless the timer waits and must get another waker.
    fn settle(&mut self, key: Key, waker: &Waker) -> Option<Poll<Result<(), Closed>>> {
        if self.closed {
            return Some(Poll::Ready(Err(Closed)));
        }
        match self.wheel.get_mut(key) {
            Some(registered) => (registered.will_wake(waker) || mutant("timer_keeps_waker")).then_some(Poll::Pending),
            None => {
                self.wheel.remove(key);
                Some(Poll::Ready(Ok(())))
            }
        }
    }
}

/// Drops somebody's waker; a panic in it ends here.
fn drop_quietly(waker: Option<Waker>) {
    if let Err(payload) = catch_unwind(|| drop(waker))
        && let Err(endless) = catch_unwind(|| drop(payload))
    {
        std::mem::forget(endless);
    }
}
