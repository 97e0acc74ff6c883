//! What other threads queue for a local set, and who waits for it.
//!
//! Plain data under the lock of [`Queue`](super::queue), which says what for. Nothing here runs user code but [`Wakers::wake`], which
//! is called without the lock; what is not needed any more (a refused entry, a waker) is handed out, to be dropped without it too.
//!
//! # Invariants (structural)
//! - `local_recheck`: who waits found no entry, under the same lock.
//! - `local_rewait`: who was woken and waits again is registered again.
//! - `local_closed`: once closed it holds no entry.
//!
//! Checked by the models `local_wake_vs_idle`, `local_two_wakes`, `local_wake_vs_drop`.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use crate::facade::mutant;
use crate::spare::GiveBack;
use crate::task::runnable::Runnable;
use crate::task::waker::{drop_quietly, wake_quietly};

/// The entries that other threads have queued, and the futures that drive the set and found nothing to run.
#[derive(Default)]
pub(super) struct Remote {
    entries: VecDeque<Runnable>,
    waiters: Vec<Waiter>,
    closed: bool,
}

struct Waiter {
    key: usize,
    /// Absent once it was woken, until it waits again.
    waker: Option<Waker>,
}

impl Remote {
    /// Adds `task`; gives it back once closed.
    pub(super) fn push(&mut self, task: Runnable) -> Option<Runnable> {
        if self.closed && !mutant("local_closed") {
            return Some(task);
        }
        self.entries.push_back(task);
        None
    }

    /// Whether there is nothing to run, so that `waker` was registered; and the waker that is not needed any more.
    pub(super) fn register(&mut self, key: usize, waker: Waker) -> (bool, Option<Waker>) {
        if !self.entries.is_empty() && !mutant("local_recheck") {
            return (false, Some(waker));
        }
        match self.waiters.iter_mut().find(|waiter| waiter.key == key) {
            Some(_) if mutant("local_rewait") => (true, Some(waker)),
            Some(waiter) => (true, waiter.waker.replace(waker)),
            None => {
                self.waiters.push(Waiter { key, waker: Some(waker) });
                (true, None)
            }
        }
    }

    /// Forgets `key`, and hands out its waker.
    pub(super) fn unregister(&mut self, key: usize) -> Option<Waker> {
        let position = self.waiters.iter().position(|waiter| waiter.key == key)?;
        let waker = self.waiters.swap_remove(position).waker.take();
        self.waiters.give_back();
        waker
    }

    /// Moves all entries to the back of `queue`.
    pub(super) fn move_to(&mut self, queue: &mut VecDeque<Runnable>) {
        if queue.is_empty() {
            mem::swap(queue, &mut self.entries);
        } else {
            queue.append(&mut self.entries);
            self.entries.give_back();
        }
    }

    /// Refuses entries from now on. What it held is to be dropped without the lock.
    pub(super) fn close(&mut self) -> Remote {
        mem::replace(self, Self { closed: true, ..Self::default() })
    }

    /// The entries of a queue that was closed; its waiters are forgotten.
    pub(super) fn into_entries(mut self) -> VecDeque<Runnable> {
        mem::take(&mut self.entries)
    }

    /// The wakers of all that wait.
    pub(super) fn take_wakers(&mut self) -> Wakers {
        let mut wakers = self.waiters.iter_mut().filter_map(|waiter| waiter.waker.take());
        Wakers { first: wakers.next(), others: wakers.collect() }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        drop_quietly(self.waker.take());
    }
}

/// The wakers of all that wait. There is seldom more than one: that one takes no allocation.
pub(super) struct Wakers {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Wakers {
    /// Wakes them all, without the lock.
    pub(super) fn wake(self) {
        self.first.into_iter().chain(self.others).for_each(wake_quietly);
    }
}
