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
//! | `plan.rs` | what a builder decides |
//! | `queue.rs` | local queues, stealers, the injector, and what is assumed of crossbeam |
//! | `hooks.rs` | the user's hooks around tasks and threads |
//! | `idle/` | who parks, who is woken; `idle/README.md` proves it |
//! | `blocking.rs` | the blocking pool's jobs, as far as the clock counts them |
//! | `metrics.rs` | each worker's counters |
//! | `gauges.rs` | what is read of them, and of the queues, from outside |
//!
//! # Invariants (ordering labels)
//! - `scheduler_close`: a task injected while the runtime closes is taken out by its pusher or by a worker that closes.
//!   The pusher pushes, passes the fence of `notify` (`idle_publish`) and reads `closed`; the closer writes `closed`, and each
//!   worker passes a fence before it empties the injector. `scheduler_check_before_push` (structural): in this order.
//! - `scheduler_unpark_before_flag` (structural): the closing flag is written before the unparks, whose tokens carry it to workers that sleep.
//! - Checked by the models `injector_shutdown`, `shutdown_inflight_wake`, `current_thread_drop_vs_spawn`.
//! - `queue_account`: a task that was in the injector is counted once, there or as polled (`metrics.rs`).
//! - A worker that is claimed counts as awake before it is unparked: see `time/clock/awake.rs` (structural: `awake_stirs_late`).
//! - No user code runs under a lock of ours; a refused queue entry is dropped as an entry, its future by the list's closing.
//!
//! Deliberately not here: threads (`runtime/`), tasks' states (`task/`), timers (`time/`).

mod blocking;
mod gauges;
pub(crate) mod hooks;
pub(crate) mod idle;
pub(crate) mod metrics;
mod plan;
pub(crate) mod queue;
pub(crate) mod seat;
pub(crate) mod slot;
pub(crate) mod thread_settings;
pub(crate) mod watch;
pub(crate) mod worker;

use std::future::Future;

use crate::blocking::Pool;
use crate::park::Unparker;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Arc, CachePadded, ForkMark, Mutex, StdArc, fence_seq_cst, mutant, ord};
use crate::task::hooks::TaskHooks;
use crate::task::list::TaskList;
use crate::task::meta::Origin;
use crate::task::raw::{RawTask, Schedule};
use crate::task::runnable::Runnable;
use crate::task::{self, JoinHandle};
use crate::time::driver::Timers;
use hooks::ThreadHooks;
use idle::Idle;
pub use plan::RuntimeFlavor;
pub(crate) use plan::{Plan, Policy};

use metrics::{Counter, HighWater, WorkerMetrics};
use queue::{Injector, Stealer};
use slot::Slot;
use thread_settings::ThreadSettings;
use watch::Watch;
use worker::Worker;

/// What all threads of a runtime share.
pub(crate) struct Scheduler {
    injector: Injector,
    /// Tasks dropped from the injector because the runtime ends.
    discarded: AtomicU64,
    /// Tasks that the watch has moved to the injector.
    rescued: Counter,
    remote_schedules: HighWater,
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

/// What other threads see of a worker.
pub(crate) struct Remote {
    stealer: Stealer,
    unparker: Unparker,
    slot: CachePadded<Slot>,
    metrics: Arc<CachePadded<WorkerMetrics>>,
    busy: HighWater,
    /// The thread that works as the worker, or was the last to.
    thread: Mutex<Option<ThreadId>>,
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
            discarded: AtomicU64::new(0),
            rescued: Counter::new(0),
            remote_schedules: HighWater::new(),
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

    /// The hooks that are told of tasks, for one that holds no shard.
    pub(crate) fn task_hooks(&self) -> Option<StdArc<TaskHooks>> {
        self.task_hooks.clone()
    }

    /// The hooks around this runtime's threads.
    pub(crate) fn thread_hooks(&self) -> &ThreadHooks {
        &self.thread_hooks
    }

    /// Queues a task from a thread that is no worker of ours.
    fn inject(&self, task: Runnable) {
        let late = mutant("scheduler_check_before_push");
        if late && self.is_closed() {
            return;
        }
        self.injector.push(task);
        self.notify();
        // ORDERING(scheduler_close): relaxed, after the fence of `notify`; pairs with the fence in `empty_injector`.
        if self.closed.load(Ordering::Relaxed) && !late {
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
        if mutant("scheduler_unpark_before_flag") {
            self.remotes.iter().for_each(|remote| remote.unparker.unpark());
            // Relaxed: as below (counter only).
            self.closed.swap(true, Ordering::Relaxed);
            return;
        }
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
            // ORDERING(queue_account): release; as a worker's count of polls. Any thread may be here, and seldom.
            self.discarded.fetch_add(1, ord("queue_account", Ordering::Release));
            drop(entry);
        }
    }
}

impl Remote {
    pub(crate) fn new(stealer: Stealer, unparker: Unparker, metrics: Arc<CachePadded<WorkerMetrics>>) -> Self {
        let slot = CachePadded::new(Slot::new());
        Self { stealer, unparker, slot, metrics, busy: HighWater::new(), thread: Mutex::new(None) }
    }

    /// The calling thread works as the worker.
    fn set_thread(&self) {
        *self.thread.lock() = Some(thread::current().id());
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
