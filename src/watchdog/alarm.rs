//! What the watchdog tells.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::Poll;
use crate::facade::StdArc;
use crate::scheduler::Scheduler;
use crate::task::Id;

/// A poll that takes, or has taken, longer than the [`Watchdog`](super::Watchdog) allows. `Display` tells it in one line.
///
/// See [`Watchdog`](super::Watchdog) for an example.
#[derive(Clone, Debug)]
pub struct Alarm {
    runtime: Option<StdArc<str>>,
    worker: usize,
    polled: Polled,
    name: Option<StdArc<str>>,
    spawned_at: Option<&'static Location<'static>>,
    lasted: Duration,
    has_ended: bool,
    thread: Option<u32>,
    activity: Activity,
}

/// What the thread of a poll does, as far as the kernel can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activity {
    /// It computes: it has had a CPU for at least half of the time.
    Computing,
    /// It waits in the kernel.
    Blocked {
        /// The number of the system call.
        call: u64,
        /// Its name, if it is one of those in which threads often wait.
        name: Option<&'static str>,
    },
    /// It would compute, and has had no CPU for most of the time: others have, or a limit is reached.
    Starved,
    /// The kernel does not say; it does on Linux, and while the poll goes on.
    Unknown,
}

/// What a worker is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polled {
    Task {
        address: usize,
        place: u64,
    },
    Root,
    Waker,
    Hook,
    /// Recording is paused, or was when it began; or it has done so much since that its beginning is overwritten.
    Unknown,
}

/// A poll of which was told.
pub(super) struct Told {
    pub(super) number: u64,
    alarm: Alarm,
}

impl Told {
    pub(super) fn new(poll: &Poll, scheduler: &Scheduler, worker: usize) -> Self {
        let (name, spawned_at) = match poll.polled {
            Polled::Task { address, place } => {
                let name = poll.name.clone().or_else(|| scheduler.name_of(address));
                (name, scheduler.place_of(place))
            }
            Polled::Root | Polled::Waker | Polled::Hook | Polled::Unknown => (None, None),
        };
        let alarm = Alarm {
            runtime: scheduler.name().map(StdArc::from),
            worker,
            polled: poll.polled,
            name,
            spawned_at,
            lasted: Duration::ZERO,
            has_ended: false,
            thread: None,
            activity: Activity::Unknown,
        };
        Self { number: poll.number, alarm }
    }

    pub(super) fn alarm(&self, lasted: Duration, has_ended: bool, thread: Option<u32>, activity: Activity) -> Alarm {
        Alarm { lasted, has_ended, thread, activity, ..self.alarm.clone() }
    }
}

impl Alarm {
    /// The runtime's [name](crate::runtime::Builder::name).
    pub fn runtime(&self) -> Option<&str> {
        self.runtime.as_deref()
    }

    /// The worker.
    pub fn worker(&self) -> usize {
        self.worker
    }

    /// The task that is polled; `None` if it is the future of `block_on`, or if a waker that is none of the runtime's takes so long, which a timer or a source has woken, or a hook
    /// for parking or unparking ([`on_thread_park`](crate::runtime::Builder::on_thread_park)); or if it is not known, for recording was [paused](crate::runtime::Handle::pause_recording) when the poll began, or the poll has done thousands of things since.
    pub fn task(&self) -> Option<Id> {
        match self.polled {
            Polled::Task { address, .. } => Id::of_recorded(address),
            Polled::Root | Polled::Waker | Polled::Hook | Polled::Unknown => None,
        }
    }

    /// The task's name; in its first poll 256 bytes of it at most.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The call that spawned the task.
    pub fn spawned_at(&self) -> Option<&'static Location<'static>> {
        self.spawned_at
    }

    /// How long the poll has taken so far, or in all: too little, by the time that passed before the watchdog saw it first, which is 10 ms or a tenth of the limit, if the worker was not
    /// asleep before, and half of the limit else; once it [has ended](Self::has_ended) too much by as much.
    pub fn lasted(&self) -> Duration {
        self.lasted
    }

    /// Whether the poll has ended.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The kernel's number of the thread (`gettid`), on Linux: for `gdb -p` and `/proc/self/task`, and for `fusee-stacks` (`tools/stacks`), which takes the
    /// stack of a poll that blocks.
    pub fn thread(&self) -> Option<u32> {
        self.thread
    }

    /// What the thread does.
    pub fn activity(&self) -> Activity {
        self.activity
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(runtime) = &self.runtime {
            write!(f, "runtime {runtime:?}: ")?;
        }
        let verb = if self.has_ended { "was" } else { "has been" };
        let what = if self.polled == Polled::Hook { "one hook" } else { "one poll" };
        write!(f, "worker {} {verb} in {what} for {:.0?}: ", self.worker, self.lasted)?;
        match (self.polled, self.task()) {
            (Polled::Root, _) => write!(f, "the future of block_on")?,
            (Polled::Waker, _) => write!(f, "a waker that a timer or a source has woken")?,
            (Polled::Hook, _) => write!(f, "that for parking, or that for unparking")?,
            (Polled::Unknown, _) => write!(f, "of something that is not recorded")?,
            (Polled::Task { .. }, None) => write!(f, "a task")?,
            (Polled::Task { .. }, Some(task)) => write!(f, "task {task}")?,
        }
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        if let Some(place) = self.spawned_at {
            write!(f, ", spawned at {place}")?;
        }
        if self.has_ended {
            return Ok(());
        }
        match self.activity {
            Activity::Computing => write!(f, "; it computes")?,
            Activity::Blocked { name: Some(name), .. } => write!(f, "; it waits in {name}")?,
            Activity::Blocked { call, name: None } => write!(f, "; it waits in the system call {call}")?,
            Activity::Starved => write!(f, "; it has no CPU")?,
            Activity::Unknown => {}
        }
        self.thread.map_or(Ok(()), |thread| write!(f, " (thread {thread})"))
    }
}
