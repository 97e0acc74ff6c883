//! The scheduler: workers that run tasks, the queues between them, and who wakes whom.
//!
//! [`Scheduler`] is what all threads share. A [`Shard`] is one worker's counted reference to it (one more serves foreign
//! threads): tasks and handles made on a worker count on that worker's line, so that spawning bumps no line that all share.
//!
//! | file | holds |
//! |---|---|
//! | `worker.rs` | a worker's loop: find work, run it, park |
//! | `seat.rs` | which worker a thread works as |
//! | `slot.rs` | each worker's slot for the task woken last |
//! | `watch.rs` | the rescue of a task whose worker is stuck beside its full slot |
//! | `queue.rs` | local queues, stealers, the injector, and what is assumed of crossbeam |
//! | `hooks.rs` | the user's hooks around tasks and threads |
//! | `idle/` | who parks, who is woken; `idle/README.md` proves it |
//! | `blocking.rs` | the blocking pool's jobs, as far as the clock counts them |
//! | `metrics.rs` | each worker's counters |
//!
//! # Invariants (ordering labels)
//! - `scheduler_close`: a task injected while the runtime closes is taken out by its pusher or by a worker that closes.
//!   The pusher pushes, passes the fence of `notify` (`idle_publish`) and reads `closed`; the closer writes `closed`, and each
//!   worker passes a fence before it empties the injector.
//! - A worker that is claimed counts as awake before it is unparked: see `time/clock/awake.rs` (structural: `awake_stirs_late`).
//! - No user code runs under a lock of ours; a refused queue entry is dropped as an entry, its future by the list's closing.
//!
//! Deliberately not here: threads (`runtime/`), tasks' states (`task/`), timers (`time/`).

mod blocking;
pub(crate) mod hooks;
pub(crate) mod idle;
pub(crate) mod metrics;
pub(crate) mod queue;
pub(crate) mod seat;
pub(crate) mod slot;
pub(crate) mod thread_settings;
pub(crate) mod watch;
pub(crate) mod worker;

use std::future::Future;

use crate::blocking::Pool;
use crate::park::Unparker;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Arc, CachePadded, ForkMark, StdArc, fence_seq_cst, mutant};
use crate::task::hooks::TaskHooks;
use crate::task::list::TaskList;
use crate::task::meta::Origin;
use crate::task::raw::{RawTask, Schedule};
use crate::task::runnable::Runnable;
use crate::task::{self, JoinHandle};
use crate::time::driver::Timers;
use hooks::{Hooks, ThreadHooks};
use idle::Idle;
use metrics::WorkerMetrics;
use queue::{Injector, Stealer};
use slot::Slot;
use thread_settings::ThreadSettings;
use watch::Watch;
use worker::Worker;

/// What all threads of a runtime share.
pub(crate) struct Scheduler {
    injector: Injector,
    idle: Idle,
    remotes: Box<[Remote]>,
    /// One for each worker and, last, one for foreign threads.
    lists: Box<[CachePadded<TaskList>]>,
    watch: CachePadded<Watch>,
    closed: AtomicBool,
    mark: ForkMark,
    /// Workers that have not exited.
    working: AtomicUsize,
    timers: Timers,
    blocking: Pool,
    threads: ThreadSettings,
    policy: Policy,
    name: Option<StdArc<str>>,
    /// Shared with tasks that are in no list, and hold no shard.
    task_hooks: Option<StdArc<TaskHooks>>,
    thread_hooks: ThreadHooks,
}

/// What a builder decides.
pub(crate) struct Plan {
    /// The runtime's name.
    pub(crate) name: Option<StdArc<str>>,
    pub(crate) policy: Policy,
    pub(crate) threads: ThreadSettings,
    pub(crate) blocking: Pool,
    pub(crate) hooks: Hooks,
}

/// How a runtime runs its tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// On the thread that is in [`Runtime::block_on`](crate::runtime::Runtime::block_on).
    CurrentThread,
    /// On workers, each a thread of its own.
    MultiThread,
}

/// What a builder decides about scheduling.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) flavor: RuntimeFlavor,
    /// A worker looks at the injector first on every one of so many polls.
    pub(crate) global_queue_interval: u32,
    /// A thread that works and polls a root future looks at that after so many polls of tasks.
    pub(crate) event_interval: u32,
}

/// What other threads see of a worker.
pub(crate) struct Remote {
    stealer: Stealer,
    unparker: Unparker,
    slot: CachePadded<Slot>,
    metrics: CachePadded<WorkerMetrics>,
}

/// A counted reference to the scheduler that belongs to one worker, or to all foreign threads.
pub(crate) struct Shard {
    scheduler: Arc<Scheduler>,
    index: usize,
}

impl Scheduler {
    /// `remotes` are the workers', and `timers` have a shard for each and one more.
    pub(crate) fn new(remotes: Box<[Remote]>, timers: Timers, plan: Plan) -> Self {
        Self {
            injector: Injector::new(),
            idle: Idle::new(remotes.len()),
            lists: (0..=remotes.len()).map(|_| CachePadded::new(TaskList::new())).collect(),
            working: AtomicUsize::new(remotes.len()),
            remotes,
            watch: CachePadded::new(Watch::new()),
            closed: AtomicBool::new(false),
            mark: ForkMark::new(),
            timers,
            blocking: plan.blocking,
            threads: plan.threads,
            policy: plan.policy,
            name: plan.name,
            task_hooks: plan.hooks.task.if_any().map(StdArc::new),
            thread_hooks: plan.hooks.thread,
        }
    }

    pub(crate) fn workers(&self) -> usize {
        self.remotes.len()
    }

    pub(crate) fn flavor(&self) -> RuntimeFlavor {
        self.policy.flavor
    }

    /// The runtime's name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn event_interval(&self) -> u32 {
        self.policy.event_interval
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.timers
    }

    pub(crate) fn blocking(&self) -> &Pool {
        &self.blocking
    }

    /// How its threads are to be started.
    pub(crate) fn threads(&self) -> &ThreadSettings {
        &self.threads
    }

    pub(crate) fn metrics(&self, worker: usize) -> &WorkerMetrics {
        &self.remotes[worker].metrics
    }

    /// The hooks that are told of tasks, for one that holds no shard.
    pub(crate) fn task_hooks(&self) -> Option<StdArc<TaskHooks>> {
        self.task_hooks.clone()
    }

    /// The hooks around this runtime's threads.
    pub(crate) fn thread_hooks(&self) -> &ThreadHooks {
        &self.thread_hooks
    }

    /// Tasks spawned and not complete yet.
    pub(crate) fn live_tasks(&self) -> usize {
        self.lists.iter().map(|list| list.len()).sum()
    }

    /// Tasks in the injector.
    pub(crate) fn injected(&self) -> usize {
        self.injector.len()
    }

    /// Tasks in a worker's local queue and its slot.
    pub(crate) fn queued(&self, worker: usize) -> usize {
        self.remotes[worker].stealer.len() + usize::from(!self.remotes[worker].slot.is_empty())
    }

    /// Queues a task from a thread that is no worker of ours.
    fn inject(&self, task: Runnable) {
        self.injector.push(task);
        self.notify();
        // ORDERING(scheduler_close): relaxed, after the fence of `notify`; pairs with the fence in `empty_injector`.
        if self.closed.load(Ordering::Relaxed) {
            self.empty_injector();
        }
    }

    /// Wakes a worker if work was made visible and nobody searches.
    fn notify(&self) {
        self.unpark(self.idle.notify());
    }

    /// A worker has filled its slot, which was empty: somebody watches over it, if another worker could run the task.
    fn watch_slot(&self) {
        if self.remotes.len() > 1 && self.watch.slot_filled() {
            self.timers.unpark_driver();
        }
    }

    /// A searcher has found work: wakes a worker if it was the last and there is more.
    fn hand_on(&self) {
        self.unpark(self.idle.stop_searching(|| self.has_work()));
    }

    fn unpark(&self, worker: Option<usize>) {
        if let Some(worker) = worker {
            if mutant("awake_stirs_late") {
                self.remotes[worker].unparker.unpark();
                self.timers.clock().stir();
                return;
            }
            self.timers.clock().stir();
            self.remotes[worker].unparker.unpark();
        }
    }

    /// Whether any queue holds a task.
    pub(crate) fn has_work(&self) -> bool {
        !self.injector.is_empty() || self.remotes.iter().any(|remote| !remote.stealer.is_empty())
    }

    /// Begins the shutdown: workers exit after the poll that they are in. Later calls do nothing.
    pub(crate) fn close(&self) {
        // ORDERING(scheduler_close): relaxed; nothing but the flag is passed on. The unparks come after, and their tokens carry it
        // to the workers that sleep.
        if self.closed.swap(true, Ordering::Relaxed) {
            return;
        }
        for remote in &self.remotes {
            remote.unparker.unpark();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        // ORDERING(scheduler_close): relaxed; a worker that sees it late looks again before it parks.
        self.closed.load(Ordering::Relaxed)
    }

    /// Whether this is a child of the process that built the runtime: none of its threads is here.
    #[inline]
    pub(crate) fn is_forked(&self) -> bool {
        self.mark.is_inherited()
    }

    /// Panics in a child of the process that built the runtime.
    #[track_caller]
    pub(crate) fn assert_not_forked(&self) {
        assert!(
            !self.is_forked(),
            "a fusee runtime was used in a child of the process that built it, where none of its threads runs: build a runtime \
             in the child, or call `exec` after `fork`"
        );
    }

    /// Drops every live future, and every queue entry that is in reach. On a closed scheduler.
    ///
    /// Each exiting worker calls it: a worker that never returns from a poll keeps nobody else's tasks alive.
    fn drop_tasks(&self, first: usize) {
        let (before, after) = self.lists.split_at(first);
        for list in after.iter().chain(before) {
            list.close();
        }
        self.empty_injector();
    }

    /// A worker exits, or was never started. The last one ends the timers: no task is polled any more, and would find them closed.
    pub(crate) fn leave(&self) {
        // Counter only.
        if self.working.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.timers.close();
        }
    }

    /// Drops the injector's entries. On a closed scheduler.
    fn empty_injector(&self) {
        // ORDERING(scheduler_close): a pusher that missed `closed` passed its fence before this one: its task is seen here.
        fence_seq_cst("scheduler_close");
        while let Some(entry) = self.injector.pop() {
            drop(entry);
        }
    }
}

impl Remote {
    pub(crate) fn new(stealer: Stealer, unparker: Unparker) -> Self {
        Self {
            stealer,
            unparker,
            slot: CachePadded::new(Slot::new()),
            metrics: CachePadded::new(WorkerMetrics::default()),
        }
    }
}

impl Shard {
    /// The shard of worker `index`; of foreign threads, if that is the number of workers.
    pub(crate) fn new(scheduler: Arc<Scheduler>, index: usize) -> Arc<Self> {
        debug_assert!(index <= scheduler.workers(), "one shard for each worker and one for foreign threads");
        Arc::new(Self { scheduler, index })
    }

    pub(crate) fn scheduler(&self) -> &Arc<Scheduler> {
        &self.scheduler
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }
}

/// Spawns a task that belongs to `shard`: it is in its list, and counts on its line.
#[track_caller]
pub(crate) fn spawn<F>(shard: &Arc<Shard>, future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    shard.scheduler.assert_not_forked();
    let (runnable, handle) = task::enlist(future, Membership(shard.clone()), Membership::list, origin);
    if let Some(runnable) = runnable
        && let Err(runnable) = Worker::push_current(Arc::as_ptr(&shard.scheduler), runnable)
    {
        shard.scheduler.inject(runnable);
    }
    handle
}

/// As [`spawn`], for a reference to the shard that the task takes over: on a worker no other is counted.
#[track_caller]
pub(crate) fn spawn_owned<F>(shard: Arc<Shard>, future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    shard.scheduler.assert_not_forked();
    let (runnable, handle) = task::enlist(future, Membership(shard), Membership::list, origin);
    if let Some(runnable) = runnable {
        runnable.schedule();
    }
    handle
}

/// A task's membership: in which list it is, and which scheduler runs it.
struct Membership(Arc<Shard>);

impl Schedule for Membership {
    unsafe fn schedule(this: *const Self, task: Runnable) {
        // SAFETY: by the caller.
        unsafe { Self::queue(this, task, Worker::push_current) }
    }

    unsafe fn reschedule(this: *const Self, task: Runnable) {
        // SAFETY: by the caller.
        unsafe { Self::queue(this, task, Worker::requeue_current) }
    }

    fn release(&self, task: RawTask) -> bool {
        // SAFETY: a task enters this list when it is made and completes once.
        unsafe { self.list().remove(task) }
    }

    fn hooks(&self) -> Option<&TaskHooks> {
        self.0.scheduler.task_hooks.as_deref()
    }
}

impl Membership {
    fn list(&self) -> &TaskList {
        &self.0.scheduler.lists[self.0.index]
    }

    /// Queues `task` on this worker by `queue`, or injects it from any other thread.
    ///
    /// # Safety
    /// `this` lies in the allocation of `task`, whose entry the caller owns.
    unsafe fn queue(
        this: *const Self,
        task: Runnable,
        queue: impl FnOnce(*const Scheduler, Runnable) -> Result<(), Runnable>,
    ) {
        // SAFETY: the entry keeps the allocation alive until it is handed on.
        let membership = unsafe { &*this };
        if let Err(task) = queue(Arc::as_ptr(&membership.0.scheduler), task) {
            // The entry is about to leave our hands, and with it the allocation that holds `this`.
            let shard = membership.0.clone();
            shard.scheduler.inject(task);
        }
    }
}
