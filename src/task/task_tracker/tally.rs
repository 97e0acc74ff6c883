//! How many tasks a tracker has, whether it is closed, and who waits until it is both closed and empty: until an *end*.
//!
//! Who calls it: whoever makes and drops tokens, closes and waits, on any thread.
//!
//! # Invariants (structural mutants)
//! - `tally_gap`, `tally_skip_second_look`: *no end is lost on one who waits*. An end is counted and the waiters taken under one lock; one is
//!   entered under the lock that last found no end.
//! - `tally_close_is_no_end`: whichever of the last task's leaving and the closing comes last is the end.
//! - `tally_forgets_ends`: *an end that is over again counts*. One who waits knows how many ends there were when it began, and is ready when there are
//!   more, although the tracker was opened or got a task since.
//! - `tally_keeps_waiter`: a waiter's waker is that of its latest poll.
//! - Wakers are cloned (`tally_clone_under_lock`), woken and dropped outside the lock, and one that panics in that hinders no other.
//!
//! Checked by the models `tracker_last_vs_wait`, `tracker_close_vs_last`, `tracker_reopened`, `tracker_other_task`, `tracker_clone_panics`.
//! Deliberately not here: tasks and tokens (`mod.rs`).

use std::mem::{replace, take};
use std::task::{Context, Poll, Waker};

use slab::Slab;

use crate::facade::{Mutex, mutant};
use crate::task::waker::{drop_quietly, wake_quietly};

/// Room for so many waiters is kept when all have given up.
const KEPT: usize = 64;

/// What the clones of a tracker and its tokens share.
pub(super) struct Tally {
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    tasks: usize,
    is_closed: bool,
    /// How often it has come to be closed and empty.
    ends: u64,
    /// Who is woken by the next end.
    waiters: Slab<Waker>,
}

/// One who waits for an end.
pub(super) struct Wait {
    /// The ends that there were when it began. None if it need not wait, or not any more.
    since: Option<u64>,
    /// Its place among the waiters, which the next end empties.
    waiter: Option<usize>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { desk: Mutex::new(Desk::default()) }
    }

    /// A task more.
    pub(super) fn enter(&self) {
        self.desk.lock().tasks += 1;
    }

    /// A task less.
    pub(super) fn leave(&self) {
        self.change(|desk| desk.tasks -= 1);
    }

    /// False if it was closed.
    pub(super) fn close(&self) -> bool {
        if mutant("tally_close_is_no_end") {
            return !replace(&mut self.desk.lock().is_closed, true);
        }
        self.change(|desk| !replace(&mut desk.is_closed, true))
    }

    /// False if it was open.
    pub(super) fn reopen(&self) -> bool {
        take(&mut self.desk.lock().is_closed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.desk.lock().is_closed
    }

    pub(super) fn tasks(&self) -> usize {
        self.desk.lock().tasks
    }

    /// Makes a change, and if that brings an end, wakes all who wait.
    fn change<R>(&self, change: impl FnOnce(&mut Desk) -> R) -> R {
        let mut desk = self.desk.lock();
        let was_over = desk.is_over();
        let answer = change(&mut desk);
        if was_over || !desk.is_over() {
            return answer;
        }
        let waiters = take(&mut desk.waiters);
        if mutant("tally_gap") {
            drop(desk);
            desk = self.desk.lock();
        }
        desk.ends += 1;
        drop(desk);
        for (_, waiter) in waiters {
            wake_quietly(waiter);
        }
        answer
    }

    /// Begins to wait for an end: for one that is there, or that is yet to come.
    pub(super) fn wait(&self) -> Wait {
        let desk = self.desk.lock();
        Wait { since: (!desk.is_over()).then_some(desk.ends), waiter: None }
    }

    /// Whether `wait` is over; if not, leaves the waker of `context` for the end, in place of the one before.
    pub(super) fn poll(&self, wait: &mut Wait, context: &mut Context<'_>) -> Poll<()> {
        {
            let desk = self.desk.lock();
            if desk.ends_wait(wait) {
                return Poll::Ready(());
            }
            if wait
                .waiter
                .is_some_and(|waiter| desk.waiters[waiter].will_wake(context.waker()) || mutant("tally_keeps_waiter"))
            {
                return Poll::Pending;
            }
        }
        let locked = mutant("tally_clone_under_lock").then(|| self.desk.lock());
        let waker = context.waker().clone();
        drop(locked);
        let mut desk = self.desk.lock();
        // An end that has come while the lock was given up has found another waker, or none.
        if desk.ends_wait(wait) && !mutant("tally_skip_second_look") {
            drop(desk);
            drop_quietly(Some(waker));
            return Poll::Ready(());
        }
        let unused = match wait.waiter {
            Some(waiter) => Some(replace(&mut desk.waiters[waiter], waker)),
            None => {
                wait.waiter = Some(desk.waiters.insert(waker));
                None
            }
        };
        drop(desk);
        drop_quietly(unused);
        Poll::Pending
    }

    /// Gives `wait` up.
    pub(super) fn forget(&self, wait: &mut Wait) {
        let mut desk = self.desk.lock();
        let unused = if desk.ends_wait(wait) { None } else { wait.waiter.take() };
        let unused = unused.map(|waiter| desk.waiters.remove(waiter));
        if desk.waiters.is_empty() && desk.waiters.capacity() > KEPT {
            desk.waiters = Slab::new();
        }
        drop(desk);
        drop_quietly(unused);
    }
}

impl Desk {
    fn is_over(&self) -> bool {
        self.is_closed && self.tasks == 0
    }

    /// Whether `wait` is over. It has no place among the waiters then.
    fn ends_wait(&self, wait: &mut Wait) -> bool {
        if wait.since != Some(self.ends) {
            let since = (mutant("tally_forgets_ends") && !self.is_over()).then_some(self.ends);
            *wait = Wait { since, waiter: None };
        }
        wait.since.is_none()
    }
}
