//! The watchdog: a thread that tells of a poll that takes too long, while it does; and of a hook for parking or unparking that does, for which no task is to blame.
//!
//! It asks nothing of a worker: it looks at the counters that each keeps anyway, of polls and of parks, and at the last words of the worker's ring (`recorder/`) once one
//! has stood still for too long. What the thread does meanwhile the kernel tells (`kernel.rs`).
//!
//! It looks ten times as often as the limit is long, but each millisecond at most, and at least each 10 ms; twice a limit while all workers sleep. A poll that reaches the limit is told of then,
//! and not at the next look.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the settings, and the looks |
//! | `alarm.rs` | what is told |
//! | `kernel.rs` | what the kernel knows of a thread |
//!
//! Who calls it: the runtime's companion (`runtime/builder_insight.rs`), which ends after all other threads: a task that blocks a shutdown is told of.
//! Deliberately not here: the stack of the thread, which `tools/stacks` takes by the number that an alarm has; and the blocking pool, whose jobs
//! may block.

mod alarm;
mod kernel;

use std::fmt;
use std::io::{self, Write};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::facade::{RawInstant, StdArc};
use crate::park::Parker;
use crate::recorder::word::{HOOK, Kind, PAUSE, Parts};
use crate::scheduler::Scheduler;
use crate::scheduler::metrics::Progress;
use crate::task::hooks::call_quietly;
pub use alarm::{Activity, Alarm};
use alarm::{Polled, Told};
use kernel::Times;

/// So many words of a ring are looked at for the poll that a worker is in.
const WORDS: usize = 4_096;

/// Tells of polls that take too long, for [`Builder::watchdog`](crate::runtime::Builder::watchdog); and of calls of the hooks
/// [`on_thread_park`](crate::runtime::Builder::on_thread_park) and [`on_thread_unpark`](crate::runtime::Builder::on_thread_unpark) that do.
///
/// It watches the workers. On a multi-thread runtime a thread in `block_on` is none: neither its future, which is the body of `#[fusee::main]`, nor the tasks of a
/// [`LocalSet`](crate::task::LocalSet) that runs there are watched, and no worker's task waits behind them. What is to be watched is spawned. On a current-thread runtime the thread
/// in `block_on` is the worker, and is watched, with its local sets as part of what runs them. Jobs of [`spawn_blocking`](crate::task::spawn_blocking) may block, and are not watched.
///
/// ```
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
///
/// use fusee::insight::{Activity, Watchdog};
/// use fusee::runtime::Builder;
///
/// let (tell, told) = channel();
/// let watchdog = Watchdog::new(Duration::from_millis(20)).on_alarm(move |alarm| drop(tell.send(alarm.clone())));
/// let runtime = Builder::new_multi_thread().worker_threads(1).watchdog(watchdog).build()?;
/// runtime.spawn(async { std::thread::sleep(Duration::from_millis(200)) });
/// let alarm = told.recv().unwrap();
/// assert_eq!((alarm.worker(), alarm.has_ended()), (0, false));
/// assert_eq!(alarm.spawned_at().unwrap().line(), line!() - 3);
/// # #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
/// assert!(matches!(alarm.activity(), Activity::Blocked { .. }), "{alarm}");
/// println!("{alarm}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Watchdog {
    limit: Duration,
    hook: Option<StdArc<Hook>>,
}

type Hook = dyn Fn(&Alarm) + Send + Sync;

// A hook that panics leaves nothing of ours half done.
impl UnwindSafe for Watchdog {}
impl RefUnwindSafe for Watchdog {}

impl Watchdog {
    /// Tells of each poll that takes `limit` or longer; on the standard error, unless [`on_alarm`](Self::on_alarm) says otherwise. [`build`](crate::runtime::Builder::build)
    /// refuses less than a millisecond, and more than a day.
    ///
    /// A tenth of a second is a good limit for a service: no honest poll takes as long.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, hook: None }
    }

    /// Calls `hook` instead, on the watchdog's thread, once while the poll goes on, and once when it has ended. Until it returns nobody watches, and the runtime's shutdown waits for it;
    /// its panic ends there.
    #[must_use]
    pub fn on_alarm(self, hook: impl Fn(&Alarm) + Send + Sync + 'static) -> Self {
        Self { hook: Some(StdArc::new(hook)), ..self }
    }

    /// Refuses what cannot be.
    pub(crate) fn check(&self) -> io::Result<()> {
        if (Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&self.limit) {
            return Ok(());
        }
        let message =
            format!("the watchdog's limit must be a millisecond at least and a day at most, not {:?}", self.limit);
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    /// Watches over the workers of `scheduler` until it is to end, which whoever says so tells `parker`.
    pub(crate) fn watch(&self, scheduler: &Scheduler, parker: &Parker, is_to_end: impl Fn() -> bool) {
        let mut seen: Vec<_> = (0..scheduler.workers()).map(|worker| Seen::new(worker, scheduler)).collect();
        while !is_to_end() {
            // While all sleep nothing is urgent: what begins now has its limit before it.
            let mut next = RawInstant::now() + self.limit / 2;
            for worker in &mut seen {
                next = self.look_at(worker, scheduler).map_or(next, |at| next.min(at));
            }
            parker.park_until(next);
        }
    }

    /// When to look again; nothing if the worker sleeps.
    fn look_at(&self, seen: &mut Seen, scheduler: &Scheduler) -> Option<RawInstant> {
        let now = RawInstant::now();
        let progress = scheduler.progress(seen.worker);
        let has_moved = progress != seen.progress;
        if let Some(told) = &seen.told
            && (has_moved || seen.has_left(told, scheduler))
        {
            self.tell(&seen.alarm(told, now, scheduler, true));
            seen.begin(progress, now);
        } else if has_moved {
            seen.begin(progress, now);
        }
        seen.look_at_ring(progress.is_busy, scheduler);
        let period = (self.limit / 10).clamp(Duration::from_millis(1), Duration::from_millis(10));
        if !progress.is_busy {
            return None;
        }
        if seen.told.is_some() {
            return Some(now + period);
        }
        let limit = seen.since + self.limit;
        if now < limit {
            if seen.times.is_none() && now >= seen.since + self.limit / 2 {
                seen.times = seen.thread(scheduler).and_then(|thread| Times::of(thread, now));
            }
            return Some(limit.min(now + period));
        }
        self.suspects(seen, scheduler, now);
        Some(now + period)
    }

    /// The worker has polled no task for as long as the limit, and does not sleep.
    fn suspects(&self, seen: &mut Seen, scheduler: &Scheduler, now: RawInstant) {
        let poll = match seen.poll(scheduler) {
            Last::Poll(poll) => poll,
            Last::Unknown => Poll { polled: Polled::Unknown, number: 0, name: None },
            // It looks for something to do.
            Last::None => return seen.since = now,
        };
        let told = Told::new(&poll, scheduler, seen.worker);
        self.tell(&seen.alarm(&told, now, scheduler, false));
        seen.told = Some(told);
    }

    fn tell(&self, alarm: &Alarm) {
        match &self.hook {
            Some(hook) => call_quietly(|| hook(alarm)),
            // Where nobody listens there is nobody to tell.
            None => drop(writeln!(io::stderr(), "fusee: {alarm}")),
        }
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// What was seen of a worker.
struct Seen {
    worker: usize,
    progress: Progress,
    /// When that was seen first.
    since: RawInstant,
    /// What the kernel said when half of the limit was over.
    times: Option<Times>,
    told: Option<Told>,
    /// How many words its ring had, at the last look, and since when it had so many, while it was busy.
    head: u64,
    stands: Option<RawInstant>,
    /// How many it had at the last look before that at which this progress was seen: a poll that is recorded has its word behind that.
    before: u64,
}

/// What a worker is in, as its ring tells.
enum Last {
    Poll(Poll),
    /// No poll.
    None,
    /// What it is in is not recorded, or no more.
    Unknown,
}

/// A poll, as the ring tells of it.
struct Poll {
    polled: Polled,
    /// The number of the word.
    number: u64,
    /// The name of the task, if it is its first poll.
    name: Option<StdArc<str>>,
}

impl Seen {
    fn new(worker: usize, scheduler: &Scheduler) -> Self {
        let (progress, since) = (scheduler.progress(worker), RawInstant::now());
        Self { worker, progress, since, times: None, told: None, head: 0, stands: None, before: 0 }
    }

    fn begin(&mut self, progress: Progress, now: RawInstant) {
        (self.progress, self.since, self.times, self.told) = (progress, now, None, None);
        self.before = self.head;
    }

    /// Notes if the ring stands still while the worker is busy.
    fn look_at_ring(&mut self, is_busy: bool, scheduler: &Scheduler) {
        let Some(rings) = scheduler.recorder() else { return };
        let head = rings.head_of(self.worker);
        // After the head: what comes behind it is later, or nearly.
        let now = RawInstant::now();
        match self.stands {
            Some(since) if is_busy && self.head == head => rings.stood_still(self.worker, head, since, now),
            _ => self.stands = is_busy.then_some(now),
        }
        self.head = head;
    }

    /// Whether the worker has come to something else than what was told.
    fn has_left(&self, told: &Told, scheduler: &Scheduler) -> bool {
        match self.poll(scheduler) {
            Last::Poll(poll) => poll.number != told.number,
            Last::None => true,
            // Its beginning may have been overwritten, by what the same poll does.
            Last::Unknown => false,
        }
    }

    fn thread(&self, scheduler: &Scheduler) -> Option<u32> {
        scheduler.thread_number(self.worker)
    }

    /// What the worker is in.
    fn poll(&self, scheduler: &Scheduler) -> Last {
        let Some(rings) = scheduler.recorder().filter(|rings| rings.is_on()) else { return Last::Unknown };
        let excerpt = rings.last_of(self.worker, WORDS);
        let words = &excerpt.words;
        let is_outer = |word: &u64| Parts::of(*word).is_some_and(|parts| !is_within_poll(parts.kind));
        let Some(at) = words.iter().rposition(is_outer) else { return Last::Unknown };
        let number = excerpt.first + at as u64;
        if number < self.before {
            // It is older than what goes on.
            return Last::Unknown;
        }
        let Some(parts) = Parts::of(words[at]) else { return Last::Unknown };
        let polled = match parts.kind {
            Kind::Poll => Polled::Task { address: parts.address() as usize, place: parts.place().into() },
            Kind::Root => Polled::Root,
            Kind::Fire => Polled::Waker,
            Kind::Park if words[at] == HOOK => Polled::Hook,
            // What goes on has begun before recording was resumed.
            Kind::Park if words[at] == PAUSE => return Last::Unknown,
            _ => return Last::None,
        };
        // It is told right before the first poll, but for times and the end of another.
        let before = words[..at].iter().rev().filter_map(|word| Parts::of(*word));
        let name = before.take_while(|parts| is_within_poll(parts.kind)).find(|parts| parts.kind == Kind::Name);
        let name = name.filter(|name| name.address() == parts.address()).and_then(|name| rings.name(name.number));
        Last::Poll(Poll { polled, number, name: name.filter(|_| parts.kind == Kind::Poll) })
    }

    fn alarm(&self, told: &Told, now: RawInstant, scheduler: &Scheduler, has_ended: bool) -> Alarm {
        let lasted = now.saturating_duration_since(self.since);
        let thread = self.thread(scheduler);
        let activity = match thread {
            Some(thread) if !has_ended => kernel::activity(thread, self.times.as_ref(), now),
            _ => Activity::Unknown,
        };
        told.alarm(lasted, has_ended, thread, activity)
    }
}

/// Whether it happens in the course of a poll, and does not end it.
fn is_within_poll(kind: Kind) -> bool {
    match kind {
        Kind::Spawn | Kind::Wake | Kind::Name | Kind::End | Kind::Yield | Kind::Stamp | Kind::Time | Kind::Block => {
            true
        }
        Kind::Poll | Kind::Root | Kind::Fire | Kind::Steal | Kind::Park | Kind::Unpark => false,
    }
}
