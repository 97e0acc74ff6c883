//! How the tasks of a set tell it that they are complete, and how its joiner waits for that.
//!
//! Each task's join waker is a [`Ticket`] with the task's key. The thread that completes the task uses it up: the key goes into
//! the queue and the joiner is woken. So a key in the queue is that of a complete task, whose output is ready to be taken, and no
//! handle is ever polled in vain.
//!
//! Who calls it: `arrive` on the thread that completes a task, and on the one that spawns a task which a closed runtime has refused;
//! all else on the thread that has the set.
//!
//! # Invariants (structural mutants)
//! - `arrivals_gap`, `arrivals_skip_second_look`: *no arrival is lost on a joiner that waits*. The joiner is taken and
//!   the key queued under one lock; a joiner is left under the lock that last found the queue empty.
//! - `arrivals_keeps_joiner`: the joiner is whoever has polled last.
//! - Wakers are cloned (`arrivals_clone_under_lock`), woken and dropped outside the lock, and one that panics in that keeps no key from its joiner.
//!
//! Checked by the models `join_set_arrival`, `join_set_insert_complete`, `join_set_other_joiner`, `join_set_clone_panics`.
//! Deliberately not here: the handles, which stay with the set and may be bound to its thread.

use std::collections::VecDeque;
use std::task::{Context, Poll, Wake, Waker};

use crate::facade::{Mutex, StdArc, mutant};
use crate::spare::GiveBack;
use crate::task::waker::{drop_quietly, wake_quietly};

/// What the tickets of a set share with it.
#[derive(Default)]
pub(super) struct Arrivals {
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    /// Complete tasks, in the order of their arrival.
    keys: VecDeque<usize>,
    /// Who is woken by the next arrival: whoever has polled the set last.
    joiner: Option<Waker>,
}

impl Desk {
    fn take_key(&mut self) -> Option<usize> {
        let key = self.keys.pop_front();
        self.keys.give_back();
        key
    }
}

impl Arrivals {
    pub(super) fn new() -> StdArc<Self> {
        StdArc::new(Self { desk: Mutex::new(Desk::default()) })
    }

    /// The join waker of the task `key`.
    pub(super) fn ticket(self: &StdArc<Self>, key: usize) -> Waker {
        Waker::from(StdArc::new(Ticket { key, arrivals: self.clone() }))
    }

    /// Queues the complete task `key`, and wakes the joiner.
    pub(super) fn arrive(&self, key: usize) {
        let mut desk = self.desk.lock();
        let joiner = desk.joiner.take();
        if mutant("arrivals_gap") {
            drop(desk);
            desk = self.desk.lock();
        }
        desk.keys.push_back(key);
        drop(desk);
        if let Some(joiner) = joiner {
            wake_quietly(joiner);
        }
    }

    /// A complete task. A joiner that waits goes on waiting.
    pub(super) fn try_next(&self) -> Option<usize> {
        self.desk.lock().take_key()
    }

    /// A complete task; if there is none, leaves the waker of `context` for the next arrival, in place of the one before.
    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<usize> {
        {
            let mut desk = self.desk.lock();
            if let Some(key) = desk.take_key() {
                return Poll::Ready(key);
            }
            if desk
                .joiner
                .as_ref()
                .is_some_and(|joiner| joiner.will_wake(context.waker()) || mutant("arrivals_keeps_joiner"))
            {
                return Poll::Pending;
            }
        }
        let locked = mutant("arrivals_clone_under_lock").then(|| self.desk.lock());
        let joiner = context.waker().clone();
        drop(locked);
        let mut desk = self.desk.lock();
        // Whatever has arrived while the lock was given up has found another joiner, or none.
        let key = if mutant("arrivals_skip_second_look") { None } else { desk.take_key() };
        let unused = if key.is_none() { desk.joiner.replace(joiner) } else { Some(joiner) };
        drop(desk);
        drop_quietly(unused);
        key.map_or(Poll::Pending, Poll::Ready)
    }

    /// Arrivals of tasks to come, with the joiner of these: what still arrives here is not heard of any more.
    pub(super) fn succeed(&self) -> StdArc<Self> {
        let joiner = self.desk.lock().joiner.take();
        StdArc::new(Self { desk: Mutex::new(Desk { keys: VecDeque::new(), joiner }) })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop_quietly(self.joiner.take());
    }
}

/// What a task has of its set: used up when it is complete.
struct Ticket {
    key: usize,
    arrivals: StdArc<Arrivals>,
}

impl Wake for Ticket {
    fn wake(self: StdArc<Self>) {
        self.arrivals.arrive(self.key);
    }
}
