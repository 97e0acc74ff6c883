//! A worker: it finds a task, runs it, and parks when there is none.
//!
//! Everything here runs on the thread that has the worker. Through its seat (`seat.rs`) a wake or a spawn made by the task that it
//! runs comes back to it and goes to its local queue.
//!
//! # Invariants
//! - `worker_batch` (structural): who moves a batch notifies, or searches and then looks once more (`idle`): while tasks are on their way
//!   no queue shows them. Checked by the model `batch_vs_sleep`.
//! - No hook runs while the worker counts as a searcher: one that blocks would keep others from being woken.
//! - A task that is left in the queue without a notification (`requeue`) is what the worker runs next, or is behind another in the queue; before anything
//!   else comes first somebody is notified (`worker_requeue_silent`, `worker_injector_silent`, `worker_fires_silent`, `worker_fires_behind`, structural). Checked by the models
//!   `requeue_behind`, `requeue_behind_queued`, `requeue_vs_injector`, `requeue_vs_timer`, `timer_behind_slot`.
//! - `scheduler_close`, `worker_ignores_close` (structural): a worker that has moved a batch while the scheduler closed polls none of it. Checked by the model
//!   `batch_vs_close`.
//! - `worker_leaves_token` (structural): a worker whose time to sleep is up just as it is claimed waits for the token that belongs to the
//!   claim. Checked by the model `alarm_vs_claim`.
//! - `io_stirs_late` (structural): a worker that leaves the selector counts as awake before it gives up the lease, with events in its hands. Checked by the model
//!   `event_vs_pause`.
//! - `close_counts_searchers` (structural): on a closed scheduler a worker leaves no searchers, of which it may not be one yet. Checked by the model
//!   `events_vs_close`.
//! - A parked worker's bit is its rest too: whoever clears it counts the worker as awake (`time/clock/awake.rs`) before it runs.
//!
//! | file | holds |
//! |---|---|
//! | `firing.rs` | its waking of who waits for what is due, and whom it tells of that |
//! | `glance.rs` | its look for its token before it sleeps |
//! | `notes.rs` | what it has to see to before its next poll |
//! | `seed.rs` | what is made of it before its scheduler is |
//! | `search.rs` | where it finds its next task |
//! | `queueing.rs` | where what it wakes and spawns goes |
//! | `sources.rs` | its waiting for events, and its looking for them |
//! | `timing.rs` | the timers of its own shard |
//!
//! Deliberately not here: who is to be woken (`idle/`), starting and joining the thread (`runtime/`).

mod firing;
mod glance;
mod notes;
mod queueing;
mod search;
mod seed;
mod sources;
pub(crate) mod timing;

use std::cell::Cell;
use std::ptr;
use std::task::Waker;

use super::hooks::Rest;
use super::idle::Park;
use super::metrics::WorkerMetrics;
use super::place::Stamp;
use super::queue::LocalQueue;
use super::references::Credit;
use super::slot::Slot;
use super::{Membership, Scheduler, Shard, seat};
use crate::duty;
use crate::facade::{Arc, CachePadded, RawInstant, catch_unwind, mutant};
use crate::park::Parker;
use crate::recorder::Pen;
use crate::recorder::word::{self, Kind};
use crate::task::coop;
use crate::task::raw::discard;
use crate::task::runnable::Runnable;
use crate::task::waker::Identity;
use crate::time::clock::{Clock, Counted};
use glance::Glances;
use notes::Note;
pub(crate) use seed::Seed;
pub(crate) use sources::pause;
use timing::Timing;

/// A worker, owned by the thread on whose seat it is, or by whoever hands it on.
pub(crate) struct Worker {
    shard: Arc<Shard>,
    queue: LocalQueue,
    parker: Parker,
    glances: Glances,
    searching: Cell<bool>,
    polls: Cell<u32>,
    /// Tasks taken from the slot since the queue had a turn.
    slot_run: Cell<u32>,
    random: Cell<u32>,
    timing: Timing,
    metrics: Arc<CachePadded<WorkerMetrics>>,
    /// References to the scheduler for the tasks that it spawns.
    credit: Credit,
    pen: Pen,
}

/// What the thread that has the worker does next.
pub(crate) enum Next {
    /// Run this task, with no borrow of the worker.
    Run(Runnable),
    /// Wake who waits for what is due in its shard, or for events, with no borrow of the worker.
    Fire,
    /// [`park`]: there is nothing to do.
    Park,
    /// [`Worker::exit`]: the scheduler is closed, or in a forked child.
    Exit,
}

/// Runs tasks on this thread until the scheduler closes, or until a task hands the worker on to another thread.
pub(crate) fn run(worker: Box<Worker>) {
    let scheduler = worker.shard.scheduler.clone();
    let mut rest = scheduler.thread_hooks.rest();
    seat::sit(worker);
    // What `block_in_place` says of this thread holds until the end of the poll.
    let _counted = Counted::as_before();
    while let Some(next) = next(&mut rest) {
        match next {
            Next::Run(task) => poll(task),
            Next::Fire => unreachable!("`next` has fired"),
            Next::Park => park(&mut rest, || false),
            Next::Exit => {
                busy(&mut rest);
                let Some(worker) = seat::stand() else { break };
                // What is dropped now may block: nobody waits for this worker any more.
                duty::is_relieved();
                return worker.exit();
            }
        }
    }
    scheduler.end_if_forked();
    // The poll in which the worker was handed on has ended: see `block_in_place`.
    scheduler.timers.clock().rest();
    scheduler.leave();
}

/// What this thread's worker does next, after it has fired what is due; nothing if it has none any more. Where it is to run a task `rest` was told that it is busy.
pub(crate) fn next(rest: &mut Rest<'_>) -> Option<Next> {
    loop {
        match catch_unwind(|| seat::with(|worker| worker.next(rest))) {
            Ok(Some(Next::Fire)) => firing::fire(),
            Ok(next) => return next,
            // What somebody has deferred to the deques' collector. The worker goes on.
            Err(payload) => discard(payload),
        }
    }
}

/// The worker has something to do that is no task. Its hook finds the seat empty, as in [`park`]: it cannot hand the worker on.
pub(crate) fn busy(rest: &mut Rest<'_>) {
    if rest.is_idle() {
        seat::with(|worker| {
            worker.runs();
            worker.is_busy(rest);
        });
    }
}

/// Parks as [`Worker::next`] has answered, on the worker's thread. `woken` says whether there is something else to do.
pub(crate) fn park(rest: &mut Rest<'_>, woken: impl Fn() -> bool) {
    seat::with(|worker| {
        // A hook may take its time: whoever relied on this searcher must not wait for it, nor whoever waits for a timer.
        rest.idle(|| {
            worker.stop_searching();
            worker.runs();
            worker.calls_hook();
        });
        worker.park(woken);
    });
}

/// Polls a task that [`Worker::next`] has answered, on the worker's thread.
pub(crate) fn poll(task: Runnable) {
    let budget = coop::Grant::task();
    task.run();
    account(budget);
}

/// Ends a poll's budget, on the worker's thread, and counts the poll if it was made to give way.
pub(crate) fn account(budget: coop::Grant) {
    if budget.was_exhausted() {
        // Its worker may have been handed on meanwhile: then nobody counts.
        seat::with(|worker| {
            worker.metrics.forced_yields.add(1);
            worker.record_numbers(Kind::Yield, || (0, 0));
        });
    }
}

impl Worker {
    /// Finds the next task.
    pub(crate) fn next(&self, rest: &mut Rest<'_>) -> Next {
        let scheduler = &*self.shard.scheduler;
        if scheduler.is_closed() || scheduler.is_forked() {
            return self.ends();
        }
        let looks = self.timing.should_look(scheduler.policy.event_interval);
        let mut looks_outside = false;
        if looks || !self.timing.notes.is_empty() {
            if looks {
                self.has_read_clock(self.timing.looked.get());
            }
            match self.prepare(looks) {
                Some(outside) => looks_outside = outside,
                None => return self.fires(),
            }
        }
        match self.find_task(looks_outside) {
            Some(task) => {
                self.stop_searching();
                self.runs();
                if rest.is_idle() {
                    self.is_busy(rest);
                }
                self.timing.polls(task.waker());
                Membership::stamp(&task, self.timing.stamp.get());
                self.record_poll(&task);
                self.polls.set(self.polls.get().wrapping_add(1));
                self.metrics.polls.add_published(1);
                Next::Run(task)
            }
            None if self.timing.has_more.get() => self.fires(),
            None => Next::Park,
        }
    }

    /// The scheduler is closed, or in a forked child.
    #[cold]
    fn ends(&self) -> Next {
        if let Some(task) = self.timing.take_held_back() {
            self.requeue(task);
        }
        if !mutant("close_counts_searchers") {
            // The token of the shutdown may have come before whoever claimed this worker has counted it: see `unpark_all`.
            self.searching.set(false);
        }
        // Who waits for events may be no task of the runtime's.
        if self.timing.notes.has(Note::Events) { self.fires() } else { Next::Exit }
    }

    /// Fires next. What is woken may block: nobody is to rely on this searcher.
    fn fires(&self) -> Next {
        self.timing.fires();
        self.stop_searching();
        Next::Fire
    }

    /// Blocks the thread until there may be work, unless `woken` says that there is something else to do.
    fn park(&self, woken: impl Fn() -> bool) {
        let scheduler = &*self.shard.scheduler;
        // The slot is empty: its worker alone fills it, and whoever was called in between has found no worker on the seat.
        let has_work = || scheduler.has_work() || scheduler.is_closed() || woken();
        if scheduler.idle.prepare_park(self.shard.index, self.searching.replace(false), has_work) == Park::Block {
            let alarm = self.timing.keep(&scheduler.timers, self.shard.index);
            self.record_rest(word::PARK, RawInstant::now);
            self.metrics.park();
            scheduler.timers.clock().rest();
            self.glances.glance(&self.parker, &scheduler.lookers);
            let (mut lease, has_token) = self.wait(scheduler, alarm);
            if mutant("io_stirs_late") {
                drop(lease.take());
            }
            if scheduler.idle.finish_park(self.shard.index) {
                scheduler.timers.clock().stir();
            } else if !has_token && !mutant("worker_leaves_token") {
                // Claimed as its time was up: the token that belongs to the claim is due.
                self.parker.park();
            }
            // Once the worker counts as awake: the driver, which takes the lease before it moves a paused clock, sees that.
            if let Some(lease) = lease {
                drop(lease);
                scheduler.poller_left();
            }
            let now = self.metrics.unpark();
            self.has_read_clock(Some(now));
            self.record_rest(word::UNPARK, || now);
        }
        self.searching.set(true);
    }

    /// It [runs](Self::runs) something after it had nothing to do, and its thread's hook is told before that is recorded.
    fn is_busy(&self, rest: &mut Rest<'_>) {
        rest.busy(|| self.calls_hook());
    }

    /// A hook of its thread's is about to be called, which may take its time: whatever was polled before has ended.
    #[cold]
    fn calls_hook(&self) {
        if self.shard.scheduler.recorder().is_some() {
            self.metrics.hooks.add(1);
            self.record_rest(word::HOOK, RawInstant::now);
        }
    }

    /// On a closed scheduler: drops the tasks that are left. The worker is on no seat: their drops are user code.
    ///
    /// In a forked child it ends the process: a task has forked and then returned, and its thread, a copy of a worker's, has nowhere to go.
    pub(crate) fn exit(self) {
        self.shard.scheduler.end_if_forked();
        self.shard.scheduler.drop_tasks(self.shard.index);
        self.shard.scheduler.leave();
    }

    /// The worker is on this thread's seat now.
    pub(super) fn sit(&self) {
        self.shard.scheduler.remotes[self.shard.index].set_thread();
        self.timing.sit(&self.shard.scheduler.timers, self.shard.index);
        let now = self.metrics.sit();
        self.has_read_clock(Some(now));
        self.record_rest(word::UNPARK, || now);
    }

    /// The worker is off its seat.
    pub(super) fn stand(&self) {
        // In a forked child there is nobody to be told, and locks may be taken for ever.
        if !self.shard.scheduler.is_forked() {
            self.timing.stand(&self.shard.scheduler.timers, self.shard.index);
        }
        self.record_rest(word::PARK, RawInstant::now);
        self.metrics.stand();
    }

    /// The worker is about to poll a root future with `waker`.
    pub(crate) fn polls_root(&self, waker: &Waker) {
        self.runs();
        self.timing.polls(Identity::of(waker));
        self.metrics.root_polls.add(1);
        self.record_numbers(Kind::Root, || (0, 0));
    }

    /// It is `now`, if the clock was read: what is polled from now on is stamped so.
    #[cold]
    fn has_read_clock(&self, now: Option<RawInstant>) {
        if let Some(now) = now {
            self.timing.stamp.set(Stamp::of(self.shard.scheduler.millisecond(now)));
            self.record_time(now);
        }
    }

    /// When it read the clock last.
    pub(super) fn stamp(&self) -> Stamp {
        self.timing.stamp.get()
    }

    /// The worker is about to run something, which may take any time.
    fn runs(&self) {
        self.timing.run(&self.shard.scheduler.timers, self.shard.index);
    }

    /// Which worker it is.
    pub(crate) fn index(&self) -> usize {
        self.shard.index()
    }

    pub(super) fn pen(&self) -> &Pen {
        &self.pen
    }

    pub(super) fn metrics(&self) -> &WorkerMetrics {
        &self.metrics
    }

    pub(super) fn credit(&self) -> &Credit {
        &self.credit
    }

    /// The clock of its runtime.
    pub(crate) fn clock(&self) -> &Clock {
        self.shard.scheduler.timers.clock()
    }

    /// The worker's reference to the scheduler.
    pub(crate) fn shard(&self) -> &Arc<Shard> {
        &self.shard
    }

    /// Lends this thread's worker, if it is one of `scheduler`, which is an address to compare and nothing more.
    fn of<R>(scheduler: *const Scheduler, f: impl FnOnce(&Self) -> R) -> Option<R> {
        seat::with(|worker| ptr::eq(Arc::as_ptr(&worker.shard.scheduler), scheduler).then(|| f(worker))).flatten()
    }

    /// As [`of`](Self::of), for an `f` that touches the worker's own numbers and nothing else.
    #[inline]
    pub(super) fn peek<R>(scheduler: *const Scheduler, f: impl FnOnce(&Self) -> R) -> Option<R> {
        seat::peek(|worker| ptr::eq(Arc::as_ptr(&worker.shard.scheduler), scheduler).then(|| f(worker))).flatten()
    }

    fn slot(&self) -> &Slot {
        &self.shard.scheduler.remotes[self.shard.index].slot
    }

    /// The worker has a task: it is no searcher any more.
    fn stop_searching(&self) {
        if self.searching.replace(false) {
            self.shard.scheduler.hand_on();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.credit.settle(&self.shard.scheduler);
    }
}
