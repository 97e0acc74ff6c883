//! A lock with a condition variable: for threads that wait.
//!
//! The standard library's, and not parking_lot's: both of its parts keep what they know in themselves, where parking_lot has a table of
//! waiting threads for the whole process. In a forked child that table names threads which are not there, beside new ones at the same
//! addresses, and wake-ups are lost.

use std::ops::{Deref, DerefMut};
use std::sync;
use std::sync::PoisonError;

use super::RawInstant;

/// The lock that a [`Condvar`] goes with.
#[derive(Debug, Default)]
pub(crate) struct Monitor<T>(sync::Mutex<T>);

/// Access to what a [`Monitor`] guards.
#[derive(Debug)]
pub(crate) struct MonitorGuard<'a, T> {
    /// `None` only inside [`Condvar::wait_until`] and its like.
    held: Option<sync::MutexGuard<'a, T>>,
}

impl<T> Monitor<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MonitorGuard<'_, T> {
        // No user code runs under a lock of ours, so that nothing is left half done.
        MonitorGuard { held: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)) }
    }
}

impl<T> Deref for MonitorGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("the guard holds the lock")
    }
}

impl<T> DerefMut for MonitorGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("the guard holds the lock")
    }
}

/// A condition variable that waits for a notification or for an instant of the raw clock.
#[derive(Debug, Default)]
pub(crate) struct Condvar(sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(sync::Condvar::new())
    }

    /// Waits for a notification. It may return without one.
    pub(crate) fn wait<T>(&self, guard: &mut MonitorGuard<'_, T>) {
        if let Some(held) = guard.held.take() {
            guard.held = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Waits for a notification until `deadline`; true when it passed. It may return before, without either.
    pub(crate) fn wait_until<T>(&self, guard: &mut MonitorGuard<'_, T>, deadline: RawInstant) -> bool {
        let left = deadline.saturating_duration_since(RawInstant::now());
        if let Some(held) = guard.held.take() {
            let (held, result) = self.0.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner);
            guard.held = Some(held);
            return result.timed_out() && RawInstant::now() >= deadline;
        }
        false
    }

    /// Wakes one waiter.
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all waiters.
    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}
