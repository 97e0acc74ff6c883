//! Parking: a thread that waits for a token, and whoever hands it one.
//!
//! A [`Parker`] belongs to one thread (a worker, the timer driver, a thread in `block_on`); its [`Unparker`]s belong to
//! anybody. At most one token is held: unparks before a park are one wake-up, and none is ever lost.
//!
//! The state is one word beside a mutex and a condition variable, used for nothing but the blocking itself.
//!
//! | state | meaning |
//! |---|---|
//! | `EMPTY` | the thread runs, no token |
//! | `PARKED` | the thread blocks, or holds the lock and is about to |
//! | `NOTIFIED` | a token waits |
//!
//! # Invariants
//! - *A token is never lost* (`parker_notify_lock`): the parking thread moves `EMPTY → PARKED` under the lock and releases it
//!   only by blocking; an unparker that finds `PARKED` passes through the lock before it notifies, so it notifies a
//!   thread that already blocks.
//! - *What preceded the unpark is seen after the park* (`parker_token`): the token is written with release and taken with acquire.
//! - *A timeout takes the token with it* (`parker_timeout`): the state is swapped, never read and then written.
//!
//! Checked by the models `parker_unpark`, `parker_token` and `parker_timeout`.
//! Deliberately not here: who should be woken (see `scheduler/idle`), and who looks before it parks, and for how long (`runtime/patience.rs`).

use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::{Arc, Condvar, Monitor, RawInstant, mutant, ord, spin_loop};

const EMPTY: usize = 0;
const PARKED: usize = 1;
const NOTIFIED: usize = 2;

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
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self {
            signal: Arc::new(Signal {
                state: AtomicUsize::new(EMPTY),
                lock: Monitor::new(()),
                condvar: Condvar::new(),
            }),
        }
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

    /// `NOTIFIED → EMPTY`, if a token waits.
    fn take_token(&self) -> bool {
        // ORDERING(parker_token): acquire, so that what the unparker did first is seen; a failure takes nothing and may be relaxed.
        self.state.compare_exchange(NOTIFIED, EMPTY, ord("parker_token", Ordering::Acquire), Ordering::Relaxed).is_ok()
    }

    /// Ends a park that timed out: `PARKED → EMPTY`. True when a token came at the last moment and was taken.
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
        // ORDERING(parker_token): release, so that the parker sees what came before.
        if self.state.swap(NOTIFIED, ord("parker_token", Ordering::Release)) != PARKED {
            return;
        }
        if !mutant("parker_notify_lock") {
            // The parker may hold the lock and be about to block: once we have held it, it blocks.
            drop(self.lock.lock());
        }
        self.condvar.notify_one();
    }
}
