//! Moments of the runtime's clock.

use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use crate::facade::{RawInstant, raw_from_std, raw_into_std};
#[cfg(feature = "test-util")]
use crate::runtime::Handle;

/// A moment on the runtime's clock, which never goes backwards. It stands still while the machine is suspended.
///
/// ```
/// use fusee::time::{Duration, Instant};
///
/// let start = Instant::now();
/// assert!(start + Duration::from_secs(1) > start);
/// assert_eq!((start + Duration::from_secs(1)).duration_since(start), Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(RawInstant);

/// A deadline so far away is never, also as seen from centuries before a runtime's start: its clock shows no more than 584 years.
const FAR: Duration = Duration::from_secs(1_200 * 365 * 86_400);

/// Why an operator panics.
const BEYOND: &str = "the clock cannot tell a moment so far away: `checked_add` and `checked_sub` answer `None` there";

impl Instant {
    /// Now, on the clock of the current runtime. Outside a runtime it is the machine's, which differs from a runtime's only if that
    /// has been paused.
    pub fn now() -> Self {
        // Only a clock that can be paused shows another time than the machine's.
        #[cfg(feature = "test-util")]
        if let Some(now) = Handle::with_current(|handle| handle.timers().clock().instant()) {
            return Self(now);
        }
        Self(RawInstant::now())
    }

    /// The same moment of the standard library's clock.
    pub fn from_std(instant: std::time::Instant) -> Self {
        Self(raw_from_std(instant))
    }

    /// The same moment of the standard library's clock.
    pub fn into_std(self) -> std::time::Instant {
        raw_into_std(self.0)
    }

    /// This moment plus `duration`, or one that no clock will show if that cannot be told.
    pub(super) fn plus(self, duration: Duration) -> Self {
        // A moment from which not even that can be told is such a one itself.
        Self(self.0.checked_add(duration).or_else(|| self.0.checked_add(FAR)).unwrap_or(self.0))
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time from `earlier` to this moment, or nothing if `earlier` is later.
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time that has passed since this moment; zero if it is yet to come.
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// This moment plus `duration`, if the clock can tell it.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// This moment less `duration`, if the clock can tell it.
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }

    pub(super) fn of_raw(instant: RawInstant) -> Self {
        Self(instant)
    }

    pub(super) fn raw(self) -> RawInstant {
        self.0
    }
}

impl From<std::time::Instant> for Instant {
    fn from(instant: std::time::Instant) -> Self {
        Self::from_std(instant)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> Self {
        instant.into_std()
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// If the clock cannot tell the moment; see [`Instant::checked_add`].
    #[inline]
    #[track_caller]
    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).expect(BEYOND)
    }
}

impl AddAssign<Duration> for Instant {
    #[track_caller]
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// If the clock cannot tell the moment; see [`Instant::checked_sub`].
    #[inline]
    #[track_caller]
    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).expect(BEYOND)
    }
}

impl SubAssign<Duration> for Instant {
    #[track_caller]
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// Zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}
