//! Mutex and condition variable, with parking_lot's API and meaning.
//!
//! shuttle's own condition variable never times out. So this one keeps its own queue of waiters, each of which blocks on a semaphore.
//!
//! A wait goes through these steps; at each, other threads may run.
//!
//! 1. Under the mutex, the waiter joins the queue (`Phase::Awake`): from here on a notification may choose it.
//! 2. With a deadline, it registers with the clock.
//! 3. It releases the mutex and blocks (`Phase::Parked`), unless already notified or expired.
//! 4. Woken by the clock, it leaves the queue, which is what a timeout is, unless a notification has chosen it meanwhile.
//! 5. It takes the mutex again.
//!
//! # Invariants
//! - *A notification is never spent on a waiter that reports a timeout*: 4 decides, in one step.
//! - *A waiter is unblocked once for each time that it blocks*: whoever does it first moves it out of `Phase::Parked`.
//! - There are no spurious wake-ups: a missing notification is a deadlock, not a delay.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex as Plain, MutexGuard as PlainGuard, PoisonError};

use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync as checked;

use super::clock::{self, RawInstant};
use super::passage;
use super::turn::Turn;

/// A mutual exclusion lock.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T: ?Sized>(checked::Mutex<T>);

/// Access to what a [`Mutex`] guards; the lock is released when it is dropped.
#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// `None` only inside [`Condvar::wait`].
    held: Option<checked::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(checked::Mutex::new(value))
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> Mutex<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, held: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)) }
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok().map(|held| MutexGuard { mutex: self, held: Some(held) })
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("the guard holds the lock")
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("the guard holds the lock")
    }
}

/// A condition variable that waits for a notification or for an instant of the raw clock.
#[derive(Debug)]
pub(crate) struct Condvar {
    turn: Turn,
    queue: Plain<Vec<Arc<Waiter>>>,
}

/// One wait of one thread.
#[derive(Debug)]
pub(super) struct Waiter {
    blocked: BatchSemaphore,
    phase: Plain<Phase>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Not blocked yet.
    Awake,
    /// Blocked.
    Parked,
    /// Woken by the clock, or kept from blocking.
    Expired,
    /// Chosen by a notification.
    Notified,
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self { turn: Turn::new(), queue: Plain::default() }
    }

    /// Waits for a notification.
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let waiter = self.join_queue();
        guard.held = None;
        waiter.park();
        guard.held = guard.mutex.lock().held;
    }

    /// Waits for a notification until `deadline`; true when it passed.
    pub(crate) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, deadline: RawInstant) -> bool {
        let waiter = self.join_queue();
        let registered = clock::register(deadline, &waiter);
        guard.held = None;
        if registered {
            waiter.park_until(deadline);
        }
        let timed_out = waiter.phase() != Phase::Notified && self.leave_queue(&waiter);
        guard.held = guard.mutex.lock().held;
        timed_out
    }

    /// Wakes one waiter, whichever.
    pub(crate) fn notify_one(&self) {
        self.turn.alter();
        let chosen = {
            let mut queue = plain(&self.queue);
            match queue.len() {
                0 => None,
                1 => queue.pop(),
                count => Some(queue.remove(thread_rng().gen_range(0..count))),
            }
        };
        if let Some(waiter) = chosen {
            waiter.wake(Phase::Notified);
        }
    }

    /// Wakes all waiters.
    pub(crate) fn notify_all(&self) {
        self.turn.alter();
        let waiters = std::mem::take(&mut *plain(&self.queue));
        for waiter in waiters {
            waiter.wake(Phase::Notified);
        }
    }

    fn join_queue(&self) -> Arc<Waiter> {
        self.turn.alter();
        let waiter = Waiter::new();
        plain(&self.queue).push(waiter.clone());
        waiter
    }

    /// Takes a waiter whose time is up off the queue. False if a notification has done so.
    fn leave_queue(&self, waiter: &Arc<Waiter>) -> bool {
        self.turn.alter();
        let mut queue = plain(&self.queue);
        let queued = queue.len();
        queue.retain(|other| !Arc::ptr_eq(other, waiter));
        queue.len() < queued
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl Waiter {
    /// Of the calling thread.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { blocked: BatchSemaphore::new(0, Fairness::Unfair), phase: Plain::new(Phase::Awake) })
    }

    /// Blocks until it is notified, or `deadline` passes.
    pub(super) fn block_until(self: &Arc<Self>, deadline: Option<RawInstant>) {
        match deadline {
            None => self.park(),
            Some(deadline) if clock::register(deadline, self) => self.park_until(deadline),
            Some(_) => {}
        }
    }

    /// Ends its wait, for another reason than the time.
    pub(super) fn notify(&self) {
        self.wake(Phase::Notified);
    }

    /// Blocks; the clock has it.
    fn park_until(self: &Arc<Self>, deadline: RawInstant) {
        passage::expect(deadline);
        self.park();
        passage::forget(deadline);
        clock::unregister(self);
    }

    /// Called by the clock, when the deadline has passed.
    pub(super) fn expire(&self) {
        if self.phase() != Phase::Notified {
            self.wake(Phase::Expired);
        }
    }

    fn phase(&self) -> Phase {
        *plain(&self.phase)
    }

    fn change(&self, to: Phase) -> Phase {
        std::mem::replace(&mut *plain(&self.phase), to)
    }

    fn park(&self) {
        if self.phase() == Phase::Awake {
            self.change(Phase::Parked);
            self.blocked.acquire_blocking(1).expect("nobody closes the semaphore");
        }
    }

    fn wake(&self, to: Phase) {
        if self.change(to) == Phase::Parked {
            self.blocked.release(1);
        }
    }
}

/// Locks data that shuttle does not know of; nobody holds it across a scheduling point.
fn plain<T>(mutex: &Plain<T>) -> PlainGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
