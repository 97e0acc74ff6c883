//! What is counted of a task in a runtime that was [built](crate::runtime::Builder::task_statistics) for it: its polls, who woke it, who joins it.
//!
//! What its polls take and wait goes into the runtime's histograms besides (`poll_times.rs`).
//!
//! It lies with the task's label. In other runtimes a task has none, and nothing here is called: the cells of tasks with a label have a vtable of their own.
//!
//! Who calls it: whoever polls the task (`hooks.rs`) and queues or runs it (`cell.rs`), on the thread that does; `join.rs`, where the handle is; whoever tells of tasks, on any thread.
//! A task is queued by one thread between two polls, and polled by one: each number has one writer at a time. What else reads it comes early or late, and decides nothing.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::id::{self, Id};
use crate::duty;
use crate::facade::plain::{AtomicU64, Ordering};
use crate::facade::{RawInstant, thread_local_const};

thread_local_const! {
    /// The counted task that this thread runs, from before its poll until its joiner is woken.
    static RUNS: Cell<Option<Id>> = Cell::new(None)
}

/// The counts of a task. Moments are nanoseconds since it was spawned.
pub(crate) struct Statistics {
    spawned: RawInstant,
    is_job: bool,
    polls: Count,
    poll_time: Count,
    longest_poll: Count,
    /// When its last poll ended.
    polled_at: Count,
    /// By whom it was woken for the poll that was last begun, and for that to come.
    cause: Count,
    next_cause: Count,
    woken_at: Count,
    /// Who has left a waker with it, to be woken as it completes; and when.
    joined_by: Count,
    joined_at: Count,
    /// The blocking job for whose end it was seen to wait in its last poll.
    job: Count,
}

/// What has woken a task, for its last poll or for that to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WokenBy {
    /// A task, whose code called the waker, or which has come to its end; or has aborted it. One of any runtime; or a blocking job.
    Task(Id),
    /// A timer that was due, or a source that was ready; or a hook of the runtime's.
    Event,
    /// Somebody, while it was polled: it itself, as a rule, to let others run.
    WhilePolled,
    /// The thread in `block_on` that runs the tasks of a current-thread runtime, outside of these: a timer, a source, or the future of `block_on`.
    InBlockOn,
    /// Something else: a thread that runs no tasks, or the future of `block_on` on it.
    Outside,
}

/// What was counted up to some moment.
pub(crate) struct Counted {
    pub(crate) spawned: RawInstant,
    pub(crate) polls: u64,
    pub(crate) poll_time: Duration,
    pub(crate) longest_poll: Duration,
    pub(crate) woken_by: Option<WokenBy>,
    /// How long ago it was woken.
    pub(crate) woken: Option<Duration>,
    pub(crate) joined_by: Option<Id>,
    /// When that was noted.
    pub(crate) joined: RawInstant,
    pub(crate) job: Option<Id>,
}

/// The thread runs a counted task until this is dropped; then what it ran before.
pub(super) struct Runs(Option<Id>);

struct Count(AtomicU64);

const NONE: u64 = 0;
const EVENT: u64 = 1;
const WHILE_POLLED: u64 = 2;
const IN_BLOCK_ON: u64 = 3;
const OUTSIDE: u64 = 4;

impl Statistics {
    /// Of a task that is spawned now, or of a blocking job.
    pub(super) fn new(is_job: bool) -> Self {
        let none = || Count(AtomicU64::new(NONE));
        Self {
            spawned: RawInstant::now(),
            is_job,
            polls: none(),
            poll_time: none(),
            longest_poll: none(),
            polled_at: none(),
            cause: none(),
            next_cause: none(),
            woken_at: none(),
            joined_by: none(),
            joined_at: none(),
            job: none(),
        }
    }

    /// It is about to be put into a queue by this thread, which has woken it, or aborts it.
    pub(super) fn is_woken(&self) {
        let runs = RUNS.try_with(Cell::get).unwrap_or(None);
        self.next_cause.set(match runs.or_else(id::try_id) {
            Some(task) => word(task),
            None if duty::polls_for_others() => EVENT,
            None if duty::polls_for_both() => IN_BLOCK_ON,
            None => OUTSIDE,
        });
        self.woken_at.set(self.now());
    }

    /// Its future is about to be polled. When that was, for [`ends_poll`](Self::ends_poll); and for how long it has
    /// waited: since it was woken; if it was while it was polled, since that poll ended; and before the first wake
    /// since it was spawned.
    pub(super) fn begins_poll(&self) -> (u64, u64) {
        let polls = self.polls.get();
        let cause = self.next_cause.get();
        self.next_cause.set(NONE);
        if cause == NONE && polls > 0 {
            self.cause.set(WHILE_POLLED);
            self.woken_at.set(self.polled_at.get());
        } else {
            self.cause.set(cause);
        }
        self.polls.set(polls + 1);
        self.job.set(NONE);
        let now = self.now();
        (now, now.saturating_sub(self.woken_at.get()))
    }

    /// The poll that began at `begun` has ended. How long it took.
    pub(super) fn ends_poll(&self, begun: u64) -> u64 {
        let now = self.now();
        let took = now.saturating_sub(begun);
        self.poll_time.set(self.poll_time.get().saturating_add(took));
        self.longest_poll.set(self.longest_poll.get().max(took));
        self.polled_at.set(now);
        took
    }

    /// The task `joiner`, if it is one, has left its waker.
    pub(super) fn is_joined(&self, joiner: Option<Id>) {
        self.joined_by.set(joiner.map_or(NONE, word));
        self.joined_at.set(self.now());
    }

    /// It was seen to wait for this task, of which `other` is counted.
    pub(super) fn waits_for(&self, task: Id, other: &Self) {
        if other.is_job {
            self.job.set(word(task));
        }
    }

    /// It has given up the handle of this task.
    pub(super) fn waits_no_more_for(&self, task: Id) {
        if self.job.get() == word(task) {
            self.job.set(NONE);
        }
    }

    pub(crate) fn read(&self) -> Counted {
        let cause = match self.next_cause.get() {
            NONE => self.cause.get(),
            next => next,
        };
        let woken_by = match cause {
            NONE => None,
            EVENT => Some(WokenBy::Event),
            WHILE_POLLED => Some(WokenBy::WhilePolled),
            IN_BLOCK_ON => Some(WokenBy::InBlockOn),
            OUTSIDE => Some(WokenBy::Outside),
            task => task_of(task).map(WokenBy::Task),
        };
        let ago = || Duration::from_nanos(self.now().saturating_sub(self.woken_at.get()));
        Counted {
            spawned: self.spawned,
            polls: self.polls.get(),
            poll_time: Duration::from_nanos(self.poll_time.get()),
            longest_poll: Duration::from_nanos(self.longest_poll.get()),
            woken_by,
            woken: woken_by.map(|_| ago()),
            joined_by: task_of(self.joined_by.get()),
            joined: self.spawned + Duration::from_nanos(self.joined_at.get()),
            job: task_of(self.job.get()),
        }
    }

    fn now(&self) -> u64 {
        RawInstant::now().saturating_duration_since(self.spawned).as_nanos() as u64
    }
}

impl Runs {
    pub(super) fn enter(task: Id) -> Self {
        Self(RUNS.try_with(|runs| runs.replace(Some(task))).unwrap_or(None))
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        // The thread ends: nothing was set.
        let _ = RUNS.try_with(|runs| runs.set(self.0));
    }
}

impl Count {
    fn get(&self) -> u64 {
        // Counter only: see above.
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, value: u64) {
        // Counter only: see above.
        self.0.store(value, Ordering::Relaxed);
    }
}

/// An identifier is the address of a task: greater than what stands for others.
fn word(task: Id) -> u64 {
    task.address() as u64
}

fn task_of(word: u64) -> Option<Id> {
    NonZeroUsize::new(word as usize).map(Id::of_address)
}
