//! The user's hooks, as a runtime's builder collects them, and those around its threads.
//!
//! Who calls the latter: each thread that the runtime starts, around its main function; each worker around its parking. The user's wrapper is
//! called besides by each thread in `block_on`, and by whoever shuts the runtime down and drops futures and closures of its.
//! They run with nothing of ours locked or half done: a hook may spawn, wake and block, and its panic ends in it.
//!
//! Deliberately not here: the hooks around tasks, which the tasks' own cells call (`task/hooks.rs`).

use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};

use crate::facade::{StdArc, catch_unwind};
use crate::task::hooks::{TaskHooks, call_quietly};

/// User code that is told of its thread.
pub(crate) type ThreadHook = StdArc<dyn Fn() + Send + Sync>;

/// User code that calls a thread's work from within itself.
#[derive(Clone)]
pub(crate) struct Wrapper(StdArc<Wrap>);

type Wrap = dyn Fn(&mut dyn FnMut()) + Send + Sync;

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
    pub(crate) wrapper: Option<Wrapper>,
}

impl Wrapper {
    pub(crate) fn new(wrapper: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) -> Self {
        Self(StdArc::new(wrapper))
    }

    /// Does `work` once, inside the wrapper; or after it, if it has not called the work. A panic of the work passes around the wrapper, not
    /// through it, and goes on behind it.
    pub(crate) fn around<R>(&self, work: impl FnOnce() -> R) -> R {
        let (mut work, mut done) = (Some(work), None);
        let mut once = || {
            if let Some(work) = work.take() {
                done = Some(catch_unwind(work));
            }
        };
        call_quietly(|| (self.0)(&mut once));
        once();
        done.expect("the work is done, by the wrapper or after it").unwrap_or_else(|payload| resume_unwind(payload))
    }
}

impl ThreadHooks {
    /// Runs a thread's main function between the hooks for its start and its end, all of it inside the wrapper.
    pub(crate) fn around<R>(&self, main: impl FnOnce() -> R) -> R {
        self.wrap(|| {
            call(self.start.as_ref());
            let result = main();
            call(self.stop.as_ref());
            result
        })
    }

    /// Runs `work` inside the wrapper, if there is one.
    pub(crate) fn wrap<R>(&self, work: impl FnOnce() -> R) -> R {
        match &self.wrapper {
            Some(wrapper) => wrapper.around(work),
            None => work(),
        }
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

    /// The thread has something to do. Where there is a hook to be told it passes through `before` first.
    #[inline]
    pub(crate) fn busy(&mut self, before: impl FnOnce()) {
        if self.idle {
            self.idle = false;
            if self.hooks.unpark.is_some() {
                before();
                call(self.hooks.unpark.as_ref());
            }
        }
    }
}

#[inline]
fn call(hook: Option<&ThreadHook>) {
    if let Some(hook) = hook {
        call_quietly(|| hook());
    }
}
