//! Virtual time: a clock that stands still until a thread of the model advances it.
//!
//! Each execution has a clock of its own, which the harness starts. A model gives the clock a thread, so that loom
//! explores every moment at which a deadline can pass. That thread should do nothing else: in loom, it happens before
//! what it wakes, which in reality the passing of time does not.
//!
//! # Invariants
//! - *No wake-up is lost*: registering a deadline compares it with the time in the same step, and [`advance_to`] changes
//!   the time and wakes whom it concerns in one step.
//! - A wait never times out before its deadline; past it, it may still be notified instead (see [`super::lock`]).

use std::cell::RefCell;
use std::ops::{Add, AddAssign, Sub};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::lock::Waiter;
use super::turn::Turn;

/// An instant of the virtual clock, in nanoseconds; offers what `src/` uses of [`std::time::Instant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RawInstant(u64);

impl RawInstant {
    /// When every execution starts. Not zero, so that instants before it exist.
    const START: Self = Self(1_000_000_000);

    pub(crate) fn now() -> Self {
        turn().observe();
        with(|clock| clock.now)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Self::now().saturating_duration_since(*self)
    }

    pub(crate) fn checked_add(&self, duration: Duration) -> Option<Self> {
        let nanos = u64::try_from(duration.as_nanos()).ok()?;
        self.0.checked_add(nanos).map(Self)
    }

    pub(crate) fn checked_sub(&self, duration: Duration) -> Option<Self> {
        let nanos = u64::try_from(duration.as_nanos()).ok()?;
        self.0.checked_sub(nanos).map(Self)
    }

    pub(crate) fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_nanos)
    }

    pub(crate) fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }

    pub(crate) fn duration_since(&self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl Add<Duration> for RawInstant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).expect("the instant is representable")
    }
}

impl AddAssign<Duration> for RawInstant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for RawInstant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).expect("the instant is representable")
    }
}

impl Sub for RawInstant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

/// The virtual clock's moment at `instant`. The two clocks' origins are fixed to each other, once for the process.
pub(crate) fn raw_from_std(instant: std::time::Instant) -> RawInstant {
    RawInstant::START + instant.saturating_duration_since(origin())
}

/// The standard clock's moment at `instant`.
pub(crate) fn raw_into_std(instant: RawInstant) -> std::time::Instant {
    origin() + instant.saturating_duration_since(RawInstant::START)
}

fn origin() -> std::time::Instant {
    static ORIGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    *ORIGIN.get_or_init(std::time::Instant::now)
}

/// The clock of one execution.
struct Clock {
    turn: Rc<Turn>,
    now: RawInstant,
    waiters: Vec<(RawInstant, Arc<Waiter>)>,
}

thread_local! {
    /// Not loom's: an execution runs, with all its threads, on one thread of the process.
    static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
}

/// Starts the clock of a new execution.
pub(crate) fn start() {
    let clock = Clock { turn: Rc::new(Turn::new()), now: RawInstant::START, waiters: Vec::new() };
    CLOCK.set(Some(clock));
}

/// Moves the clock forward to `instant` and wakes whose deadline has passed.
pub(crate) fn advance_to(instant: RawInstant) {
    turn().alter();
    let expired = with(|clock| {
        clock.now = clock.now.max(instant);
        let now = clock.now;
        clock.waiters.extract_if(.., |(deadline, _)| *deadline <= now).collect::<Vec<_>>()
    });
    for (_, waiter) in expired {
        waiter.expire();
    }
}

/// The first moment for which anybody waits.
pub(crate) fn first_deadline() -> Option<RawInstant> {
    turn().observe();
    with(|clock| clock.waiters.iter().map(|(deadline, _)| *deadline).min())
}

/// Has `waiter` woken at `deadline`. False if that has passed.
pub(super) fn register(deadline: RawInstant, waiter: &Arc<Waiter>) -> bool {
    turn().observe();
    with(|clock| {
        let ahead = clock.now < deadline;
        if ahead {
            clock.waiters.push((deadline, waiter.clone()));
        }
        ahead
    })
}

/// Takes back a registration. Needs no turn: the waiter runs, so that waking it would do nothing.
pub(super) fn unregister(waiter: &Arc<Waiter>) {
    with(|clock| clock.waiters.retain(|(_, other)| !Arc::ptr_eq(other, waiter)));
}

fn turn() -> Rc<Turn> {
    with(|clock| clock.turn.clone())
}

fn with<R>(f: impl FnOnce(&mut Clock) -> R) -> R {
    CLOCK.with_borrow_mut(|clock| f(clock.as_mut().expect("the harness has started the clock")))
}
