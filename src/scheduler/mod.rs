//! The scheduler: workers that run tasks, the queues between them, and who wakes whom.
//!
//! [`Scheduler`] is what all threads share. A [`Shard`] is one worker's counted reference to it (one more serves foreign
//! threads), so that handles and timers made on a worker count on that worker's line. Tasks count theirs in bulk (`references.rs`).
//!
//! | file | holds |
//! |---|---|
//! | `worker/` | a worker's loop: find work, run it, fire its timers, park |
//! | `seat.rs` | which worker a thread works as |
//! | `slot.rs` | each worker's slot for the task woken last |
//! | `watch.rs` | the rescue of a task whose worker is stuck beside its full slot, and of sources that nobody waits for |
//! | `pace.rs` | how often the watch looks |
//! | `plan.rs` | what a builder decides |
//! | `membership.rs` | spawning, and what a task knows of its scheduler |
//! | `place.rs` | where a task is: in which list, from where, polled when |
//! | `references.rs` | the references of tasks to their scheduler, counted in bulk |
//! | `closing.rs` | the end: futures are dropped, queues emptied |
//! | `queue.rs` | local queues, stealers, the injector, and what is assumed of crossbeam |
//! | `hooks.rs` | the builder's hooks, and those around threads |
//! | `thread_settings.rs` | how the runtime's threads are called and started |
//! | `polling.rs` | who waits in the selector of the runtime's sources |
//! | `recording.rs` | what they record of what they do |
//! | `idle/` | who parks, who is woken; `idle/README.md` proves it |
//! | `sites.rs` | where tasks are spawned, by numbers |
//! | `survey.rs` | which tasks there are, and what they wait for |
//! | `standstill.rs` | which tasks wait, for a test whose paused clock nothing can move |
//! | `lookers.rs` | how many threads in `block_on` look before they sleep |
//! | `blocking.rs` | the blocking pool's jobs, as far as the clock counts them |
//! | `metrics.rs` | each worker's counters |
//! | `gauges.rs` | what is read of them, and of the queues, from outside |
//!
//! # Invariants (ordering labels)
//! - `scheduler_close`, `scheduler_check_before_push` (structural): see `closing.rs`.
//! - `scheduler_leave`: each poll, also one whose worker was handed on in the middle of it, happens before the timers are closed. Checked by the
//!   model `leave_vs_close`.
//! - `queue_account`: a task that was in the injector is counted once, there or as polled (`metrics.rs`).
//! - A worker that is claimed counts as awake before it is unparked: see `time/clock/awake.rs` (structural: `awake_stirs_late`).
//! - No user code runs under a lock of ours.
//!
//! Deliberately not here: threads (`runtime/`), tasks' states (`task/`), timers (`time/`).

mod blocking;
mod closing;
mod gauges;
pub(crate) mod hooks;
pub(crate) mod idle;
pub(crate) mod lookers;
mod membership;
pub(crate) mod metrics;
mod pace;
mod place;
mod plan;
mod polling;
pub(crate) mod queue;
mod recording;
mod references;
pub(crate) mod seat;
mod sites;
pub(crate) mod slot;
#[cfg(feature = "test-util")]
mod standstill;
pub(crate) mod survey;
pub(crate) mod thread_settings;
pub(crate) mod watch;
pub(crate) mod worker;

use crate::blocking::Pool;
use crate::facade::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::facade::thread::{self, ThreadId};
use crate::facade::{
    Arc, CachePadded, Condvar, ForkMark, Monitor, Mutex, RawInstant, StdArc, catch_unwind, mutant, ord, thread_number,
};
use crate::park::Unparker;
use crate::reactor::Reactor;
use crate::recorder::Rings;
use crate::recorder::word::Kind;
use crate::task::hooks::TaskHooks;
use crate::task::list::TaskList;
use crate::task::local_tasks::LocalSets;
use crate::task::runnable::Runnable;
use crate::task::tracer::Tracer;
use crate::task::watched::WatchedFutures;
use crate::time::driver::Timers;
pub(crate) use blocking::Coming;
use blocking::Room;
use hooks::ThreadHooks;
use idle::Idle;
use lookers::Lookers;
pub(crate) use membership::{Membership, spawn};
pub use plan::RuntimeFlavor;
pub(crate) use plan::{Plan, Policy};

use metrics::{Counter, ForeignTasks, HighWater, WorkerMetrics};
use queue::{Injector, Stealer};
use references::LentCount;
use sites::Sites;
use slot::Slot;
use thread_settings::ThreadSettings;
use watch::Watch;

/// What all threads of a runtime share.
pub(crate) struct Scheduler {
    injector: Injector,
    /// Queue entries dropped because the runtime ends.
    discarded: AtomicU64,
    /// Tasks that the watch has moved to the injector.
    rescued: Counter,
    remote_schedules: HighWater,
    idle: CachePadded<Idle>,
    lookers: CachePadded<Lookers>,
    remotes: Box<[Remote]>,
    /// One for each worker and, last, one for foreign threads.
    lists: Box<[CachePadded<TaskList>]>,
    /// The local sets that are polled in this runtime.
    local_sets: StdArc<LocalSets>,
    watched_futures: StdArc<WatchedFutures>,
    started: RawInstant,
    sites: Sites,
    recorder: Option<Box<Rings>>,
    /// Who walks through the lists.
    surveyor: Mutex<()>,
    /// Who asks tasks where they wait, and whoever waits for the turn to.
    tracer: Monitor<Option<StdArc<Tracer>>>,
    traced: Condvar,
    watch: CachePadded<Watch>,
    lent: CachePadded<LentCount>,
    foreign: CachePadded<ForeignTasks>,
    closed: AtomicBool,
    /// A worker that still polls has queued a task on the closed scheduler.
    left_over: AtomicBool,
    /// Shards that are alive. Tasks have none.
    owners: AtomicUsize,
    mark: ForkMark,
    /// Workers that have not exited, and threads that still poll for one.
    working: AtomicUsize,
    timers: Timers,
    reactor: Arc<Reactor>,
    /// Something else than what a worker polls has waited for a source.
    has_outsiders: AtomicBool,
    blocking: CachePadded<Pool>,
    room: Room,
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
    thread: Mutex<Option<(ThreadId, Option<u32>)>>,
}

/// A counted reference to the scheduler that belongs to one worker, or to all foreign threads.
pub(crate) struct Shard {
    scheduler: Arc<Scheduler>,
    index: usize,
}

impl Scheduler {
    /// `remotes` are the workers', and `timers` have a shard for each and one more.
    pub(crate) fn new(remotes: Box<[Remote]>, timers: Timers, reactor: Arc<Reactor>, plan: Plan) -> Self {
        let (started, mark) = (RawInstant::now(), ForkMark::new());
        let room = if plan.recorder.is_some() { sites::ROOM_RECORDED } else { sites::ROOM };
        Self {
            injector: Injector::new(),
            discarded: AtomicU64::new(0),
            rescued: Counter::new(0),
            remote_schedules: HighWater::new(),
            idle: CachePadded::new(Idle::new(remotes.len())),
            lookers: CachePadded::new(Lookers::new()),
            lists: (0..=remotes.len()).map(|_| CachePadded::new(TaskList::new())).collect(),
            working: AtomicUsize::new(remotes.len()),
            recorder: plan
                .recorder
                .map(|recorder| Box::new(Rings::new(&recorder, remotes.len(), started, mark.clone()))),
            task_hooks: plan.hooks.task.of_runtime(remotes.len()).map(StdArc::new),
            remotes,
            local_sets: StdArc::new(LocalSets::new(mark.clone())),
            watched_futures: StdArc::new(WatchedFutures::new(mark.clone())),
            started,
            sites: Sites::new(room),
            surveyor: Mutex::new(()),
            tracer: Monitor::new(None),
            traced: Condvar::new(),
            watch: CachePadded::new(Watch::new()),
            closed: AtomicBool::new(false),
            left_over: AtomicBool::new(false),
            owners: AtomicUsize::new(0),
            lent: CachePadded::new(LentCount::new()),
            foreign: CachePadded::new(ForeignTasks::new()),
            mark,
            timers,
            reactor,
            has_outsiders: AtomicBool::new(false),
            blocking: CachePadded::new(plan.blocking),
            room: Room::new(),
            threads: plan.threads,
            policy: plan.policy,
            name: plan.name,
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

    /// The threads in `block_on` that look before they sleep.
    pub(crate) fn lookers(&self) -> &Lookers {
        &self.lookers
    }

    /// The hooks around this runtime's threads.
    pub(crate) fn thread_hooks(&self) -> &ThreadHooks {
        &self.thread_hooks
    }

    /// Queues a woken task from a thread that is no worker of ours. It is in a list: on a closed scheduler its future needs nobody.
    fn inject(&self, task: Runnable) {
        if self.is_closed() {
            return;
        }
        self.record_task_elsewhere(Kind::Wake, &task);
        self.push_injected(task);
        if self.is_ownerless() {
            self.empty_injector();
        }
    }

    /// Queues a new task from such a thread. True if the scheduler is closed and may have missed it: the caller sees to its future.
    #[must_use = "the future may have been missed"]
    fn inject_new(&self, task: Runnable) -> bool {
        let before = mutant("scheduler_check_before_push") && self.is_closed();
        self.push_injected(task);
        // ORDERING(scheduler_close): relaxed, after the fence of `notify`; pairs with the fence in `drop_tasks`.
        if mutant("scheduler_check_before_push") { before } else { self.is_closed() }
    }

    /// Queues a task that the watch has rescued, on the driver's thread.
    fn inject_rescued(&self, task: Runnable) {
        self.push_injected(task);
        if self.is_closed() {
            self.drop_tasks(self.workers());
        }
    }

    fn push_injected(&self, task: Runnable) {
        self.injector.push(task);
        self.notify();
    }

    /// Wakes a worker if nobody searches. Called after work was made visible: a task in a queue, or a root future that is woken.
    pub(crate) fn notify(&self) {
        self.unpark(self.idle.notify(|| self.poller()));
    }

    /// A worker has filled its slot, which was empty: somebody watches over it, if another worker could run the task.
    fn watch_slot(&self) {
        if self.remotes.len() > 1 && self.watch.slot_filled() {
            self.timers.unpark_driver();
        }
    }

    /// A worker has queued tasks and told nobody: somebody watches over them, if another worker could run them.
    fn watch_queue(&self) {
        if self.remotes.len() > 1 && self.watch.queued_untold() {
            self.timers.unpark_driver();
        }
    }

    /// A searcher has found work: wakes a worker if it was the last and there is more.
    fn hand_on(&self) {
        self.unpark(self.idle.stop_searching(|| self.has_work(), || self.poller()));
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

    /// Whether any task waits to be run. While workers park their slots are empty, but not that of a worker which waits for a thread.
    pub(crate) fn has_waiting_tasks(&self) -> bool {
        self.has_work() || self.remotes.iter().any(|remote| !remote.slot.is_empty())
    }

    /// Whether this is a child of the process that built the runtime: none of its threads is here.
    #[inline]
    pub(crate) fn is_forked(&self) -> bool {
        self.mark.is_inherited()
    }

    /// Ends a child of the process that built the runtime: a task or a job has forked and then returned there, on a copy of a thread of the
    /// runtime's that has nowhere to go.
    pub(crate) fn end_if_forked(&self) {
        if self.is_forked() {
            // For the message.
            let _ = catch_unwind(|| self.assert_not_forked());
            std::process::abort();
        }
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

    /// A thread that was a worker's still polls a task, whose `block_in_place` has handed the worker on.
    pub(crate) fn stay(&self) {
        // Counter only: the worker itself counts, and leaves later.
        self.working.fetch_add(1, Ordering::Relaxed);
    }

    /// A worker exits, or was never started, or a thread that has handed one on has ended its poll. The last one ends the timers: no task is
    /// polled any more, and would find them closed.
    pub(crate) fn leave(&self) {
        // ORDERING(scheduler_leave): release our polls to the last one, acquire everybody's if that is us: none of them can find closed what is
        // closed next, and the driver sees what they did (`timers_close`).
        if self.working.fetch_sub(1, ord("scheduler_leave", Ordering::AcqRel)) == 1 {
            self.timers.close();
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
        *self.thread.lock() = Some((thread::current().id(), thread_number()));
    }
}

impl Shard {
    pub(crate) fn scheduler(&self) -> &Arc<Scheduler> {
        &self.scheduler
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }
}
