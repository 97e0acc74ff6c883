//! Threads that stand beside a runtime and watch it.
//!
//! They poll no task and fire no timer; a runtime whose workers are all stuck has them at work. What asks for them stands above the runtime, so that a builder knows no more
//! than how to prepare each: before its thread starts, so that what cannot be is an error of `build`.
//!
//! # Order
//! They start when all other threads have, and are told to end when those have ended, or shutdown waits for them no longer: a shutdown that hangs is watched too. A forked child
//! has none of them and tells them nothing.
//!
//! Who calls it: `builder.rs`, as it builds, and the `Runtime`'s shutdown. Deliberately not here: what they do (`console/`).

use std::io;

use super::Builder;
use super::handle::Handle;
use super::runtime::Runtime;
use super::threads::Threads;
use crate::duty;
use crate::facade::thread;
use crate::facade::{RawInstant, StdArc};

/// Makes a companion ready for the runtime of a handle; asked at each `build`.
pub(crate) type Prepare = StdArc<dyn Fn(&Handle) -> io::Result<Companion> + Send + Sync>;

/// One that is about to start.
pub(crate) struct Companion {
    pub(crate) name: &'static str,
    /// All that its thread does.
    pub(crate) main: Box<dyn FnOnce() + Send>,
    /// Has `main` return soon; waits for nothing.
    pub(crate) end: End,
}

type End = Box<dyn FnOnce() + Send + Sync>;

/// Those of one runtime.
pub(super) struct Companions {
    threads: Threads,
    ends: Vec<End>,
}

impl Builder {
    /// Has runtimes be accompanied by what `prepare` makes ready.
    #[allow(dead_code, reason = "who asks for one may be left out")]
    pub(crate) fn accompany(
        &mut self,
        prepare: impl Fn(&Handle) -> io::Result<Companion> + Send + Sync + 'static,
    ) -> &mut Self {
        self.companions.push(StdArc::new(prepare));
        self
    }
}

impl Runtime {
    /// Starts its companions.
    pub(super) fn accompanied(mut self, by: &[Prepare]) -> io::Result<Self> {
        for prepare in by {
            let companion = prepare(self.handle())?;
            self.companions.get_or_insert_with(Companions::new).start(companion)?;
        }
        Ok(self)
    }
}

impl Companions {
    fn new() -> Self {
        Self { threads: Threads::new(), ends: Vec::new() }
    }

    fn start(&mut self, companion: Companion) -> io::Result<()> {
        let Companion { name, main, end } = companion;
        let thread = thread::Builder::new().name(name.to_owned());
        self.threads.start(thread, || {
            // Whoever drops a runtime here waits for no thread of it.
            duty::become_runtime_thread();
            main();
        })?;
        self.ends.push(end);
        Ok(())
    }

    /// Has them all end.
    pub(super) fn end(self) -> Threads {
        self.ends.into_iter().for_each(|end| end());
        self.threads
    }

    /// Has them all end, and waits for that until `deadline`.
    pub(super) fn end_and_wait(self, deadline: Option<RawInstant>) {
        self.end().wait(deadline);
    }
}
