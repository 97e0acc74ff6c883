//! What is going on in a runtime: a [`Dump`] of its tasks.
//!
//! It is asked for while everything runs, by [`Handle::dump`](crate::runtime::Handle::dump), from any thread, and needs nothing to be switched on: no flag of the compiler's,
//! no other crate, and no note that somebody would have to keep while nobody asks. No worker is asked for anything: one that is stuck in a poll keeps no dump waiting.
//!
//! ```
//! use fusee::runtime::Handle;
//!
//! fusee::runtime::block_on(async {
//!     let task = fusee::task::Builder::new().name("late").spawn(fusee::time::sleep(fusee::time::Duration::from_secs(60)))?;
//!     let spawned_at = line!() - 1;
//!     // It is in the dump once it has been pending.
//!     while Handle::current().dump().tasks().is_empty() {
//!         fusee::task::yield_now().await;
//!     }
//!     let dump = Handle::current().dump();
//!     let [waiting] = dump.tasks() else { panic!("{dump}") };
//!     assert_eq!((waiting.id(), waiting.name()), (task.id(), Some("late")));
//!     assert_eq!(waiting.spawned_at().unwrap().line(), spawned_at);
//!     println!("{dump}");
//!     std::io::Result::Ok(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! prints
//!
//! ```text
//! 1 task has waited, 0 others are alive
//! src/main.rs:4:54: 1 task
//!   0x55d0c8b7e2a0 "late" waiting, last polled 0ns ago, 1 waker: timer in 59.999s
//! ```
//!
//! # Stranded tasks
//! A task that waits while there is no waker of it anywhere can never run again, for a waker is made of another, or by a poll. That is certain, and the dump says so
//! ([`TaskDump::is_stranded`]); [`Builder::on_task_stranded`](crate::runtime::Builder::on_task_stranded) tells it as it happens. What has a waker may wait in vain all the same: if the waker
//! lies in the task itself, or with another that waits for this one.
//!
//! # Where a task waits, to the line
//! [`Handle::wait_traces`](crate::runtime::Handle::wait_traces) asks tasks for the stacks of their `.await`s: an async backtrace, for which nothing is annotated. It wakes them once for that.
//!
//! # What came before
//! With a [`Recorder`], which [`Builder::recorder`](crate::runtime::Builder::recorder) turns on, each thread keeps its last events: [`recording`].
//!
//! # Polls that take too long
//! A [`Watchdog`], for [`Builder::watchdog`](crate::runtime::Builder::watchdog), tells of them while they do. Neither is on by default: the watchdog takes a thread that wakes a hundred times a second, and a recorder
//! some nanoseconds of each poll.
//!
//! # Statistics
//! Where a runtime [counts its tasks](crate::runtime::Builder::task_statistics) a dump also says of each how often and how long it was polled, who woke it last and who joins it, for which tasks and
//! blocking job it waits ([`Wait::Task`], [`Wait::BlockingJob`]), and which tasks wait for each other in a circle ([`Dump::circles`]). Who joins whom is known of each
//! [`JoinHandle`](crate::task::JoinHandle) that was polled; of the tasks of a [`JoinSet`](crate::task::JoinSet) it is not.
//!
//! # At a signal, and at a panic
//! `fusee::signal::unix::dump_on` prints a dump at a signal. A panic's hook may ask for one as any code may, for user code runs under no lock of the runtime's:
//!
//! ```
//! let runtime = fusee::runtime::Runtime::new()?;
//! let (handle, before) = (runtime.handle().clone(), std::panic::take_hook());
//! std::panic::set_hook(Box::new(move |panic| {
//!     before(panic);
//!     eprintln!("{}", handle.dump());
//! }));
//! # let _ = std::panic::take_hook();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # As data
//! With the feature `serde` a [`Dump`] is `serde::Serialize`. This is its JSON; other formats have the same names.
//!
//! ```json
//! {
//!   "runtime": "shop",
//!   "others": 0,
//!   "tasks": [{
//!     "id": "0x55d0c8b7e2a0",
//!     "name": "late",
//!     "spawned_at": { "file": "src/main.rs", "line": 4, "column": 54 },
//!     "state": "waiting",
//!     "polled_ns": 12000000,
//!     "wakers": 1,
//!     "is_stranded": false,
//!     "waits": [
//!       { "kind": "timer", "left_ns": 59999000000 },
//!       { "kind": "source", "number": 3, "interest": ["readable", "error"] },
//!       { "kind": "task", "id": "0x55d0c8b7e580" },
//!       { "kind": "blocking_job", "id": "0x55d0c8b7e6c0" }
//!     ],
//!     "polls": 7,
//!     "poll_time_ns": 81000,
//!     "longest_poll_ns": 20000,
//!     "woken_by": { "kind": "task", "id": "0x55d0c8b7e580" },
//!     "woken_ns": 12100000,
//!     "joined_by": "0x55d0c8b7e400"
//!   }]
//! }
//! ```
//!
//! - Names that end in `_ns` are whole nanoseconds.
//! - What is not known is left out: `runtime` and `name` if there is none, `spawned_at`, `wakers`; `polls` and what follows in the example, unless tasks are counted; of these `woken_by` and `woken_ns` before the first wake, and `joined_by` if nobody joins it; `local_set`, a text like `id`, if the task is of no local set. `waits` is there, if empty.
//! - `id` is a text, as `Display` writes it: a number of 64 bits loses its end in some readers of JSON.
//! - `state` is `running`, `queued`, `waiting` or `complete`; an interest has `readable`, `writable`, `priority`, `error`; the kind of `woken_by` is `task`, `event`, `while_polled`, `in_block_on` or `outside`.
//! - `watched` is there if there are [watched](watched()) futures: a list of `{ "made_at": { … as spawned_at … }, "task": "0x…", "woken_ns": 1, "polled_ns": 2 }`, each without what is not known.
//! - Fields, kinds and states may be added: a reader passes over those that it does not know. None is renamed.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the dump, and how it is taken |
//! | `task.rs` | what it says of a task |
//! | `statistics.rs` | what is counted of a task |
//! | `joins.rs` | who waits for whom |
//! | `wait_traces.rs` | where a task waits, to the line |
//! | `watched.rs` | futures that are woken and not polled |
//! | `display.rs` | how it is printed |
//! | `recording/` | what threads have done last |
//! | `serial.rs` | how it is serialised |
//!
//! Who calls it: users, on any thread. Deliberately not here: the walk through the lists (`scheduler/survey.rs`, `task/local_tasks.rs`).

mod display;
mod joins;
pub mod recording;
#[cfg(feature = "serde")]
mod serial;
mod statistics;
mod task;
mod wait_traces;
mod watched;

use std::time::Duration;

use hashbrown::HashTable;

#[cfg(feature = "io")]
use crate::reactor::Interest;
pub use crate::recorder::Recorder;
use crate::runtime::Handle;
use crate::scheduler::Scheduler;
use crate::task::Id;
pub use crate::task::statistics::WokenBy;
pub use crate::watchdog::{Activity, Alarm, Watchdog};
pub use task::{TaskDump, TaskState, Wait};
pub use wait_traces::WaitTrace;
pub use watched::{Watched, WatchedDump, watched};

/// The tasks of a runtime that have waited at least once, as they were when it was taken. `Display` tells them by the places where they were spawned; with `#`
/// every one of them, else some ten of each place: of each kind, by what they are and wait for, those that were polled the longest time ago, and the rarest kind first.
///
/// What is said of one task is of one moment, or nearly; that of two may be of different moments, for all go on meanwhile. Tasks of a
/// [`LocalSet`](crate::task::LocalSet) are in it if the set was polled in this runtime last, and those of a [`LocalRuntime`](crate::runtime::LocalRuntime). Blocking jobs and the futures of `block_on` are not.
///
/// See [the module](self) for an example.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Dump {
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    runtime: Option<String>,
    tasks: Vec<TaskDump>,
    others: usize,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    watched: Vec<WatchedDump>,
}

impl Handle {
    /// What the runtime's tasks are doing at this moment; see [`insight`](crate::insight). From any thread, within a task too, and after the runtime has shut down.
    ///
    /// Workers go on meanwhile. Each list of tasks, each wheel of timers and the table of sources is locked for some microseconds at a time; a source for as long as it takes to look at all
    /// who wait for it, and the lists of local sets and of watched futures while they are copied. In a forked child it is empty.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// println!("{}", runtime.handle().dump());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn dump(&self) -> Dump {
        Dump::of(self)
    }
}

impl Dump {
    /// The tasks, in the order of their last polls: that which was polled the longest time ago comes first.
    pub fn tasks(&self) -> &[TaskDump] {
        &self.tasks
    }

    /// How many other tasks are alive, those of local sets not counted: they are about to be polled for the first time, or in their first poll, or have come and gone while the dump was taken.
    pub fn others(&self) -> usize {
        self.others
    }

    /// Those among [`tasks`](Self::tasks) that can never run again.
    ///
    /// ```
    /// use fusee::runtime::Handle;
    ///
    /// fusee::runtime::block_on(async {
    ///     let task = fusee::spawn(std::future::pending::<()>());
    ///     # #[cfg(target_pointer_width = "64")]
    ///     while Handle::current().dump().stranded().all(|stranded| stranded.id() != task.id()) {
    ///         fusee::task::yield_now().await;
    ///     }
    /// });
    /// ```
    pub fn stranded(&self) -> impl Iterator<Item = &TaskDump> {
        self.tasks.iter().filter(|task| task.is_stranded())
    }

    /// Tasks that wait for each other, as far as they wait by [`JoinHandle`](crate::task::JoinHandle)s and [are counted](crate::runtime::Builder::task_statistics): each task of a circle waits for the next,
    /// and the last for the first; it begins with the one whose spawn comes first by file and line. None of them goes on, unless it waits for something else as well: a task that has polled a handle, keeps it, and now waits for another thing counts as one that waits, and so does one that has given the handle away since, to somebody who has not polled it.
    ///
    /// ```
    /// use fusee::runtime::{Builder, Handle};
    /// use fusee::task::JoinHandle;
    /// use futures::channel::oneshot;
    ///
    /// let runtime = Builder::new_multi_thread().task_statistics(true).build()?;
    /// runtime.block_on(async {
    ///     let (give, given) = oneshot::channel::<JoinHandle<()>>();
    ///     let one = fusee::spawn(async move { given.await.unwrap().await.unwrap() });
    ///     let first = one.id();
    ///     let other = fusee::spawn(async move { one.await.unwrap() });
    ///     let second = other.id();
    ///     give.send(other).unwrap();
    ///     let circles = loop {
    ///         let circles = Handle::current().dump().circles();
    ///         if !circles.is_empty() {
    ///             break circles;
    ///         }
    ///         fusee::task::yield_now().await;
    ///     };
    ///     assert!(circles[0].len() == 2 && circles[0].contains(&first) && circles[0].contains(&second));
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn circles(&self) -> Vec<Vec<Id>> {
        joins::circles(&self.tasks)
    }

    /// Of the runtime that `handle` refers to.
    pub(crate) fn of(handle: &Handle) -> Self {
        let scheduler = handle.scheduler();
        let runtime = handle.name().map(str::to_owned);
        // The locks may be held for ever there, by threads that are not.
        if scheduler.is_forked() {
            return Self { runtime, tasks: Vec::new(), others: 0, watched: Vec::new() };
        }
        // Before the tasks: what was woken then, and whose task was polled since, was not polled with it.
        let watched = scheduler.watched_futures().all().iter().map(|notes| WatchedDump::new(notes)).collect();
        let surveyed = scheduler.survey();
        // Whoever is in the survey is kept until here: no other task has its address.
        let mut tasks: Vec<_> = surveyed.iter().map(TaskDump::new).collect();
        let places = Places::of(&tasks);
        wait_of(scheduler, &mut tasks, &places);
        joins::wait_for_tasks(&mut tasks, &places, |place| surveyed[place].task.snapshot().is_complete());
        drop(surveyed);
        tasks.sort_by_key(|task| std::cmp::Reverse(task.polled()));
        let listed = tasks.iter().filter(|task| task.local_set().is_none()).count();
        let others = scheduler.live_tasks().saturating_sub(listed);
        Self { runtime, tasks, others, watched }
    }
}

/// Finds out what the tasks wait for, by the wakers that they have left with timers and sources.
fn wait_of(scheduler: &Scheduler, tasks: &mut [TaskDump], places: &Places) {
    let now = scheduler.timers().clock().now();
    scheduler.for_each_timer(|task, deadline| {
        if let Some(place) = places.find(task) {
            tasks[place].waits_for(Wait::Timer(Duration::from_nanos(deadline.saturating_sub(now))));
        }
    });
    #[cfg(feature = "io")]
    scheduler.for_each_waiter(|task, source, mask| {
        if let Some((place, interest)) = places.find(task).zip(Interest::of_mask(mask)) {
            tasks[place].waits_for(Wait::Source(source, interest));
        }
    });
}

/// Where each task stands in a list.
struct Places(HashTable<(Id, usize)>);

impl Places {
    fn of(tasks: &[TaskDump]) -> Self {
        let mut places = HashTable::with_capacity(tasks.len());
        for (place, task) in tasks.iter().enumerate() {
            places.insert_unique(hash(task.id()), (task.id(), place), |(id, _)| hash(*id));
        }
        Self(places)
    }

    fn find(&self, task: Id) -> Option<usize> {
        self.0.find(hash(task), |(id, _)| *id == task).map(|(_, place)| *place)
    }
}

/// Addresses of allocations, spread over the word (Knuth, The Art of Computer Programming, volume 3, section 6.4: multiplicative hashing).
fn hash(task: Id) -> u64 {
    (task.address() as u64 >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
