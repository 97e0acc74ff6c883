//! What a dump says of one task.

use std::panic::Location;
use std::time::Duration;

#[cfg(feature = "serde")]
use super::serial;
use super::statistics::TaskStatistics;
use crate::facade::StdArc;
#[cfg(feature = "io")]
use crate::reactor::Interest;
use crate::runtime;
use crate::scheduler::survey::Surveyed;
use crate::task::Id;
use crate::task::state::Snapshot;
use crate::task::statistics::Statistics;

/// A task, as it was when the dump was taken. See [the module](super) for an example.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TaskDump {
    #[cfg_attr(feature = "serde", serde(serialize_with = "serial::text"))]
    id: Id,
    #[cfg_attr(feature = "serde", serde(serialize_with = "serial::name", skip_serializing_if = "Option::is_none"))]
    name: Option<StdArc<str>>,
    #[cfg_attr(feature = "serde", serde(serialize_with = "serial::place", skip_serializing_if = "Option::is_none"))]
    spawned_at: Option<&'static Location<'static>>,
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "serial::optional_text", skip_serializing_if = "Option::is_none")
    )]
    local_set: Option<runtime::Id>,
    state: TaskState,
    #[cfg_attr(feature = "serde", serde(rename = "polled_ns", serialize_with = "serial::nanoseconds"))]
    polled: Duration,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    wakers: Option<usize>,
    is_stranded: bool,
    waits: Vec<Wait>,
    #[cfg_attr(feature = "serde", serde(flatten))]
    statistics: Option<TaskStatistics>,
}

/// What becomes of a task next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum TaskState {
    /// It is polled, or its future is dropped.
    Running,
    /// It was woken, or aborted, and waits for a worker.
    Queued,
    /// It waits to be woken.
    Waiting,
    /// It has come to its end meanwhile.
    Complete,
}

impl TaskState {
    pub(super) fn of(word: Snapshot) -> Self {
        match () {
            () if word.is_complete() => Self::Complete,
            () if word.is_running() => Self::Running,
            () if word.is_notified() => Self::Queued,
            () => Self::Waiting,
        }
    }
}

/// What a task waits for, as far as the runtime's own parts know: one that waits for a channel or a lock has no [`Wait`], and a [waker](TaskDump::wakers).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Wait {
    /// A timer that is due in so long, on the runtime's clock; no time at all, if it is due.
    Timer(Duration),
    /// The source of this number is to be ready for this. A source is a socket, a pipe, or what else has a descriptor; it keeps its number while it lives, and no other of the
    /// runtime's has it.
    #[cfg(feature = "io")]
    Source(usize, Interest),
    /// The task of this identifier is to come to its end, and has the waker of this one, which has polled its handle and keeps it: in its last poll, or in an earlier one.
    /// Where [tasks are counted](crate::runtime::Builder::task_statistics).
    Task(Id),
    /// The blocking job of this identifier is to come to its end. Where tasks are counted, and told of one job alone: that whose handle was polled last in the task's last poll.
    BlockingJob(Id),
}

impl TaskDump {
    pub(super) fn new(surveyed: &Surveyed) -> Self {
        let task = &surveyed.task;
        let word = surveyed.word;
        let counted = task.statistics().map(Statistics::read);
        Self {
            id: task.id(),
            name: task.name().cloned(),
            spawned_at: surveyed.spawned_at,
            local_set: surveyed.local_set.as_deref().map(runtime::Id::of_place),
            state: TaskState::of(word),
            polled: surveyed.polled,
            wakers: word.wakers(),
            is_stranded: word.is_stranded(),
            waits: counted.iter().filter_map(|counted| counted.job).map(Wait::BlockingJob).collect(),
            statistics: counted.map(TaskStatistics::new),
        }
    }

    pub(super) fn statistics(&self) -> Option<&TaskStatistics> {
        self.statistics.as_ref()
    }

    pub(super) fn statistics_mut(&mut self) -> Option<&mut TaskStatistics> {
        self.statistics.as_mut()
    }

    pub(super) fn waits_for(&mut self, wait: Wait) {
        self.waits.push(wait);
    }

    /// The task.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The name that [`task::Builder::name`](crate::task::Builder::name) gave it.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The call that spawned it; `None` if the runtime's tasks are spawned at more than some four hundred places, or some thirteen thousand with a recorder, and this is one of those
    /// that there was no room for.
    pub fn spawned_at(&self) -> Option<&'static Location<'static>> {
        self.spawned_at
    }

    /// The local set that it is of ([`LocalSet::id`](crate::task::LocalSet::id)), if it is of one, as all of a `LocalRuntime`'s own are.
    ///
    /// ```
    /// use fusee::runtime::Handle;
    /// use fusee::task::LocalSet;
    ///
    /// let (local, runtime) = (LocalSet::new(), fusee::runtime::Runtime::new()?);
    /// let task = local.spawn_local(std::future::pending::<()>());
    /// local.block_on(&runtime, async {
    ///     // The set is polled beside this.
    ///     while runtime.handle().dump().tasks().is_empty() {
    ///         fusee::task::yield_now().await;
    ///     }
    ///     let dump = runtime.handle().dump();
    ///     assert_eq!((dump.tasks()[0].id(), dump.tasks()[0].local_set()), (task.id(), Some(local.id())));
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_set(&self) -> Option<runtime::Id> {
        self.local_set
    }

    /// What becomes of it next.
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// How long ago its last poll began, on the machine's clock, in milliseconds: it says too much by the time that its worker had made polls without a look at the clock,
    /// which is a tenth of a millisecond as a rule. It starts anew after seven weeks. Of a task of a local set: how long ago the poll of the set began in which it was polled
    /// last, which may be a tick of the kernel's too much or too little.
    pub fn polled(&self) -> Duration {
        self.polled
    }

    /// How many wakers of it there are, wherever they are; `None` on systems with words of 32 bits.
    pub fn wakers(&self) -> Option<usize> {
        self.wakers
    }

    /// Whether it can never run again: it waits, and there is no waker of it. Only an abort or the end of the runtime can end it.
    pub fn is_stranded(&self) -> bool {
        self.is_stranded
    }

    /// What it waits for, as far as the runtime's own parts know.
    ///
    /// ```
    /// use fusee::insight::Wait;
    /// use fusee::runtime::Handle;
    /// use fusee::time::{Duration, sleep};
    ///
    /// fusee::runtime::block_on(async {
    ///     fusee::spawn(sleep(Duration::from_secs(3_600)));
    ///     loop {
    ///         if let [task] = Handle::current().dump().tasks()
    ///             && let [Wait::Timer(left)] = task.waits()
    ///         {
    ///             break assert!(*left > Duration::from_secs(3_000));
    ///         }
    ///         fusee::task::yield_now().await;
    ///     }
    /// });
    /// ```
    pub fn waits(&self) -> &[Wait] {
        &self.waits
    }
}
