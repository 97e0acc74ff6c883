//! What a builder decides about a scheduler.

use std::time::Duration;

use super::Scheduler;
use super::hooks::Hooks;
use super::thread_settings::ThreadSettings;
use crate::blocking::Pool;
use crate::facade::StdArc;
use crate::recorder::Recorder;

/// What a builder decides.
pub(crate) struct Plan {
    /// The runtime's name.
    pub(crate) name: Option<StdArc<str>>,
    pub(crate) policy: Policy,
    pub(crate) threads: ThreadSettings,
    pub(crate) blocking: Pool,
    pub(crate) hooks: Hooks,
    /// What is recorded, if anything is.
    pub(crate) recorder: Option<Recorder>,
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
    /// How long a paused clock waits for an answer before it moves.
    pub(crate) io_grace: Duration,
}

impl Scheduler {
    /// The runtime's name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}
