//! A worker and the timers of its own shard.
//!
//! A worker fires what is due in its shard when it wakes, and between two polls; it sleeps no longer than until its first timer is due. Behind
//! it stands the timer driver (`time/driver/keeping.rs`), which a worker tells of a timer as late as it may: a task that sleeps, alone on its worker,
//! registers its timer and ends its poll, and then the worker goes to sleep until that is due, so that the driver need not know.
//!
//! # Invariants
//! - *Untold*: only a timer whose waker is that of the poll in which its own worker registers it may be untold, and only until that poll ends: nobody
//!   else waits for it, and before the next poll the worker tells the driver (structural: `timing_forgets`), or sleeps until it is due.
//! - Whoever else touches a timer of a worker's shard, and waits for it, tells the driver; so does the worker that sees a timer twice in one
//!   poll: it may be waiting for it there. A waker that shares its data with the poll's, or has none, is another's all the same.
//! - What others have deferred to the deques' collector may run while a worker looks for a task, before it has told the driver: if that blocks, the worker's
//!   timers wait for it.
//!
//! Who calls it: `Sleep`, on any thread, and `mod.rs`.
//! Checked by the models `untold_vs_poll` and `keep_vs_driver`.
//! Deliberately not here: the wheel and its lock (`time/shard.rs`), and the firing (`firing.rs`).

use std::cell::Cell;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::Worker;
use super::firing::Firing;
use super::notes::{Note, Notes};
use crate::facade::{Arc, RawInstant, coarse_nanoseconds, mutant};
use crate::scheduler::place::Stamp;
use crate::scheduler::queue::LocalQueue;
use crate::scheduler::{Scheduler, Shard, seat};
use crate::task::runnable::Runnable;
use crate::task::waker::{Identity, wake_quietly};
use crate::time::driver::{Ticket, Timers};
use crate::time::shard::Closed;

/// How long a worker means to poll before it looks around again. Polls are counted, and the clock is read when so many have passed.
const LOOK_NANOS: u128 = 100_000;

/// A worker that sleeps wakes for its timers at most so often: else it would sleep and wake for each of a thousand.
const LEAST_PERIOD: Duration = Duration::from_micros(50);

/// With so many tasks in its queue a worker fires nothing, and looks for no events if somebody else does.
pub(super) const ENOUGH: usize = 128;

/// A worker that always has enough to do looks for events at one of so many looks.
const PASSED_OVER: u32 = 16;

/// What a worker knows of its shard.
pub(super) struct Timing {
    duty: Cell<Duty>,
    /// The waker that the current poll was given.
    pub(super) polled: Cell<Identity>,
    /// Polls until the next look, and between two looks.
    countdown: Cell<u32>,
    interval: Cell<u32>,
    /// When it looked last, unless it has slept since.
    pub(super) looked: Cell<Option<RawInstant>>,
    /// The last batch has left timers that are due.
    pub(super) has_more: Cell<bool>,
    pub(super) notes: Notes,
    /// A task that has given way, for whatever has come meanwhile to go first.
    held_back: Cell<Option<Runnable>>,
    /// Looks for events that were passed over since the last one was not.
    passed_over: Cell<u32>,
    /// When it looked last or woke.
    pub(super) stamp: Cell<Stamp>,
    /// What the coarse clock showed last.
    tick: Cell<u64>,
    pub(super) firing: Cell<Firing>,
    /// When it last fired something.
    pub(super) fired: Cell<Option<RawInstant>>,
    /// Something is due in the shard.
    pub(super) is_due: Cell<bool>,
    /// Who waits for events that have come, and is to be woken.
    pub(super) due: Cell<Vec<Waker>>,
    /// Looks around since events have woken tasks that nobody else was told of; 0 if there are none.
    pub(super) untold_looks: Cell<u32>,
}

/// Who looks after the shard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Duty {
    /// The driver stands behind the worker.
    Told,
    /// The driver has not been told of the first timer.
    Untold,
    /// The worker sleeps, or has just woken.
    Kept,
}

impl Timing {
    /// At most `most` polls pass between two looks.
    pub(super) fn new(most: u32) -> Self {
        let most = most.max(1);
        Self {
            duty: Cell::new(Duty::Told),
            polled: Cell::new(Identity::NONE),
            countdown: Cell::new(most),
            interval: Cell::new(most),
            looked: Cell::new(None),
            has_more: Cell::new(false),
            notes: Notes::default(),
            held_back: Cell::new(None),
            passed_over: Cell::new(0),
            stamp: Cell::new(Stamp::default()),
            tick: Cell::new(0),
            firing: Cell::new(Firing::Nothing),
            fired: Cell::new(None),
            is_due: Cell::new(false),
            due: Cell::new(Vec::new()),
            untold_looks: Cell::new(0),
        }
    }

    /// The worker is on a thread's seat.
    pub(super) fn sit(&self, timers: &Timers, shard: usize) {
        timers.attend(shard);
        self.is_told();
        // Handed on while it fired, the worker does not come back to the thread that would say so.
        self.firing.set(Firing::Nothing);
        self.polled.set(Identity::NONE);
    }

    /// The worker is off its seat.
    pub(super) fn stand(&self, timers: &Timers, shard: usize) {
        timers.abandon(shard);
        self.is_told();
    }

    /// The driver stands behind the worker.
    fn is_told(&self) {
        self.duty.set(Duty::Told);
        self.notes.put(Note::Slept, false);
    }

    /// The worker goes to sleep: until when.
    pub(super) fn keep(&self, timers: &Timers, shard: usize) -> Option<RawInstant> {
        let alarm = timers.keep(shard);
        self.duty.set(Duty::Kept);
        self.notes.put(Note::Slept, true);
        self.looked.set(None);
        self.untold_looks.set(0);
        let least = self.fired.get().and_then(|fired| fired.checked_add(LEAST_PERIOD));
        alarm.map(|alarm| least.map_or(alarm, |least| least.max(alarm)))
    }

    /// The worker is about to run something, which may take any time.
    #[inline]
    pub(super) fn run(&self, timers: &Timers, shard: usize) {
        match self.duty.get() {
            Duty::Told => return,
            Duty::Untold if mutant("timing_forgets") => {}
            Duty::Untold => timers.tell_driver(shard),
            Duty::Kept => timers.attend(shard),
        }
        self.is_told();
    }

    /// The next poll is given this waker.
    #[inline]
    pub(super) fn polls(&self, waker: Identity) {
        self.polled.set(waker);
    }

    /// Whether the current poll was given this waker.
    #[cfg(feature = "io")]
    pub(super) fn polls_with(&self, waker: Identity) -> bool {
        self.polled.get() == waker
    }

    /// Counts a poll that is about to be made. True if it is time to look around: at timers, and at what comes from elsewhere. At most `most`
    /// polls pass between two looks.
    #[inline]
    pub(super) fn should_look(&self, most: u32) -> bool {
        let countdown = self.countdown.get() - 1;
        self.countdown.set(countdown);
        countdown == 0 && self.look(most)
    }

    /// Works out from the time that the last polls took when to look again.
    #[cold]
    fn look(&self, most: u32) -> bool {
        let now = RawInstant::now();
        let mut interval = u128::from(self.interval.get());
        if let Some(before) = self.looked.replace(Some(now)) {
            interval = interval * LOOK_NANOS / now.saturating_duration_since(before).as_nanos().max(1);
        }
        let interval = u32::try_from(interval).unwrap_or(u32::MAX).clamp(1, most);
        self.interval.set(interval);
        self.countdown.set(interval);
        true
    }

    /// Whether to fire before the next poll, for which `queue` holds tasks. `looks` says whether it is time to look, `has_events` whether events have come.
    pub(super) fn should_fire(
        &self,
        timers: &Timers,
        shard: usize,
        looks: bool,
        has_events: bool,
        queue: &LocalQueue,
    ) -> bool {
        // What is due in a storm waits where it is until others have had their turns.
        let is_due = (looks || self.duty.get() == Duty::Kept) && queue.len() < ENOUGH && timers.is_due(shard);
        self.is_due.set(is_due);
        let fires = is_due || has_events;
        if fires {
            self.notes.put(Note::OwesLook, looks);
        }
        fires
    }

    /// Whether the kernel's coarse clock has moved on since the last call.
    pub(super) fn has_ticked(&self) -> bool {
        coarse_nanoseconds().is_some_and(|now| self.tick.replace(now) != now)
    }

    /// Whether to look for events though there is enough to do: every [`PASSED_OVER`]th time.
    pub(super) fn insists(&self) -> bool {
        let passed_over = (self.passed_over.get() + 1) % PASSED_OVER;
        self.passed_over.set(passed_over);
        passed_over == 0
    }

    /// Something fires instead of a poll: one comes before the next look.
    pub(super) fn fires(&self) {
        self.countdown.set(self.countdown.get().max(2));
    }

    /// Whether to look at the injector first, if it is time to look around. Not before each poll: the worker's own tasks are to have their turns.
    pub(super) fn may_look_outside(&self, looks: bool) -> bool {
        // Also when something fired instead.
        let looks = self.notes.take(Note::OwesLook) | looks;
        let may_look = !self.notes.take(Note::LookedOutside) && looks;
        self.notes.put(Note::LookedOutside, may_look);
        may_look
    }

    /// Keeps `task` out of every queue.
    pub(super) fn hold_back(&self, task: Runnable) {
        self.notes.put(Note::HeldBack, true);
        self.held_back.set(Some(task));
    }

    /// The task that is held back, if one is.
    pub(super) fn take_held_back(&self) -> Option<Runnable> {
        if self.notes.take(Note::HeldBack) { self.held_back.take() } else { None }
    }

    /// Lets `poll` collect who waits for events.
    pub(super) fn collect<R>(&self, poll: impl FnOnce(&mut Vec<Waker>) -> R) -> R {
        let mut due = self.due.take();
        let answer = poll(&mut due);
        self.notes.put(Note::Events, !due.is_empty());
        self.due.set(due);
        answer
    }

    /// How many polls a worker makes between two looks around.
    pub(super) fn polls_per_look(&self) -> usize {
        self.interval.get() as usize
    }
}

/// Registers a timer in the shard `home`, and sees to it that somebody looks at it in time. On a worker of the same runtime that worker's shard
/// becomes its home: where it was made says little about who will be woken.
pub(crate) fn register(home: &mut Arc<Shard>, deadline: u64, waker: &Waker) -> Result<Ticket, Closed> {
    let is_lazy = Worker::of(Arc::as_ptr(&home.scheduler), |worker| {
        if worker.index() != home.index {
            *home = worker.shard.clone();
        }
        worker.timing.polled.get() == Identity::of(waker)
    });
    let (ticket, is_first) = home.scheduler.timers.register_untold(home.index, deadline, waker.clone())?;
    if is_lazy != Some(true) {
        home.scheduler.touch_timers(home.index, is_first);
    } else if is_first {
        seat::with(|worker| worker.timing.duty.set(Duty::Untold));
    }
    Ok(ticket)
}

impl Scheduler {
    /// Polls a timer of `shard`: see [`Timers::poll`].
    pub(crate) fn poll_timer(&self, shard: usize, ticket: Ticket, waker: &Waker) -> Poll<Result<(), Closed>> {
        let answer = self.timers.poll(shard, ticket, waker);
        if answer.is_pending() {
            self.touch_timers(shard, false);
        }
        answer
    }

    /// Whether a timer of `shard` has fired.
    pub(crate) fn has_timer_fired(&self, shard: usize, ticket: Ticket) -> bool {
        let has_fired = self.timers.has_fired(shard, ticket);
        if !has_fired {
            self.touch_timers(shard, false);
        }
        has_fired
    }

    /// Moves a timer of `shard` to the deadline `instant`, which is `new`: see [`Timers::reset`]. One that is moved to the past fires here, unless it has:
    /// whoever waits for it is woken when this returns.
    pub(crate) fn reset_timer(&self, shard: usize, ticket: Ticket, instant: RawInstant, new: u64) -> bool {
        if self.timers.clock().has_come(instant, new) {
            self.timers.fire(shard, ticket).into_iter().for_each(wake_quietly);
            return true;
        }
        let pending = self.timers.reset(shard, ticket, new);
        self.touch_timers(shard, false);
        pending
    }

    /// Somebody waits for a timer of `shard`, maybe the `first` to be due.
    fn touch_timers(&self, shard: usize, first: bool) {
        // Of the timers of foreign threads the driver is always told.
        let is_told = if shard == self.workers() {
            Some(true)
        } else {
            self.with_timing(shard, |timing| timing.duty.replace(Duty::Told) == Duty::Told)
        };
        if first || is_told != Some(true) {
            self.timers.tell_driver(shard);
        }
    }

    /// Asks this thread's worker, if it is that of `shard`.
    fn with_timing<R>(&self, shard: usize, ask: impl FnOnce(&Timing) -> R) -> Option<R> {
        Worker::of(self, |worker| (worker.index() == shard).then(|| ask(&worker.timing))).flatten()
    }
}
