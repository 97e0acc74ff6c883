//! The watch over slots, queues and sources: a task in a slot whose worker is stuck in a poll is rescued, one that nobody was told of is told of, and somebody waits for events.
//!
//! To wake a thread for each task that a slot takes would cost more than the slot saves; to wake none could leave the task waiting behind a poll that
//! blocks, beside idle workers. So the first worker to fill its slot calls the timer driver, which then looks at all slots once a
//! *period* (`pace.rs`): a task that is in a slot while its worker has begun no poll since the last look goes to the injector. When no slot has been
//! used between two looks, and the selector left no more than once, the driver stops looking, and costs nothing until a slot is filled again. A task waits for two periods at most.
//!
//! | worker | driver |
//! |---|---|
//! | 1. fills its slot | 1. `armed` := false |
//! | 2. fence `slot_publish` | 2. fence `watch_recheck` |
//! | 3. reads `armed`; if false: sets it and unparks the driver | 3. looks at the slots; if one is full: `armed` := true, and goes on |
//!
//! Whichever fence comes first, the other thread's read sees the write before it: the worker sees that nobody watches, or the driver sees
//! the task. So it is with a worker that leaves the selector (`polling.rs`): in place of the slot it gives up the reactor's lease. And with one that queues what events wake, and tells nobody
//! (`worker/firing.rs`): if something is in its queue at two looks in turn, the driver wakes a worker that is parked.
//!
//! Who calls it: [`Watch::slot_filled`] the worker that has filled its slot; [`Watchman`] belongs to the driver thread.
//!
//! # Invariants (ordering labels)
//! - `slot_publish`, `watch_recheck`: the two fences above. `watch_skip_recheck` (structural): step 3 of the driver. `poller_left`, `watch_ignores_lease` (structural): the
//!   same for a worker that gives up the lease; `late_publish`, `watch_ignores_queue` (structural): for one that tells nobody.
//! - `resume_looks`, `resume_leaves_parked` (structural): the driver hands the selector back when a pause has ended, too; see `polling.rs`.
//!
//! Checked by the models `slot_vs_watch`, `slot_vs_rescue`, `late_vs_watch`, `left_vs_watch`, `left_vs_driver` and `poll_batch_vs_sleep`.
//! Deliberately not here: what a worker queues beside a shutdown (`closing.rs`), though the driver's looks are the occasion to drop it. A runtime with
//! one worker has no watch over its slot and its queue, for nobody else could run the tasks.

use super::pace::Pace;
use super::{Remote, Scheduler};
use crate::facade::atomic::{AtomicBool, Ordering};
use crate::facade::{RawInstant, fence_seq_cst, mutant};
use crate::reactor::Holder;

/// So many times in a period may workers have the reactor's lease before the watch goes on for that alone: to be called and to look once more wakes the driver twice.
const FEW: u64 = 1;

/// Whether the driver looks at the slots.
#[derive(Debug)]
pub(crate) struct Watch {
    armed: AtomicBool,
    /// The driver waits in the selector when it sleeps. The driver's own.
    driver_polls: AtomicBool,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self { armed: AtomicBool::new(false), driver_polls: AtomicBool::new(false) }
    }

    /// A worker has left the selector. True if nobody watches who is needed, as `is_needed` answers: the caller unparks the driver.
    #[must_use = "the driver has to be unparked"]
    #[inline]
    pub(crate) fn poller_left(&self, is_needed: impl FnOnce() -> bool) -> bool {
        // ORDERING(poller_left): the lease before, `armed` after; pairs with `watch_recheck`.
        fence_seq_cst("poller_left");
        is_needed() && self.arm()
    }

    /// Whether the driver waits in the selector when it sleeps.
    pub(crate) fn driver_polls(&self) -> bool {
        // Counter only: the driver's own.
        self.driver_polls.load(Ordering::Relaxed)
    }

    fn set_driver_polls(&self, polls: bool) {
        // Counter only: the driver's own.
        self.driver_polls.store(polls, Ordering::Relaxed);
    }

    /// An empty slot was filled. True if nobody watches: the caller unparks the driver.
    #[must_use = "the driver has to be unparked"]
    #[inline]
    pub(crate) fn slot_filled(&self) -> bool {
        // ORDERING(slot_publish): the slot before, `armed` after; pairs with `watch_recheck`.
        fence_seq_cst("slot_publish");
        self.arm()
    }

    /// Tasks were queued of which nobody was told. True if nobody watches: the caller unparks the driver.
    #[must_use = "the driver has to be unparked"]
    pub(crate) fn queued_untold(&self) -> bool {
        // ORDERING(late_publish): the queue before, `armed` after; pairs with `watch_recheck`.
        fence_seq_cst("late_publish");
        self.arm()
    }

    /// True if nobody watched until now.
    #[inline]
    fn arm(&self) -> bool {
        // Relaxed: the caller's fence orders both (counter only). The swap chooses one of several workers.
        !self.armed.load(Ordering::Relaxed) && !self.armed.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn is_armed(&self) -> bool {
        // Relaxed: the unparker's token carries it (counter only).
        self.armed.load(Ordering::Relaxed)
    }

    /// Stops the watch, unless there is something to watch over, as `is_needed` answers.
    pub(crate) fn disarm(&self, is_needed: impl FnOnce() -> bool) -> bool {
        // ORDERING(watch_recheck): relaxed, the fence orders it; a swap, for workers race it with another.
        self.armed.swap(false, Ordering::Relaxed);
        // ORDERING(watch_recheck): `armed` before, the slots after; pairs with `slot_publish`.
        fence_seq_cst("watch_recheck");
        if is_needed() && !mutant("watch_skip_recheck") {
            // Relaxed: to whoever reads it late the driver is called once more (counter only).
            self.armed.swap(true, Ordering::Relaxed);
            return false;
        }
        true
    }
}

/// What the driver remembers between two looks.
pub(crate) struct Watchman {
    /// When the next look is due; none while nobody watches.
    next: Option<RawInstant>,
    pace: Pace,
    seen: Vec<Seen>,
    /// How often workers had had the reactor's lease.
    leased: u64,
    /// How often the clock had been paused or resumed.
    changes: u64,
}

/// What the driver has seen of a worker.
#[derive(Clone, Default)]
struct Seen {
    /// The polls that it had begun.
    polls: u64,
    /// The tasks that it had taken from its slot.
    slot_hits: u64,
    /// There was something in its queue.
    queued: bool,
}

impl Remote {
    /// Whether there is something in the worker's queue, of which maybe nobody was told.
    fn is_queued(&self) -> bool {
        !self.stealer.is_empty() && !mutant("watch_ignores_queue")
    }
}

impl Watchman {
    pub(crate) fn new(scheduler: &Scheduler) -> Self {
        Self {
            next: None,
            pace: Pace::default(),
            seen: vec![Seen::default(); scheduler.workers()],
            leased: 0,
            changes: 0,
        }
    }

    /// Looks at the workers and the sources if a look is due, rescues what is in the slots of stuck workers, tells of queues, and finds somebody to wait for events; before that, due or
    /// not, drops what a shutdown has left over. When to look next; nothing if not at all.
    pub(crate) fn look(&mut self, scheduler: &Scheduler) -> Option<RawInstant> {
        scheduler.drop_left_over();
        self.hand_over_selector(scheduler);
        if !scheduler.watch.is_armed() {
            self.next = None;
            return None;
        }
        self.look_if_due(scheduler, RawInstant::now())
    }

    /// What [`look`](Self::look) does at `now` while somebody is to watch.
    fn look_if_due(&mut self, scheduler: &Scheduler, now: RawInstant) -> Option<RawInstant> {
        if self.next.is_some_and(|next| now < next) {
            return self.next;
        }
        // A first look has nothing to compare with.
        let compare = self.next.is_some();
        if compare {
            self.pace.calms();
        }
        let used = self.look_at_workers(scheduler, compare) | self.look_at_sources(scheduler, compare);
        let is_needed = || {
            // ORDERING(watch_recheck): the fence before orders it; pairs with `idle_recheck`. A worker that parks later looks into the queues itself.
            let has_parked = scheduler.idle.has_parked();
            let is_left = |remote: &Remote| !remote.slot.is_empty() || (has_parked && remote.is_queued());
            (scheduler.workers() > 1 && scheduler.remotes.iter().any(is_left))
                || (scheduler.needs_poller() && !mutant("watch_ignores_lease"))
        };
        self.next = if !used && scheduler.watch.disarm(is_needed) { None } else { now.checked_add(self.pace.period()) };
        self.next
    }

    /// Rescues what is in the slots of stuck workers, and tells of what has been in a queue for a period. Whether any slot was used since the last look.
    fn look_at_workers(&mut self, scheduler: &Scheduler, compare: bool) -> bool {
        let mut used = !compare;
        for (remote, seen) in scheduler.remotes.iter().zip(&mut self.seen) {
            let (polls, slot_hits) = (remote.metrics.polls.get(), remote.metrics.slot_hits.get());
            let queued = remote.is_queued();
            used |= slot_hits != seen.slot_hits;
            if compare
                && polls == seen.polls
                && scheduler.workers() > 1
                && let Some(task) = remote.slot.take()
            {
                used = true;
                self.pace.quickens();
                scheduler.rescued.add(1);
                scheduler.inject_rescued(task);
            }
            if compare && seen.queued && queued {
                // A worker that goes on from poll to poll is not stuck, and tells of its queue itself.
                if polls == seen.polls {
                    self.pace.quickens();
                }
                scheduler.notify();
            }
            *seen = Seen { polls, slot_hits, queued };
        }
        used
    }

    /// Finds somebody to wait for events, if nobody has for a period. False if somebody waits, and has left but seldom: to be called then costs less than to look on.
    fn look_at_sources(&mut self, scheduler: &Scheduler, compare: bool) -> bool {
        if !scheduler.needs_watch() {
            return false;
        }
        let waits = matches!(scheduler.reactor.holder(), Some(Holder::Parked(_)));
        let before = std::mem::replace(&mut self.leased, scheduler.reactor.uses());
        let uses = self.leased.wrapping_sub(before);
        if waits || !compare || uses != 0 {
            return !waits || !compare || uses > FEW;
        }
        self.pace.quickens();
        let claimed = scheduler.idle.notify(|| None);
        scheduler.unpark(claimed);
        // Who searches parks before long, and waits then.
        let polls = claimed.is_none() && !scheduler.idle.has_searchers();
        scheduler.watch.set_driver_polls(polls);
        !polls
    }

    /// Whether some worker has begun a poll since the last look.
    fn has_progress(&self, scheduler: &Scheduler) -> bool {
        scheduler.remotes.iter().zip(&self.seen).any(|(remote, seen)| remote.metrics.polls.get() != seen.polls)
    }

    /// The driver has waited in the selector, or a worker that parked while the clock stood still has left it to the driver: if a worker is parked now, that takes over. If one goes on from poll
    /// to poll it looks for events itself: what the driver tells comes from another thread each time.
    fn hand_over_selector(&mut self, scheduler: &Scheduler) {
        if !scheduler.reactor.exists() {
            return;
        }
        let changes = scheduler.timers.clock().changes();
        let changed = std::mem::replace(&mut self.changes, changes) != changes && !mutant("resume_leaves_parked");
        if changed {
            // ORDERING(resume_looks): the clock's change before, the bits of parked workers after; pairs with `idle_recheck`.
            fence_seq_cst("resume_looks");
        }
        if scheduler.timers.clock().is_paused() {
            // On as it is, once the clock runs.
            scheduler.watch.set_driver_polls(true);
        } else if (scheduler.watch.driver_polls() && (scheduler.idle.has_parked() || self.has_progress(scheduler)))
            || (changed && scheduler.idle.has_parked())
        {
            scheduler.watch.set_driver_polls(false);
            // Counter only: the driver's own look follows.
            scheduler.watch.armed.swap(true, Ordering::Relaxed);
            self.next = None;
            scheduler.notify();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::blocking::Pool;
    use crate::facade::testing::alone;
    use crate::park::Parker;
    use crate::reactor::Reactor;
    use crate::scheduler::hooks::Hooks;
    use crate::scheduler::thread_settings::{ThreadName, ThreadSettings};
    use crate::scheduler::worker::Seed;
    use crate::scheduler::{Plan, Policy, RuntimeFlavor};
    use crate::task::blocking::unlisted;
    use crate::task::meta::Origin;
    use crate::time::clock::Clock;
    use crate::time::driver::Timers;

    /// The watch over a scheduler of two workers that no thread is.
    struct Scene {
        scheduler: Scheduler,
        watchman: Watchman,
        now: RawInstant,
    }

    impl Scene {
        fn new() -> Self {
            let policy = Policy {
                flavor: RuntimeFlavor::MultiThread,
                global_queue_interval: 61,
                event_interval: 61,
                io_grace: Duration::ZERO,
            };
            let threads = ThreadSettings { name: ThreadName::new("nobody"), stack_size: None };
            let blocking = Pool::new(1, Duration::ZERO);
            let plan = Plan { name: None, policy, threads, blocking, hooks: Hooks::default(), recorder: None };
            let reactor = Reactor::new(policy.io_grace);
            let remotes = (0..2).map(|_| Seed::new(&reactor).remote()).collect();
            let timers = Timers::new(Clock::new(), 3, Parker::new().unparker());
            let scheduler = Scheduler::new(remotes, timers, reactor, plan);
            assert!(scheduler.watch.slot_filled(), "nobody watches yet");
            let watchman = Watchman::new(&scheduler);
            Self { scheduler, watchman, now: RawInstant::now() }
        }

        /// Looks as soon as it is due. How long to wait for the next look, in milliseconds.
        fn look(&mut self) -> u128 {
            self.now = self.watchman.next.unwrap_or(self.now);
            let next = self.watchman.look_if_due(&self.scheduler, self.now).expect("there is something to watch over");
            (next - self.now).as_millis()
        }

        /// The same after so many looks that have found nothing stuck, while both workers run what is in their slots.
        fn look_after_calm(&mut self, looks: u32) -> u128 {
            (0..looks).for_each(|_| self.watchman.pace.calms());
            for remote in &self.scheduler.remotes {
                remote.metrics.polls.add(1);
                remote.metrics.slot_hits.add(1);
            }
            self.look()
        }
    }

    #[test]
    fn it_looks_more_seldom_while_nothing_gets_stuck_and_often_once_something_has() {
        alone(|| {
            let mut scene = Scene::new();
            assert_eq!(scene.look(), 1, "there is nothing to compare with");
            assert_eq!([scene.look_after_calm(62), scene.look_after_calm(0)], [1, 2]);
            assert_eq!([scene.look_after_calm(62), scene.look_after_calm(0)], [2, 4]);
            assert_eq!(scene.look_after_calm(1_000), 4);
            // A look that is not due yet is none.
            let due = scene.watchman.next;
            assert_eq!(scene.watchman.look_if_due(&scene.scheduler, scene.now), due);
            let (task, _handle) = unlisted(|| (), None, Origin::here());
            assert!(scene.scheduler.remotes[0].slot.replace(task).is_none());
            assert_eq!(scene.look(), 1, "its worker has begun no poll");
            scene.scheduler.injector.pop().expect("the task is rescued").cancel();
        });
    }
}
