//! The machine's clock, as nanoseconds since the runtime's start.
//!
//! It offers what `pausable.rs` does, as far as code that knows nothing of pausing calls it.

use std::marker::PhantomData;
use std::task::Waker;
use std::time::Duration;

use super::coarse::Coarse;
use crate::facade::RawInstant;
use crate::park::Unparker;

/// No time at which a paused clock shows another is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IsPaused {}

/// The clock of a runtime.
pub(crate) struct Clock {
    start: RawInstant,
    coarse: Coarse,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: RawInstant::now(), coarse: Coarse::new() }
    }

    /// The clock of a runtime, which pauses it not.
    pub(crate) fn of_runtime(paused: bool, _awake: usize, _driver: Unparker) -> Self {
        debug_assert!(!paused, "only a clock of the other kind is paused");
        Self::new()
    }

    /// Whether it may be paused.
    pub(crate) const fn is_pausable(&self) -> bool {
        false
    }

    pub(crate) const fn is_paused(&self) -> bool {
        false
    }

    /// How often the clock was paused, resumed or advanced.
    #[inline]
    pub(crate) const fn changes(&self) -> u64 {
        0
    }

    /// Nanoseconds since the start, now.
    pub(crate) fn now(&self) -> u64 {
        self.nanoseconds(RawInstant::now())
    }

    /// Now, as an instant.
    pub(crate) fn instant(&self) -> RawInstant {
        RawInstant::now()
    }

    /// Whether `instant`, which is `nanoseconds`, has come.
    #[inline]
    pub(crate) fn has_come(&self, instant: RawInstant, nanoseconds: u64) -> bool {
        !self.coarse.is_far(nanoseconds) && instant <= RawInstant::now()
    }

    /// `instant` in nanoseconds since the start; 0 if it was before, `u64::MAX` if it is beyond 584 years.
    pub(crate) fn nanoseconds(&self, instant: RawInstant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }

    /// When the machine's clock shows that it is `nanoseconds`, if it can tell.
    pub(crate) fn alarm(&self, nanoseconds: u64) -> Option<RawInstant> {
        self.start.checked_add(Duration::from_nanos(nanoseconds))
    }

    /// As [`alarm`](Self::alarm), on a clock that is not paused.
    pub(crate) fn alarm_if_running(&self, nanoseconds: u64) -> Result<Option<RawInstant>, IsPaused> {
        Ok(self.alarm(nanoseconds))
    }

    /// Something in the runtime is about to be woken.
    #[inline(always)]
    pub(crate) fn stir(&self) {}

    /// Something in the runtime is about to wait.
    #[inline(always)]
    pub(crate) fn rest(&self) {}

    /// The worker of a current-thread runtime waits for a thread that drives it.
    #[inline(always)]
    pub(crate) fn worker_waits(&self) {}

    /// It has one.
    #[inline(always)]
    pub(crate) fn worker_is_driven(&self) {}
}

/// A thread that counts nowhere.
pub(crate) struct Counted;

impl Counted {
    #[inline(always)]
    pub(crate) fn by(_clock: &Clock) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn as_before() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn stay(self) {}
}

/// A thread that counts nowhere, and works as a worker.
pub(crate) struct Lent;

impl Lent {
    #[inline(always)]
    pub(crate) fn by(_clock: &Clock) -> Self {
        Self
    }
}

/// A thread in `block_on`, which counts nowhere.
pub(crate) struct Presence;

impl Presence {
    #[inline(always)]
    pub(crate) fn new(_clock: &Clock) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn wake(&self, _clock: &Clock) {}

    #[inline(always)]
    pub(crate) fn park(&self, _clock: &Clock) {}

    #[inline(always)]
    pub(crate) fn unpark(&self, _clock: &Clock) {}

    #[inline(always)]
    pub(crate) fn end(&self, _clock: &Clock) {}
}

/// A root future that need not be told anything: this clock never stands still.
pub(crate) struct WatchedRoot<'a>(PhantomData<&'a Clock>);

impl<'a> WatchedRoot<'a> {
    #[inline(always)]
    pub(crate) fn new(_clock: &'a Clock, _waker: &Waker) -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    pub(crate) fn end(self) {}
}
