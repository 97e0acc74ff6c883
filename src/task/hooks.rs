//! The hooks around a runtime's tasks: user code that is told when a task is spawned, polled, and gone; and the polls of tasks that are counted.
//!
//! Who calls them: [`create_local`](super::create_local) on the thread that spawns; `cell.rs` on the thread that polls the future, or drops it.
//!
//! # Invariants
//! - A hook runs under no lock of ours, and its panic ends here.
//! - Each task that is announced by `spawned` is later followed, once, by `terminated`: all that ends a task passes through
//!   one function, `Cell::complete`.
//! - Where no hook is set the scheduler answers none at all (`Schedule::hooks`), and a task's poll sees by its vtable that nobody watches.

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::meta::TaskMeta;
use super::poll_times::{PollTimes, Timed};
use super::raw::{Schedule, discard};
use crate::facade::atomic::{AtomicBool, Ordering};
use crate::facade::{StdArc, catch_unwind};

/// User code that is told of a task.
pub(crate) type TaskHook = StdArc<dyn Fn(&TaskMeta<'_>) + Send + Sync>;

/// What to call when. Cloned into each runtime that a builder builds.
#[derive(Clone, Default)]
pub(crate) struct TaskHooks {
    pub(crate) spawn: Option<TaskHook>,
    pub(crate) before_poll: Option<TaskHook>,
    pub(crate) after_poll: Option<TaskHook>,
    pub(crate) terminate: Option<TaskHook>,
    pub(crate) stranding: Option<StdArc<Stranding>>,
    /// Whether tasks are counted (`statistics.rs`).
    pub(crate) statistics: bool,
    /// Where they are: how long polls take.
    pub(crate) times: Option<StdArc<PollTimes>>,
}

/// Who is told of tasks that nobody can wake any more. Each task keeps it: who drops a task's last waker has nothing else to find it by.
pub(crate) struct Stranding {
    hook: TaskHook,
    /// The runtime ends, and every task with it.
    ends: AtomicBool,
}

// No panic leaves the hook by us, and nobody sees what it has left half done but its next call.
impl UnwindSafe for Stranding {}
impl RefUnwindSafe for Stranding {}

/// A task whose runtime has hooks, to be told of it. No larger than need be: room for it is on the way of each poll,
/// also of tasks that nobody watches.
pub(super) struct Watch<'a, S> {
    scheduler: &'a S,
    meta: TaskMeta<'a>,
    /// When the poll began, if the task is counted.
    begun: Cell<u64>,
}

impl TaskHooks {
    /// Those of a runtime of so many workers that is about to start, if there is any.
    pub(crate) fn of_runtime(self, workers: usize) -> Option<Self> {
        let Self { spawn, before_poll, after_poll, terminate, stranding, statistics, times: _ } = &self;
        let any = *statistics || [spawn, before_poll, after_poll, terminate].into_iter().any(Option::is_some);
        let stranding = stranding.as_ref().map(|stranding| StdArc::new(Stranding::new(stranding.hook.clone())));
        let times = statistics.then(|| StdArc::new(PollTimes::new(workers)));
        (any || stranding.is_some()).then(|| Self { stranding, times, ..self })
    }

    /// The runtime ends: that nobody can wake a task says nothing from now on.
    pub(crate) fn end(&self) {
        if let Some(stranding) = &self.stranding {
            // Counter only: what is dropped on this thread comes after, and elsewhere it does not matter.
            stranding.ends.store(true, Ordering::Relaxed);
        }
    }
}

impl Stranding {
    pub(crate) fn new(hook: TaskHook) -> Self {
        Self { hook, ends: AtomicBool::new(false) }
    }

    pub(super) fn tell(&self, task: &TaskMeta<'_>) {
        // Counter only.
        if !self.ends.load(Ordering::Relaxed) {
            call_quietly(|| (self.hook)(task));
        }
    }
}

impl<'a, S: Schedule> Watch<'a, S> {
    /// Of a task of this scheduler, if that has hooks.
    pub(super) fn new(scheduler: &'a S, meta: TaskMeta<'a>) -> Option<Self> {
        scheduler.hooks().map(|_| Self { scheduler, meta, begun: Cell::new(0) })
    }

    pub(super) fn spawned(&self) {
        self.tell(self.scheduler.hooks().and_then(|hooks| hooks.spawn.as_ref()));
    }

    // Not inlined, as the one below: what they keep in registers would be saved around the polls of all tasks.
    #[inline(never)]
    pub(super) fn before_poll(&self) {
        let Some(hooks) = self.scheduler.hooks() else { return };
        self.tell(hooks.before_poll.as_ref());
        if let Some(statistics) = self.meta.statistics() {
            let (begun, waited) = statistics.begins_poll();
            self.begun.set(begun);
            self.record(hooks, Timed::Wait, waited);
        }
    }

    #[inline(never)]
    pub(super) fn after_poll(&self) {
        let Some(hooks) = self.scheduler.hooks() else { return };
        if let Some(statistics) = self.meta.statistics() {
            let took = statistics.ends_poll(self.begun.get());
            self.record(hooks, Timed::Poll, took);
        }
        self.tell(hooks.after_poll.as_ref());
    }

    pub(super) fn terminated(&self) {
        self.tell(self.scheduler.hooks().and_then(|hooks| hooks.terminate.as_ref()));
    }

    fn record(&self, hooks: &TaskHooks, timed: Timed, nanoseconds: u64) {
        // A blocking job is no poll that others wait behind.
        if let Some(times) = hooks.times.as_ref().filter(|_| !S::IS_JOB) {
            times.record(self.scheduler.worker(), timed, nanoseconds);
        }
    }

    fn tell(&self, hook: Option<&TaskHook>) {
        if let Some(hook) = hook {
            call_quietly(|| hook(&self.meta));
        }
    }
}

/// Calls a hook; a panic in it ends here.
pub(crate) fn call_quietly(hook: impl FnOnce()) {
    if let Err(payload) = catch_unwind(hook) {
        discard(payload);
    }
}
