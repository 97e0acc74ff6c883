//! The timer driver: all shards, and the thread that sleeps until the earliest expiry and wakes what is due.
//!
//! The driver is tickless: with no timer it sleeps until somebody registers one, and costs nothing.
//!
//! # The driver's sleep
//! `until` says to when the driver sleeps; [`AWAKE`] while it looks through the shards. Two threads may miss each other,
//! one that registers an earlier timer and one that goes to sleep:
//!
//! | registrar | driver |
//! |---|---|
//! | 1. `shard.next` := e | 1. `until` := u |
//! | 2. fence `timer_publish` | 2. fence `driver_rescan` |
//! | 3. reads `until`; if e < `until`: lowers it and unparks | 3. reads each `shard.next`; if one < u: does not sleep |
//!
//! Whichever fence comes first, the other thread's read sees the write before it: the registrar sees u and unparks, or the driver
//! sees e and stays awake. A registrar whose timer is not the first of its shard need not look: an earlier one has, and
//! the driver recomputes `next` under the lock when that one is due.
//!
//! Where a shard has a worker the driver is patient: see `keeping.rs`.
//!
//! # Invariants (ordering labels)
//! - `timer_publish`, `driver_rescan`: the two fences above. `driver_skip_rescan` (structural): step 3 of the driver.
//!   `timer_reset_skips_driver` (structural): a reset is a registrar too.
//! - `driver_unpark_before_flag` (structural): the closing flag is written before the unpark, whose token carries it to the driver.
//! - `timers_close`: what came before the timers were closed is seen by the driver as it wakes those that are left, whether a token or a look has told
//!   it of that.
//! - A waker that blocks here holds up all that the driver does for timers: tasks' and `block_on`'s do not, a foreign executor's must not.
//! - Wakers are woken outside the locks, in bounded batches; a panic in one ends there.
//!
//! # Paused time
//! While the clock is paused the driver waits for no time. It moves the clock itself, to the earliest timer, whenever nothing in the runtime is
//! awake (`clock/awake.rs`), fires what is due at exactly that moment, and waits until everything rests again. Timers that are
//! registered while it is paused have a shard of their own, with ticks of a nanosecond: they fire in order of deadline, equal ones as registered.
//! Timers from before keep their ticks: they fire up to a tick late.
//!
//! Who calls it: [`Timers::drive`] is the driver thread; all else runs on the threads that use timers.
//! Checked by the models `driver_earlier_deadline`, `driver_reset_earlier`, `driver_shutdown`, `driver_paused`, `leave_vs_close`, and the timer models of `shard.rs`.
//! Deliberately not here: tasks and queues. The thread knows `Waker`s, a `sink` that it hands batches of them, and a question: is there work?

mod keeping;
#[cfg(feature = "test-util")]
mod paused;
mod wakeups;

use std::task::{Poll, Waker};

use wakeups::Wakeups;

use super::clock::Clock;
use super::shard::{Closed, Counts, NEVER, Registered, TimerShard};
use super::wheel::Key;
use crate::facade::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::facade::{CachePadded, RawInstant, fence_seq_cst, mutant, ord, sharply};
use crate::park::{Parker, Unparker};
use crate::reactor::Lease;

/// `until` while the driver is awake: nothing is earlier, so nobody unparks it.
const AWAKE: u64 = 0;

/// Wakers taken out of a shard under one hold of its lock.
const BATCH: usize = 128;

/// All timers of a runtime.
pub(crate) struct Timers {
    clock: Clock,
    /// One for each worker, one for foreign threads and, if the clock can be paused, one for timers of paused time.
    shards: Box<[CachePadded<TimerShard>]>,
    until: CachePadded<AtomicU64>,
    /// Until when it was to sleep last. The driver's own.
    told: AtomicU64,
    unparker: Unparker,
    closed: AtomicBool,
    wakeups: Wakeups,
}

/// A timer, as its owner knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    key: Key,
    /// It is in the shard for timers of paused time, and not in its owner's.
    paused: bool,
}

/// How the driver's thread sleeps.
struct Sleeper<'a, 'r> {
    parker: &'a Parker,
    /// The right to wait for events instead, if it is to.
    lease: &'a dyn Fn() -> Option<Lease<'r>>,
}

impl Timers {
    /// `shards` shards that go by `clock`, to be driven by the thread that parks on the parker of `unparker`.
    pub(crate) fn new(clock: Clock, shards: usize, unparker: Unparker) -> Self {
        let mut shards: Vec<_> = (0..shards).map(|_| CachePadded::new(TimerShard::new())).collect();
        if clock.is_pausable() {
            shards.push(CachePadded::new(TimerShard::exact()));
        }
        Self {
            clock,
            shards: shards.into_boxed_slice(),
            until: CachePadded::new(AtomicU64::new(AWAKE)),
            told: AtomicU64::new(AWAKE),
            unparker,
            closed: AtomicBool::new(false),
            wakeups: Wakeups::new(),
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Registers a timer in `shard`. True if the driver may sleep for too long: the caller sees to that, by [`tell_driver`](Self::tell_driver) or
    /// [`keep`](Self::keep).
    pub(crate) fn register_untold(&self, shard: usize, deadline: u64, waker: Waker) -> Result<(Ticket, bool), Closed> {
        let paused = self.clock.is_paused();
        let home = self.shard(shard, paused);
        let Registered { key, mut earlier } = home.register(deadline, waker)?;
        if earlier && paused {
            self.tell_driver_of(home);
            earlier = false;
        }
        Ok((Ticket { key, paused }, earlier))
    }

    /// Moves a timer to another deadline. False when it had fired: the ticket is void then only after a poll or a cancel.
    pub(crate) fn reset(&self, shard: usize, ticket: Ticket, deadline: u64) -> bool {
        let home = self.shard(shard, ticket.paused);
        let (pending, earlier) = home.reset(ticket.key, deadline);
        if earlier && !mutant("timer_reset_skips_driver") {
            self.tell_driver_of(home);
        }
        pending
    }

    /// Fires a timer now: see [`TimerShard::fire`].
    pub(crate) fn fire(&self, shard: usize, ticket: Ticket) -> Option<Waker> {
        self.shard(shard, ticket.paused).fire(ticket.key)
    }

    /// See [`TimerShard::poll`].
    pub(crate) fn poll(&self, shard: usize, ticket: Ticket, waker: &Waker) -> Poll<Result<(), Closed>> {
        self.shard(shard, ticket.paused).poll(ticket.key, waker)
    }

    /// See [`TimerShard::cancel`].
    pub(crate) fn cancel(&self, shard: usize, ticket: Ticket) {
        self.shard(shard, ticket.paused).cancel(ticket.key);
    }

    /// Whether a poll would find it over: see [`TimerShard::has_fired`].
    pub(crate) fn has_fired(&self, shard: usize, ticket: Ticket) -> bool {
        // Closed shards have taken all wakers, also of timers that have not fired.
        !self.is_closed() && self.shard(shard, ticket.paused).has_fired(ticket.key)
    }

    /// The shards: one for each that it was made with, and one for timers of paused time.
    pub(crate) fn shards(&self) -> impl Iterator<Item = &TimerShard> {
        self.shards.iter().map(|shard| &**shard)
    }

    /// The shard of this number, or the last one, for timers of paused time.
    fn shard(&self, shard: usize, paused: bool) -> &TimerShard {
        let paused = cfg!(feature = "test-util") && paused;
        &self.shards[if paused { self.shards.len() - 1 } else { shard }]
    }

    /// Has the driver thread begin another turn.
    pub(crate) fn unpark_driver(&self) {
        self.unparker.unpark();
    }

    /// The driver thread: wakes what is due through `sink`, which empties its vector, until the timers are closed. `has_work` says
    /// whether tasks wait to be run. `watch` is called on each turn, and says when it wants to be called again; it may wake. `lease` is asked before each sleep: by
    /// that the driver waits for events of sources, too.
    #[cfg_attr(not(feature = "test-util"), expect(unused_variables, reason = "paused time alone asks for work"))]
    pub(crate) fn drive<'r>(
        &self,
        parker: &Parker,
        has_work: impl Fn() -> bool,
        mut watch: impl FnMut() -> Option<RawInstant>,
        lease: impl Fn() -> Option<Lease<'r>>,
        mut sink: impl FnMut(&mut Vec<Waker>),
    ) {
        let mut due = Vec::with_capacity(BATCH);
        let sleeper = Sleeper { parker, lease: &lease };
        #[cfg(feature = "test-util")]
        let mut turns = paused::Turns::default();
        while !self.is_closed() {
            let alarm = watch();
            #[cfg(feature = "test-util")]
            if self.clock.is_pausable() {
                self.drive_pausable(&sleeper, &has_work, alarm, &mut turns, &mut due, &mut sink);
                continue;
            }
            if self.fire_due(&mut due, &mut sink) {
                continue;
            }
            self.sleep_until_earliest(&sleeper, alarm, &mut due);
            sink(&mut due);
        }
        // ORDERING(timers_close): `closed` before, all that is left after; pairs with the swap in `close`.
        fence_seq_cst("timers_close");
        for shard in &self.shards {
            loop {
                let more = shard.close(BATCH, &mut due);
                sink(&mut due);
                if !more {
                    break;
                }
            }
        }
        #[cfg(feature = "test-util")]
        self.answer_all(&mut due, &mut sink);
        if let Some(reactor) = parker.reactor() {
            reactor.close(&mut due);
            sink(&mut due);
        }
    }

    /// Fires a batch of what is due in each shard that is not left to its worker. True when more is.
    fn fire_due(&self, due: &mut Vec<Waker>, sink: &mut impl FnMut(&mut Vec<Waker>)) -> bool {
        let now = self.clock.now();
        self.fire_in(self.shards.iter().filter(|shard| shard.limit() <= now), now, due, sink)
    }

    /// Fires a batch of what is due at `now` in each of `shards`. True when more is.
    fn fire_in<'a>(
        &self,
        shards: impl Iterator<Item = &'a CachePadded<TimerShard>>,
        now: u64,
        due: &mut Vec<Waker>,
        sink: &mut impl FnMut(&mut Vec<Waker>),
    ) -> bool {
        let mut more = false;
        for shard in shards {
            more |= shard.expire(now, BATCH, due);
            if !due.is_empty() {
                self.wakeups.was_of_use();
            }
            sink(due);
        }
        more
    }

    /// Sleeps until the driver must look at the first of all shards. If it was told of an earlier time that has not come, until that, though the
    /// worker that told it looks after its timers itself by now: it may run and sleep many times until then, and would tell it each time.
    fn sleep_until_earliest(&self, sleeper: &Sleeper<'_, '_>, alarm: Option<RawInstant>, due: &mut Vec<Waker>) {
        // Counter only: the driver's own.
        let told = self.told.load(Ordering::Relaxed);
        let earliest = self.earliest();
        let until = if told < earliest && self.clock.now() < told { told } else { earliest };
        let _ = self.sleep(sleeper, until, alarm, due);
    }

    /// The driver's half of its sleep, until the clock shows `until`, the machine's one `alarm`, or somebody unparks it. False if its time was up.
    fn sleep(&self, sleeper: &Sleeper<'_, '_>, until: u64, alarm: Option<RawInstant>, due: &mut Vec<Waker>) -> bool {
        self.wakeups.settle();
        // ORDERING(driver_rescan): relaxed, before the fence; a swap, for registrars race it with a compare-exchange.
        self.until.swap(until, Ordering::Relaxed);
        // ORDERING(driver_rescan): `until` before, each `next` after; pairs with `timer_publish`.
        fence_seq_cst("driver_rescan");
        let missed = !mutant("driver_skip_rescan") && self.earliest() < until;
        let mut was_called = true;
        if !missed && !self.is_closed() {
            let expiry = if until == NEVER { None } else { self.clock.alarm(until) };
            was_called = self.park(sleeper, expiry, alarm, due);
        }
        // Counter only: a registrar that still sees the old value unparks once for nothing.
        let told = self.until.swap(AWAKE, Ordering::Relaxed);
        // Counter only: the driver's own.
        self.told.store(told, Ordering::Relaxed);
        was_called
    }

    /// Parks the driver, or lets it wait for events: those who wait for them go to `due`. It wakes at `expiry`, exactly, and at `alarm`, not long after. False if its
    /// time was up.
    fn park(
        &self,
        sleeper: &Sleeper<'_, '_>,
        expiry: Option<RawInstant>,
        alarm: Option<RawInstant>,
        due: &mut Vec<Waker>,
    ) -> bool {
        let parker = sleeper.parker;
        let first = expiry.into_iter().chain(alarm).min();
        let was_called = match ((sleeper.lease)(), first) {
            (Some(mut lease), first) => parker.poll(&mut lease, first, due, || true) || !due.is_empty(),
            (None, Some(first)) if expiry == Some(first) => sharply(|| parker.park_until(first)),
            (None, Some(first)) => parker.park_until(first),
            (None, None) => {
                parker.park();
                true
            }
        };
        self.wakeups.count();
        was_called
    }

    /// When the driver must look at the first of all shards.
    fn earliest(&self) -> u64 {
        self.shards.iter().map(|shard| shard.limit()).min().unwrap_or(NEVER)
    }

    /// Ends the driver thread, which wakes every sleeper on its way out.
    pub(crate) fn close(&self) {
        if mutant("driver_unpark_before_flag") {
            self.unparker.unpark();
            // Relaxed: as below (counter only).
            self.closed.swap(true, Ordering::Relaxed);
            return;
        }
        // ORDERING(timers_close): release; pairs with the fence in `drive`. The token of the unpark may come too late to carry it.
        self.closed.swap(true, ord("timers_close", Ordering::Release));
        self.unparker.unpark();
    }

    pub(crate) fn is_closed(&self) -> bool {
        // ORDERING(timers_close): relaxed, the driver's fence orders it; a poll that finds it set reads nothing else.
        self.closed.load(Ordering::Relaxed)
    }

    /// Times that the driver thread woke.
    pub(crate) fn wakeups(&self) -> u64 {
        self.wakeups.all()
    }

    /// Times that it woke, not to end, and fired nothing before it went back to sleep.
    pub(crate) fn spurious_wakeups(&self) -> u64 {
        self.wakeups.spurious()
    }

    /// What has become of the timers so far. While timers are registered too few may be told to be live, but never more than were at once:
    /// those that came between the first look and a shard's second may have taken the place of others.
    pub(crate) fn counts(&self) -> Counts {
        let counts = || self.shards.iter().map(|shard| shard.counts());
        let before = counts().map(|shard| shard.registered).fold(0, u64::wrapping_add);
        let mut sum = counts().fold(Counts::default(), |sum, shard| Counts {
            registered: sum.registered.saturating_add(shard.registered),
            fired: sum.fired.saturating_add(shard.fired),
            cancelled: sum.cancelled.saturating_add(shard.cancelled),
            live: sum.live.saturating_add(shard.live),
        });
        let meanwhile = usize::try_from(sum.registered.wrapping_sub(before)).unwrap_or(usize::MAX);
        sum.live = sum.live.saturating_sub(meanwhile);
        sum
    }
}
