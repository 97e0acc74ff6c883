//! The user's hooks, as a runtime's builder collects them, and those around its threads.
//!
//! Who calls the latter: each thread that the runtime starts, around its main function; each worker around its parking.
//! They run with nothing of ours locked or half done: a hook may spawn, wake and block, and its panic ends in it.
//!
//! Deliberately not here: the hooks around tasks, which the tasks' own cells call (`task/hooks.rs`).

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::facade::StdArc;
use crate::task::hooks::{TaskHooks, call_quietly};

/// User code that is told of its thread.
pub(crate) type ThreadHook = StdArc<dyn Fn() + Send + Sync>;

/// All hooks. Cloned into each runtime that a builder builds.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) task: TaskHooks,
    pub(crate) thread: ThreadHooks,
}

// No panic leaves a hook by us, and nobody sees what it has left half done but the hook itself, its next call.
impl UnwindSafe for Hooks {}
impl RefUnwindSafe for Hooks {}

/// What to call when, on the thread that it is about.
#[derive(Clone, Default)]
pub(crate) struct ThreadHooks {
    pub(crate) start: Option<ThreadHook>,
    pub(crate) stop: Option<ThreadHook>,
    pub(crate) park: Option<ThreadHook>,
    pub(crate) unpark: Option<ThreadHook>,
}

impl ThreadHooks {
    /// Runs a thread's main function between the hooks for its start and its end.
    pub(crate) fn around<R>(&self, main: impl FnOnce() -> R) -> R {
        call(self.start.as_ref());
        let result = main();
        call(self.stop.as_ref());
        result
    }

    /// Tells the thread's hooks when it goes idle and when it is busy again; busy, to begin with.
    pub(crate) fn rest(&self) -> Rest<'_> {
        Rest { hooks: self, idle: false }
    }
}

/// Whether a thread idles, as far as its hooks have been told. They are told of changes alone, however often it parks in between.
pub(crate) struct Rest<'a> {
    hooks: &'a ThreadHooks,
    idle: bool,
}

impl Rest<'_> {
    /// The thread has nothing to do. Where there is a hook to be told it passes through `before` first.
    #[inline]
    pub(crate) fn idle(&mut self, before: impl FnOnce()) {
        if !self.idle {
            self.idle = true;
            if self.hooks.park.is_some() {
                before();
                call(self.hooks.park.as_ref());
            }
        }
    }

    /// Whether it was last told that the thread has nothing to do.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.idle
    }

    /// The thread has something to do.
    #[inline]
    pub(crate) fn busy(&mut self) {
        if self.idle {
            self.idle = false;
            call(self.hooks.unpark.as_ref());
        }
    }
}

#[inline]
fn call(hook: Option<&ThreadHook>) {
    if let Some(hook) = hook {
        call_quietly(|| hook());
    }
}
