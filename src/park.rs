//! Parking: a thread that waits for a token, and whoever hands it one.
//!
//! A [`Parker`] belongs to one thread (a worker, the timer driver, a thread in `block_on`); its [`Unparker`]s belong to
//! anybody. At most one token is held: unparks before a park are one wake-up, and none is ever lost.
//!
//! The state is one word beside a mutex and a condition variable, used for nothing but the blocking itself. A parker of a runtime with sources may wait in the
//! selector instead, by the lease that its thread holds (`reactor/`): then it is woken through the selector.
//!
//! | state | meaning |
//! |---|---|
//! | `EMPTY` | the thread runs, no token |
//! | `PARKED` | the thread blocks, or holds the lock and is about to |
//! | `POLLING` | the thread waits in the selector, or is about to |
//! | `NOTIFIED` | a token waits |
//!
//! # Invariants
//! - *A token is never lost* (`parker_notify_lock`): the parking thread moves `EMPTY → PARKED` under the lock and releases it
//!   only by blocking; an unparker that finds `PARKED` passes through the lock before it notifies, so it notifies a
//!   thread that already blocks.
//! - *What preceded the unpark is seen after the park* (`parker_token`): the token is written with release and taken with acquire.
//! - *A timeout takes the token with it* (`parker_timeout`): the state is swapped, never read and then written.
//! - *A token comes before the wake of the selector* (`poller_wakes_before_token`, structural). The wake may come so late that it ends the wait of whoever is in the selector
//!   next: without a token he waits on (`poller_trusts_wake`, structural).
//!
//! Checked by the models `parker_unpark`, `parker_token` and `parker_timeout`, `poller_unpark` and `poller_stale_wake`.
//! Deliberately not here: who should be woken (see `scheduler/idle`), and who looks before it parks, and for how long (`runtime/patience.rs`).

use std::task::Waker;

use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::{Arc, Condvar, Monitor, RawInstant, mutant, ord, spin_loop};
use crate::reactor::{Lease, Reactor, Wait};

const EMPTY: usize = 0;
const PARKED: usize = 1;
const NOTIFIED: usize = 2;
const POLLING: usize = 3;

/// Blocks its thread until a token arrives.
#[derive(Debug)]
pub(crate) struct Parker {
    signal: Arc<Signal>,
}

/// Hands a token to one [`Parker`].
#[derive(Clone, Debug)]
pub(crate) struct Unparker {
    signal: Arc<Signal>,
}

#[derive(Debug)]
struct Signal {
    state: AtomicUsize,
    lock: Monitor<()>,
    condvar: Condvar,
    /// Whose selector the thread may wait in.
    reactor: Option<Arc<Reactor>>,
}

impl Parker {
    /// Of a thread that waits in no selector.
    pub(crate) fn new() -> Self {
        Self::with(None)
    }

    /// Of a thread that may wait in the selector of `reactor`.
    pub(crate) fn polling(reactor: &Arc<Reactor>) -> Self {
        Self::with(Some(reactor.clone()))
    }

    fn with(reactor: Option<Arc<Reactor>>) -> Self {
        let (state, lock, condvar) = (AtomicUsize::new(EMPTY), Monitor::new(()), Condvar::new());
        Self { signal: Arc::new(Signal { state, lock, condvar, reactor }) }
    }

    pub(crate) fn unparker(&self) -> Unparker {
        Unparker { signal: self.signal.clone() }
    }

    /// Looks so many times for a token, and leaves it where it is. True if there is one.
    pub(crate) fn look(&self, times: u32) -> bool {
        (0..times).any(|_| {
            // Relaxed: a guess; the park that follows takes the token (counter only).
            let has_token = self.signal.state.load(Ordering::Relaxed) == NOTIFIED;
            if !has_token {
                spin_loop();
            }
            has_token
        })
    }

    /// Blocks until a token arrives, and takes it.
    pub(crate) fn park(&self) {
        self.signal.park(None);
    }

    /// Blocks until a token arrives or `deadline` passes. True when it took a token.
    pub(crate) fn park_until(&self, deadline: RawInstant) -> bool {
        self.signal.park(Some(deadline))
    }

    /// Waits in the selector, by `lease`, until a token arrives, `deadline` passes, or there are events: those who wait for them go to `due`. When the wait ends for none of
    /// these reasons it goes on if `goes_on` says so. True when it took a token.
    pub(crate) fn poll(
        &self,
        lease: &mut Lease<'_>,
        deadline: Option<RawInstant>,
        due: &mut Vec<Waker>,
        goes_on: impl Fn() -> bool,
    ) -> bool {
        self.signal.poll(lease, deadline, due, goes_on)
    }

    /// Where the sources are that the thread may wait for.
    pub(crate) fn reactor(&self) -> Option<&Reactor> {
        self.signal.reactor.as_deref()
    }
}

impl Unparker {
    /// Hands over the token; a no-op when one waits already.
    pub(crate) fn unpark(&self) {
        self.signal.unpark();
    }

    /// Whether both are of one [`Parker`].
    pub(crate) fn same_thread(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.signal, &other.signal)
    }
}

impl Signal {
    fn park(&self, deadline: Option<RawInstant>) -> bool {
        if self.take_token() {
            return true;
        }
        let mut guard = self.lock.lock();
        // ORDERING(parker_token): acquire, on the failure that finds a token; pairs with `unpark`.
        let parked =
            self.state.compare_exchange(EMPTY, PARKED, Ordering::Relaxed, ord("parker_token", Ordering::Acquire));
        if parked.is_err() {
            return self.take_token();
        }
        loop {
            let timed_out = match deadline {
                Some(deadline) => self.condvar.wait_until(&mut guard, deadline),
                None => {
                    self.condvar.wait(&mut guard);
                    false
                }
            };
            if self.take_token() {
                return true;
            }
            if timed_out {
                return self.retract();
            }
        }
    }

    fn poll(
        &self,
        lease: &mut Lease<'_>,
        deadline: Option<RawInstant>,
        due: &mut Vec<Waker>,
        goes_on: impl Fn() -> bool,
    ) -> bool {
        // ORDERING(parker_token): acquire, on the failure that finds a token; pairs with `unpark`.
        let polling =
            self.state.compare_exchange(EMPTY, POLLING, Ordering::Relaxed, ord("parker_token", Ordering::Acquire));
        if polling.is_err() {
            return self.take_token();
        }
        let wait = deadline.map_or(Wait::Forever, Wait::Until);
        loop {
            let waited = lease.wait(wait, due);
            if self.take_token() {
                return true;
            }
            if waited.events > 0 || waited.is_over || !goes_on() || mutant("poller_trusts_wake") {
                return self.retract();
            }
        }
    }

    /// `NOTIFIED → EMPTY`, if a token waits.
    fn take_token(&self) -> bool {
        // ORDERING(parker_token): acquire, so that what the unparker did first is seen; a failure takes nothing and may be relaxed.
        self.state.compare_exchange(NOTIFIED, EMPTY, ord("parker_token", Ordering::Acquire), Ordering::Relaxed).is_ok()
    }

    /// Ends a park that timed out, or a poll: `PARKED` or `POLLING → EMPTY`. True when a token came at the last moment and was taken.
    fn retract(&self) -> bool {
        if mutant("parker_timeout") {
            let state = self.state.load(Ordering::Acquire);
            self.state.store(EMPTY, Ordering::Relaxed);
            return state == NOTIFIED;
        }
        // ORDERING(parker_token): acquire, as in `take_token`: the swap may find a token.
        self.state.swap(EMPTY, ord("parker_token", Ordering::Acquire)) == NOTIFIED
    }

    fn unpark(&self) {
        if mutant("poller_wakes_before_token") {
            self.wake_selector();
        }
        // ORDERING(parker_token): release, so that the parker sees what came before.
        match self.state.swap(NOTIFIED, ord("parker_token", Ordering::Release)) {
            PARKED => {}
            POLLING if mutant("poller_wakes_before_token") => return,
            POLLING => return self.wake_selector(),
            _ => return,
        }
        if !mutant("parker_notify_lock") {
            // The parker may hold the lock and be about to block: once we have held it, it blocks.
            drop(self.lock.lock());
        }
        self.condvar.notify_one();
    }

    fn wake_selector(&self) {
        if let Some(reactor) = &self.reactor {
            reactor.wake();
        }
    }
}
