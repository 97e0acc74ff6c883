//! The hooks around a runtime's tasks: user code that is told when a task is spawned, polled, and gone.
//!
//! Who calls them: [`create_local`](super::create_local) on the thread that spawns; `cell.rs` on the thread that polls the future, or drops it.
//!
//! # Invariants
//! - A hook runs under no lock of ours, and its panic ends here.
//! - Each task that is announced by `spawned` is later followed, once, by `terminated`: all that ends a task passes through
//!   one function, `Cell::complete`.
//! - Where no hook is set the scheduler answers none at all (`Schedule::hooks`), and a task's poll sees by its vtable that nobody watches.

use super::meta::TaskMeta;
use super::raw::discard;
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
}

/// A runtime's hooks, and the task that they are told of.
pub(super) struct Watch<'a> {
    hooks: &'a TaskHooks,
    meta: TaskMeta<'a>,
}

impl TaskHooks {
    /// The hooks, if there is any.
    pub(crate) fn if_any(self) -> Option<Self> {
        let Self { spawn, before_poll, after_poll, terminate } = &self;
        let any = [spawn, before_poll, after_poll, terminate].into_iter().any(Option::is_some);
        any.then_some(self)
    }
}

impl<'a> Watch<'a> {
    pub(super) fn new(hooks: &'a TaskHooks, meta: TaskMeta<'a>) -> Self {
        Self { hooks, meta }
    }

    pub(super) fn spawned(&self) {
        self.tell(self.hooks.spawn.as_ref());
    }

    pub(super) fn before_poll(&self) {
        self.tell(self.hooks.before_poll.as_ref());
    }

    pub(super) fn after_poll(&self) {
        self.tell(self.hooks.after_poll.as_ref());
    }

    pub(super) fn terminated(&self) {
        self.tell(self.hooks.terminate.as_ref());
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
