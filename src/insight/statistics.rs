//! What is counted of a task, in a runtime that was built for it.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

#[cfg(feature = "serde")]
use super::serial;
use super::{TaskDump, WokenBy};
use crate::facade::RawInstant;
use crate::task::Id;
use crate::task::statistics::Counted;

/// What was counted of one task.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct TaskStatistics {
    polls: u64,
    #[cfg_attr(feature = "serde", serde(rename = "poll_time_ns", serialize_with = "serial::nanoseconds"))]
    poll_time: Duration,
    #[cfg_attr(feature = "serde", serde(rename = "longest_poll_ns", serialize_with = "serial::nanoseconds"))]
    longest_poll: Duration,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    woken_by: Option<WokenBy>,
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "woken_ns",
            serialize_with = "serial::optional_nanoseconds",
            skip_serializing_if = "Option::is_none"
        )
    )]
    woken: Option<Duration>,
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "serial::optional_text", skip_serializing_if = "Option::is_none")
    )]
    joined_by: Option<Id>,
    #[cfg_attr(feature = "serde", serde(skip))]
    joined: RawInstant,
    #[cfg_attr(feature = "serde", serde(skip))]
    spawned: RawInstant,
}

impl TaskStatistics {
    pub(super) fn new(counted: Counted) -> Self {
        let Counted { spawned, polls, poll_time, longest_poll, woken_by, woken, joined_by, joined, job: _ } = counted;
        Self { polls, poll_time, longest_poll, woken_by, woken, joined_by, joined, spawned }
    }

    /// Whether `joiner`, which has the address of this one's joiner, may be that joiner: else it was spawned where that has ended.
    pub(super) fn may_be_joined_by(&self, joiner: &Self) -> bool {
        joiner.spawned <= self.joined
    }

    pub(super) fn forget_joiner(&mut self) {
        self.joined_by = None;
    }
}

/// `None` unless [tasks are counted](crate::runtime::Builder::task_statistics).
impl TaskDump {
    /// How many polls of it have begun.
    pub fn polls(&self) -> Option<u64> {
        self.statistics().map(|statistics| statistics.polls)
    }

    /// How long all its polls have taken that have ended.
    ///
    /// ```
    /// use fusee::runtime::{Builder, Handle};
    ///
    /// let runtime = Builder::new_multi_thread().task_statistics(true).build()?;
    /// runtime.block_on(async {
    ///     fusee::spawn(async {
    ///         fusee::task::yield_now().await;
    ///         std::future::pending::<()>().await;
    ///     });
    ///     loop {
    ///         if let [task] = Handle::current().dump().tasks()
    ///             && task.polls() == Some(2)
    ///         {
    ///             break assert!(task.longest_poll() <= task.poll_time());
    ///         }
    ///         fusee::task::yield_now().await;
    ///     }
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn poll_time(&self) -> Option<Duration> {
        self.statistics().map(|statistics| statistics.poll_time)
    }

    /// How long the longest of them has taken.
    pub fn longest_poll(&self) -> Option<Duration> {
        self.statistics().map(|statistics| statistics.longest_poll)
    }

    /// Who has woken it: for the poll to come, if it is queued, else for the last. `None` also before the first wake.
    pub fn woken_by(&self) -> Option<WokenBy> {
        self.statistics()?.woken_by
    }

    /// How long ago that was.
    pub fn woken(&self) -> Option<Duration> {
        self.statistics()?.woken
    }

    /// The task that waits for it, and is woken as it comes to its end; it may have ended itself, if the handle is kept elsewhere since. `None` also if nobody has polled its [`JoinHandle`](crate::task::JoinHandle), or something else than a task has.
    ///
    /// It is the task that the waker in the handle is of; if that is another executor's, within a task, it is the task that polled the handle last.
    pub fn joined_by(&self) -> Option<Id> {
        self.statistics()?.joined_by
    }
}

impl Display for TaskStatistics {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { polls, poll_time, longest_poll, woken_by, .. } = self;
        write!(f, "{} in {poll_time:.1?}", super::display::count(*polls as usize, "poll"))?;
        write!(f, ", the longest {longest_poll:.1?}")?;
        match woken_by {
            None => Ok(()),
            Some(WokenBy::Task(task)) => write!(f, ", last woken by {task}"),
            Some(WokenBy::Event) => write!(f, ", last woken by a timer or source"),
            Some(WokenBy::WhilePolled) => write!(f, ", last woken while polled"),
            Some(WokenBy::InBlockOn) => write!(f, ", last woken in block_on"),
            Some(WokenBy::Outside) => write!(f, ", last woken from outside"),
        }
    }
}
