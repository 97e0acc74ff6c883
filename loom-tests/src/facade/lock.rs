//! Mutex and condition variable, with parking_lot's API and meaning.
//!
//! loom's own condition variable never times out, and wakes by a token that it shares with `thread::park`. So this one
//! keeps its own queue of waiters and blocks with `park`, which nothing else in this crate may call.
//!
//! A wait goes through these steps; at each, loom may run other threads.
//!
//! 1. Under the mutex, the waiter joins the queue (`Phase::Awake`): from here on a notification may choose it.
//! 2. With a deadline, it registers with the clock.
//! 3. It releases the mutex and blocks (`Phase::Parked`), unless already notified or expired.
//! 4. Woken by the clock, it leaves the queue, which is what a timeout is, unless a notification has chosen it meanwhile.
//! 5. It takes the mutex again.
//!
//! # Invariants
//! - *A notification is never spent on a waiter that reports a timeout*: 4 decides, in one step.
//! - *A waiter is unparked once for each time that it parks*: whoever unparks it first moves it out of `Phase::Parked`.
//! - There are no spurious wake-ups, as in parking_lot: a missing notification is a deadlock, not a delay.
//!
//! Whoever wakes a thread happens before its waking, in loom; so a lost ordering shows only where the thread did not
//! block. Deliberately not here: poisoning by panics that are caught (loom's mutex has it, parking_lot's has not).

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex as Plain};

use loom::sync as checked;
use loom::thread::{self, Thread};

use super::clock::{self, RawInstant};
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
        self.0.into_inner().expect("no panic is caught under a lock")
    }
}

impl<T: ?Sized> Mutex<T> {
    #[track_caller]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, held: Some(self.0.lock().expect("no panic is caught under a lock")) }
    }

    #[track_caller]
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok().map(|held| MutexGuard { mutex: self, held: Some(held) })
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().expect("no panic is caught under a lock")
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
    queue: Plain<VecDeque<Arc<Waiter>>>,
}

/// One wait of one thread.
#[derive(Debug)]
pub(super) struct Waiter {
    thread: Thread,
    phase: Plain<Phase>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Not blocked yet, or woken by the clock.
    Awake,
    /// Blocked.
    Parked,
    /// Chosen by a notification.
    Notified,
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self { turn: Turn::new(), queue: Plain::default() }
    }

    /// Waits for a notification.
    #[track_caller]
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let waiter = self.join_queue();
        guard.held = None;
        waiter.park();
        guard.held = guard.mutex.lock().held;
    }

    /// Waits for a notification until `deadline`; true when it passed.
    #[track_caller]
    pub(crate) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, deadline: RawInstant) -> bool {
        let waiter = self.join_queue();
        let registered = clock::register(deadline, &waiter);
        guard.held = None;
        if registered {
            waiter.park();
            clock::unregister(&waiter);
        }
        let timed_out = waiter.phase() != Phase::Notified && self.leave_queue(&waiter);
        guard.held = guard.mutex.lock().held;
        timed_out
    }

    /// Wakes one waiter.
    #[track_caller]
    pub(crate) fn notify_one(&self) {
        self.turn.alter();
        let waiter = self.queue.lock().expect("no panic under this lock").pop_front();
        if let Some(waiter) = waiter {
            waiter.wake(Phase::Notified);
        }
    }

    /// Wakes all waiters.
    #[track_caller]
    pub(crate) fn notify_all(&self) {
        self.turn.alter();
        let waiters = std::mem::take(&mut *self.queue.lock().expect("no panic under this lock"));
        for waiter in waiters {
            waiter.wake(Phase::Notified);
        }
    }

    fn join_queue(&self) -> Arc<Waiter> {
        self.turn.alter();
        let waiter = Waiter::new();
        self.queue.lock().expect("no panic under this lock").push_back(waiter.clone());
        waiter
    }

    /// Takes a waiter whose time is up off the queue. False if a notification has done so.
    fn leave_queue(&self, waiter: &Arc<Waiter>) -> bool {
        self.turn.alter();
        let mut queue = self.queue.lock().expect("no panic under this lock");
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
        Arc::new(Self { thread: thread::current(), phase: Plain::new(Phase::Awake) })
    }

    /// Blocks until it is notified, or `deadline` passes.
    #[track_caller]
    pub(super) fn block_until(self: &Arc<Self>, deadline: Option<RawInstant>) {
        let Some(deadline) = deadline else { return self.park() };
        if clock::register(deadline, self) {
            self.park();
            clock::unregister(self);
        }
    }

    /// Ends its wait, for another reason than the time.
    #[track_caller]
    pub(super) fn notify(&self) {
        self.wake(Phase::Notified);
    }

    /// Called by the clock, when the deadline has passed.
    pub(super) fn expire(&self) {
        if self.phase() == Phase::Parked {
            self.wake(Phase::Awake);
        }
    }

    fn phase(&self) -> Phase {
        *self.phase.lock().expect("no panic under this lock")
    }

    fn change(&self, to: Phase) -> Phase {
        std::mem::replace(&mut *self.phase.lock().expect("no panic under this lock"), to)
    }

    #[track_caller]
    fn park(&self) {
        if self.phase() == Phase::Awake {
            self.change(Phase::Parked);
        }
        while self.phase() == Phase::Parked {
            thread::park();
        }
    }

    fn wake(&self, to: Phase) {
        if self.change(to) == Phase::Parked {
            self.thread.unpark();
        }
    }
}
