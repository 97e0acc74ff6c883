//! A survey of the tasks that have waited at least once, and of what they wait for.
//!
//! Nothing is asked of who runs them: they are found in the lists of live tasks, and what they wait for where their wakers lie, with timers and sources. The
//! lists are walked in steps, so that no lock is held for long, and each task is kept from being freed until the survey is dropped: no address stands for two.
//!
//! Who calls it: whoever wants to know, on any thread, by `Handle::dump`; and a test whose paused clock nothing can move (`standstill.rs`). Tasks of local
//! sets are in lists of their own, and not here. Deliberately not here: how it is told (`insight/`).

use std::panic::Location;
use std::task::Waker;
use std::time::Duration;

use super::place::Stamp;
use super::{Membership, Scheduler};
use crate::facade::RawInstant;
use crate::task::raw::Kept;

/// So many tasks are looked at under one hold of a lock.
const STEP: usize = 256;

/// A task that has waited.
pub(crate) struct Surveyed {
    pub(crate) task: Kept,
    /// Where it was spawned, unless there are too many such places.
    pub(crate) spawned_at: Option<&'static Location<'static>>,
    /// How long ago a worker took it to be polled.
    pub(crate) polled: Duration,
}

impl Scheduler {
    /// All tasks that have waited, the youngest of each list first.
    pub(crate) fn survey(&self) -> Vec<Surveyed> {
        // Who waits for another survey does so here, and not at the lists.
        let _alone = self.surveyor.lock();
        let mut found = Vec::new();
        for list in &self.lists {
            list.begin_walk();
            loop {
                found.reserve(STEP);
                // SAFETY: the list's reference keeps the task.
                let goes_on = list.walk(STEP, |task| found.push(unsafe { Kept::another(task) }));
                if !goes_on {
                    break;
                }
            }
        }
        let now = self.millisecond(RawInstant::now());
        found.into_iter().map(|task| self.describe(task, now)).collect()
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
        let (site, polled_at) = membership.place.site_and_stamp();
        let polled = Duration::from_millis(now.wrapping_sub(polled_at).into());
        Surveyed { spawned_at: self.sites.place(site), polled, task }
    }

    /// Calls `f` with the deadline of each timer that waits, and the waker that it has. Under a lock, in steps: it runs no code of the user's.
    pub(crate) fn for_each_timer(&self, f: impl FnMut(u64, &Waker)) {
        self.timers.for_each(f);
    }

    /// Calls `f` with the number of each source that somebody waits for, with what he waits for, and with his waker. Under locks, in steps.
    #[cfg(feature = "io")]
    pub(crate) fn for_each_waiter(&self, f: impl FnMut(usize, u8, &Waker)) {
        self.reactor.for_each_waiter(STEP, f);
    }
}
