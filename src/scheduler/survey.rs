//! A survey of the tasks that have waited at least once, and of what they wait for.
//!
//! Nothing is asked of who runs them: they are found in the lists of live tasks, and what they wait for where their wakers lie, with timers and sources. The
//! lists are walked in steps, so that no lock is held for long, and each task is kept from being freed until the survey is dropped: no address stands for two.
//! So are those of the local sets that are polled in this runtime (`task/local_tasks.rs`).
//!
//! Who calls it: whoever wants to know, on any thread, by `Handle::dump`; and a test whose paused clock nothing can move (`standstill.rs`). Deliberately not here: how it is told (`insight/`).

use std::panic::Location;
use std::time::Duration;

use super::place::Stamp;
use super::{Membership, Scheduler};
use crate::facade::{RawInstant, StdArc};
use crate::task::Id;
use crate::task::list::TaskList;
use crate::task::local_tasks::{LocalSets, LocalTasks};
use crate::task::raw::Kept;
use crate::task::state::Snapshot;
use crate::task::tracer::Tracer;
use crate::task::waker::task_of;
use crate::task::watched::WatchedFutures;

/// So many tasks, or places of sources, are looked at under one hold of a lock: a few microseconds.
const STEP: usize = 64;

/// So many timers at most stand in one part of a wheel.
const TIMERS: usize = 1024;

/// A task that has waited.
pub(crate) struct Surveyed {
    pub(crate) task: Kept,
    /// Its word, as it was before it was asked when it was polled: a poll that it tells of has begun then, or earlier.
    pub(crate) word: Snapshot,
    /// Where it was spawned, unless there are too many such places.
    pub(crate) spawned_at: Option<&'static Location<'static>>,
    /// How long ago a worker took it to be polled.
    pub(crate) polled: Duration,
    /// The local set that it is of, by the address of its tasks.
    pub(crate) local_set: Option<StdArc<LocalTasks>>,
}

/// How long ago `then` was, of moments that start anew after seven weeks. It may be later than `now`, which was read before: no time at all.
fn since(then: u32, now: u32) -> Duration {
    Duration::from_millis(now.wrapping_sub(then).cast_signed().max(0).cast_unsigned().into())
}

/// A task is looked for among so many of a list.
const MOST_NAMED: usize = 100_000;

/// The name of the task at `address`, if it is in `list`.
fn name_in(list: &TaskList, address: usize) -> Option<StdArc<str>> {
    let (mut found, mut walked, mut goes_on) = (None, 0, true);
    list.begin_walk();
    while goes_on && found.is_none() && walked < MOST_NAMED {
        goes_on = list.walk(STEP, |task| {
            if task.id().address() == address {
                // SAFETY: the list's reference keeps the task.
                found = Some(unsafe { Kept::another(task) });
            }
        });
        walked += STEP;
    }
    found.and_then(|task| task.name().cloned())
}

/// The right to ask tasks where they wait, until it is dropped.
pub(crate) struct Asking<'a> {
    scheduler: &'a Scheduler,
    pub(crate) tracer: StdArc<Tracer>,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        *self.scheduler.tracer.lock() = None;
        self.scheduler.traced.notify_one();
    }
}

impl Scheduler {
    /// All tasks that have waited, the youngest of each list first.
    pub(crate) fn survey(&self) -> Vec<Surveyed> {
        // Given up after the lock.
        let mut unpolled = Vec::new();
        // Who waits for another survey does so here, and not at the lists.
        let _alone = self.surveyor.lock();
        let (mut found, mut step) = (Vec::new(), Vec::with_capacity(STEP));
        for list in &self.lists {
            list.begin_walk();
            let mut goes_on = true;
            while goes_on {
                // SAFETY: the list's reference keeps the task.
                goes_on = list.walk(STEP, |task| step.push(unsafe { Kept::another(task) }));
                let now = self.millisecond(RawInstant::now());
                found.extend(step.drain(..).map(|task| self.describe(task, now)));
            }
        }
        for set in self.local_sets.all() {
            set.for_each(STEP, |task, word, spawned_at, polled| {
                let Some(polled) = polled else { return unpolled.push(task) };
                found.push(Surveyed { task, word, spawned_at: Some(spawned_at), polled, local_set: Some(set.clone()) });
            });
        }
        found
    }

    /// The name of the task at `address`, if it has waited and is alive, and among so many of its list.
    pub(crate) fn name_of(&self, address: usize) -> Option<StdArc<str>> {
        let _alone = self.surveyor.lock();
        self.lists.iter().find_map(|list| name_in(list, address))
    }

    /// One who asks tasks where they wait; there is one at a time. None if there is another until `deadline`.
    pub(crate) fn begin_traces(&self, deadline: RawInstant) -> Option<Asking<'_>> {
        let mut slot = self.tracer.lock();
        while slot.is_some() {
            if self.traced.wait_until(&mut slot, deadline) {
                return None;
            }
        }
        let tracer = StdArc::new(Tracer::default());
        *slot = Some(tracer.clone());
        Some(Asking { scheduler: self, tracer })
    }

    /// Who asks at the moment.
    pub(super) fn tracer(&self) -> Option<StdArc<Tracer>> {
        self.tracer.lock().clone()
    }

    /// The local sets that are polled in this runtime.
    pub(crate) fn local_sets(&self) -> &StdArc<LocalSets> {
        &self.local_sets
    }

    /// The watched futures that are polled in this runtime.
    pub(crate) fn watched_futures(&self) -> &StdArc<WatchedFutures> {
        &self.watched_futures
    }

    /// A moment, in milliseconds since the start of the runtime. It starts anew after seven weeks.
    pub(super) fn millisecond(&self, moment: RawInstant) -> u32 {
        moment.saturating_duration_since(self.started).as_millis() as u32
    }

    /// Now, for a task that no worker polls.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp::of(self.millisecond(RawInstant::now()))
    }

    fn describe(&self, task: Kept, now: u32) -> Surveyed {
        // SAFETY: what is in these lists was spawned here.
        let membership: &Membership = unsafe { task.scheduler() };
        let word = task.snapshot();
        let (site, polled_at) = membership.place.site_and_stamp();
        Surveyed { spawned_at: self.sites.place(site), polled: since(polled_at, now), word, task, local_set: None }
    }

    /// Calls `f` with each task that a timer is to wake, of this runtime or another, and the timer's deadline.
    pub(crate) fn for_each_timer(&self, mut f: impl FnMut(Id, u64)) {
        let mut part_of = Vec::with_capacity(TIMERS);
        for shard in self.timers.shards() {
            let mut part = 0;
            while shard.for_each_of(part, |deadline, waker| part_of.extend(task_of(waker).map(|task| (task, deadline))))
            {
                part += 1;
                part_of.drain(..).for_each(|(task, deadline)| f(task, deadline));
            }
        }
    }

    /// Calls `f` with each task that waits for a source, of this runtime or another, the source's number, and what it waits for.
    #[cfg(feature = "io")]
    pub(crate) fn for_each_waiter(&self, mut f: impl FnMut(Id, usize, u8)) {
        let (mut found, mut first) = (Vec::new(), 0);
        while self.reactor.for_each_waiter(first..first + STEP, |number, mask, waker| {
            found.extend(task_of(waker).map(|task| (task, number, mask)));
        }) {
            first += STEP;
            found.drain(..).for_each(|(task, number, mask)| f(task, number, mask));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_that_began_after_the_look_at_the_clock_is_of_now() {
        assert_eq!(since(5, 12), Duration::from_millis(7));
        assert_eq!(since(12, 12), Duration::ZERO);
        assert_eq!(since(13, 12), Duration::ZERO);
        assert_eq!(since(u32::MAX - 1, 3), Duration::from_millis(5));
        assert_eq!(since(2, u32::MAX), Duration::ZERO);
    }
}
