//! A clock that can be paused: then it stands still until it is advanced.
//!
//! While it runs it lags behind the machine's by the time that it has spent paused, less by how much it was advanced. Until it is
//! first paused it is the machine's clock, read without a lock.
//!
//! # Invariants (ordering labels)
//! - *It never goes back* (`clock_touched`): a reader that takes the machine's time looks afterwards whether a first pause has come between,
//!   which may have stopped the clock before that (structural: `clock_skips_second_look`).
//! - *The driver learns of a pause* (structural: `clock_calls_before_pausing`): it is unparked after the flag is set.
//! - Paused time moves in one of two ways: in [`Clock::step`], by the driver, while nothing in the runtime is awake (`awake.rs`); and in
//!   [`Clock::advance`], by a test.
//! - A call of `advance` counts as awake until the driver has fired what is due: no step comes between.
//!
//! Who calls it: [`step`](Clock::step), [`asked`](Clock::asked) and [`answer`](Clock::answer) on the driver thread; all else on any.
//! Checked by the models `clock_never_goes_back`, `clock_pause_vs_rest` and `driver_paused`.
//! Deliberately not here: timers (`driver/`), who wakes what.

use std::task::{Poll, Waker};
use std::time::Duration;

use super::attendance::{Attendance, Change};
use super::awake::{Awake, Refusal};
use super::coarse::Coarse;
use super::reading::{Reading, Refused};
use super::standstill::Roots;
use crate::facade::atomic::{AtomicBool, Ordering};
use crate::facade::{Mutex, RawInstant, fence_seq_cst, mutant};
use crate::park::Unparker;
use crate::spare::GiveBack;

/// The clock of a runtime.
pub(crate) struct Clock {
    start: RawInstant,
    coarse: Coarse,
    /// None for a clock that is never paused, and whose runtime counts nothing.
    pausing: Option<Pausing>,
}

struct Pausing {
    /// It has been paused at least once: the time is to be asked of `reading`.
    touched: AtomicBool,
    reading: Mutex<Reading>,
    awake: Awake,
    attendance: Attendance,
    roots: Roots,
    driver: Unparker,
}

/// No time at which a paused clock shows another is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IsPaused;

/// What the driver does next while the clock is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Wait: something is awake. The last to rest unparks it.
    Busy,
    /// Wait: nothing is awake, and a task waits to be run. Who is about to run it will rest, and unpark the driver; if nobody is, it waits for ever.
    Waiting,
    /// Fire: the clock shows the time of the earliest timer.
    Due,
    /// Wait for a timer: there is none.
    NoTimer,
    /// Look again: something has come from outside.
    Again,
}

impl Clock {
    /// A clock that is never paused, and counts nothing.
    #[allow(
        dead_code,
        reason = "models of what pays nothing for the feature ask for it; a runtime's clock can always be paused"
    )]
    pub(crate) fn new() -> Self {
        Self { start: RawInstant::now(), coarse: Coarse::new(), pausing: None }
    }

    /// A clock that may be paused, and is from the start if `paused`, in a runtime in which so much is awake.
    pub(crate) fn of_runtime(paused: bool, awake: usize, driver: Unparker) -> Self {
        let paused_at = paused.then_some(0);
        let pausing = Pausing {
            touched: AtomicBool::new(paused),
            reading: Mutex::new(Reading::new(paused_at)),
            awake: Awake::new(awake, paused),
            attendance: Attendance::default(),
            roots: Roots::default(),
            driver,
        };
        Self { start: RawInstant::now(), coarse: Coarse::new(), pausing: Some(pausing) }
    }

    /// Whether it may be paused: then timers registered meanwhile have a wheel of their own.
    pub(crate) fn is_pausable(&self) -> bool {
        self.pausing.is_some()
    }

    /// Nanoseconds since the start, now.
    pub(crate) fn now(&self) -> u64 {
        let Some(pausing) = &self.pausing else { return self.machine() };
        if !pausing.is_touched() {
            let now = self.machine();
            // ORDERING(clock_touched): the machine's time before, the flag after; pairs with the fence in `pause`. If this fence is the
            // later one the flag is seen; if not, the time was read before the clock stopped.
            fence_seq_cst("clock_touched");
            if mutant("clock_skips_second_look") || !pausing.is_touched() {
                return now;
            }
        }
        let reading = pausing.reading.lock();
        reading.paused_at.unwrap_or_else(|| reading.running(self.machine()))
    }

    /// Now, as an instant.
    pub(crate) fn instant(&self) -> RawInstant {
        // What the sum cannot tell, no clock shows.
        self.start.checked_add(Duration::from_nanos(self.now())).unwrap_or(self.start)
    }

    /// Whether `instant`, which is `nanoseconds`, has come.
    pub(crate) fn has_come(&self, _instant: RawInstant, nanoseconds: u64) -> bool {
        let is_machine = self.pausing.as_ref().is_none_or(|pausing| !pausing.is_touched());
        !(is_machine && self.coarse.is_far(nanoseconds)) && nanoseconds <= self.now()
    }

    /// `instant` in nanoseconds since the start; 0 if it was before, `u64::MAX` if it is beyond 584 years.
    pub(crate) fn nanoseconds(&self, instant: RawInstant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }

    /// When the machine's clock shows that it is `nanoseconds`, if it can tell. For the driver, which is unparked when the clock is paused.
    pub(crate) fn alarm(&self, nanoseconds: u64) -> Option<RawInstant> {
        self.alarm_if_running(nanoseconds).unwrap_or(None)
    }

    /// As [`alarm`](Self::alarm), for whoever waits by himself: it holds until the clock is next paused, resumed or advanced, which
    /// [`changes`](Self::changes) tells.
    pub(crate) fn alarm_if_running(&self, nanoseconds: u64) -> Result<Option<RawInstant>, IsPaused> {
        let mut on_machine = Some(nanoseconds);
        if let Some(pausing) = self.pausing.as_ref().filter(|pausing| pausing.is_touched()) {
            let reading = pausing.reading.lock();
            if reading.paused_at.is_some() {
                return Err(IsPaused);
            }
            on_machine = reading.since.checked_add(nanoseconds.saturating_sub(reading.shown));
        }
        Ok(on_machine.and_then(|on_machine| self.start.checked_add(Duration::from_nanos(on_machine))))
    }

    /// How often the clock was paused, resumed or advanced: alarms from before may be wrong.
    pub(crate) fn changes(&self) -> u64 {
        match &self.pausing {
            Some(pausing) if pausing.is_touched() => pausing.reading.lock().changes,
            _ => 0,
        }
    }

    /// Something in the runtime is about to be woken: the caller unparks it afterwards.
    pub(crate) fn stir(&self) {
        if let Some(pausing) = &self.pausing {
            pausing.awake.stir();
        }
    }

    /// Something in the runtime is about to wait. What has woken it since counts already.
    pub(crate) fn rest(&self) {
        if let Some(pausing) = &self.pausing
            && pausing.awake.rest()
        {
            pausing.driver.unpark();
        }
    }

    /// The worker of a current-thread runtime waits for a thread that drives it. It counts as awake.
    pub(crate) fn worker_waits(&self) {
        self.attend(|attendance, apply| attendance.set_undriven(true, apply));
    }

    /// It has a thread that drives it, and counts as awake.
    pub(crate) fn worker_is_driven(&self) {
        self.attend(|attendance, apply| attendance.set_undriven(false, apply));
    }

    /// A thread in `block_on`, which counts, drives nothing.
    pub(super) fn arrive(&self) {
        self.attend(Attendance::arrive);
    }

    /// It is not in there any more, or drives. It still counts.
    pub(super) fn depart(&self) {
        self.attend(Attendance::depart);
    }

    fn attend(&self, change: impl FnOnce(&Attendance, &dyn Fn(Change))) {
        let Some(pausing) = &self.pausing else { return };
        change(&pausing.attendance, &|change| match change {
            Change::Stays => {}
            Change::Stirs => self.stir(),
            Change::Rests => self.rest(),
        });
    }

    pub(super) fn roots(&self) -> Option<&Roots> {
        self.pausing.as_ref().map(|pausing| &pausing.roots)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.pausing.as_ref().is_some_and(|pausing| pausing.awake.is_paused())
    }

    /// Whether it stands still and nothing was awake a moment ago.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.pausing.as_ref().is_some_and(|pausing| pausing.awake.is_at_rest())
    }

    /// Stops the clock. False if it stands still already, or can only run.
    pub(crate) fn pause(&self) -> bool {
        let Some(pausing) = &self.pausing else { return false };
        let mut reading = pausing.reading.lock();
        if reading.paused_at.is_some() {
            return false;
        }
        // ORDERING(clock_touched): relaxed; the fence orders it.
        pausing.touched.swap(true, Ordering::Relaxed);
        // ORDERING(clock_touched): the flag before, the machine's time after; pairs with the fence in `now`.
        fence_seq_cst("clock_touched");
        reading.paused_at = Some(reading.running(self.machine()));
        reading.changes += 1;
        if mutant("clock_calls_before_pausing") {
            pausing.driver.unpark();
        }
        pausing.awake.set_paused(true);
        drop(reading);
        if !mutant("clock_calls_before_pausing") {
            // It may wait for the machine's clock; and if everything else rests, nobody calls it later.
            pausing.driver.unpark();
        }
        true
    }

    /// Lets the clock run on. False if it runs.
    pub(crate) fn resume(&self) -> bool {
        let Some(pausing) = &self.pausing else { return false };
        let mut reading = pausing.reading.lock();
        let Some(stood_at) = reading.paused_at.take() else { return false };
        reading.shown = stood_at;
        reading.since = self.machine();
        reading.changes += 1;
        pausing.awake.set_paused(false);
        drop(reading);
        pausing.driver.unpark();
        true
    }

    /// Moves a paused clock by `duration`, has the driver fire what is due then, and wake `waker`. The number of the call, for
    /// [`poll_answer`](Self::poll_answer).
    pub(crate) fn advance(&self, duration: Duration, waker: Waker) -> Result<u64, Refused> {
        let pausing = self.pausing.as_ref().ok_or(Refused::NotPaused)?;
        // First: the driver rests on behalf of this call as soon as it sees it.
        pausing.awake.stir();
        let moved = pausing.reading.lock().advance(duration, waker);
        match moved {
            Ok((number, None)) => {
                pausing.driver.unpark();
                Ok(number)
            }
            Ok((number, Some(waker))) => {
                self.rest();
                waker.wake();
                Ok(number)
            }
            Err((refused, waker)) => {
                self.rest();
                drop(waker);
                Err(refused)
            }
        }
    }

    /// Whether the driver has seen to call `number`; else `waker` is the one to be woken when it has.
    pub(crate) fn poll_answer(&self, number: u64, waker: &Waker) -> Poll<()> {
        let Some(pausing) = &self.pausing else { return Poll::Ready(()) };
        // Cloned and dropped outside the lock: it is the user's code.
        let mut waker = waker.clone();
        let mut reading = pausing.reading.lock();
        if reading.answered >= number {
            drop(reading);
            return Poll::Ready(());
        }
        if let Some((_, slot)) = reading.waiting.iter_mut().find(|(waiting, _)| *waiting == number) {
            std::mem::swap(slot, &mut waker);
        }
        drop(reading);
        drop(waker);
        Poll::Pending
    }

    /// How many calls of `advance` there have been; for the driver, before it fires what is due.
    pub(crate) fn asked(&self) -> u64 {
        match &self.pausing {
            Some(pausing) if pausing.is_touched() => pausing.reading.lock().asked,
            _ => 0,
        }
    }

    /// The driver has fired what was due when so many calls had been `asked`: moves the wakers of those that wait into `due`.
    /// For each of them the caller rests, after it has woken them. How many they are.
    pub(crate) fn answer(&self, asked: u64, due: &mut Vec<Waker>) -> usize {
        let Some(pausing) = self.pausing.as_ref().filter(|pausing| pausing.is_touched()) else { return 0 };
        let mut reading = pausing.reading.lock();
        reading.answered = reading.answered.max(asked);
        let before = due.len();
        due.extend(reading.waiting.extract_if(.., |(number, _)| *number <= asked).map(|(_, waker)| waker));
        reading.waiting.give_back();
        due.len() - before
    }

    /// Moves a paused clock to the `earliest` timer, if nothing is awake, no task waits, as `has_work` answers, and nothing has come from outside, as `may_move` answers.
    ///
    /// None of the closures may wake anybody.
    pub(crate) fn step(
        &self,
        has_work: impl FnOnce() -> bool,
        earliest: impl FnOnce() -> Option<u64>,
        may_move: impl FnOnce() -> bool,
    ) -> Step {
        let Some(pausing) = &self.pausing else { return Step::Busy };
        let step = || {
            let Some(earliest) = earliest() else { return Step::NoTimer };
            if !may_move() {
                return Step::Again;
            }
            if let Some(paused_at) = &mut pausing.reading.lock().paused_at {
                *paused_at = earliest.max(*paused_at);
            }
            Step::Due
        };
        pausing.awake.hold(has_work, step).unwrap_or_else(|refusal| match refusal {
            Refusal::Awake => Step::Busy,
            Refusal::Work => Step::Waiting,
        })
    }

    /// What the machine's clock shows.
    fn machine(&self) -> u64 {
        self.nanoseconds(RawInstant::now())
    }
}

impl Pausing {
    fn is_touched(&self) -> bool {
        // ORDERING(clock_touched): relaxed, the fences order it where it matters.
        self.touched.load(Ordering::Relaxed)
    }
}
